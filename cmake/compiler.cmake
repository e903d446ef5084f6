# How our own code is compiled. Targets link ps_compiler (privately); third-party code does not.
#   ps_warnings    warnings alone
#   ps_compiler    ps_warnings, hardening, sanitizers, include paths
#   ps_portable    ps_compiler for parsers, formats and analysis: POSIX and nothing more

add_library(ps_warnings INTERFACE)
target_compile_options(ps_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wstrict-prototypes
    -Wmissing-prototypes -Wvla -Wundef -Wformat=2 -Wswitch-enum
    $<$<BOOL:${PS_WERROR}>:-Werror>)

add_library(ps_compiler INTERFACE)
target_link_libraries(ps_compiler INTERFACE ps_warnings)

# Headers are included by their path from the top of the tree; build_info.h is made in the build folder.
target_include_directories(ps_compiler INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
target_compile_definitions(ps_compiler INTERFACE _FILE_OFFSET_BITS=64)

# No path of the machine that built it in the release: two folders give the same bytes.
target_compile_options(ps_compiler INTERFACE $<$<CONFIG:Release>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>)

# _FORTIFY_SOURCE is for glibc only (the dev preset has it): musl has no checked variants to call.
target_compile_options(ps_compiler INTERFACE -fstack-protector-strong -ffunction-sections -fdata-sections)

# The release is optimized for size: it is pasted into terminals. What every byte of a collection passes through is not:
# these files are a tenth larger for it, and -Os everywhere costs a tenth of a run's CPU.
function(ps_hot_sources)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O2>")
endfunction()

if(PS_SANITIZE)
    set(sanitize -fsanitize=${PS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(ps_compiler INTERFACE ${sanitize} $<$<BOOL:${PS_FUZZERS}>:-fsanitize=fuzzer-no-link>)
    target_link_options(ps_compiler INTERFACE ${sanitize})
endif()

add_library(ps_portable INTERFACE)
target_link_libraries(ps_portable INTERFACE ps_compiler)
target_compile_definitions(ps_portable INTERFACE _POSIX_C_SOURCE=200809L)
