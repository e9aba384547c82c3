// SPDX-License-Identifier: Apache-2.0
// What estimate says against what a run takes: the process's resident peak, as Linux counts it.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"
#include "support/proc_file.hpp"

namespace da3 {
namespace {

/// Makes VmHWM count from now on. False where the system forbids it.
bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

struct Case {
  const char* name;
  const char* checkpoint;
  std::vector<int64_t> shape;
  std::vector<std::string> outputs;
  const char* precision = "off";
};

test::Options options_of(const char* precision) {
  // Without the canary, which runs between two looks at the process's memory.
  test::Options options{{"performance_mode", "minimal"}, {"mixed_precision", precision}, {"canary", "off"}};
  if (std::string(precision) != "off") options.emplace_back("cpu.emulate", "true");
  return options;
}

class Memory : public testing::TestWithParam<Case> {};

TEST_P(Memory, OfARunIsEstimated) {
  const Case& c = GetParam();
  test::AbiModel model(test::open_plugin("cpu"), options_of(c.precision),
                       test::checkpoint_folder(c.checkpoint).string());
  int64_t bytes = 1;
  for (const int64_t side : c.shape) bytes *= side;
  const std::vector<uint8_t> pixels(static_cast<size_t>(bytes), 100);
  const uint64_t estimate = model.estimate(c.shape, c.outputs).activations;
  // The first run of a process also takes what LibTorch keeps for ever.
  model.run_and_drop(pixels.data(), {1, 1, 28, 28, 3}, c.outputs);
  malloc_trim(0);
  if (!reset_peak()) GTEST_SKIP() << "the peak of the resident memory cannot be reset here";
  const uint64_t before = test::proc_bytes("/proc/self/status", "VmRSS:");
  model.run_and_drop(pixels.data(), c.shape, c.outputs);
  const auto taken = static_cast<double>(test::proc_bytes("/proc/self/status", "VmHWM:") - before);
  std::printf("%s: taken %.1f MB, estimate %.1f MB, ratio %.2f\n", c.name, taken / 1e6,
              static_cast<double>(estimate) / 1e6, static_cast<double>(estimate) / taken);
  EXPECT_GE(static_cast<double>(estimate) * 1.25, taken) << "bytes: the estimate is too low";
  EXPECT_LE(static_cast<double>(estimate), 3 * taken) << "bytes: the estimate refuses what would fit";
}

const std::vector<std::string> kGaussians{"depth",
                                          "extrinsics",
                                          "gaussians.means",
                                          "gaussians.scales",
                                          "gaussians.rotations",
                                          "gaussians.harmonics",
                                          "gaussians.opacities"};

std::string test_name(const testing::TestParamInfo<Case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Runs, Memory,
    testing::Values(
        Case{"small_one_large_view", "da3-small", {1, 1, 504, 504, 3}, {"depth", "extrinsics"}},
        Case{"small_many_views", "da3-small", {1, 8, 168, 168, 3}, {"depth", "confidence"}},
        Case{"small_rays", "da3-small", {1, 2, 336, 336, 3}, {"depth", "ray", "ray_confidence"}},
        Case{"small_features", "da3-small", {1, 2, 336, 336, 3}, {"feature.3", "feature.5"}},
        Case{"mono", "tiny-mono", {1, 4, 504, 504, 3}, {"depth", "sky"}},
        Case{"gaussians", "tiny-giant", {1, 3, 504, 504, 3}, kGaussians},
        Case{"nested", "tiny-nested", {1, 3, 504, 504, 3}, {"depth", "extrinsics"}},
        Case{"small_emulated", "da3-small", {1, 1, 504, 504, 3}, {"depth", "extrinsics"}, "bfloat16"},
        Case{"mono_emulated", "tiny-mono", {1, 4, 504, 504, 3}, {"depth", "sky"}, "float16"}),
    test_name);

/// Resident memory that a loaded model takes, and what memory() says of it.
TEST(Weights, AreKeptOnceInTheTypeOfTheirPrecision) {
  // Threads' own arenas keep the end of what was freed, up to 64 MiB that malloc_trim leaves: it would count
  // as there before the next model, which then takes less.
  mallopt(M_ARENA_MAX, 1);
  const std::string folder = test::checkpoint_folder("da3-base").string();
  const da3_plugin& plugin = test::open_plugin("cpu");
  const std::vector<uint8_t> pixels(28 * 28 * 3, 100);
  {  // what LibTorch keeps for ever
    test::AbiModel first(plugin, options_of("off"), test::checkpoint_folder("tiny").string());
    first.run_and_drop(pixels.data(), {1, 1, 28, 28, 3}, {"depth"});
  }
  uint64_t told_float32 = 0;
  for (const char* precision : {"off", "bfloat16", "float16", "int8"}) {
    malloc_trim(0);
    const uint64_t before = test::proc_bytes("/proc/self/status", "VmRSS:");
    test::AbiModel model(plugin, options_of(precision), folder);
    malloc_trim(0);
    const auto taken = static_cast<double>(test::proc_bytes("/proc/self/status", "VmRSS:") - before);
    const uint64_t told = model.estimate({1, 1, 28, 28, 3}, {"depth"}).weights;
    std::printf("%s: taken %.1f MB, told %.1f MB\n", precision, taken / 1e6, static_cast<double>(told) / 1e6);
    EXPECT_NEAR(taken, static_cast<double>(told), 0.1 * static_cast<double>(told)) << precision;
    if (told_float32 == 0) told_float32 = told;
    // 85 of its 135 million parameters are in the blocks.
    else
      EXPECT_LT(static_cast<double>(told), 0.75 * static_cast<double>(told_float32)) << precision;
  }
}

}  // namespace
}  // namespace da3
