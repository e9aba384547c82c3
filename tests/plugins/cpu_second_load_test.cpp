// SPDX-License-Identifier: Apache-2.0
// The second load of a model in a process: nothing is read, and never a file that is no longer there.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"
#include "support/proc_file.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;
const std::vector<int64_t> kShape{1, 1, 28, 28, 3};

const da3_plugin& plugin() { return test::open_plugin("cpu"); }

std::unique_ptr<test::AbiModel> load(const fs::path& folder, const test::Options& options = {}) {
  return std::make_unique<test::AbiModel>(plugin(), options, folder.string());
}

std::vector<float> depth_of(test::AbiModel& model) {
  const std::vector<uint8_t> pixels(28 * 28 * 3, 100);
  return model.run(pixels.data(), kShape, {"depth"}).at("depth").values;
}

uint64_t idle_of(const test::AbiModel& model) {
  da3_memory memory = test::made<da3_memory>();
  EXPECT_EQ(
      test::ask([&](da3_error* error) { return plugin().memory(model.optimizer(), &memory, error); }).code,
      DA3_OK);
  return memory.pool_idle;
}

uint64_t resident() { return test::proc_bytes("/proc/self/status", "VmRSS:"); }

TEST(SecondLoad, SharesTheWeights) {
  const fs::path folder = test::checkpoint_folder("da3-small");
  const auto other = load(test::checkpoint_folder("tiny"));  // with what LibTorch keeps for ever
  depth_of(*other);
  const uint64_t before = resident();
  const auto first = load(folder);
  const uint64_t between = resident();
  const auto second = load(folder);
  const uint64_t after = resident();
  const uint64_t weights = first->estimate(kShape, {"depth"}).weights;
  EXPECT_GE(between - before, weights * 9 / 10) << "bytes: this measures nothing";
  EXPECT_LE(after - std::min(after, between), weights / 20);
  EXPECT_EQ(depth_of(*first), depth_of(*second));
}

TEST(SecondLoad, OutlivesTheFirst) {
  const fs::path folder = test::checkpoint_folder("tiny");
  auto first = load(folder);
  const std::vector<float> depth = depth_of(*first);
  const auto second = load(folder);
  first.reset();
  EXPECT_EQ(depth_of(*second), depth);
  const std::vector<uint8_t> pixels(28 * 28 * 3, 100);
  // A part that is read only now, by an optimizer that did not load the rest.
  EXPECT_FALSE(second->run(pixels.data(), kShape, {"ray"}).at("ray").values.empty());
}

TEST(SecondLoad, AnotherPolicyHasWeightsOfItsOwn) {
  const fs::path folder = test::checkpoint_folder("tiny");
  const auto packed = load(folder, {{"enable_compile", "true"}}),
             plain = load(folder, {{"enable_compile", "false"}});
  const std::vector<float> a = depth_of(*packed), b = depth_of(*plain);
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-3 * a[i]);
}

TEST(SecondLoad, IsOfTheFileThatIsThereNow) {
  const auto folder = fs::path(testing::TempDir()) / ("second" + std::to_string(::getpid()));
  fs::remove_all(folder);
  fs::copy(test::checkpoint_folder("tiny"), folder);
  const auto first = load(folder);
  const std::vector<float> depth = depth_of(*first);
  // Other numbers in the second half of the file, whose size stays.
  const fs::path file = folder / "model.safetensors";
  const auto size = static_cast<std::streamoff>(fs::file_size(file));
  {
    std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
    std::string half(static_cast<size_t>(size / 2), '\0');
    bytes.seekp(size - size / 2);
    bytes.write(half.data(), static_cast<std::streamsize>(half.size()));
  }
  const auto second = load(folder);
  EXPECT_NE(depth_of(*second), depth);
  EXPECT_EQ(depth_of(*first), depth);
  fs::remove_all(folder);
}

TEST(SecondLoad, FindsWeightsThatNobodyUsesUntilATrim) {
#ifdef DA3_SANITIZED
  GTEST_SKIP() << "idle memory is not told in builds for sanitizers";
#endif
  const fs::path folder = test::checkpoint_folder("da3-small");
  const auto keeper = load(test::checkpoint_folder("tiny"));
  auto model = load(folder);
  const uint64_t weights = model->estimate(kShape, {"depth"}).weights;
  model.reset();
  EXPECT_GE(idle_of(*keeper), weights);
  const uint64_t before = resident();
  model = load(folder);
  EXPECT_LE(resident() - std::min(resident(), before), weights / 10);
  EXPECT_LT(idle_of(*keeper), weights);
  model.reset();
  uint64_t freed = 0;
  EXPECT_EQ(
      test::ask([&](da3_error* error) { return plugin().trim(keeper->optimizer(), 1, &freed, error); }).code,
      DA3_OK);
  EXPECT_GE(freed, weights);
  EXPECT_LT(idle_of(*keeper), weights / 10);
  EXPECT_LE(resident(), before - weights * 8 / 10);
}

TEST(SecondLoad, NothingWaitsInMinimal) {
#ifdef DA3_SANITIZED
  GTEST_SKIP() << "idle memory is not told in builds for sanitizers";
#endif
  const auto keeper = load(test::checkpoint_folder("tiny"), {{"performance_mode", "minimal"}});
  auto model = load(test::checkpoint_folder("da3-small"), {{"performance_mode", "minimal"}});
  const uint64_t weights = model->estimate(kShape, {"depth"}).weights;
  model.reset();
  EXPECT_LT(idle_of(*keeper), weights / 10);
}

}  // namespace
}  // namespace da3
