// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "checkpoint/printable.hpp"
#include "checkpoint/safetensors.hpp"
#include "checkpoint/safetensors_header.hpp"

static_assert(std::endian::native == std::endian::little,
              "safetensors data is little endian and used where it lies");

namespace da3::checkpoint {
namespace {

struct Descriptor {
  int value = -1;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

int64_t nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

FileIdentity identity_of(const struct stat& status) {
#ifdef __APPLE__
  const timespec &modified = status.st_mtimespec, &changed = status.st_ctimespec;
#else
  const timespec &modified = status.st_mtim, &changed = status.st_ctim;
#endif
  return {uint64_t(status.st_dev), uint64_t(status.st_ino), uint64_t(status.st_size), nanoseconds(modified),
          nanoseconds(changed)};
}

[[noreturn]] void cannot_open(const std::string& origin, int error) {
  throw Error(DA3_E_NOT_FOUND,
              "cannot open " + origin + ": " + std::generic_category().message(error) +
                  "; name a folder with a model.safetensors that you may read",
              0, -1, error);
}

}  // namespace

FileIdentity identity_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? identity_of(status) : FileIdentity{};
}

/// The bytes, by reading them.
struct SafetensorsFile::Storage {
  Descriptor file;
  FileIdentity identity;
  size_t bytes = 0;
  std::vector<std::byte> memory;  ///< instead of a file

  explicit Storage(size_t count) : bytes(count), memory(count) {}
  Storage(const std::string& origin, const std::filesystem::path& path) {
    // O_NONBLOCK: a pipe of that name must be refused, not waited for.
    file.value = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file.value < 0) cannot_open(origin, errno);
    struct stat opened {};
    if (::fstat(file.value, &opened) != 0) cannot_open(origin, errno);
    identity = identity_of(opened);
    if (S_ISDIR(opened.st_mode)) bad_checkpoint(origin, "it is a folder and not a safetensors file");
    if (!S_ISREG(opened.st_mode)) bad_checkpoint(origin, "it is no regular file");
    if (opened.st_size < 8)
      bad_checkpoint(origin,
                     "it has " + std::to_string(opened.st_size) + " bytes, too few for a safetensors file");
    bytes = size_t(opened.st_size);
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// Copies bytes of the file. Touching the mapping of a file that was cut meanwhile ends the process;
  /// reading it is an error.
  void read(void* destination, size_t count, size_t offset, const std::string& origin) const {
    if (file.value < 0) {
      std::memcpy(destination, memory.data() + offset, count);
      return;
    }
    auto* to = static_cast<char*>(destination);
    while (count > 0) {
      const ssize_t got = ::pread(file.value, to, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) bad_checkpoint(origin, "it cannot be read: " + std::generic_category().message(errno));
      if (got == 0) bad_checkpoint(origin, "it became shorter while it was read");
      to += got;
      offset += static_cast<size_t>(got);
      count -= static_cast<size_t>(got);
    }
  }
};

/// The same bytes in the address space.
struct SafetensorsFile::Mapping {
  void* address = nullptr;
  size_t bytes = 0;

  Mapping(const Storage& storage, const std::string& origin) : bytes(storage.bytes) {
    address = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, storage.file.value, 0);
    if (address == MAP_FAILED) {
      const int error = errno;
      throw Error(error == ENOMEM ? DA3_E_NOMEM_HOST : DA3_E_NOT_FOUND,
                  "cannot map " + origin + ": " + std::generic_category().message(error) +
                      "; free address space or memory",
                  0, -1, error);
    }
  }
  ~Mapping() { ::munmap(address, bytes); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const std::byte* data() const { return static_cast<const std::byte*>(address); }
};

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  const std::string origin = path.string();
  SafetensorsFile file;
  file.path_ = path;
  file.storage_ = std::make_shared<const Storage>(origin, path);
  file.mapping_ = std::make_shared<const Mapping>(*file.storage_, origin);
  const size_t bytes = file.storage_->bytes;
  uint64_t header_bytes = 0;
  file.storage_->read(&header_bytes, sizeof header_bytes, 0, origin);
  if (header_bytes > max_header_bytes)
    bad_checkpoint(origin, "its header would have " + std::to_string(header_bytes) +
                               " bytes, more than the format's 100 MB: it is no safetensors file");
  if (header_bytes > bytes - 8)
    bad_checkpoint(origin, "its header of " + std::to_string(header_bytes) +
                               " bytes runs past the end: it is cut short");
  std::string json(header_bytes, '\0');
  file.storage_->read(json.data(), json.size(), 8, origin);
  const size_t start = 8 + size_t(header_bytes);
  Header header = parse_header(json, bytes - start, origin);
  for (HeaderEntry& entry : header.entries) {
    const size_t offset = start + size_t(entry.begin);
    TensorView view{entry.dtype, std::move(entry.shape), file.mapping_->data() + offset,
                    size_t(entry.end - entry.begin), offset};
    file.tensors_.emplace(std::move(entry.name), std::move(view));
  }
  file.metadata_ = std::move(header.metadata);
  return file;
}

SafetensorsFile SafetensorsFile::in_memory(const std::string& name,
                                           const std::vector<TensorSource>& tensors) {
  const auto bytes_of = [](const TensorSource& tensor) {
    size_t bytes = dtype_size(tensor.dtype);
    for (int64_t length : tensor.shape) bytes *= static_cast<size_t>(length);
    return bytes;
  };
  size_t total = 0;
  for (const TensorSource& tensor : tensors) total += bytes_of(tensor);
  const auto storage = std::make_shared<Storage>(total);
  SafetensorsFile file;
  file.path_ = name;
  std::byte* at = storage->memory.data();
  for (const TensorSource& tensor : tensors) {
    const size_t bytes = bytes_of(tensor);
    tensor.fill(at, bytes);
    file.tensors_.emplace(tensor.name, TensorView{tensor.dtype, tensor.shape, at, bytes,
                                                  static_cast<size_t>(at - storage->memory.data())});
    at += bytes;
  }
  file.storage_ = storage;
  return file;
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const TensorView& SafetensorsFile::at(std::string_view name) const {
  if (const TensorView* tensor = find(name)) return *tensor;
  bad_checkpoint(path_.string(), "it has no tensor " + in_quotes(name));
}

void SafetensorsFile::read(const TensorView& tensor, void* destination) const {
  read(tensor, 0, tensor.bytes, destination);
}

void SafetensorsFile::read(const TensorView& tensor, size_t begin, size_t count, void* destination) const {
  storage_->read(destination, count, tensor.offset + begin, path_.string());
}

SafetensorsFile SafetensorsFile::unmapped() const {
  SafetensorsFile file = *this;
  if (!file.mapping_) return file;
  file.mapping_.reset();
  for (auto& [name, view] : file.tensors_) view.data = nullptr;
  return file;
}

const FileIdentity& SafetensorsFile::identity() const { return storage_->identity; }

void SafetensorsFile::check_unchanged() const {
  if (storage_->file.value < 0) return;
  struct stat now {};
  FileIdentity then = storage_->identity;
  if (::fstat(storage_->file.value, &now) == 0) {
    const FileIdentity found = identity_of(now);
    then.changed = found.changed;  // another file may have taken its name
    if (found == then) return;
  }
  throw Error(DA3_E_MODEL, "cannot read more of " + path_.string() +
                               ": it was changed after the model was loaded; load the model again");
}

}  // namespace da3::checkpoint
