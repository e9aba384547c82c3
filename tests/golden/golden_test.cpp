// SPDX-License-Identifier: Apache-2.0
// Upstream's outputs through the C ABI of the cpu plugin, within the tolerance that
// tests/data/golden/README.md states.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "golden/golden_run.hpp"

namespace da3 {
namespace {

using test::batch_of_one;
using test::given_cameras;
using test::pixels;
using test::run_options;

void expect_dense(const std::vector<float>& values, const std::vector<float>& golden,
                  const std::string& what) {
  const test::Deviation off = test::deviation(values, golden);
  EXPECT_LE(off.largest, 1e-3) << what << ": largest deviation, relative to the mean magnitude";
  EXPECT_LE(off.mean, 1e-4) << what << ": mean deviation, relative to the mean magnitude";
}

void expect_cameras(const std::vector<float>& extrinsics, const std::vector<float>& intrinsics,
                    const test::GoldenCase& golden) {
  const std::vector<float> want = golden.floats("output.extrinsics"),
                           want_k = golden.floats("output.intrinsics");
  ASSERT_EQ(extrinsics.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i)
    EXPECT_NEAR(extrinsics[i], want[i], 1e-3) << "extrinsics, entry " << i;
  ASSERT_EQ(intrinsics.size(), want_k.size());
  for (size_t i = 0; i < want_k.size(); ++i)
    EXPECT_NEAR(intrinsics[i], want_k[i], 1e-3 * std::abs(want_k[i]) + 1e-6) << "intrinsics, entry " << i;
}

/// Upstream's search for poses from rays is random: 2 degrees and 2 %.
void expect_cameras_about(const std::vector<float>& extrinsics, const std::vector<float>& intrinsics,
                          const test::GoldenCase& golden) {
  const std::vector<float> want = golden.floats("output.extrinsics"),
                           want_k = golden.floats("output.intrinsics");
  ASSERT_EQ(extrinsics.size(), want.size());
  for (size_t view = 0; view < want.size() / 12; ++view) {
    double trace = 0, off = 0, length = 0;
    for (size_t i = 0; i < 3; ++i) {
      for (size_t j = 0; j < 3; ++j)
        trace += static_cast<double>(extrinsics[12 * view + 4 * i + j]) * want[12 * view + 4 * i + j];
      const double t = want[12 * view + 4 * i + 3], d = extrinsics[12 * view + 4 * i + 3] - t;
      off += d * d;
      length += t * t;
    }
    EXPECT_LE(std::acos(std::clamp((trace - 1) / 2, -1.0, 1.0)), 2 * std::numbers::pi / 180)
        << "view " << view;
    EXPECT_LE(std::sqrt(off), 0.02 * std::sqrt(length)) << "translation, view " << view;
  }
  ASSERT_EQ(intrinsics.size(), want_k.size());
  for (size_t i = 0; i < want_k.size(); ++i)
    EXPECT_NEAR(intrinsics[i], want_k[i], 0.02 * std::abs(want_k[i]) + 1e-6) << "intrinsics, entry " << i;
}

class Golden : public testing::TestWithParam<const char*> {};

void expect_upstreams(const test::GoldenCase& golden, const test::Options& options) {
  const auto dense = test::dense_outputs(golden);
  ASSERT_FALSE(dense.empty());
  auto out = test::run_case(golden, options);
  for (const auto& [ours, upstreams] : dense) {
    const std::vector<float> want = golden.floats(upstreams);
    ASSERT_EQ(out[ours].size(), want.size()) << ours;
    expect_dense(out[ours], want, ours);
  }
  if (golden.data.find("output.extrinsics"))
    (golden.use_ray_pose ? expect_cameras_about : expect_cameras)(out["extrinsics"], out["intrinsics"],
                                                                  golden);
}

TEST_P(Golden, IsUpstreams) { expect_upstreams(test::GoldenCase(GetParam()), {}); }
TEST_P(Golden, IsUpstreamsWithPackedWeights) {
  expect_upstreams(test::GoldenCase(GetParam()), {{"enable_compile", "true"}});
}

constexpr auto named = [](const auto& info) { return test::test_name(info.param); };

#ifdef DA3_LONG_TESTS
INSTANTIATE_TEST_SUITE_P(Large, Golden,
                         testing::Values("base-1view", "base-outliers", "large-2view", "mono-large",
                                         "metric-large"),
                         named);
#else
INSTANTIATE_TEST_SUITE_P(Small, Golden,
                         testing::Values("tiny-1view", "tiny-2view", "tiny-5view", "tiny-5view-first",
                                         "tiny-5view-middle", "tiny-5view-simrange", "tiny-9view",
                                         "tiny-feats", "tiny-outliers", "tiny-mono", "tiny-nested",
                                         "tiny-posed", "tiny-raypose", "tiny-giant-gs", "tiny-giant-posed",
                                         "tiny-giant-pair", "tiny-nested-posed", "tiny-smallest", "tiny-flat",
                                         "tiny-mono-tall", "small-1view", "small-3view", "small-outliers"),
                         named);

TEST(Scenes, TwoInABatchEqualTwoRuns) {
  const test::GoldenCase golden("tiny-5view");
  test::AbiModel model(test::open_plugin("cpu"), {}, test::checkpoint_folder("tiny").string());
  std::vector<int64_t> shape = batch_of_one(golden);
  const size_t bytes = golden.at("input.image").bytes;
  // The second scene is the first with its views turned round: its reference view is another one.
  std::vector<uint8_t> second(bytes), both(2 * bytes);
  const size_t view = bytes / static_cast<size_t>(shape[1]);
  for (size_t i = 0; i < 5; ++i) std::copy_n(pixels(golden) + i * view, view, second.data() + (4 - i) * view);
  std::copy_n(pixels(golden), bytes, both.data());
  std::copy_n(second.data(), bytes, both.data() + bytes);

  const std::vector<std::string> outputs{"depth", "confidence", "extrinsics", "intrinsics", "feature.3"};
  auto a = model.run(pixels(golden), shape, outputs), b = model.run(second.data(), shape, outputs);
  shape[0] = 2;
  auto batch = model.run(both.data(), shape, outputs);
  for (const std::string& name : outputs) {
    std::vector<float> apart = a[name].values;
    apart.insert(apart.end(), b[name].values.begin(), b[name].values.end());
    EXPECT_LE(test::deviation(batch[name].values, apart).largest, 1e-5) << name;
  }
}
#endif

}  // namespace
}  // namespace da3
