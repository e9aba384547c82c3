// SPDX-License-Identifier: Apache-2.0
// What is remembered of the canary, and what is not.
#include <gmock/gmock.h>
#include <da3/error.hpp>

#include <filesystem>
#include <fstream>

#include "common/canary.hpp"
#include "support/abi_client.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

size_t files_in(const std::filesystem::path& folder) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    count += entry.is_regular_file();
  return count;
}

TEST(CanaryVerdict, IsRememberedInTheFolder) {
  test::TemporaryFolder folder;
  int runs = 0;
  const auto run = [&] { ++runs; };
  EXPECT_FALSE(thin::pass_canary("device A\n", folder.path(), run));
  EXPECT_TRUE(thin::pass_canary("device A\n", folder.path(), run)) << "in this process";
  EXPECT_EQ(runs, 1);
  ASSERT_EQ(files_in(folder.path()), 1u);
  // As another process: its memory is empty, the file is there.
  const auto file = std::filesystem::recursive_directory_iterator(folder.path() / "canary")->path();
  test::TemporaryFolder other;
  std::filesystem::create_directories(other.path() / "canary");
  EXPECT_FALSE(thin::pass_canary("device B\n", other.path(), run));
  EXPECT_EQ(runs, 2);
  EXPECT_NE(std::filesystem::recursive_directory_iterator(other.path() / "canary")->path().filename(),
            file.filename());
}

TEST(CanaryVerdict, WithoutAFolderNothingIsWritten) {
  test::TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  EXPECT_FALSE(thin::pass_canary("device C\n", {}, [] {}));
  std::filesystem::current_path(before);
  EXPECT_EQ(files_in(folder.path()), 0u);
}

TEST(CanaryVerdict, AFailureIsNotRemembered) {
  test::TemporaryFolder folder;
  const auto wrong = [] { throw Error(DA3_E_UNAVAILABLE, "the device computes wrongly"); };
  EXPECT_THROW(thin::pass_canary("device D\n", folder.path(), wrong), Error);
  EXPECT_THROW(thin::pass_canary("device D\n", folder.path(), wrong), Error);
  EXPECT_EQ(files_in(folder.path()), 0u);
  int runs = 0;
  EXPECT_FALSE(thin::pass_canary("device D\n", folder.path(), [&] { ++runs; }));
  EXPECT_EQ(runs, 1);
}

TEST(CanaryVerdict, AFolderThatCannotBeWrittenIsNoError) {
  test::TemporaryFolder folder;
  const auto file = folder.write("file", "no folder");
  EXPECT_FALSE(thin::pass_canary("device E\n", file, [] {}));
}

TEST(CanaryVerdict, DependsOnDeviceDriverBuildAndPolicy) {
  test::TemporaryFolder folder;
  const auto engine_file = folder.write("engine.so", "one build");
  da3_device device{};
  device.struct_size = sizeof device;
  device.name = "GPU", device.driver = "580";
  engine::Policy policy;
  const std::string key = thin::canary_key(device, engine_file, policy);
  EXPECT_EQ(thin::canary_key(device, engine_file, policy), key);
  policy.threads = 7;
  policy.memory_limit = 5;
  EXPECT_EQ(thin::canary_key(device, engine_file, policy), key) << "memory and threads change no kernel";
  policy.precision = engine::Precision::bfloat16;
  EXPECT_NE(thin::canary_key(device, engine_file, policy), key);
  policy.precision = engine::Precision::float32;
  device.driver = "581";
  EXPECT_NE(thin::canary_key(device, engine_file, policy), key);
  device.driver = "580";
  folder.write("engine.so", "another build");
  EXPECT_NE(thin::canary_key(device, engine_file, policy), key);
}

std::string described(const test::AbiModel& model, const da3_plugin& plugin, const std::string& wanted) {
  std::pair<std::string, std::string> asked{wanted, ""};
  plugin.optimizer_describe(
      model.optimizer(),
      [](void* ctx, const da3_kv* kv) {
        auto& pair = *static_cast<std::pair<std::string, std::string>*>(ctx);
        if (pair.first == kv->key) pair.second = kv->value;
      },
      &asked, nullptr);
  return asked.second;
}

TEST(CanaryOption, IsToldInDescribe) {
  const da3_plugin& plugin = test::open_plugin("cpu");
  const std::string demo = DA3_SOURCE_DIR "/models/demo";
  const test::AbiModel tried(plugin, {}, demo), skipped(plugin, {{"canary", "off"}}, demo);
  EXPECT_EQ(described(tried, plugin, "effective.canary"), "passed");
  EXPECT_EQ(described(skipped, plugin, "effective.canary"), "off");
}

}  // namespace
}  // namespace da3
