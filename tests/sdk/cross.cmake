# Cross compiling: the plugin cannot be loaded, so its manifest comes from a file, and da3_add_plugin says so.
include("${CMAKE_CURRENT_LIST_DIR}/common.cmake")
set(mine "${WORK}/cross")
file(REMOVE_RECURSE "${mine}")
file(COPY "${SOURCE}/tests/sdk/small_plugin.c" DESTINATION "${mine}")
file(WRITE "${mine}/by-hand.yaml" "name: good\n")
file(WRITE "${mine}/CMakeLists.txt" [=[
cmake_minimum_required(VERSION 3.22)
project(cross LANGUAGES C CXX)
find_package(DA3SDK REQUIRED)
da3_add_plugin(good SOURCES small_plugin.c MANIFEST "${BY_HAND}")
]=])
# Naming the system is what makes CMake cross compile, also for the same one.
set(cross "-DCMAKE_SYSTEM_NAME=${CMAKE_HOST_SYSTEM_NAME}")
configure(FAILS "${mine}" "${mine}/build" ${cross})
says("built for another machine" "give MANIFEST libda3_good.plugin.yaml")
configure(OK "${mine}" "${mine}/build" ${cross} -DBY_HAND=by-hand.yaml)
check(OK "${CMAKE_COMMAND}" --build "${mine}/build")
file(READ "${mine}/build/libda3_good.plugin.yaml" output)
says("name: good")

# With an emulator the plugin is loaded as if it were native; `env` runs what it is given.
configure(OK "${mine}" "${mine}/build" ${cross} -DCMAKE_CROSSCOMPILING_EMULATOR=env)
check(OK "${CMAKE_COMMAND}" --build "${mine}/build")
file(READ "${mine}/build/libda3_good.plugin.yaml" output)
says("name: \"good\"" "options:")
