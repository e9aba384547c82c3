// SPDX-License-Identifier: Apache-2.0
#include "write_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "exit_code.hpp"

namespace da3::bench {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw host::PhaseError(
      host::Phase::output,
      Error(DA3_E_NOT_FOUND, "writing \"" + path.string() + "\" failed: " + why + "; choose another place"));
}

fs::path temporary_name(const fs::path& path) {
  fs::path name = path;
  return name += "." + std::to_string(getpid()) + ".tmp";
}

fs::path prepared(const fs::path& path) {
  std::error_code error;
  if (path.filename().empty()) refuse(path, "it names no file");
  if (fs::is_directory(path, error)) refuse(path, "it is a folder");
  error.clear();
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error) refuse(path, error.message());
  return temporary_name(path);
}

}  // namespace

void check_writable(const fs::path& path) {
  const fs::path temporary = prepared(path);
  const bool good = std::ofstream(temporary).good();
  const int reason = errno;
  std::error_code ignored;
  fs::remove(temporary, ignored);
  if (!good) refuse(path, std::strerror(reason));
}

void write_file(const fs::path& path, std::string_view text) {
  const fs::path temporary = prepared(path);
  std::error_code error;
  {
    std::ofstream file(temporary, std::ios::binary);
    file.write(text.data(), static_cast<std::streamsize>(text.size())).flush();
    if (!file) {
      const int reason = errno;
      fs::remove(temporary, error);
      refuse(path, std::strerror(reason));
    }
  }
  fs::rename(temporary, path, error);
  if (!error) return;
  const std::string why = error.message();
  fs::remove(temporary, error);
  refuse(path, why);
}

}  // namespace da3::bench
