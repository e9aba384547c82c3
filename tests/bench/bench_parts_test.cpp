// SPDX-License-Identifier: Apache-2.0
// Images, counters, differences, files and the list of configurations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <da3/error.hpp>
#include <fstream>
#include <memory>
#include <set>

#include "allocations.hpp"
#include "depth_difference.hpp"
#include "process_facts.hpp"
#include "support/temporary_folder.hpp"
#include "synthetic.hpp"
#include "validate_matrix.hpp"
#include "write_file.hpp"

namespace da3::bench {
namespace {

TEST(Synthetic, SquaresAreOfOneColourAndTheFormulaHolds) {
  const auto pixels = coloured_squares(2, 28, 42);
  ASSERT_EQ(pixels.size(), 2u * 28 * 42 * 3);
  const auto at = [&](size_t image, size_t y, size_t x, size_t c) {
    return pixels[((image * 28 + y) * 42 + x) * 3 + c];
  };
  EXPECT_EQ(at(0, 0, 0, 1), at(0, 13, 13, 1));
  EXPECT_NE(at(0, 0, 0, 1), at(0, 0, 14, 1));
  // Square (2, 1) of image 1, which has 3 columns and 2 rows: number 2 + 3 * (1 + 2) = 11.
  EXPECT_EQ(at(1, 14, 28, 2), static_cast<uint8_t>((2654435761u * (1u + 2 + 3 * 11)) >> 24));
}

TEST(Synthetic, GradientsGoFromBlackToFull) {
  const auto pixels = gradients(2, 14, 28);
  EXPECT_EQ(pixels[0], 0);
  EXPECT_EQ(pixels[27 * 3], 255);
  EXPECT_EQ(pixels[13 * 28 * 3 + 1], 255);
  EXPECT_EQ(pixels[14 * 28 * 3 + 2], 255);
}

TEST(Allocations, AreCountedOnlyWhileTheBodyRuns) {
  std::vector<std::unique_ptr<int>> kept;
  kept.reserve(100);
  const auto none = count_allocations([] {});
  if (!none) GTEST_SKIP() << "not known on this system";
  const auto hundred = count_allocations([&] {
    for (int i = 0; i < 100; ++i) kept.push_back(std::make_unique<int>(i));
  });
  EXPECT_EQ(*none, 0u);
  EXPECT_EQ(*hundred, 100u);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(*kept[static_cast<size_t>(i)], i);
}

TEST(ProcessFacts, AMemoryThatIsTouchedIsResident) {
  const auto before = resident_memory();
  ASSERT_TRUE(before);
  std::vector<char> block(64 << 20, 1);
  EXPECT_GT(*resident_memory(), *before + (32 << 20)) << static_cast<int>(block[block.size() / 2]);
  EXPECT_GE(*peak_resident_memory(), *resident_memory() - (1 << 20));
  EXPECT_GT(page_faults().minor, 0u);
  EXPECT_GT(milliseconds_since_start().value_or(0), -20);
}

TEST(DepthDifferenceTest, LargestMeanAndNotFinite) {
  const std::vector<float> a{1, 2, 3, 4}, b{1, 2, 3, 6};
  EXPECT_DOUBLE_EQ(depth_difference(a, a).largest, 0);
  EXPECT_DOUBLE_EQ(depth_difference(a, b).largest, 2);
  EXPECT_DOUBLE_EQ(depth_difference(a, b).largest_relative, 2.0 / 3);
  EXPECT_DOUBLE_EQ(depth_difference(a, b).mean_relative, 0.5 / 3);
  const std::vector<float> bad{1, 2, 3, NAN};
  EXPECT_TRUE(std::isnan(depth_difference(bad, a).largest));
  EXPECT_TRUE(std::isnan(depth_difference(a, bad).largest));
  EXPECT_THROW(depth_difference(a, std::vector<float>{1}), Error);
  EXPECT_THROW(depth_difference({}, {}), Error);
}

TEST(ValidateMatrix, AsManyConfigurationsAsTheReportHasAllDifferent) {
  for (const auto& [device, count, compiled] : {std::tuple{"cpu", 8, 2}, std::tuple{"mps", 12, 3},
                                                std::tuple{"cuda", 18, 9}, std::tuple{"other", 6, 0}}) {
    std::set<std::string> names;
    int with_compile = 0;
    for (const Configuration& one : configurations_of(device)) {
      names.insert(configuration_name(one));
      with_compile += one.compile;
      if (one.compile && std::string(device) == "mps") {
        EXPECT_EQ(one.mixed_precision, "bfloat16");
      }
    }
    EXPECT_EQ(names.size(), static_cast<size_t>(count)) << device;
    EXPECT_EQ(with_compile, compiled) << device;
  }
}

TEST(WriteFile, TheWholeTextAndNoTemporaryFile) {
  const test::TemporaryFolder folder;
  write_file(folder.path() / "a/b.json", "one");
  write_file(folder.path() / "a/b.json", "two");
  std::ifstream file(folder.path() / "a/b.json");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "two");
  check_writable(folder.path() / "a/c.json");
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path() / "a")) ++files;
  EXPECT_EQ(files, 1u);
  EXPECT_THROW(write_file(folder.path() / "a", "x"), Error);
  EXPECT_THROW(write_file(folder.path() / "a/b.json/c", "x"), Error);
  EXPECT_THROW(check_writable(folder.path() / ""), Error);
}

}  // namespace
}  // namespace da3::bench
