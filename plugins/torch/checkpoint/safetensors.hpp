// SPDX-License-Identifier: Apache-2.0
// The safetensors format (https://github.com/huggingface/safetensors, "Format"): a reader that maps the file
// and believes nothing before it is checked, and a writer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace da3::checkpoint {

/// "F32" and so on; bytes is the size of one element.
enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };
size_t dtype_size(DType dtype);
std::string_view dtype_name(DType dtype);

/// A tensor inside a mapped file. data stays valid as long as the SafetensorsFile.
struct TensorView {
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;  ///< C-contiguous, little endian; aligned to nothing
  size_t bytes = 0;
  size_t offset = 0;  ///< in the file
};

/// A tensor to write: name, type, shape, and a function that fills its C-contiguous bytes (called once, in
/// order).
struct TensorSource {
  std::string name;
  DType dtype = DType::f32;
  std::vector<int64_t> shape;
  std::function<void(std::byte* destination, size_t bytes)> fill;
};

/// Which file it is, and of when: equal for the same contents, as far as the system tells.
struct FileIdentity {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t modified = 0;  ///< nanoseconds
  int64_t changed = 0;   ///< nanoseconds; also of its name and rights
  bool operator==(const FileIdentity&) const = default;
};
/// All 0 when there is no such file.
FileIdentity identity_of(const std::filesystem::path& path);

/// A mapped safetensors file, read-only. Immutable; safe to share between threads.
class SafetensorsFile {
 public:
  /// Maps and checks: header length (8 bytes to 100 MB, inside the file), JSON of depth 3, known types,
  /// non-negative sizes without overflow, offsets in order without overlap or hole, data that ends where the
  /// file does, no duplicate names, __metadata__ of strings. Throws Error: DA3_E_NOT_FOUND for a missing
  /// file, DA3_E_MODEL for a bad one.
  static SafetensorsFile open(const std::filesystem::path& path);
  /// The same of tensors that are in no file: each is filled once. name: for messages.
  static SafetensorsFile in_memory(const std::string& name, const std::vector<TensorSource>& tensors);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const TensorView* find(std::string_view name) const;
  /// Throws Error(DA3_E_MODEL) naming the file and the tensor when it is not there.
  const TensorView& at(std::string_view name) const;
  /// Copies a tensor's bytes to destination. Unlike a look at `data`, it survives a file that is cut or
  /// replaced meanwhile (Error(DA3_E_MODEL)), and leaves nothing of the mapping in memory.
  void read(const TensorView& tensor, void* destination) const;
  /// The same of a part. [any thread]
  void read(const TensorView& tensor, size_t begin, size_t count, void* destination) const;

  /// The same file, open but not mapped: `data` is NULL, only `read` gives bytes. For who reads later.
  SafetensorsFile unmapped() const;
  const FileIdentity& identity() const;  ///< all 0 of one in memory
  /// Throws Error(DA3_E_MODEL) when the file that is open was written to since it was opened. One that took
  /// its name is another file: this one stays as it is.
  void check_unchanged() const;

 private:
  SafetensorsFile() = default;
  struct Storage;
  struct Mapping;
  std::shared_ptr<const Storage> storage_;
  std::shared_ptr<const Mapping> mapping_;  ///< none: in_memory and unmapped
  std::filesystem::path path_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes tensors in the given order to a temporary name beside path and renames it. progress(bytes done,
/// bytes total) may be empty. Throws Error: DA3_E_INVALID for a duplicate name, DA3_E_NOT_FOUND with errno
/// when the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const std::vector<TensorSource>& tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       const std::function<void(uint64_t, uint64_t)>& progress = {});

}  // namespace da3::checkpoint
