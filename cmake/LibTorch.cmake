# Finds LibTorch without the wheel's own package files, which demand a CUDA toolkit, and makes imported targets.
#
# Where it is looked for, in this order:
#   -DDA3_LIBTORCH=DIR      an unpacked libtorch or a Python's torch folder: both have include/ and lib/
#   -DDA3_LIBTORCH=python   the torch of the python3 on PATH
#   (empty)                 build/deps/libtorch-2.11.0/torch, where scripts/setup.sh puts it
#
# Afterwards there are:
#   da3::libtorch_cpu           headers, libtorch_cpu and libc10
#   da3::libtorch_cuda          libtorch_cuda and libc10_cuda, where this LibTorch has them
#   DA3_LIBTORCH_ROOT           the folder with include/ and lib/
#   DA3_LIBTORCH_VERSION        "2.11.0+cu130"
#   DA3_LIBTORCH_LIBDIR         the folder of libtorch_cpu, as the build tree uses it
#   DA3_LIBTORCH_EXTRA_LIBDIRS  folders beside it with what the wheel's libraries need (nvidia/*/lib)
#   DA3_LIBTORCH_INSTALL_RPATH  what an installed engine (in lib/da3/plugins-1) needs as INSTALL_RPATH
include_guard(GLOBAL)
include(GNUInstallDirs)

set(DA3_LIBTORCH "" CACHE STRING "LibTorch to use: a folder, 'python', or empty for the one that scripts/setup.sh unpacks")
option(DA3_INSTALL_LIBTORCH "Install LibTorch's libraries below lib/da3/libtorch (off: engines refer to DA3_LIBTORCH)" ON)
set(DA3_LIBTORCH_DEFAULT_RELEASE "2.11.0")
set(DA3_LIBTORCH_OLDEST "2.11")
set(DA3_LIBTORCH_NEWEST "2.15")
set(_da3_advice "Run scripts/setup.sh, or give -DDA3_LIBTORCH=DIR (a libtorch folder or a Python's torch folder), or build without engines by -DDA3_PLUGINS=.")

# The torch folder of python3, or a configure error.
function(da3_libtorch_from_python result)
  find_program(DA3_PYTHON3 NAMES python3 python)
  if(NOT DA3_PYTHON3)
    message(FATAL_ERROR "LibTorch not found: DA3_LIBTORCH is 'python' and there is no python3 on PATH. ${_da3_advice}")
  endif()
  # find_spec does not import torch: seconds faster, and it works where torch itself cannot be loaded.
  execute_process(
    COMMAND "${DA3_PYTHON3}" -c "import importlib.util as u, os; print(os.path.dirname(u.find_spec('torch').origin))"
    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "LibTorch not found: ${DA3_PYTHON3} has no module 'torch'. ${_da3_advice}")
  endif()
  set(${result} "${folder}" PARENT_SCOPE)
endfunction()

function(da3_libtorch_read_version root result)
  set(header "${root}/include/torch/headeronly/version.h")
  if(NOT EXISTS "${header}")
    set(header "${root}/include/torch/csrc/api/include/torch/version.h")  # until 2.8
  endif()
  if(NOT EXISTS "${header}")
    message(FATAL_ERROR "LibTorch not usable: ${root} has no include/torch/headeronly/version.h. ${_da3_advice}")
  endif()
  set(version "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${header}" line REGEX "^#define TORCH_VERSION_${part} +[0-9]+")
    if(NOT line MATCHES "([0-9]+)[ \t]*$")
      message(FATAL_ERROR "LibTorch not usable: ${header} does not define TORCH_VERSION_${part}. ${_da3_advice}")
    endif()
    list(APPEND version "${CMAKE_MATCH_1}")
  endforeach()
  list(JOIN version "." version)
  # The local part ("+cu130", "+cpu") tells builds of one release apart.
  if(EXISTS "${root}/version.py")
    file(STRINGS "${root}/version.py" line REGEX "^__version__")
  elseif(EXISTS "${root}/build-version")
    file(STRINGS "${root}/build-version" line LIMIT_COUNT 1)
  else()
    set(line "")
  endif()
  if(line MATCHES "(\\+[A-Za-z0-9.]+)")
    string(APPEND version "${CMAKE_MATCH_1}")
  endif()
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

function(da3_libtorch_check_version root version)
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" minor "${version}")
  if(minor VERSION_LESS DA3_LIBTORCH_OLDEST OR minor VERSION_GREATER DA3_LIBTORCH_NEWEST)
    message(FATAL_ERROR "LibTorch not usable: ${root} is version ${version}; this source builds with "
      "${DA3_LIBTORCH_OLDEST} to ${DA3_LIBTORCH_NEWEST}. ${_da3_advice}")
  endif()
endfunction()

# A libtorch of the old std::string layout links with unreadable errors: say it here.
function(da3_libtorch_check_string_abi c10)
  if(APPLE)
    return()
  endif()
  file(STRINGS "${c10}" symbol REGEX "torchCheckFail.*__cxx11" LIMIT_COUNT 1)
  if(NOT symbol)
    message(FATAL_ERROR "LibTorch not usable: ${c10} was built with _GLIBCXX_USE_CXX11_ABI=0, and this source is built "
      "with 1. Take a build with the C++11 ABI (every Linux wheel since 2.7 is one). ${_da3_advice}")
  endif()
endfunction()

if(DA3_LIBTORCH STREQUAL "python")
  da3_libtorch_from_python(_da3_root)
elseif(DA3_LIBTORCH)
  get_filename_component(_da3_root "${DA3_LIBTORCH}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
else()
  set(_da3_root "${CMAKE_SOURCE_DIR}/build/deps/libtorch-${DA3_LIBTORCH_DEFAULT_RELEASE}/torch")
endif()

set(_da3_lib "${_da3_root}/lib")
set(_da3_so "${CMAKE_SHARED_LIBRARY_SUFFIX}")
foreach(_da3_file "${_da3_root}/include/ATen/ATen.h" "${_da3_lib}/libtorch_cpu${_da3_so}" "${_da3_lib}/libc10${_da3_so}")
  if(NOT EXISTS "${_da3_file}")
    message(FATAL_ERROR "LibTorch not found: no ${_da3_file}. ${_da3_advice}")
  endif()
endforeach()
da3_libtorch_read_version("${_da3_root}" _da3_version)
da3_libtorch_check_version("${_da3_root}" "${_da3_version}")
da3_libtorch_check_string_abi("${_da3_lib}/libc10${_da3_so}")
file(GLOB _da3_extra LIST_DIRECTORIES true "${_da3_root}/../nvidia/*/lib")
set(_da3_extra_real "")
foreach(_da3_dir IN LISTS _da3_extra)
  get_filename_component(_da3_dir "${_da3_dir}" REALPATH)
  list(APPEND _da3_extra_real "${_da3_dir}")
endforeach()

set(DA3_LIBTORCH_ROOT "${_da3_root}" CACHE INTERNAL "")
set(DA3_LIBTORCH_VERSION "${_da3_version}" CACHE INTERNAL "")
set(DA3_LIBTORCH_LIBDIR "${_da3_lib}" CACHE INTERNAL "")
set(DA3_LIBTORCH_EXTRA_LIBDIRS "${_da3_extra_real}" CACHE INTERNAL "")
message(STATUS "LibTorch ${DA3_LIBTORCH_VERSION}: ${DA3_LIBTORCH_ROOT}")

add_library(da3::libtorch_c10 SHARED IMPORTED GLOBAL)
set_target_properties(da3::libtorch_c10 PROPERTIES
  IMPORTED_LOCATION "${_da3_lib}/libc10${_da3_so}"
  INTERFACE_INCLUDE_DIRECTORIES "${_da3_root}/include;${_da3_root}/include/torch/csrc/api/include"
  INTERFACE_COMPILE_FEATURES cxx_std_20)
add_library(da3::libtorch_cpu SHARED IMPORTED GLOBAL)
set_target_properties(da3::libtorch_cpu PROPERTIES
  IMPORTED_LOCATION "${_da3_lib}/libtorch_cpu${_da3_so}"
  INTERFACE_LINK_LIBRARIES da3::libtorch_c10)
if(NOT APPLE)
  # libtorch_cpu finds cudart, cupti and gomp by its own RPATH; the linker need not see them, and on some machines they
  # are only there at run time.
  target_link_options(da3::libtorch_cpu INTERFACE "LINKER:--allow-shlib-undefined")
  foreach(_da3_dir IN LISTS _da3_lib _da3_extra_real)
    target_link_options(da3::libtorch_cpu INTERFACE "LINKER:-rpath-link,${_da3_dir}")
  endforeach()
endif()

# The CUDA half: scripts/fetch_libtorch.sh --cuda unpacks it, other LibTorchs have it or not.
if(NOT APPLE AND EXISTS "${_da3_lib}/libtorch_cuda.so" AND EXISTS "${_da3_lib}/libc10_cuda.so")
  add_library(da3::libtorch_c10_cuda SHARED IMPORTED GLOBAL)
  set_target_properties(da3::libtorch_c10_cuda PROPERTIES IMPORTED_LOCATION "${_da3_lib}/libc10_cuda.so")
  add_library(da3::libtorch_cuda SHARED IMPORTED GLOBAL)
  set_target_properties(da3::libtorch_cuda PROPERTIES
    IMPORTED_LOCATION "${_da3_lib}/libtorch_cuda.so"
    INTERFACE_LINK_LIBRARIES "da3::libtorch_c10_cuda;da3::libtorch_cpu")
  # Nothing calls into libtorch_cuda by name: its kernels register themselves, so the linker must not drop it.
  target_link_options(da3::libtorch_cuda INTERFACE "LINKER:--no-as-needed")
endif()

# Installed: one flat folder; the wheel's libraries look in $ORIGIN after nvidia/*/lib.
if(DA3_INSTALL_LIBTORCH)
  set(_da3_runtime "")
  foreach(_da3_name libc10 libtorch_cpu libgomp libomp)
    file(GLOB _da3_found "${_da3_lib}/${_da3_name}.so*" "${_da3_lib}/${_da3_name}-*.so*" "${_da3_lib}/${_da3_name}.dylib")
    list(APPEND _da3_runtime ${_da3_found})
  endforeach()
  foreach(_da3_dir IN LISTS _da3_extra_real)
    file(GLOB _da3_found "${_da3_dir}/libcudart.so*" "${_da3_dir}/libcupti.so*")
    list(APPEND _da3_runtime ${_da3_found})
  endforeach()
  install(PROGRAMS ${_da3_runtime} DESTINATION "${CMAKE_INSTALL_LIBDIR}/da3/libtorch" COMPONENT libtorch)
  # Gigabytes: only where the CUDA engine is built. What libtorch_cuda and cuDNN open by name lies beside them.
  if(TARGET da3::libtorch_cuda AND "cuda" IN_LIST DA3_PLUGINS)
    file(GLOB _da3_found "${_da3_lib}/lib*cuda*.so*" "${_da3_lib}/libcaffe2_nvrtc.so" "${_da3_lib}/libtorch_nvshmem.so")
    list(REMOVE_ITEM _da3_found ${_da3_runtime})
    set(_da3_cuda_runtime ${_da3_found})
    foreach(_da3_dir IN LISTS _da3_extra_real)
      file(GLOB _da3_found "${_da3_dir}/lib*.so*")
      list(FILTER _da3_found EXCLUDE REGEX "lib(cudart|cupti)\\.so")
      list(APPEND _da3_cuda_runtime ${_da3_found})
    endforeach()
    install(PROGRAMS ${_da3_cuda_runtime} DESTINATION "${CMAKE_INSTALL_LIBDIR}/da3/libtorch" COMPONENT libtorch_cuda)
  endif()
  if(APPLE)
    set(DA3_LIBTORCH_INSTALL_RPATH "@loader_path/../libtorch" CACHE INTERNAL "")
  else()
    set(DA3_LIBTORCH_INSTALL_RPATH "$ORIGIN/../libtorch" CACHE INTERNAL "")
  endif()
else()
  set(DA3_LIBTORCH_INSTALL_RPATH "${_da3_lib}" CACHE INTERNAL "")
endif()
