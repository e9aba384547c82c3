// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <da3/file_hash.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace da3 {
namespace {

namespace fs = std::filesystem;

constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class FileHash : public testing::Test {
 protected:
  FileHash()
      : folder(fs::path(testing::TempDir()) /
               ("da3_file_hash_" + std::to_string(::getpid()) +
                std::string(testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    fs::remove_all(folder);
    fs::create_directories(folder);
    setenv("DA3_CACHE_DIR", (folder / "cache").c_str(), 1);
  }
  ~FileHash() override {
    unsetenv("DA3_CACHE_DIR");
    fs::remove_all(folder);
  }
  void write(const char* name, const char* text) const { std::ofstream(folder / name) << text; }
  std::string store() const {
    std::ifstream file(folder / "cache/hashes/sha256.json");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder;
};

TEST_F(FileHash, IsSha256) {
  write("file", "abc");
  EXPECT_EQ(file_sha256(folder / "file"), kAbc);
}

TEST_F(FileHash, IsRememberedOnceTheFileHasSettled) {
  const fs::path old_file = fs::path(DA3_TEST_DATA) / "checkpoint_values.json";
  const std::string hash = file_sha256(old_file);
  std::string text = store();
  ASSERT_NE(text.find(hash), std::string::npos);
  // What is remembered is what comes back: proof that the file is not read again.
  text.replace(text.find(hash), 4, "0000");
  std::ofstream(folder / "cache/hashes/sha256.json") << text;
  EXPECT_EQ(file_sha256(old_file), "0000" + hash.substr(4));
}

TEST_F(FileHash, AnotherContentIsAnotherHash) {
  write("file", "abd");
  const std::string before = file_sha256(folder / "file");
  write("file", "abc");
  EXPECT_EQ(file_sha256(folder / "file"), kAbc);
  EXPECT_NE(before, kAbc);
}

TEST_F(FileHash, BrokenStoreIsMadeAnew) {
  write("file", "abc");
  fs::create_directories(folder / "cache/hashes");
  std::ofstream(folder / "cache/hashes/sha256.json") << "[not an object";
  EXPECT_EQ(file_sha256(folder / "file"), kAbc);
}

TEST_F(FileHash, WithoutACacheFolderItIsComputed) {
  write("file", "abc");
  setenv("DA3_CACHE_DIR", "/dev/null/nowhere", 1);
  EXPECT_EQ(file_sha256(folder / "file"), kAbc);
}

TEST_F(FileHash, APinnedFileIsTheOldOneWhenAnotherTakesItsPlace) {
  write("file", "abc");
  const PinnedFile pinned(folder / "file");
  EXPECT_TRUE(pinned.is_at(folder / "file"));
  write("other", "abd");
  fs::rename(folder / "other", folder / "file");
  EXPECT_FALSE(pinned.is_at(folder / "file"));
  EXPECT_EQ(pinned.sha256(), kAbc);
  fs::remove(folder / "file");
  EXPECT_FALSE(pinned.is_at(folder / "file"));
  EXPECT_EQ(pinned.sha256(), kAbc);
  EXPECT_EQ(PinnedFile(pinned).sha256(), kAbc);
}

TEST_F(FileHash, APinnedFileThatWasWrittenToHasNone) {
  write("file", "abc");
  const PinnedFile pinned(folder / "file");
  write("file", "abcd");
  EXPECT_FALSE(pinned.is_at(folder / "file"));
  EXPECT_EQ(pinned.sha256(), "");
  EXPECT_EQ(PinnedFile().sha256(), "");
  EXPECT_FALSE(PinnedFile().is_at(folder / "file"));
}

TEST_F(FileHash, APinnedFileMayBeMovedAndRead) {
  write("file", "abc");
  const PinnedFile pinned(folder / "file");
  fs::rename(folder / "file", folder / "moved");
  fs::permissions(folder / "moved", fs::perms::owner_read);
  EXPECT_TRUE(pinned.is_at(folder / "moved"));
  EXPECT_EQ(pinned.sha256(), kAbc);
}

TEST_F(FileHash, WhatIsNoFileHasNone) {
  EXPECT_EQ(file_sha256(folder), "");
  EXPECT_EQ(file_sha256(folder / "missing"), "");
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(file_sha256(folder / "pipe"), "");
}

}  // namespace
}  // namespace da3
