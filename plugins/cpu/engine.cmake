add_library(da3_cpu_engine MODULE engine.cpp bound_threads.cpp cpu_kernels.cpp cpu_attention.cpp cpu_norms.cpp cpu_runtime.cpp cpu_upsample.cpp int8_kernels.cpp
  packed_kernels.cpp winograd_convolution.cpp winograd_full_size.cpp memory/pooled_allocator.cpp)
target_link_libraries(da3_cpu_engine PRIVATE da3_torch da3_cpu_memory da3_cpu_simd da3_warnings)
# at::parallel_for is a plain loop in a file that is not compiled with OpenMP. The runtime is LibTorch's own: there must
# be one. (Clang would call another one than a LibTorch built by GCC has.)
if(NOT APPLE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(da3_cpu_engine PRIVATE -fopenmp)
  file(GLOB _da3_openmp "${DA3_LIBTORCH_LIBDIR}/libgomp.so*" "${DA3_LIBTORCH_LIBDIR}/libgomp-*.so*")
  if(_da3_openmp)
    list(GET _da3_openmp 0 _da3_openmp)
    target_link_libraries(da3_cpu_engine PRIVATE "${_da3_openmp}")
  else()
    target_link_options(da3_cpu_engine PRIVATE -fopenmp)
  endif()
endif()
set_target_properties(da3_cpu_engine PROPERTIES
  OUTPUT_NAME da3_cpu_engine
  LIBRARY_OUTPUT_DIRECTORY "${DA3_PLUGIN_OUTPUT_DIRECTORY}"
  BUILD_RPATH "${DA3_LIBTORCH_LIBDIR}"
  INSTALL_RPATH "${DA3_LIBTORCH_INSTALL_RPATH}")
if(NOT APPLE)
  # One symbol goes out; everything static inside stays inside.
  target_link_options(da3_cpu_engine PRIVATE
    "LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/engine_exports.map" "LINKER:--exclude-libs,ALL"
    "LINKER:-z,relro,-z,now,-z,noexecstack")
  set_property(TARGET da3_cpu_engine PROPERTY LINK_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/engine_exports.map")
endif()
install(TARGETS da3_cpu_engine LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/${DA3_PLUGIN_SUBDIR}" COMPONENT cpu)
