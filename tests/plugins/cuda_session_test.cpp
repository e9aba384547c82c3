// SPDX-License-Identifier: Apache-2.0
// The cuda engine's session path with the host as its device: its kernels, recorded runs, uploads beside the
// computation, in each precision, against upstream's numbers.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "plugins/cuda_session.hpp"

namespace da3 {
namespace {

using engine::Precision;
using test::Case;
using test::expect_upstreams;
using test::gpu;
using test::gpu_policy;
using test::SubmittedRun;

class Session : public testing::TestWithParam<const char*> {};

TEST_P(Session, IsUpstreamsEagerRecordedAndReplayed) {
  const Case c(GetParam());
  test::AbiModel model(test::engine_plugin(gpu_policy()), {}, c.folder());
  std::map<std::string, test::AbiModel::Output> eager;
  for (int turn = 0; turn < 3; ++turn) {
    auto got = c.run(model);
    // Poses from rays are found by a random search: other bits, another draw; see golden_test.
    if (!c.golden.use_ray_pose) expect_upstreams(c, got);
    if (turn == 0) eager = got;
    for (const auto& [name, output] : got)
      EXPECT_EQ(output.values, eager[name].values) << name << " in run " << turn;
  }
  const bool recordable = !c.wanted.contains("gaussians.means");
  EXPECT_EQ(gpu->recorded, recordable ? 1 : 0);
  EXPECT_EQ(gpu->replayed, recordable ? 2 : 0);
  EXPECT_EQ(gpu->copies_used, 3) << "images go up through the staging buffers";
  EXPECT_EQ(gpu->downloads, 3) << "outputs come down all at once";
}

TEST_P(Session, InBfloat16StaysWithinItsBound) {
  const Case c(GetParam());
  if (c.golden.use_ray_pose) GTEST_SKIP() << "a random search has no bound of its own";
  test::AbiModel model(test::engine_plugin(gpu_policy(Precision::bfloat16, 0)), {}, c.folder());
  auto got = c.run(model);
  ASSERT_TRUE(got.contains("depth"));
  // docs/precision.md: depth within 0.6 % on average.
  EXPECT_LE(test::deviation(got["depth"].values, c.wanted.at("depth")).mean, 6e-3);
}

INSTANTIATE_TEST_SUITE_P(Golden, Session,
                         testing::Values("tiny-1view", "tiny-2view", "tiny-5view", "tiny-5view-middle",
                                         "tiny-5view-simrange", "tiny-9view", "tiny-outliers", "tiny-mono",
                                         "tiny-nested", "tiny-posed", "tiny-raypose", "tiny-giant-gs",
                                         "tiny-smallest", "small-3view", "small-outliers"),
                         [](const auto& param) { return test::test_name(param.param); });

TEST(Submit, UploadsBesideTheRunBeforeAndKeepsTheOrder) {
  const Case c("tiny-2view");
  const da3_plugin& plugin = test::engine_plugin(gpu_policy());
  test::AbiModel model(plugin, {}, c.folder());
  const size_t bytes = c.golden.at("input.image").bytes;
  std::vector<std::vector<uint8_t>> images(4, std::vector<uint8_t>(c.pixels, c.pixels + bytes));
  for (size_t i = 0; i < images.size(); ++i)
    for (uint8_t& value : images[i]) value = static_cast<uint8_t>(value / (i + 1));

  std::vector<std::vector<float>> alone;
  for (const auto& image : images)
    alone.push_back(model.run(image.data(), c.shape, {"depth"})["depth"].values);

  std::vector<std::unique_ptr<SubmittedRun>> runs;
  std::vector<da3_ticket*> tickets(images.size());
  const int before = gpu->copies;
  for (size_t i = 0; i < images.size(); ++i) {
    runs.push_back(std::make_unique<SubmittedRun>(c, images[i]));
    ASSERT_EQ(plugin.session_submit(model.session(), &runs[i]->run, &tickets[i], nullptr), DA3_OK);
  }
  EXPECT_EQ(gpu->copies - before, 4) << "every image is on its way before anybody waits";
  for (size_t i = 0; i < images.size(); ++i) {
    ASSERT_EQ(plugin.ticket_wait(tickets[i], UINT64_MAX, nullptr), DA3_OK);
    EXPECT_EQ(runs[i]->depth, alone[i]) << "run " << i;
  }
}

TEST(Submit, WithBuffersInUseTheRunUploadsByItself) {
  const Case c("tiny-1view");
  const da3_plugin& plugin = test::engine_plugin(gpu_policy());
  test::AbiModel model(plugin, {}, c.folder());
  gpu->copies_finish = false;  // a device that is slow to read
  for (int i = 0; i < 4; ++i) {
    auto got = c.run(model);
    expect_upstreams(c, got);
  }
  EXPECT_EQ(gpu->copies, 2);
  gpu->copies_finish = true;
}

/// As many devices as optimizers, each with its own thread, in one process.
TEST(SeveralDevices, ComputeAtTheSameTime) {
  const Case c("tiny-2view"), other("tiny-mono");
  test::AbiModel first(test::engine_plugin(gpu_policy()), {}, c.folder());
  test::HostGpu* first_gpu = gpu;
  test::AbiModel second(test::engine_plugin(gpu_policy(Precision::bfloat16)), {}, other.folder());
  test::HostGpu* second_gpu = gpu;
  ASSERT_NE(first_gpu, second_gpu);
  const auto alone = c.run(first), other_alone = other.run(second);
  const auto repeat = [](const Case& what, test::AbiModel& model, const auto& want) {
    for (int i = 0; i < 10; ++i)
      for (const auto& [name, output] : what.run(model))
        EXPECT_EQ(output.values, want.at(name).values) << name;
  };
  std::thread beside([&] { repeat(other, second, other_alone); });
  repeat(c, first, alone);
  beside.join();
  EXPECT_EQ(first_gpu->downloads, 11);
  EXPECT_EQ(second_gpu->downloads, 11);
  EXPECT_EQ(first_gpu->recorded + second_gpu->recorded, 2);
}

}  // namespace
}  // namespace da3
