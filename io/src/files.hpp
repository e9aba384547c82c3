// SPDX-License-Identifier: Apache-2.0
// Reading a whole file, and writing one so that its name never shows half of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace da3::io {

/// Throws Error(DA3_E_NOT_FOUND, native = failed_errno) "what: reason; advice".
[[noreturn]] void throw_file_error(const std::string& what, int failed_errno);

/// Up to `most` bytes of a file from an offset on, fewer where it ends.
using FilePart = std::function<std::vector<uint8_t>(uint64_t offset, size_t most)>;

/// Looks at a file's first bytes (64 KiB, or all that there are), and at others where it must, before the
/// rest is read: the most bytes that such a file may have. May throw.
using FileLimit = std::function<uint64_t(const std::vector<uint8_t>& head, const FilePart& part)>;

/// The bytes of a regular file. Errors as read_image documents, DA3_E_SHAPE for a file above its limit;
/// "what" of the sentence is given by the caller.
std::vector<uint8_t> read_file(const std::filesystem::path& path, const std::string& what,
                               const FileLimit& limit = {});

/// Makes the folder of a file that is about to be written.
void make_parent(const std::filesystem::path& file);

/// A file that grows under a temporary name in its folder and gets its own with commit(); what is not
/// committed is removed. Folders are made. Every function throws Error(DA3_E_NOT_FOUND, native = errno).
class AtomicFile {
 public:
  /// The temporary name ends in `ending`.
  explicit AtomicFile(std::filesystem::path path, std::string_view ending = ".tmp");
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// A number as it lies in memory: little endian on every machine that da3 is built for.
  template <class T>
  void put(T value) {
    write(&value, sizeof value);
  }
  /// Overwrites what was written before.
  void write_at(uint64_t offset, const void* data, size_t bytes);
  uint64_t size() const { return flushed_ + buffer_.size(); }
  /// Everything is on its way to the disk: what may still fail is the new name.
  void close();
  void commit();
  /// For a writer that wants a name to write to; after close().
  const std::filesystem::path& temporary() const { return temporary_; }

 private:
  void flush();
  [[noreturn]] void fail(int why) const;

  std::filesystem::path path_, temporary_;
  int fd_ = -1;
  bool pending_ = false;  ///< the temporary name exists
  uint64_t flushed_ = 0;
  std::vector<uint8_t> buffer_;
};

/// Writes to a temporary name in the same folder and renames.
void write_file_atomic(const std::filesystem::path& path, std::span<const uint8_t> bytes);

}  // namespace da3::io
