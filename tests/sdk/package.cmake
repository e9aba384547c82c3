# find_package(DA3SDK): versions are the ABI's, compatible within a major; refusals of da3_add_plugin before any build.
include("${CMAKE_CURRENT_LIST_DIR}/common.cmake")

function(project_with languages text)  # a function: ${} in text is the project's
  file(WRITE "${WORK}/package/CMakeLists.txt"
    "cmake_minimum_required(VERSION 3.22)\nproject(package LANGUAGES ${languages})\n${text}\n")
  file(WRITE "${WORK}/package/a.c" "int a;\n")
endfunction()

foreach(version "" 1 1.0)
  project_with(NONE "find_package(DA3SDK ${version} REQUIRED)\nmessage(STATUS \"folder \${DA3SDK_PLUGIN_DIR}\")")
  configure(OK "${WORK}/package" "${WORK}/package/build")
  says("folder ${LIBDIR}/da3/plugins-1")
endforeach()
foreach(version 0.9 1.999 2.0)
  project_with(NONE "find_package(DA3SDK ${version} REQUIRED)")
  configure(FAILS "${WORK}/package" "${WORK}/package/build")
  says("compatible with requested version")
endforeach()

macro(refused languages call sentence)
  project_with("${languages}" "find_package(DA3SDK REQUIRED)\n${call}")
  configure(FAILS "${WORK}/package" "${WORK}/package/build")
  says("${sentence}")
endmacro()
refused(C "da3_add_plugin(mine SOURCES a.c)" "project(... LANGUAGES C CXX)")
refused(C "da3_add_plugin(Mine SOURCES a.c)" "\"Mine\" is not a backend's name")
refused(C "da3_add_plugin(auto SOURCES a.c)" "\"auto\" is reserved")
refused(C "da3_add_plugin(my_engine SOURCES a.c)" "\"my_engine\" is reserved")
refused(C "da3_add_plugin(mine)" "no SOURCES")
refused(C "da3_add_plugin(mine a.c)" "unknown arguments: a.c")
