// SPDX-License-Identifier: Apache-2.0
// SHA-256 of files, remembered: a checkpoint of gigabytes is hashed once, not at every run.
#pragma once

#include <da3/core_export.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace da3 {

/// A file as it is now, kept open: it can be hashed later, also when another file lies on its path by then.
/// Copies share the open file. [any thread]
class DA3_CORE_API PinnedFile {
 public:
  /// No file.
  PinnedFile() = default;
  /// Never throws for a bad file: what cannot be opened, or is no regular file, is no file.
  explicit PinnedFile(const std::filesystem::path& path);

  /// Whether this very file, with unchanged contents, lies on the path.
  bool is_at(const std::filesystem::path& path) const;

  /// SHA-256 as 64 hexadecimal digits; "" for no file, one that cannot be read, and one whose contents have
  /// changed since. Remembered in the cache folder ($DA3_CACHE_DIR, $XDG_CACHE_HOME/da3 or ~/.cache/da3) by
  /// device, inode, size and times of change, and computed each time where nothing can be written.
  std::string sha256() const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// SHA-256 of the file that lies on a path now: PinnedFile(path).sha256().
DA3_CORE_API std::string file_sha256(const std::filesystem::path& file);

}  // namespace da3
