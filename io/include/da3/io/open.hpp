// SPDX-License-Identifier: Apache-2.0
// Opens libda3_io for a program. Header only: link the CMake target da3_io_api.
//
//   const da3::io::Api& io = da3::io::open();
//   da3::io::Views views = io.load_views(io.list_inputs({"photos"}), {}, {});
#pragma once

#include <da3/error.hpp>
#include <da3/io/api.hpp>

#include <dlfcn.h>

#include <filesystem>
#include <string>

#ifdef __APPLE__
#include <mach-o/dyld.h>

#include <vector>
#endif

namespace da3::io {

/// Absolute path of the running program; empty when the system does not tell.
inline std::filesystem::path program_path() {
  std::error_code failed;
#ifdef __APPLE__
  std::vector<char> buffer(4096);
  uint32_t size = static_cast<uint32_t>(buffer.size());
  if (_NSGetExecutablePath(buffer.data(), &size) != 0) return {};
  return std::filesystem::canonical(buffer.data(), failed);
#else
  return std::filesystem::read_symlink("/proc/self/exe", failed);
#endif
}

/// libda3_io of this program's build or installation: ../lib beside the program's folder, or the installed
/// libdir (DA3_IO_LIBDIR, for example lib/x86_64-linux-gnu).
inline std::filesystem::path default_library() {
  const auto prefix = program_path().parent_path().parent_path();
  const auto near = prefix / "lib" / "libda3_io.so";
#ifdef DA3_IO_LIBDIR
  std::error_code failed;
  if (!std::filesystem::exists(near, failed)) return prefix / DA3_IO_LIBDIR / "libda3_io.so";
#endif
  return near;
}

/// Opens the library at an absolute path. It stays open until the process ends. Throws Error(DA3_E_NOT_FOUND)
/// when it cannot be loaded and Error(DA3_E_ABI) when it is not of this build.
inline const Api& open(const std::filesystem::path& library = default_library()) {
  const std::string what = "opening the image library \"" + library.string() + "\" failed: ";
  if (!library.is_absolute())
    throw Error(DA3_E_INVALID, what + "its path is not absolute; give the full path");
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = ::dlerror();
    throw Error(DA3_E_NOT_FOUND, what + (why ? why : "no reason given") +
                                     "; build with DA3_BUILD_IO=ON, or install da3 and OpenCV again");
  }
  using Entry = const Api* (*)();
  const auto entry = reinterpret_cast<Entry>(::dlsym(handle, "da3_io_api"));
  const Api* api = entry ? entry() : nullptr;
  if (api == nullptr) throw Error(DA3_E_ABI, what + "it is not libda3_io (no da3_io_api); install da3 again");
  if (api->struct_size != sizeof(Api) || std::string(api->build) != DA3_IO_BUILD)
    throw Error(DA3_E_ABI, what + "it comes from another build (this program is " DA3_IO_BUILD
                                  "); install program and library together");
  return *api;
}

}  // namespace da3::io
