# What the scripts of this folder share. A stranger's environment: nothing of this build but what was installed.
set(PREFIX "${WORK}/prefix")
unset(ENV{DA3_PLUGIN_PATH})
unset(ENV{DA3_MODEL_PATH})
unset(ENV{CMAKE_PREFIX_PATH})
set(ENV{DA3_CACHE_DIR} "${WORK}/cache")

# check(OK|FAILS <command>...): runs it, leaves what it said in `output` (white space made single spaces).
macro(check outcome)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE status)
  string(REGEX REPLACE "[ \t\r\n]+" " " output "${output}")
  if("${outcome}" STREQUAL "OK" AND NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${ARGN}\n${output}")
  elseif("${outcome}" STREQUAL "FAILS" AND status EQUAL 0)
    message(FATAL_ERROR "should have failed: ${ARGN}\n${output}")
  endif()
endmacro()

# says(<text>...): each of them is in the output of the last check.
macro(says)
  foreach(text ${ARGN})
    string(FIND "${output}" "${text}" at)
    if(at EQUAL -1)
      message(FATAL_ERROR "no '${text}' in: ${output}")
    endif()
  endforeach()
endmacro()

# configure(OK|FAILS <source> <build> [-D...])
macro(configure outcome source build)
  file(REMOVE_RECURSE "${build}")
  check(${outcome} "${CMAKE_COMMAND}" -S "${source}" -B "${build}" -G "${GENERATOR}" "-DCMAKE_MAKE_PROGRAM=${MAKE}"
    "-DCMAKE_C_COMPILER=${CC}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_PREFIX_PATH=${PREFIX}" ${ARGN})
endmacro()

function(must_exist)
  foreach(file ${ARGN})
    if(NOT EXISTS "${file}")
      message(FATAL_ERROR "${file} is not there")
    endif()
  endforeach()
endfunction()
