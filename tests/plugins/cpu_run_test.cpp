// SPDX-License-Identifier: Apache-2.0
// The cpu engine through the C ABI: what it refuses and how, who owns outputs, progress, cancelling,
// estimates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using test::Answer;
using test::ask;
using test::made;
using testing::HasSubstr;

/// A run under construction: two views of 28 x 42 pixels of the tiny network, depth asked for.
class EngineTest : public testing::Test {
 protected:
  EngineTest() : plugin(test::open_plugin("cpu")), pixels(2 * 28 * 42 * 3), depth(2 * 28 * 42) {
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7);
    image = test::tensor("image", pixels.data(), 1, 8, image_shape);
    output = test::tensor("depth", depth.data(), 2, 32, depth_shape);
    inputs = {&image};
    outputs = {&output};
  }

  test::AbiModel& model() {
    if (!model_)
      model_ = std::make_unique<test::AbiModel>(plugin, options, test::checkpoint_folder("tiny").string());
    return *model_;
  }

  Answer run() {
    da3_run r = made<da3_run>();
    r.in = inputs.data();
    r.n_in = static_cast<uint32_t>(inputs.size());
    r.out = outputs.data();
    r.n_out = static_cast<uint32_t>(outputs.size());
    r.watch = watch;
    std::vector<const da3_kv*> kvs;
    for (const da3_kv& kv : run_options) kvs.push_back(&kv);
    r.opts = kvs.data();
    r.n_opts = static_cast<uint32_t>(kvs.size());
    return ask([&](da3_error* error) { return plugin.session_run(model().session(), &r, error); });
  }

  void run_option(const char* key, const char* value) {
    da3_kv kv = made<da3_kv>();
    kv.key = key;
    kv.value = value;
    run_options.push_back(kv);
  }

  void expect_refused(int32_t code, int32_t kind, int64_t index, const std::string& words) {
    const Answer answer = run();
    EXPECT_EQ(answer.code, code) << answer.message;
    EXPECT_EQ(answer.kind, kind) << answer.message;
    EXPECT_EQ(answer.index, index) << answer.message;
    EXPECT_THAT(answer.message, HasSubstr(words));
  }

  const da3_plugin& plugin;
  test::Options options;
  std::vector<uint8_t> pixels;
  std::vector<float> depth;
  std::vector<int64_t> image_shape{1, 2, 28, 42, 3}, depth_shape{1, 2, 28, 42};
  da3_tensor image, output;
  std::vector<const da3_tensor*> inputs;
  std::vector<da3_tensor*> outputs;
  std::vector<da3_kv> run_options;
  const da3_watch* watch = nullptr;

 private:
  std::unique_ptr<test::AbiModel> model_;
};

constexpr int32_t kOption = 1, kInput = 2, kOutput = 3;

TEST_F(EngineTest, RunsWhatTheFixtureMakes) {
  const Answer answer = run();
  EXPECT_EQ(answer.code, DA3_OK) << answer.message;
  EXPECT_GT(*std::min_element(depth.begin(), depth.end()), 0.0f);
}

TEST_F(EngineTest, MissingImage) {
  inputs.clear();
  expect_refused(DA3_E_INVALID, kInput, -1, "'image' is missing");
}

TEST_F(EngineTest, UnknownInput) {
  image.name = "imagee";
  expect_refused(DA3_E_INVALID, kInput, 0, "did you mean 'image'");
}

TEST_F(EngineTest, ImageTwice) {
  inputs.push_back(&image);
  expect_refused(DA3_E_INVALID, kInput, 1, "given twice");
}

TEST_F(EngineTest, ImageOfFloats) {
  image.code = 2;
  image.bits = 32;
  expect_refused(DA3_E_INVALID, kInput, 0, "uint8");
}

TEST_F(EngineTest, ImageOfFourDimensions) {
  image.ndim = 4;
  expect_refused(DA3_E_SHAPE, kInput, 0, "[B,S,H,W,3]");
}

TEST_F(EngineTest, SidesThatAreNoMultiplesOf14) {
  image_shape[2] = 27;
  expect_refused(DA3_E_SHAPE, kInput, 0, "multiple of 14");
}

TEST_F(EngineTest, SidesThatOverflow) {
  image_shape = {int64_t{1} << 30, int64_t{1} << 30, 14, 14, 3};
  expect_refused(DA3_E_SHAPE, kInput, 0, "2^40");
}

TEST_F(EngineTest, NegativeSide) {
  image_shape[1] = -2;
  expect_refused(DA3_E_SHAPE, kInput, 0, "not positive");
}

TEST_F(EngineTest, ImageOnAnotherDevice) {
  image.dl_type = 2;
  expect_refused(DA3_E_UNSUPPORTED, kInput, 0, "host memory");
}

TEST_F(EngineTest, TensorsOfAnOlderAbi) {
  image.struct_size = 40;
  expect_refused(DA3_E_ABI, kInput, 0, "struct_size");
  image.struct_size = sizeof image;
  output.struct_size = 40;
  expect_refused(DA3_E_ABI, kOutput, 0, "struct_size");
}

TEST_F(EngineTest, NoOutput) {
  outputs.clear();
  expect_refused(DA3_E_INVALID, kOutput, -1, "no output");
}

TEST_F(EngineTest, UnknownOutput) {
  output.name = "dept";
  expect_refused(DA3_E_INVALID, kOutput, 0, "did you mean 'depth'");
}

TEST_F(EngineTest, OutputTheModelDoesNotMake) {
  output.name = "sky";
  expect_refused(DA3_E_UNSUPPORTED, kOutput, 0, "does not make it");
}

TEST_F(EngineTest, FeatureOfABlockThatIsNotThere) {
  output.name = "feature.6";
  expect_refused(DA3_E_INVALID, kOutput, 0, "0 to 5");
}

TEST_F(EngineTest, OutputOfAnotherShape) {
  depth_shape[3] = 41;
  expect_refused(DA3_E_SHAPE, kOutput, 0, "[1, 2, 28, 42]");
}

TEST_F(EngineTest, OutputOfDoubles) {
  output.bits = 64;
  expect_refused(DA3_E_INVALID, kOutput, 0, "float32");
}

TEST_F(EngineTest, UnknownRunOption) {
  run_option("ref_view_stratgy", "first");
  expect_refused(DA3_E_UNKNOWN_KEY, kOption, 0, "did you mean 'ref_view_strategy'");
}

TEST_F(EngineTest, BadValueOfARunOption) {
  run_option("seed", "1");
  run_option("ref_view_strategy", "last");
  expect_refused(DA3_E_BAD_VALUE, kOption, 1, "saddle_balanced");
}

TEST_F(EngineTest, IntrinsicsWithoutPosesAreCheckedAndChangeNothing) {
  ASSERT_EQ(run().code, DA3_OK);
  const std::vector<float> plain = depth;
  std::vector<float> k(2 * 9, 40.0f);
  std::vector<int64_t> k_shape{1, 2, 3, 3};
  const da3_tensor intrinsics = test::tensor("intrinsics", k.data(), 2, 32, k_shape);
  inputs = {&image, &intrinsics};
  ASSERT_EQ(run().code, DA3_OK);
  EXPECT_EQ(depth, plain);
  k[3] = std::numeric_limits<float>::infinity();
  expect_refused(DA3_E_INVALID, kInput, 1, "not finite");
  k_shape[1] = 1;
  expect_refused(DA3_E_SHAPE, kInput, 1, "intrinsics");
}

TEST_F(EngineTest, PosesThatAreNotFinite) {
  std::vector<float> poses(2 * 16, std::numeric_limits<float>::quiet_NaN()), k(2 * 9, 1.0f);
  std::vector<int64_t> poses_shape{1, 2, 4, 4}, k_shape{1, 2, 3, 3};
  const da3_tensor extrinsics = test::tensor("extrinsics", poses.data(), 2, 32, poses_shape);
  const da3_tensor intrinsics = test::tensor("intrinsics", k.data(), 2, 32, k_shape);
  inputs = {&image, &extrinsics, &intrinsics};
  expect_refused(DA3_E_INVALID, kInput, 1, "not finite");
  inputs = {&image, &extrinsics};
  expect_refused(DA3_E_INVALID, kInput, 1, "needs 'intrinsics'");
}

TEST_F(EngineTest, OwnersOfOutputsDoNotMatter) {
  ASSERT_EQ(run().code, DA3_OK);
  const std::vector<float> into_mine = depth;
  auto plugins = model().run(pixels.data(), image_shape, {"depth"});
  EXPECT_EQ(plugins["depth"].values, into_mine);
  EXPECT_EQ(plugins["depth"].shape, depth_shape);
}

TEST_F(EngineTest, StridesAndOffsetsAreHonoured) {
  ASSERT_EQ(run().code, DA3_OK);
  const std::vector<float> plain = depth;
  // Every row padded by 10 bytes in, by 5 floats out, both starting a little later.
  std::vector<uint8_t> padded(3 + 2 * 28 * 136);
  for (size_t row = 0; row < 2 * 28; ++row)
    std::copy_n(pixels.data() + row * 126, 126, padded.data() + 3 + row * 136);
  std::vector<int64_t> in_strides{2 * 28 * 136, 28 * 136, 136, 3, 1},
      out_strides{2 * 28 * 47, 28 * 47, 47, 1};
  image.data = padded.data();
  image.byte_offset = 3;
  image.strides = in_strides.data();
  std::vector<float> wide(2 + 2 * 28 * 47, -1.0f);
  output.data = wide.data();
  output.byte_offset = 2 * sizeof(float);
  output.strides = out_strides.data();
  ASSERT_EQ(run().code, DA3_OK);
  for (size_t row = 0; row < 2 * 28; ++row) {
    EXPECT_TRUE(std::equal(plain.begin() + static_cast<long>(row) * 42,
                           plain.begin() + static_cast<long>(row) * 42 + 42,
                           wide.begin() + 2 + static_cast<long>(row) * 47));
    EXPECT_EQ(wide[2 + row * 47 + 42], -1.0f) << "written beside the row";
  }
}

TEST_F(EngineTest, OutputsOutliveEverything) {
  da3_tensor mine = made<da3_tensor>();
  mine.name = "depth";
  mine.dl_type = 1;
  outputs = {&mine};
  std::vector<float> before;
  {
    test::AbiModel short_lived(plugin, {}, test::checkpoint_folder("tiny").string());
    da3_run r = made<da3_run>();
    r.in = inputs.data();
    r.n_in = 1;
    r.out = outputs.data();
    r.n_out = 1;
    ASSERT_EQ(plugin.session_run(short_lived.session(), &r, nullptr), DA3_OK);
    before.assign(static_cast<float*>(mine.data), static_cast<float*>(mine.data) + depth.size());
  }
  EXPECT_TRUE(std::equal(before.begin(), before.end(), static_cast<float*>(mine.data)));
  ASSERT_NE(mine.release, nullptr);
  mine.release(&mine);
}

struct Log {
  std::vector<std::string> stages;
  std::vector<std::pair<uint64_t, uint64_t>> steps;
  int cancel_after = -1;
};

da3_watch watch_into(Log& log) {
  da3_watch watch = made<da3_watch>();
  watch.ctx = &log;
  watch.progress = [](void* ctx, uint64_t done, uint64_t total, const char* stage) {
    static_cast<Log*>(ctx)->stages.emplace_back(stage);
    static_cast<Log*>(ctx)->steps.emplace_back(done, total);
  };
  watch.should_cancel = [](void* ctx) -> int32_t {
    const Log& seen = *static_cast<const Log*>(ctx);
    return seen.cancel_after >= 0 && static_cast<int>(seen.steps.size()) >= seen.cancel_after;
  };
  return watch;
}

TEST_F(EngineTest, ProgressEndsAtItsTotal) {
  Log log;
  const da3_watch w = watch_into(log);
  watch = &w;
  ASSERT_EQ(run().code, DA3_OK);
  ASSERT_GT(log.steps.size(), 6u);
  EXPECT_EQ(log.stages.front(), "backbone");
  EXPECT_EQ(log.stages.back(), "head");
  EXPECT_EQ(log.steps.back().first, log.steps.back().second);
}

TEST_F(EngineTest, CancelStopsAndTheSessionGoesOn) {
  Log log;
  log.cancel_after = 3;
  const da3_watch w = watch_into(log);
  watch = &w;
  EXPECT_EQ(run().code, DA3_E_CANCELLED);
  EXPECT_EQ(log.steps.size(), 3u);
  watch = nullptr;
  EXPECT_EQ(run().code, DA3_OK);
}

/// A block or a chunk of the heads can take seconds on large pictures: the watch is looked at between
/// operations.
TEST_F(EngineTest, TheWatchIsAskedBetweenOperations) {
  struct Polls {
    int count = 0, cancel_at = -1, steps = 0;
  } polls;
  da3_watch w = made<da3_watch>();
  w.ctx = &polls;
  w.should_cancel = [](void* ctx) -> int32_t {
    Polls& told = *static_cast<Polls*>(ctx);
    return told.count++ == told.cancel_at;
  };
  w.progress = [](void* ctx, uint64_t, uint64_t, const char*) { ++static_cast<Polls*>(ctx)->steps; };
  watch = &w;
  ASSERT_EQ(run().code, DA3_OK);
  const int all = polls.count;
  EXPECT_GT(polls.steps, 5);
  EXPECT_GT(all, 5 * polls.steps);
  // Not the very last: within an attention it is asked as often as the caller's thread takes a piece of it.
  for (int at : {0, 1, all / 3, all / 2}) {
    polls = {0, at};
    EXPECT_EQ(run().code, DA3_E_CANCELLED) << at;
    EXPECT_EQ(polls.count, at + 1);
  }
  watch = nullptr;
  EXPECT_EQ(run().code, DA3_OK);
}

TEST_F(EngineTest, CancelledLoadLeavesNothing) {
  Log log;
  log.cancel_after = 5;
  const da3_watch w = watch_into(log);
  // Files of its own: those of the model that is there would not be read again.
  const auto folder = std::filesystem::path(testing::TempDir()) / ("cancelled" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::copy(test::checkpoint_folder("tiny"), folder);
  da3_model* loaded = nullptr;
  const Answer answer = ask([&](da3_error* error) {
    return plugin.model_load(model().optimizer(), folder.c_str(), &w, &loaded, error);
  });
  std::filesystem::remove_all(folder);
  EXPECT_EQ(answer.code, DA3_E_CANCELLED);
  EXPECT_EQ(loaded, nullptr);
}

TEST_F(EngineTest, AMissingModelCarriesTheSystemsCode) {
  da3_model* loaded = reinterpret_cast<da3_model*>(this);
  const Answer answer = ask([&](da3_error* error) {
    return plugin.model_load(model().optimizer(), "/no/such/folder", nullptr, &loaded, error);
  });
  EXPECT_EQ(answer.code, DA3_E_NOT_FOUND);
  EXPECT_EQ(answer.native, ENOENT);
  EXPECT_EQ(loaded, nullptr);
}

TEST_F(EngineTest, EstimateNeedsNoData) {
  image.data = nullptr;
  output.data = nullptr;
  da3_run r = made<da3_run>();
  r.in = inputs.data();
  r.n_in = 1;
  r.out = outputs.data();
  r.n_out = 1;
  da3_memory small = made<da3_memory>(), large = made<da3_memory>();
  ASSERT_EQ(plugin.estimate(model().model(), &r, &small, nullptr), DA3_OK);
  image_shape = {1, 2, 280, 420, 3};
  ASSERT_EQ(plugin.estimate(model().model(), &r, &large, nullptr), DA3_OK);
  EXPECT_GT(small.weights, 1000000u);
  EXPECT_GT(large.activations, 5 * small.activations);
  EXPECT_EQ(large.peak, large.weights + large.activations);
  EXPECT_GT(large.limit, 0u);
}

TEST_F(EngineTest, EstimateRefusesShapesThatAreNone) {
  image.data = nullptr;
  da3_run r = made<da3_run>();
  r.in = inputs.data();
  r.n_in = 1;
  r.out = outputs.data();
  r.n_out = 1;
  da3_memory memory = made<da3_memory>();
  image_shape[0] = -1;
  EXPECT_EQ(plugin.estimate(model().model(), &r, &memory, nullptr), DA3_E_SHAPE);
  image.shape = nullptr;
  EXPECT_EQ(plugin.estimate(model().model(), &r, &memory, nullptr), DA3_E_SHAPE);
}

TEST_F(EngineTest, EstimateChecksCamerasByShapeAlone) {
  std::vector<int64_t> poses_shape{1, 2, 4, 4}, k_shape{1, 2, 3, 3};
  const da3_tensor extrinsics = test::tensor("extrinsics", nullptr, 2, 32, poses_shape);
  const da3_tensor intrinsics = test::tensor("intrinsics", nullptr, 2, 32, k_shape);
  inputs = {&image, &extrinsics, &intrinsics};
  da3_run r = made<da3_run>();
  r.in = inputs.data();
  r.n_in = 3;
  r.out = outputs.data();
  r.n_out = 1;
  da3_memory memory = made<da3_memory>();
  EXPECT_EQ(plugin.estimate(model().model(), &r, &memory, nullptr), DA3_OK);
  k_shape[1] = 3;
  EXPECT_EQ(plugin.estimate(model().model(), &r, &memory, nullptr), DA3_E_SHAPE);
}

TEST_F(EngineTest, ARunThatCannotFitSaysSoBeforeAnyWork) {
  options = {{"memory_fraction", "0.05"}};
  // Far more views than memory, all of them one pixel by stride 0: nothing may be touched.
  std::vector<int64_t> strides{0, 0, 0, 0, 1};
  image_shape = {64, 1024, 14 * 100, 14 * 100, 3};
  image.strides = strides.data();
  output.data = nullptr;
  const Answer answer = run();
  EXPECT_EQ(answer.code, DA3_E_NOMEM_HOST) << answer.message;
  EXPECT_THAT(answer.message, HasSubstr("does not fit"));
}

}  // namespace
}  // namespace da3
