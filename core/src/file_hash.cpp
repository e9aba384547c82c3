// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <da3/file_hash.hpp>
#include <da3/paths.hpp>
#include <fstream>
#include <iterator>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

#include "sha256.hpp"

namespace da3 {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostRemembered = 1000;

/// What a file is known by: another content has another size or time, or is another inode.
std::string identity(const struct stat& status) {
#ifdef __APPLE__
  const timespec modified = status.st_mtimespec, changed = status.st_ctimespec;
#else
  const timespec modified = status.st_mtim, changed = status.st_ctim;
#endif
  std::string text;
  for (const auto number : {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
                            static_cast<int64_t>(status.st_size), static_cast<int64_t>(modified.tv_sec),
                            static_cast<int64_t>(modified.tv_nsec), static_cast<int64_t>(changed.tv_sec),
                            static_cast<int64_t>(changed.tv_nsec)})
    text += (text.empty() ? "" : ":") + std::to_string(number);
  return text;
}

/// Clocks of file systems are coarse: what changed a moment ago may change again within the same tick,
/// unseen.
bool settled(const struct stat& status) {
#ifdef __APPLE__
  const time_t changed = status.st_ctimespec.tv_sec;
#else
  const time_t changed = status.st_ctim.tv_sec;
#endif
  return std::time(nullptr) - changed >= 2;
}

nlohmann::json remembered(const fs::path& file) {
  std::ifstream stream(file);
  nlohmann::json known = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  return known.is_object() && known.size() < kMostRemembered ? known : nlohmann::json::object();
}

/// Failing to remember is no failure: the next run computes again.
void remember(const fs::path& file, const nlohmann::json& known) {
  const fs::path scratch = file.string() + "." + std::to_string(::getpid());
  std::error_code error;
  {
    std::ofstream stream(scratch);
    stream << known.dump(1) << '\n';
    if (!stream.flush()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) fs::rename(scratch, file, error);
  if (error) fs::remove(scratch, error);
}

}  // namespace

std::string file_sha256(const fs::path& file) {
  struct stat before {};
  if (::stat(file.c_str(), &before) != 0 || !S_ISREG(before.st_mode)) return {};
  const std::string key = identity(before);
  static std::mutex& mutex = *new std::mutex;
  const std::lock_guard lock(mutex);
  const fs::path folder = plugin_cache_folder("hashes"), store = folder / "sha256.json";
  if (folder.empty()) return detail::sha256_file(file);

  nlohmann::json known = remembered(store);
  if (const auto found = known.find(key);
      found != known.end() && found->is_string() && found->get_ref<const std::string&>().size() == 64)
    return *found;
  const std::string hash = detail::sha256_file(file);
  struct stat after {};
  // A file that changed while it was read has no hash worth keeping.
  if (!hash.empty() && settled(before) && ::stat(file.c_str(), &after) == 0 && identity(after) == key) {
    known[key] = hash;
    remember(store, known);
  }
  return hash;
}

}  // namespace da3
