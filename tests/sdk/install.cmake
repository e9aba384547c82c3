# The component sdk of the folder sdk/ (tools and core add programs and headers to it), installed and then moved: nothing
# in it may refer to where it was.
include("${CMAKE_CURRENT_LIST_DIR}/common.cmake")
file(REMOVE_RECURSE "${WORK}")
check(OK "${CMAKE_COMMAND}" --install "${BUILD}/sdk" --component sdk --prefix "${WORK}/before")
file(RENAME "${WORK}/before" "${PREFIX}")
must_exist("${PREFIX}/include/da3/plugin.h" "${PREFIX}/${LIBDIR}/cmake/DA3SDK/DA3SDKConfig.cmake"
  "${PREFIX}/share/da3/sdk/template/CMakeLists.txt" "${PREFIX}/share/da3/sdk/examples/null_plugin.c"
  "${PREFIX}/share/doc/da3/writing-a-plugin.md"
  "${PREFIX}/share/doc/da3/plugin-check.md")
file(GLOB_RECURSE files "${PREFIX}/${LIBDIR}/cmake/*" "${PREFIX}/share/*")
foreach(file IN LISTS files)
  file(READ "${file}" text)
  foreach(place "${SOURCE}" "${BUILD}" "${WORK}")
    string(FIND "${text}" "${place}" at)
    if(NOT at EQUAL -1)
      message(SEND_ERROR "${file} refers to ${place}")
    endif()
  endforeach()
endforeach()

# The SDK's folder is a project of its own, and installs the same without the rest of da3.
set(alone "${WORK}/alone")
check(OK "${CMAKE_COMMAND}" -S "${SOURCE}/sdk" -B "${alone}/build" -G "${GENERATOR}" "-DCMAKE_MAKE_PROGRAM=${MAKE}"
  "-DCMAKE_C_COMPILER=${CC}" "-DCMAKE_INSTALL_LIBDIR=${LIBDIR}")
check(OK "${CMAKE_COMMAND}" --install "${alone}/build" --prefix "${alone}/prefix")
file(GLOB_RECURSE files RELATIVE "${alone}/prefix" "${alone}/prefix/*")
file(GLOB_RECURSE component RELATIVE "${PREFIX}" "${PREFIX}/*")
if(NOT files STREQUAL component)
  message(FATAL_ERROR "the SDK by itself installs ${files}; the component ${component}")
endif()
foreach(file IN LISTS files)
  file(SHA256 "${alone}/prefix/${file}" one)
  file(SHA256 "${PREFIX}/${file}" other)
  if(NOT one STREQUAL other)
    message(SEND_ERROR "${file}: the component's differs from that of the SDK by itself")
  endif()
endforeach()
