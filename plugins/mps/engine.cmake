# libda3_mps_engine. Nothing in it needs a Mac to compile: where mps is not in DA3_PLUGINS it is built for its tests alone.
set(_da3_mps_sources metal_hooks.cpp mps_kernels.cpp mps_runtime.cpp pieces.cpp shape_count.cpp)
add_library(da3_mps_engine_parts STATIC ${_da3_mps_sources})
target_link_libraries(da3_mps_engine_parts PUBLIC da3_torch PRIVATE da3_warnings)

add_library(da3_mps_engine MODULE engine.cpp)
target_link_libraries(da3_mps_engine PRIVATE da3_mps_engine_parts da3_warnings)
set_target_properties(da3_mps_engine PROPERTIES
  OUTPUT_NAME da3_mps_engine
  PREFIX "lib"
  BUILD_RPATH "${DA3_LIBTORCH_LIBDIR}"
  INSTALL_RPATH "${DA3_LIBTORCH_INSTALL_RPATH}")
if(APPLE)
  set_target_properties(da3_mps_engine PROPERTIES SUFFIX ".dylib")
  target_link_options(da3_mps_engine PRIVATE "LINKER:-exported_symbol,_da3_engine_entry")
else()
  target_link_options(da3_mps_engine PRIVATE
    "LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/engine_exports.map" "LINKER:--exclude-libs,ALL"
    "LINKER:-z,relro,-z,now,-z,noexecstack")
  set_property(TARGET da3_mps_engine PROPERTY LINK_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/engine_exports.map")
endif()
if("mps" IN_LIST DA3_PLUGINS)
  set_target_properties(da3_mps_engine PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${DA3_PLUGIN_OUTPUT_DIRECTORY}")
  install(TARGETS da3_mps_engine LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/${DA3_PLUGIN_SUBDIR}" COMPONENT mps)
else()
  set_target_properties(da3_mps_engine PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/mps"
    EXCLUDE_FROM_ALL ON)
endif()
