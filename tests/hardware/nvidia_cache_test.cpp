// SPDX-License-Identifier: Apache-2.0
// A good answer is remembered for a boot and a driver; a bad one and a doubtful file are not.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "hardware/nvidia_cache.hpp"
#include "machine_tree.hpp"

namespace da3::hardware {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

class Cache : public testing::Test {
 protected:
  void SetUp() override {
    test::add_driver(root_);
    query_.root = root_.path();
    query_.library = DA3_FAKE_CUDA;
    query_.helper = DA3_SCAN_PROGRAM;
    query_.time_limit = std::chrono::seconds(20);
    query_.cache_folder = cache_.path();
    setenv("FAKE_CUDA_DEVICES", "NVIDIA L4:8.9:23034", 1);
    setenv("FAKE_CUDA_LOG", log().c_str(), 1);
    setenv("FAKE_CUDA_INIT", "0", 1);
  }
  void TearDown() override {
    for (const char* name : {"FAKE_CUDA_DEVICES", "FAKE_CUDA_LOG", "FAKE_CUDA_INIT", "CUDA_VISIBLE_DEVICES"})
      unsetenv(name);
  }
  fs::path log() const { return cache_.path() / "log"; }
  fs::path file() const { return cache_.path() / "nvidia" / "driver.txt"; }
  /// How often cuInit was called.
  int calls() const {
    std::ifstream in(log());
    int count = 0;
    for (std::string line; std::getline(in, line);) ++count;
    return count;
  }
  NvidiaFacts ask() const { return read_nvidia(query_); }

  TemporaryFolder root_, cache_;
  NvidiaQuery query_;
};

TEST_F(Cache, ASecondQuestionAsksNobody) {
  const NvidiaFacts first = ask(), second = ask();
  EXPECT_EQ(calls(), 1);
  EXPECT_FALSE(first.from_cache);
  EXPECT_TRUE(second.from_cache);
  EXPECT_EQ(second.reason, "");
  ASSERT_EQ(second.devices.size(), 1u);
  EXPECT_EQ(second.devices[0].name, first.devices[0].name);
  EXPECT_EQ(second.devices[0].uuid, first.devices[0].uuid);
  EXPECT_EQ(second.devices[0].memory_total, first.devices[0].memory_total);
  EXPECT_EQ(second.devices[0].numa_node, 1);
  EXPECT_EQ(second.cuda_version, 13000);
}

TEST_F(Cache, AnotherBootDriverLibraryMigLayoutOrChoiceOfDevicesAsksAgain) {
  ask();
  root_.write("proc/sys/kernel/random/boot_id", "another\n");
  EXPECT_FALSE(ask().from_cache);
  root_.write("sys/module/nvidia/version", "590.1.1\n");
  EXPECT_FALSE(ask().from_cache);
  root_.write("proc/driver/nvidia/capabilities/gpu0/mig/gi1/access", "");
  EXPECT_FALSE(ask().from_cache);
  root_.write("dev/nvidia1", "");
  EXPECT_FALSE(ask().from_cache);
  setenv("CUDA_VISIBLE_DEVICES", "1", 1);
  EXPECT_FALSE(ask().from_cache);
  query_.library = DA3_FAKE_OLD_CUDA;
  EXPECT_FALSE(ask().from_cache);
  EXPECT_TRUE(ask().from_cache);
  EXPECT_EQ(calls(), 7);
}

TEST_F(Cache, FailuresAreNotRemembered) {
  setenv("FAKE_CUDA_INIT", "999", 1);
  EXPECT_NE(ask().reason, "");
  EXPECT_FALSE(fs::exists(file()));
  setenv("FAKE_CUDA_INIT", "0", 1);
  EXPECT_EQ(ask().reason, "") << "what was mended is seen at once";
}

TEST_F(Cache, BrokenFilesAreIgnored) {
  ask();
  std::ifstream in(file());
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  ASSERT_GT(whole.size(), 100u);
  int asked = calls();
  for (const std::string& text :
       {std::string(), std::string("x"), whole.substr(0, whole.size() / 2), whole.substr(0, whole.find('\n')),
        whole + whole.substr(0, 10), std::string(3 << 20, 'y')}) {
    std::ofstream(file(), std::ios::binary) << text;
    EXPECT_EQ(ask().devices.size(), 1u);
    if (text.size() < whole.size() || text.size() > 2 * whole.size()) {
      EXPECT_EQ(calls(), ++asked) << text.substr(0, 20);
    }
  }
}

TEST_F(Cache, ThingsThatAreNoFilesAreIgnored) {
  fs::create_directory(file().parent_path());
  fs::permissions(file().parent_path(), fs::perms::owner_all);
  ASSERT_EQ(mkfifo(file().c_str(), 0600), 0);
  EXPECT_EQ(ask().devices.size(), 1u) << "and does not hang";
  fs::remove(file());
  fs::create_symlink("driver.txt", file());
  EXPECT_EQ(ask().devices.size(), 1u);
  fs::remove(file());
  fs::create_directory(file());
  EXPECT_EQ(ask().devices.size(), 1u);
}

TEST_F(Cache, WhatOthersMayWriteIsNotRead) {
  ask();
  fs::permissions(file(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_FALSE(ask().from_cache);
  EXPECT_TRUE(ask().from_cache) << "it was written anew";
  fs::permissions(file().parent_path(), fs::perms::group_write, fs::perm_options::add);
  EXPECT_FALSE(ask().from_cache);
}

TEST_F(Cache, AnotherUsersFolderIsNotUsed) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  fs::create_directory(cache_.path() / "nvidia");
  ASSERT_EQ(chown((cache_.path() / "nvidia").c_str(), 12345, 12345), 0);
  ask();
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(Cache, WithoutAFolderNothingIsWritten) {
  query_.cache_folder.clear();
  EXPECT_FALSE(ask().from_cache);
  EXPECT_FALSE(ask().from_cache);
  query_.cache_folder = "/nonexistent/cache";
  EXPECT_EQ(ask().devices.size(), 1u);
}

}  // namespace
}  // namespace da3::hardware
