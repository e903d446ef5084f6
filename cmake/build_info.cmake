# build_info.h: what this binary was built from. Included by CMakeLists.txt it makes the target ps_build_info; that target
# runs this file again as a script at every build, because the commit can change without CMake being asked. An unchanged
# header is not touched, so nothing is compiled again.

if(CMAKE_SCRIPT_MODE_FILE)
    # safe.directory: root may build a tree that belongs to somebody else
    set(git git -C ${SOURCE_DIR} -c safe.directory=*)
    execute_process(COMMAND ${git} rev-parse --short=12 HEAD
        OUTPUT_VARIABLE PS_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status ERROR_QUIET)
    if(NOT status EQUAL 0)
        set(PS_COMMIT unknown)
    else()
        execute_process(COMMAND ${git} status --porcelain --untracked-files=no OUTPUT_VARIABLE changes ERROR_QUIET)
        if(changes)
            string(APPEND PS_COMMIT "+dirty")
        endif()
    endif()
    configure_file(${TEMPLATE} ${HEADER} @ONLY)
    return()
endif()

# Two passes: what is known now, then the commit.
set(PS_COMMIT "@PS_COMMIT@")
configure_file(cmake/build_info.h.in build_info.h.in @ONLY)
add_custom_target(ps_build_info
    COMMAND ${CMAKE_COMMAND} -D SOURCE_DIR=${PROJECT_SOURCE_DIR} -D TEMPLATE=${PROJECT_BINARY_DIR}/build_info.h.in
        -D HEADER=${PROJECT_BINARY_DIR}/build_info.h -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS ${PROJECT_BINARY_DIR}/build_info.h
    COMMENT "" VERBATIM)
add_dependencies(ps_compiler ps_build_info) # whatever is compiled by our rules may include it
