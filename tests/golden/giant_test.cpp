// SPDX-License-Identifier: Apache-2.0
// The real giant, made by da3-make-checkpoint: 2 views of 504 x 504 in float32, compared with itself in other
// chunks. Needs 6 GB of disk and 12 GB of free memory, and is skipped where they are not there.
#include <gtest/gtest.h>

#include <cstdio>
#include <da3/error.hpp>
#include <filesystem>
#include <map>
#include <string>

#include "integration/model_folders.hpp"
#include "make_checkpoint.hpp"
#include "support/abi_client.hpp"
#include "support/golden_case.hpp"
#include "support/proc_file.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kNeededMemory = 12'000'000'000, kNeededDisk = 6'000'000'000;
constexpr uint64_t kMostMemory = 16'000'000'000;

/// The giant's folder, gone after the test: it is too large to be kept.
class Giant {
 public:
  Giant() : folder_(fs::path(DA3_BINARY_DIR) / "checkpoints" / "da3-giant") {
    fs::remove_all(folder_);
    fs::create_directories(folder_.parent_path());
    weights::make_checkpoint(weights::find_recipe("da3-giant"), folder_);
  }
  ~Giant() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  std::string path() const { return folder_.string(); }

 private:
  fs::path folder_;
};

/// Stripes and discs: something that differs from place to place and from view to view.
std::vector<uint8_t> pictures(size_t views, size_t side) {
  std::vector<uint8_t> pixels(views * side * side * 3);
  for (size_t v = 0, at = 0; v < views; ++v)
    for (size_t y = 0; y < side; ++y)
      for (size_t x = 0; x < side; ++x)
        for (size_t c = 0; c < 3; ++c, ++at)
          pixels[at] = static_cast<uint8_t>((x * (c + 1) + 31 * v) / 3 + (y / 7) * (y / 7) % 97);
  return pixels;
}

const std::vector<std::string> kOutputs{"depth",           "confidence",      "extrinsics",
                                        "intrinsics",      "gaussians.means", "gaussians.harmonics",
                                        "gaussians.scales"};

std::map<std::string, test::AbiModel::Output> run_in_chunks(const Giant& giant, const char* chunk) {
  test::AbiModel model(test::open_plugin("cpu"), {{"cpu.head_chunk_views", chunk}}, giant.path());
  return model.run(pictures(2, 504).data(), {1, 2, 504, 504, 3}, kOutputs);
}

TEST(GiantModel, RunsTwoLargeViewsInSixteenGigabytesAndEqualsItselfInChunks) {
  if (test::proc_bytes("/proc/meminfo", "MemAvailable:") < kNeededMemory)
    GTEST_SKIP() << "less than 12 GB of memory are free";
  if (fs::space(DA3_BINARY_DIR).available < kNeededDisk) GTEST_SKIP() << "less than 6 GB of disk are free";
  const Giant giant;
  auto one = run_in_chunks(giant, "1");
  const uint64_t peak = test::proc_bytes("/proc/self/status", "VmHWM:");
  std::printf("resident peak %.2f GB\n", static_cast<double>(peak) / 1e9);
  EXPECT_LT(peak, kMostMemory) << "bytes";
  auto both = run_in_chunks(giant, "2");
  for (const std::string& name : kOutputs) {
    ASSERT_FALSE(one[name].values.empty()) << name;
    EXPECT_LE(test::deviation(both[name].values, one[name].values).largest, 1e-4) << name;
  }
}

TEST(GiantModel, WeightsThatCannotFitAreRefusedBeforeTheyAreRead) {
  // The header alone is read; the weights are a hole in the file.
  const uint64_t memory = test::proc_bytes("/proc/meminfo", "MemAvailable:");
  if (memory == 0 || memory > 100'000'000'000) GTEST_SKIP() << "a twentieth of this memory holds the giant";
  const fs::path folder = fs::path(DA3_BINARY_DIR) / "checkpoints" / "da3-giant-hollow";
  test::write_model(folder, "da3-giant");
  try {
    test::AbiModel model(test::open_plugin("cpu"), {{"memory_fraction", "0.05"}}, folder.string());
    ADD_FAILURE() << "it was loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_NOMEM_HOST) << error.message();
    EXPECT_NE(error.message().find("memory_fraction"), std::string::npos) << error.message();
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace da3
