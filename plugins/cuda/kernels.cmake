# Kernels of the cuda engine. Everything but the launch on a device is also built without CUDA, for the tests.
add_library(da3_cuda_kernels_host STATIC cuda_kernels.cpp kernels/fused.cpp kernels/no_device.cpp)
target_link_libraries(da3_cuda_kernels_host PUBLIC da3_torch PRIVATE da3_warnings)
