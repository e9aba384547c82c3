// SPDX-License-Identifier: Apache-2.0
// Opens libda3_io and libda3_video for a program. Header only: link the CMake target da3_io_api.
//
//   const da3::io::Api& io = da3::io::open();
//   da3::io::Views views = io.load_views(io.list_inputs({"photos"}), {}, {}, {});
#pragma once

#include <da3/error.hpp>
#include <da3/io/api.hpp>
#include <da3/io/video.hpp>

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

/// A library of this program's build or installation: ../lib beside the program's folder, or the installed
/// libdir (DA3_IO_LIBDIR, for example lib/x86_64-linux-gnu).
inline std::filesystem::path default_library(const std::string& name = "libda3_io.so") {
  const auto prefix = program_path().parent_path().parent_path();
  const auto near = prefix / "lib" / name;
#ifdef DA3_IO_LIBDIR
  std::error_code failed;
  if (!std::filesystem::exists(near, failed)) return prefix / DA3_IO_LIBDIR / name;
#endif
  return near;
}

/// Which library a table is of.
struct Library {
  const char *kind, *name, *symbol, *advice;
};

template <class Table>
const Table& open_library(const std::filesystem::path& library, const Library& known) {
  const std::string what =
      "opening the " + std::string(known.kind) + " library \"" + library.string() + "\" failed: ";
  if (!library.is_absolute())
    throw Error(DA3_E_INVALID, what + "its path is not absolute; give the full path");
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = ::dlerror();
    throw Error(DA3_E_NOT_FOUND, what + (why ? why : "no reason given") + "; " + known.advice);
  }
  using Entry = const Table* (*)();
  const auto entry = reinterpret_cast<Entry>(::dlsym(handle, known.symbol));
  const Table* table = entry ? entry() : nullptr;
  if (table == nullptr)
    throw Error(DA3_E_ABI,
                what + "it is not " + known.name + " (no " + known.symbol + "); install da3 again");
  if (table->struct_size != sizeof(Table) || std::string(table->build) != DA3_IO_BUILD)
    throw Error(DA3_E_ABI, what + "it comes from another build (this program is " DA3_IO_BUILD
                                  "); install program and library together");
  return *table;
}

/// Opens the library at an absolute path. It stays open until the process ends. Throws Error(DA3_E_NOT_FOUND)
/// when it cannot be loaded and Error(DA3_E_ABI) when it is not of this build.
inline const Api& open(const std::filesystem::path& library = default_library()) {
  return open_library<Api>(library, {"image", "libda3_io", "da3_io_api",
                                     "build with DA3_BUILD_IO=ON, or install da3 and OpenCV again"});
}

/// The same for videos. An installation may lack it.
inline const VideoApi& open_video_library(
    const std::filesystem::path& library = default_library("libda3_video.so")) {
  return open_library<VideoApi>(library,
                                {"video", "libda3_video", "da3_video_api",
                                 "install the video part of da3 (built where OpenCV has videoio), or "
                                 "take the frames out with another program and name their folder"});
}

}  // namespace da3::io
