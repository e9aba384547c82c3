// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
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
#include <utility>

#include "sha256.hpp"

namespace da3 {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostRemembered = 1000;

timespec modified_at(const struct stat& status) {
#ifdef __APPLE__
  return status.st_mtimespec;
#else
  return status.st_mtim;
#endif
}

timespec changed_at(const struct stat& status) {
#ifdef __APPLE__
  return status.st_ctimespec;
#else
  return status.st_ctim;
#endif
}

/// Of one inode at two moments. The time of change does not count: renaming and removing alter it, too.
bool same_contents(const struct stat& a, const struct stat& b) {
  const timespec x = modified_at(a), y = modified_at(b);
  return a.st_size == b.st_size && x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
}

/// What a file is known by: another content has another size or time, or is another inode.
std::string identity(const struct stat& status) {
  const timespec modified = modified_at(status), changed = changed_at(status);
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
bool settled(const struct stat& status) { return std::time(nullptr) - changed_at(status).tv_sec >= 2; }

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

struct PinnedFile::State {
  int descriptor = -1;
  struct stat status {};

  ~State() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

PinnedFile::PinnedFile(const fs::path& path) {
  auto state = std::make_shared<State>();
  // O_NONBLOCK: a pipe is to be no file, and not waited for.
  state->descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (state->descriptor < 0 || ::fstat(state->descriptor, &state->status) != 0 ||
      !S_ISREG(state->status.st_mode))
    return;
  state_ = std::move(state);
}

bool PinnedFile::is_at(const fs::path& path) const {
  struct stat there {};
  return state_ && ::stat(path.c_str(), &there) == 0 && there.st_dev == state_->status.st_dev &&
         there.st_ino == state_->status.st_ino && same_contents(there, state_->status);
}

std::string PinnedFile::sha256() const {
  struct stat before {
  }, after{};
  if (!state_ || ::fstat(state_->descriptor, &before) != 0 || !same_contents(before, state_->status))
    return {};
  const std::string key = identity(before);
  static std::mutex& mutex = *new std::mutex;
  const std::lock_guard lock(mutex);
  const fs::path folder = plugin_cache_folder("hashes"), store = folder / "sha256.json";
  nlohmann::json known = folder.empty() ? nlohmann::json::object() : remembered(store);
  if (const auto found = known.find(key);
      found != known.end() && found->is_string() && found->get_ref<const std::string&>().size() == 64)
    return *found;
  const std::string hash = detail::sha256_file(state_->descriptor);
  // A file that changed while it was read has no hash.
  if (::fstat(state_->descriptor, &after) != 0 || !same_contents(before, after)) return {};
  if (!hash.empty() && !folder.empty() && settled(before) && identity(after) == key) {
    known[key] = hash;
    remember(store, known);
  }
  return hash;
}

std::string file_sha256(const fs::path& file) { return PinnedFile(file).sha256(); }

}  // namespace da3
