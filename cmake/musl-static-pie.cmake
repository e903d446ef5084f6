# Toolchain of the release: gcc against musl, linked into one static position-independent executable.
# musl-gcc's own -static-pie leaves a program interpreter in the file, so the link line is spelled out.

set(CMAKE_C_COMPILER musl-gcc)
set(CMAKE_C_FLAGS_INIT "-fPIE -fno-asynchronous-unwind-tables") # nobody unwinds: 60 kB less

execute_process(COMMAND gcc -dumpmachine OUTPUT_VARIABLE machine OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REPLACE "-gnu" "-musl" machine "${machine}")
set(musl /usr/lib/${machine})
execute_process(COMMAND gcc -print-libgcc-file-name OUTPUT_VARIABLE libgcc OUTPUT_STRIP_TRAILING_WHITESPACE)
get_filename_component(libgcc "${libgcc}" DIRECTORY)

string(JOIN " " CMAKE_C_LINK_EXECUTABLE
    gcc -nostdlib -nostartfiles -static-pie
    -Wl,--no-dynamic-linker,-z,text,-z,relro,-z,now,-z,noexecstack,--gc-sections,--strip-all,-Map=<TARGET>.map
    ${musl}/rcrt1.o ${musl}/crti.o ${libgcc}/crtbeginS.o
    <OBJECTS> -o <TARGET> <LINK_FLAGS> <LINK_LIBRARIES>
    -L${musl} -Wl,--start-group -lc -lgcc -lgcc_eh -Wl,--end-group
    ${libgcc}/crtendS.o ${musl}/crtn.o)
