# The libraries that procsnap stands on, all behind one target: ps_dependencies. The release links the static archives
# that scripts/deps built from cmake/deps.lock; every other build takes what the system has installed.
# What speaks to the network is behind a target of its own, ps_network_dependencies, for procsnap alone.
# PS_VERSION_<SOURCE> tells build_info.h the version of each, as Debian names it.

add_library(ps_dependencies INTERFACE)
add_library(ps_network_dependencies INTERFACE)

function(ps_installed_version package result)
    execute_process(COMMAND dpkg-query -W -f "\${Version}" ${package}
        OUTPUT_VARIABLE version RESULT_VARIABLE status ERROR_QUIET)
    if(NOT status EQUAL 0)
        set(version "of the system")
    endif()
    set(${result} ${version} PARENT_SCOPE)
endfunction()

function(ps_locked_version source)
    file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/deps.lock row REGEX "^${source} " LIMIT_COUNT 1)
    string(REGEX REPLACE "^[^ ]+ ([^ ]+) .*" "\\1" version ${row})
    set(PS_VERSION_${source} ${version} PARENT_SCOPE)
endfunction()

function(ps_static_dependency source library)
    ps_locked_version(${source})
    target_link_libraries(ps_dependencies INTERFACE ${deps}/lib/lib${library}.a)
    set(PS_VERSION_${source} ${PS_VERSION_${source}} PARENT_SCOPE)
endfunction()

function(ps_system_dependency source library header package)
    find_library(PS_LIBRARY_${source} ${library} REQUIRED)
    find_path(PS_INCLUDE_${source} ${header} REQUIRED)
    target_link_libraries(ps_dependencies INTERFACE ${PS_LIBRARY_${source}})
    target_include_directories(ps_dependencies SYSTEM INTERFACE ${PS_INCLUDE_${source}})
    ps_installed_version(${package} version)
    set(PS_VERSION_${source} ${version} PARENT_SCOPE)
endfunction()

if(PS_STATIC_DEPS)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS cmake/deps.lock scripts/deps)
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/deps --path
        OUTPUT_VARIABLE deps OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    if(NOT EXISTS ${deps})
        message(FATAL_ERROR "the static libraries are not built yet: run scripts/deps, or scripts/build release")
    endif()
    ps_static_dependency(libarchive archive)
    ps_static_dependency(zlib z) # after libarchive, which needs it
    ps_static_dependency(cjson cjson)
    ps_static_dependency(libsodium sodium)
    ps_static_dependency(openssl crypto)
    target_include_directories(ps_dependencies SYSTEM INTERFACE ${deps}/include)
    # libcrypto once more: each archive stands before what it needs
    target_link_libraries(ps_network_dependencies INTERFACE
        ${deps}/lib/libcurl.a ${deps}/lib/libssl.a ${deps}/lib/libcrypto.a)
    target_compile_definitions(ps_network_dependencies INTERFACE CURL_STATICLIB)
    ps_locked_version(curl)
    ps_locked_version(ca-certificates)
    set(PS_TRUST_ROOTS ${deps}/certdata.txt)
    # linux/*.h and asm/*.h, which musl does not bring; after musl's own headers
    add_compile_options("SHELL:-idirafter ${deps}/kernel")
    ps_installed_version(musl-dev PS_VERSION_libc)
    string(PREPEND PS_VERSION_libc "musl ")
else()
    ps_system_dependency(libarchive archive archive.h libarchive-dev)
    ps_system_dependency(zlib z zlib.h zlib1g-dev)
    ps_system_dependency(cjson cjson cjson/cJSON.h libcjson-dev)
    ps_system_dependency(libsodium sodium sodium.h libsodium-dev)
    ps_system_dependency(openssl crypto openssl/sha.h libssl-dev)
    find_library(PS_LIBRARY_curl curl REQUIRED)
    find_library(PS_LIBRARY_ssl ssl REQUIRED)
    target_link_libraries(ps_network_dependencies INTERFACE ${PS_LIBRARY_curl} ${PS_LIBRARY_ssl} ${PS_LIBRARY_openssl})
    ps_installed_version(libcurl4-openssl-dev PS_VERSION_curl)
    ps_installed_version(ca-certificates PS_VERSION_ca-certificates)
    set(PS_TRUST_ROOTS /etc/ssl/certs/ca-certificates.crt)
    ps_installed_version(libc6-dev PS_VERSION_libc)
    string(PREPEND PS_VERSION_libc "libc ")
endif()
