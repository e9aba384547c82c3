// SPDX-License-Identifier: Apache-2.0
#include "hardware/nvidia_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "hardware/child.hpp"

namespace da3::hardware {
namespace {

namespace fs = std::filesystem;

constexpr const char *folder_name = "nvidia", *file_name = "driver.txt";
constexpr size_t most_bytes = size_t{1} << 20;

/// Ours alone: another user who may write here could tell us what our GPU is.
bool is_private(const struct stat& status) {
  return status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// A folder of our own in the cache folder, which a lax umask may have left open to a group.
bool may_use(const fs::path& folder) {
  struct stat status {};
  return !runs_privileged() && ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         is_private(status);
}

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Names below a folder, sorted: a MIG slice is a folder of /proc.
std::string names_below(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end;
       !error && entry != end && names.size() < 4096; entry.increment(error))
    names.push_back(entry->path().lexically_relative(folder).string());
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + ",";
  return text;
}

std::string library_stamp(const fs::path& library) {
  struct stat status {};
  if (!library.is_absolute() || ::stat(library.c_str(), &status) != 0) return library.string();
  return library.string() + ':' + std::to_string(status.st_ino) + ':' + std::to_string(status.st_size) + ':' +
         std::to_string(status.st_mtime);
}

}  // namespace

std::string answer_key(const NvidiaFiles& files, const NvidiaQuery& query) {
  std::string key = "boot=" + first_line(query.root / "proc/sys/kernel/random/boot_id") +
                    " driver=" + files.driver + " module=" + files.module +
                    " library=" + library_stamp(query.library) + " nodes=";
  for (const std::string& node : files.nodes) key += node + ",";
  for (const NvidiaPciDevice& device : files.pci) key += " pci=" + device.bus;
  key += " mig=" + names_below(query.root / "proc/driver/nvidia/capabilities");
  for (const char* name : {"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES",
                           "LD_LIBRARY_PATH", "CUDA_MPS_PIPE_DIRECTORY"}) {
    const char* value = std::getenv(name);
    key += std::string(" ") + name + "=" + (value ? value : "(unset)");
  }
  std::replace_if(
      key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) < 32; }, ' ');
  return key;
}

std::optional<DriverAnswer> recall_answer(const fs::path& cache, const std::string& key) {
  if (cache.empty()) return std::nullopt;
  const fs::path folder = cache / folder_name;
  if (!may_use(folder)) return std::nullopt;
  const int file = ::open((folder / file_name).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  struct stat status {};
  std::string text;
  if (::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && is_private(status) &&
      static_cast<size_t>(status.st_size) <= most_bytes) {
    text.resize(static_cast<size_t>(status.st_size));
    const ssize_t n = ::read(file, text.data(), text.size());
    text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  }
  ::close(file);
  const size_t line = text.find('\n');
  if (line == std::string::npos || text.substr(0, line) != key) return std::nullopt;
  DriverAnswer answer = read_answer(text.substr(line + 1));
  if (!answer.complete || !answer.initialised || answer.status != 0 || answer.devices.empty())
    return std::nullopt;
  return answer;
}

void remember_answer(const fs::path& cache, const std::string& key, const DriverAnswer& answer) {
  if (cache.empty() || runs_privileged()) return;
  const fs::path folder = cache / folder_name;
  ::mkdir(folder.c_str(), 0700);
  if (!may_use(folder)) return;
  std::string temporary = (folder / (std::string(file_name) + ".XXXXXX")).string();
  const int file = ::mkstemp(temporary.data());  // 0600
  if (file < 0) return;
  const std::string text = key + '\n' + write_answer(answer);
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (::close(file) != 0 || !written || ::rename(temporary.c_str(), (folder / file_name).c_str()) != 0)
    ::unlink(temporary.c_str());
}

}  // namespace da3::hardware
