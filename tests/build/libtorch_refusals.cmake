# Configures a small project with LibTorch folders that are made up, and looks for the sentence each gets.
file(REMOVE_RECURSE "${WORK}")
file(WRITE "${WORK}/project/CMakeLists.txt" "
cmake_minimum_required(VERSION 3.22)
project(refusals CXX)
list(APPEND CMAKE_MODULE_PATH \"${SOURCE}/cmake\")
include(LibTorch)
message(STATUS \"accepted \${DA3_LIBTORCH_VERSION}\")
if(DA3_PLUGINS)  # what plugins/cuda asks of it
  include(${SOURCE}/plugins/cuda/engine.cmake)
endif()
")

# A folder that looks like a torch of version MAJOR.MINOR.0; the text in libc10 stands for its symbol table.
function(make_torch name minor symbol)
  set(root "${WORK}/${name}/torch")
  file(WRITE "${root}/include/ATen/ATen.h" "")
  file(WRITE "${root}/include/torch/headeronly/version.h"
    "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH 0\n")
  file(WRITE "${root}/version.py" "__version__ = '2.${minor}.0+made.up'\n")
  file(WRITE "${root}/lib/libtorch_cpu${SUFFIX}" "")
  file(WRITE "${root}/lib/libc10${SUFFIX}" "${symbol}")
endfunction()

# Further arguments go to CMake.
function(expect folder outcome sentence)
  file(REMOVE_RECURSE "${WORK}/build")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" ${ARGN} -S "${WORK}/project" -B "${WORK}/build" "-DCMAKE_CXX_COMPILER=${CXX}" "-DDA3_LIBTORCH=${folder}"
    OUTPUT_VARIABLE text ERROR_VARIABLE text RESULT_VARIABLE status)
  string(REGEX REPLACE "[ \n]+" " " text "${text}")  # CMake wraps its messages
  if(outcome STREQUAL "accepted" AND NOT status EQUAL 0)
    message(SEND_ERROR "${folder} should be accepted, but: ${text}")
  elseif(outcome STREQUAL "refused" AND status EQUAL 0)
    message(SEND_ERROR "${folder} should be refused")
  endif()
  string(FIND "${text}" "${sentence}" at)
  if(at EQUAL -1)
    message(SEND_ERROR "${folder}: no '${sentence}' in: ${text}")
  endif()
endfunction()

set(new_abi "_ZN3c106detail14torchCheckFailEPKcS2_jRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")
set(old_abi "_ZN3c106detail14torchCheckFailEPKcS2_jRKSs")
make_torch(oldest 11 "${new_abi}")
make_torch(newest 15 "${new_abi}")
make_torch(too_old 10 "${new_abi}")
make_torch(too_new 16 "${new_abi}")
make_torch(old_strings 11 "${old_abi}")
make_torch(no_version 11 "${new_abi}")
file(REMOVE "${WORK}/no_version/torch/include/torch/headeronly/version.h")
make_torch(no_library 11 "${new_abi}")
file(REMOVE "${WORK}/no_library/torch/lib/libtorch_cpu${SUFFIX}")

expect("${WORK}/oldest/torch" accepted "accepted 2.11.0+made.up")
expect("${WORK}/newest/torch" accepted "accepted 2.15.0+made.up")
expect("${WORK}/too_old/torch" refused "is version 2.10.0+made.up; this source builds with 2.11 to 2.15")
expect("${WORK}/too_new/torch" refused "is version 2.16.0+made.up; this source builds with 2.11 to 2.15")
if(NOT APPLE)
  expect("${WORK}/old_strings/torch" refused "was built with _GLIBCXX_USE_CXX11_ABI=0")
endif()
expect("${WORK}/no_version/torch" refused "has no include/torch/headeronly/version.h")
expect("${WORK}/no_library/torch" refused "LibTorch not found: no")
expect("${WORK}/nothing" refused "or build without engines by -DDA3_PLUGINS=")

# The CUDA engine where LibTorch or the machine has no CUDA.
if(NOT APPLE)
  expect("${WORK}/oldest/torch" refused "DA3_PLUGINS has cuda, but this LibTorch has no libtorch_cuda" -DDA3_PLUGINS=cuda)
  make_torch(with_cuda 11 "${new_abi}")
  file(WRITE "${WORK}/with_cuda/torch/lib/libtorch_cuda.so" "")
  file(WRITE "${WORK}/with_cuda/torch/lib/libc10_cuda.so" "")
  set(ENV{CUDACXX} "${WORK}/no/such/nvcc")
  expect("${WORK}/with_cuda/torch" refused "DA3_PLUGINS has cuda, but no CUDA compiler was found" -DDA3_PLUGINS=cuda)
endif()
