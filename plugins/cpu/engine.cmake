# at::parallel_for is a plain loop in a file that is not compiled with OpenMP. The runtime is LibTorch's own: there must
# be one. (Clang would call another one than a LibTorch built by GCC has.)
function(da3_use_openmp target)
  if(APPLE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()
  endif()
  target_compile_options(${target} PRIVATE -fopenmp)
  file(GLOB runtime "${DA3_LIBTORCH_LIBDIR}/libgomp.so*" "${DA3_LIBTORCH_LIBDIR}/libgomp-*.so*")
  if(runtime)
    list(GET runtime 0 runtime)
    target_link_libraries(${target} PRIVATE "${runtime}")
  else()
    target_link_options(${target} PRIVATE -fopenmp)
  endif()
endfunction()

add_library(da3_cpu_engine MODULE engine.cpp bound_threads.cpp cpu_kernels.cpp cpu_attention.cpp cpu_norms.cpp cpu_runtime.cpp cpu_upsample.cpp int8_kernels.cpp
  packed_kernels.cpp winograd_convolution.cpp winograd_full_size.cpp memory/pooled_allocator.cpp)
target_link_libraries(da3_cpu_engine PRIVATE da3_torch da3_cpu_memory da3_cpu_simd da3_warnings)
da3_use_openmp(da3_cpu_engine)
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
