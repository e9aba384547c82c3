# libda3_cuda_engine: where it was asked for, LibTorch has CUDA, and there is a CUDA compiler.
if(NOT "cuda" IN_LIST DA3_PLUGINS)
  return()
endif()
if(NOT TARGET da3::libtorch_cuda)
  message(FATAL_ERROR "DA3_PLUGINS has cuda, but this LibTorch has no libtorch_cuda: ${DA3_LIBTORCH_ROOT}. "
    "Run scripts/fetch_libtorch.sh --cuda (DA3_WITH_CUDA=1 for scripts/setup.sh and make), give -DDA3_LIBTORCH a build "
    "with CUDA, or leave cuda out of DA3_PLUGINS.")
endif()

# nvcc is looked for as CMake does: CUDACXX, CMAKE_CUDA_COMPILER, PATH; and in the toolkit that find_package finds.
include(CheckLanguage)
find_package(CUDAToolkit 13 QUIET)
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX} AND CUDAToolkit_NVCC_EXECUTABLE)
  set(CMAKE_CUDA_COMPILER "${CUDAToolkit_NVCC_EXECUTABLE}" CACHE FILEPATH "CUDA compiler")
endif()
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "DA3_PLUGINS has cuda, but no CUDA compiler was found. Install the CUDA toolkit 13, put nvcc on PATH "
    "or set CUDACXX or CUDAToolkit_ROOT, or leave cuda out of DA3_PLUGINS.")
endif()
# What the wheel has code for: other devices are refused before anything is launched.
set(DA3_CUDA_CAPABILITIES "7.5;8.0;8.6;9.0;10.0;12.0" CACHE STRING
  "Compute capabilities that the CUDA engine carries code for: those of its LibTorch")
string(REPLACE "." "" _da3_architectures "${DA3_CUDA_CAPABILITIES}")
list(TRANSFORM _da3_architectures APPEND "-real" OUTPUT_VARIABLE CMAKE_CUDA_ARCHITECTURES)
if(DA3_CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${DA3_CCACHE}")
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake before 3.26 does not know that nvcc has C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
find_package(CUDAToolkit 13 REQUIRED)

add_library(da3_cuda_engine MODULE engine.cpp cuda_device.cpp cuda_graph.cpp cuda_kernels.cpp cuda_memory.cpp cuda_runtime.cpp
  cuda_staging.cpp kernels/fused.cpp kernels/fused.cu)
list(JOIN _da3_architectures "," _da3_cuda_list)
set_property(SOURCE cuda_device.cpp APPEND PROPERTY COMPILE_DEFINITIONS "DA3_CUDA_ARCHITECTURES=${_da3_cuda_list}")
target_include_directories(da3_cuda_engine SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(da3_cuda_engine PRIVATE da3_torch da3::libtorch_cuda)
target_compile_options(da3_cuda_engine PRIVATE
  $<$<COMPILE_LANGUAGE:CXX>:$<TARGET_PROPERTY:da3_warnings,INTERFACE_COMPILE_OPTIONS>>
  $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr -Xcompiler=-Wall,-Wextra>)
set_target_properties(da3_cuda_engine PROPERTIES
  OUTPUT_NAME da3_cuda_engine
  CUDA_RUNTIME_LIBRARY Shared  # LibTorch's own: two runtimes in one process do not see each other's streams
  LIBRARY_OUTPUT_DIRECTORY "${DA3_PLUGIN_OUTPUT_DIRECTORY}"
  BUILD_RPATH "${DA3_LIBTORCH_LIBDIR};${DA3_LIBTORCH_EXTRA_LIBDIRS}"
  INSTALL_RPATH "${DA3_LIBTORCH_INSTALL_RPATH}"
  LINK_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/engine_exports.map")
target_link_options(da3_cuda_engine PRIVATE
  "LINKER:--version-script=${CMAKE_CURRENT_SOURCE_DIR}/engine_exports.map" "LINKER:--exclude-libs,ALL"
  "LINKER:-z,relro,-z,now,-z,noexecstack")
install(TARGETS da3_cuda_engine LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/${DA3_PLUGIN_SUBDIR}" COMPONENT cuda)
