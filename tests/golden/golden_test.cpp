// SPDX-License-Identifier: Apache-2.0
// Upstream's outputs through the C ABI of the cpu plugin, within the tolerance that
// tests/data/golden/README.md states.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

const uint8_t* pixels(const test::GoldenCase& golden) {
  return reinterpret_cast<const uint8_t*>(golden.at("input.image").data);
}

std::vector<int64_t> batch_of_one(const test::GoldenCase& golden) {
  std::vector<int64_t> shape = golden.at("input.image").shape;
  shape.insert(shape.begin(), 1);
  return shape;
}

test::Options run_options(const test::GoldenCase& golden) {
  test::Options options;
  if (!golden.ref_view_strategy.empty()) options.emplace_back("ref_view_strategy", golden.ref_view_strategy);
  if (golden.use_ray_pose) options.emplace_back("use_ray_pose", "true");
  return options;
}

/// Poses go in as the network takes them: the ABI leaves normalising to the host.
test::AbiModel::Cameras given_cameras(const test::GoldenCase& golden) {
  if (!golden.data.find("net.extrinsics")) return {};
  return {golden.floats("net.extrinsics"), golden.floats("input.intrinsics")};
}

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

/// A quaternion and its negative are one rotation; where the last component is 0, rounding chooses.
std::vector<float> with_signs_of(std::vector<float> values, const std::vector<float>& golden) {
  for (size_t i = 0; i + 3 < values.size(); i += 4) {
    float product = 0;
    for (size_t j = i; j < i + 4; ++j) product += values[j] * golden[j];
    if (product < 0)
      for (size_t j = i; j < i + 4; ++j) values[j] = -values[j];
  }
  return values;
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
  test::AbiModel model(test::open_plugin("cpu"), options,
                       test::checkpoint_folder(golden.checkpoint).string());
  // Our name and upstream's of what a case may hold.
  std::vector<std::pair<std::string, std::string>> dense{{"depth", "output.depth"},
                                                         {"confidence", "output.depth_conf"},
                                                         {"sky", "output.sky"},
                                                         {"scale_factor", "output.scale_factor"}};
  for (const char* part : {"means", "scales", "rotations", "harmonics", "opacities"})
    dense.emplace_back("gaussians." + std::string(part), "output.gaussians." + std::string(part));
  for (int64_t block : golden.feature_blocks)
    dense.emplace_back("feature." + std::to_string(block), "output.aux.feat_layer_" + std::to_string(block));
  std::erase_if(dense, [&](const auto& names) { return !golden.data.find(names.second); });
  ASSERT_FALSE(dense.empty());

  std::vector<std::string> outputs;
  for (const auto& [ours, upstreams] : dense) outputs.push_back(ours);
  const bool cameras = golden.data.find("output.extrinsics") != nullptr;
  if (cameras) outputs.insert(outputs.end(), {"extrinsics", "intrinsics"});
  auto out =
      model.run(pixels(golden), batch_of_one(golden), outputs, run_options(golden), given_cameras(golden));
  for (const auto& [ours, upstreams] : dense) {
    const std::vector<float> want = golden.floats(upstreams);
    ASSERT_EQ(out[ours].values.size(), want.size()) << ours;
    const bool signs = ours == "gaussians.rotations";
    expect_dense(signs ? with_signs_of(out[ours].values, want) : out[ours].values, want, ours);
  }
  if (cameras)
    (golden.use_ray_pose ? expect_cameras_about : expect_cameras)(out["extrinsics"].values,
                                                                  out["intrinsics"].values, golden);
}

TEST_P(Golden, IsUpstreams) { expect_upstreams(test::GoldenCase(GetParam()), {}); }
TEST_P(Golden, IsUpstreamsWithPackedWeights) {
  expect_upstreams(test::GoldenCase(GetParam()), {{"enable_compile", "true"}});
}

std::string test_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

#ifdef DA3_LONG_TESTS
INSTANTIATE_TEST_SUITE_P(Large, Golden,
                         testing::Values("base-1view", "base-outliers", "large-2view", "mono-large",
                                         "metric-large"),
                         test_name);
#else
INSTANTIATE_TEST_SUITE_P(Small, Golden,
                         testing::Values("tiny-1view", "tiny-2view", "tiny-5view", "tiny-5view-first",
                                         "tiny-5view-middle", "tiny-5view-simrange", "tiny-9view",
                                         "tiny-feats", "tiny-outliers", "tiny-mono", "tiny-nested",
                                         "tiny-posed", "tiny-raypose", "tiny-giant-gs", "tiny-giant-posed",
                                         "tiny-giant-pair", "tiny-nested-posed", "tiny-smallest", "tiny-flat",
                                         "tiny-mono-tall", "small-1view", "small-3view", "small-outliers"),
                         test_name);

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

/// The same bits from another run and from another model, whatever the outputs.
void expect_repeats(const char* name, const std::vector<std::string>& outputs) {
  const test::GoldenCase golden(name);
  const auto run = [&] {
    test::AbiModel model(test::open_plugin("cpu"), {{"deterministic", "true"}},
                         test::checkpoint_folder(golden.checkpoint).string());
    model.run(pixels(golden), batch_of_one(golden), outputs, run_options(golden), given_cameras(golden));
    return model.run(pixels(golden), batch_of_one(golden), outputs, run_options(golden),
                     given_cameras(golden));
  };
  auto first = run(), second = run();
  for (const std::string& output : outputs) EXPECT_EQ(first[output].values, second[output].values) << output;
}

TEST(Repeats, OfRaysAndReferenceViewsAreBitIdentical) {
  expect_repeats("tiny-5view", {"depth", "confidence", "extrinsics", "ray"});
}
TEST(Repeats, OfPosesFromRaysAreBitIdentical) {
  expect_repeats("tiny-raypose", {"depth", "extrinsics", "intrinsics"});
}
TEST(Repeats, OfSkyAreBitIdentical) { expect_repeats("tiny-mono", {"depth", "sky"}); }
TEST(Repeats, OfNestedGaussiansWithPosesAreBitIdentical) {
  expect_repeats("tiny-nested-posed", {"depth", "confidence", "extrinsics", "scale_factor", "sky",
                                       "gaussians.means", "gaussians.scales", "gaussians.rotations",
                                       "gaussians.harmonics", "gaussians.opacities", "feature.2"});
}
#endif

}  // namespace
}  // namespace da3
