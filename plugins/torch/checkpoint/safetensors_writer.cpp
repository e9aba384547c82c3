// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "checkpoint/printable.hpp"
#include "checkpoint/safetensors.hpp"
#include "checkpoint/safetensors_header.hpp"

namespace da3::checkpoint {
namespace {

// A file under a temporary name, gone unless committed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target) : target_(target), temporary_(target) {
    temporary_ += ".tmp-" + std::to_string(::getpid());
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file_ < 0) fail(errno);
  }
  ~TemporaryFile() {
    if (file_ >= 0) ::close(file_);
    if (!committed_) ::unlink(temporary_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const void* data, size_t bytes) {
    const char* next = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t written = ::write(file_, next, std::min<size_t>(bytes, size_t(1) << 24));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(errno);
      next += written;
      bytes -= size_t(written);
    }
  }

  void commit() {
    const int file = std::exchange(file_, -1);
    if (::close(file) != 0) fail(errno);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
    committed_ = true;
  }

 private:
  [[noreturn]] void fail(int error) {
    // A constructor that throws runs no destructor, but then there is no file either.
    throw Error(DA3_E_NOT_FOUND,
                "cannot write " + target_.string() + ": " + std::generic_category().message(error) +
                    "; choose a folder that you may write to and that has room",
                0, -1, error);
  }

  std::filesystem::path target_, temporary_;
  int file_ = -1;
  bool committed_ = false;
};

std::string make_header(const std::vector<TensorSource>& tensors,
                        const std::map<std::string, std::string>& metadata, uint64_t& total,
                        std::vector<uint64_t>& sizes) {
  std::set<std::string_view> names;
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  // push_back of pairs: ordered_json's operator[] searches linearly.
  auto& members = header.get_ref<nlohmann::ordered_json::object_t&>();
  for (const TensorSource& tensor : tensors) {
    uint64_t bytes = 0;
    if (!names.insert(tensor.name).second || tensor.name == "__metadata__")
      throw Error(DA3_E_INVALID,
                  "cannot write tensor " + in_quotes(tensor.name) + ": the name is taken; use another");
    if (!tensor_bytes(tensor.dtype, tensor.shape, bytes))
      throw Error(DA3_E_INVALID,
                  "cannot write tensor " + in_quotes(tensor.name) + ": its shape has no size; correct it");
    members.emplace_back(tensor.name, nlohmann::ordered_json{{"dtype", dtype_name(tensor.dtype)},
                                                             {"shape", tensor.shape},
                                                             {"data_offsets", {total, total + bytes}}});
    sizes.push_back(bytes);
    total += bytes;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(DA3_E_INVALID, "cannot write tensors: a name or metadata text is not UTF-8; correct it");
  }
  text.append((8 - text.size() % 8) % 8, ' ');  // data starts aligned
  if (text.size() > max_header_bytes)
    throw Error(DA3_E_INVALID,
                "cannot write tensors: their header is longer than the format's 100 MB; write fewer");
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::vector<TensorSource>& tensors,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(uint64_t, uint64_t)>& progress) {
  uint64_t total = 0, done = 0;
  std::vector<uint64_t> sizes;
  const std::string header = make_header(tensors, metadata, total, sizes);
  const uint64_t header_bytes = header.size();
  TemporaryFile file(path);
  file.write(&header_bytes, 8);
  file.write(header.data(), header.size());
  std::vector<std::byte> buffer;
  for (size_t i = 0; i < tensors.size(); ++i) {
    buffer.resize(std::max<size_t>(buffer.size(), sizes[i]));
    tensors[i].fill(buffer.data(), sizes[i]);
    file.write(buffer.data(), sizes[i]);
    done += sizes[i];
    if (progress) progress(done, total);
  }
  file.commit();
}

}  // namespace da3::checkpoint
