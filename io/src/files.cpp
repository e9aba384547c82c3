// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"

#include <da3/error.hpp>
#include <da3/io/export.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

namespace da3::io {
namespace {

constexpr int64_t max_file_bytes = int64_t{1} << 32;
constexpr size_t head_bytes = size_t{64} << 10;
constexpr size_t buffer_bytes = size_t{1} << 20;

const char* advice(int failed_errno) {
  switch (failed_errno) {
    case ENOENT:
      return "check the path";
    case EACCES:
    case EPERM:
      return "check the permissions, or choose another place";
    case EROFS:
      return "choose a place that can be written";
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "make room, or choose another place";
    case EISDIR:
      return "name a file, not a folder";
    case ENOTDIR:
      return "a part of the path is a file where a folder is needed";
    case EMFILE:
    case ENFILE:
      return "close other files or raise the limit of open files";
    default:
      return "check the path and the disk";
  }
}

/// Closes on every way out.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

/// Appends what is there from an offset on, up to `count` bytes.
void append(int fd, uint64_t offset, size_t count, std::vector<uint8_t>& bytes, const std::string& what) {
  const size_t before = bytes.size();
  bytes.resize(before + count);
  size_t filled = 0;
  while (filled < count) {
    const ssize_t got =
        ::pread(fd, bytes.data() + before + filled, count - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_error(what, errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  bytes.resize(before + filled);
}

}  // namespace

void throw_file_error(const std::string& what, int failed_errno) {
  throw Error(
      DA3_E_NOT_FOUND,
      what + " failed: " + std::generic_category().message(failed_errno) + "; " + advice(failed_errno), 0, -1,
      failed_errno);
}

std::vector<uint8_t> read_file(const std::filesystem::path& path, const std::string& what,
                               const FileLimit& limit) {
  // O_NONBLOCK: opening a named pipe must not wait for somebody to write to it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0) throw_file_error(what, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_file_error(what, errno);
  if (S_ISDIR(status.st_mode)) throw_file_error(what, EISDIR);
  if (!S_ISREG(status.st_mode))
    throw Error(DA3_E_INVALID,
                what + " failed: it is a pipe or device, not a file; save the picture to a file first");
  if (status.st_size > max_file_bytes)
    throw Error(DA3_E_SHAPE, what + " failed: the file is larger than 4 GiB; use a smaller picture");
  const auto size = static_cast<size_t>(status.st_size);
  std::vector<uint8_t> bytes;
  if (limit) {
    append(file.get(), 0, std::min(size, head_bytes), bytes, what);
    const FilePart part = [&](uint64_t offset, size_t most) {
      std::vector<uint8_t> there;
      if (offset < size) append(file.get(), offset, std::min<uint64_t>(most, size - offset), there, what);
      return there;
    };
    if (const uint64_t most = limit(bytes, part); size > most)
      throw Error(DA3_E_SHAPE, what + " failed: the file has " + std::to_string(size) +
                                   " bytes, and one like it has at most " + std::to_string(most) +
                                   "; check that it is the right one and whole");
  }
  if (bytes.size() < size) append(file.get(), bytes.size(), size - bytes.size(), bytes, what);
  return bytes;
}

void make_parent(const std::filesystem::path& file) {
  const auto folder = file.parent_path();
  if (folder.empty()) return;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  std::error_code unknown;
  if (failed && !std::filesystem::is_directory(folder, unknown))
    throw_file_error("making the folder \"" + folder.string() + "\"", failed.value());
}

AtomicFile::AtomicFile(std::filesystem::path path, std::string_view ending) : path_(std::move(path)) {
  static std::atomic<uint64_t> counter{0};
  make_parent(path_);
  temporary_ = path_.parent_path() / ("." + path_.filename().string() + "." + std::to_string(::getpid()) +
                                      "." + std::to_string(counter++) + std::string(ending));
  buffer_.reserve(buffer_bytes);
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) fail(errno);
  pending_ = true;
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (pending_) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(int why) const { throw_file_error("writing \"" + path_.string() + "\"", why); }

void AtomicFile::write(const void* data, size_t bytes) {
  const auto* begin = static_cast<const uint8_t*>(data);
  if (buffer_.size() + bytes > buffer_bytes) flush();
  if (bytes < buffer_bytes) {
    buffer_.insert(buffer_.end(), begin, begin + bytes);
  } else {
    if (!write_all(fd_, {begin, bytes})) fail(errno);
    flushed_ += bytes;
  }
}

void AtomicFile::flush() {
  if (!write_all(fd_, buffer_)) fail(errno);
  flushed_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::write_at(uint64_t offset, const void* data, size_t bytes) {
  flush();
  const auto end = static_cast<off_t>(flushed_);
  if (::lseek(fd_, static_cast<off_t>(offset), SEEK_SET) < 0) fail(errno);
  if (!write_all(fd_, {static_cast<const uint8_t*>(data), bytes})) fail(errno);
  if (::lseek(fd_, end, SEEK_SET) < 0) fail(errno);
}

void AtomicFile::close() {
  flush();
  if (::close(std::exchange(fd_, -1)) != 0) fail(errno);
}

void AtomicFile::commit() {
  if (fd_ >= 0) close();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  pending_ = false;
}

void write_file_atomic(const std::filesystem::path& path, std::span<const uint8_t> bytes) {
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

void write_text_atomic(const std::filesystem::path& path, std::string_view text) {
  write_file_atomic(path, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace da3::io
