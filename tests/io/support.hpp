// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <da3/error.hpp>

#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace da3 {
namespace fs = std::filesystem;
}

namespace da3::test {

/// A new folder, removed with everything in it.
class TempDir {
 public:
  TempDir() {
    std::string name = (fs::temp_directory_path() / "da3-io-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline const fs::path data_dir = DA3_TEST_DATA;

inline std::vector<uint8_t> read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline fs::path write_bytes(const fs::path& path, const std::vector<uint8_t>& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return path;
}

inline fs::path write_text(const fs::path& path, const std::string& text) {
  return write_bytes(path, {text.begin(), text.end()});
}

/// Bytes that this process has asked the system to read so far; Linux.
inline uint64_t bytes_asked_for() {
  std::ifstream counters("/proc/self/io");
  uint64_t bytes = 0;
  for (std::string word; counters >> word;)
    if (word == "rchar:") counters >> bytes;
  return bytes;
}

/// The files below a folder, as sorted relative names.
inline std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) names.push_back(fs::relative(entry.path(), folder).string());
  std::sort(names.begin(), names.end());
  return names;
}

/// Root may read and write everything: tests of permissions run as somebody else while one of these lives.
class Unprivileged {
 public:
  Unprivileged() : root_(::geteuid() == 0) {
    if (root_ && ::seteuid(65534) != 0) throw std::runtime_error("cannot drop root");
  }
  ~Unprivileged() {
    if (root_ && ::seteuid(0) != 0) std::abort();
  }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  bool root_;
};

/// Runs action, expects an Error with this code whose sentence contains the text and has the form "what: why;
/// what to do".
template <typename Action>
Error expect_error(int32_t code, const std::string& text, Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << code_name(error.code()) << ": " << error.message();
    EXPECT_THAT(error.message(), testing::HasSubstr(text));
    EXPECT_THAT(error.message(), testing::ContainsRegex(".(:| is unknown|no depth).*;.")) << error.message();
    return error;
  } catch (const std::exception& other) {
    ADD_FAILURE() << "not a da3::Error: " << other.what();
    return Error(DA3_E_INTERNAL, "");
  }
  ADD_FAILURE() << "no error, expected one with: " << text;
  return Error(DA3_OK, "");
}

}  // namespace da3::test
