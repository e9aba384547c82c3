// SPDX-License-Identifier: Apache-2.0
// Runs through the public API: who owns outputs, options, progress, cancelling, errors. On the null plugin.
#include <gmock/gmock.h>

#include <optional>

#include "null_engine.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using namespace test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Run : public ::testing::Test {
 protected:
  NullEngine null_{"backend: \"null\"\nnull.depth: 3\n"};
  Session session_ = null_.engine.load_model("any").create_session();

  Error error_of(const RunRequest& run) {
    try {
      session_.run(run);
    } catch (const Error& error) {
      return error;
    }
    return Error(DA3_OK, "no error");
  }
};

TEST_F(Run, OutputsOfTheHost) {
  const RunResult result = session_.run(request({"confidence", "depth"}));
  EXPECT_EQ(result.outputs[0].name(), "confidence");
  EXPECT_EQ(result.at("depth").shape(), (std::vector<int64_t>{1, 2, 28, 42}));
  EXPECT_THAT(result.at("depth").floats(), Each(3.0f));
  EXPECT_THAT(result.at("confidence").floats(), Each(1.0f));
  EXPECT_THAT(message_of([&] { result.at("sky"); }), HasSubstr("made no output \"sky\""));
}

TEST_F(Run, OutputsOfThePluginOutliveEverything) {
  RunRequest run = request({"depth", "confidence"});
  run.output_memory = OutputMemory::plugin;
  std::optional<Tensor> depth;
  {
    NullEngine other;
    Session session = other.engine.load_model("any").create_session();
    depth = session.run(run).at("depth");
  }
  EXPECT_EQ(depth->shape(), (std::vector<int64_t>{1, 2, 28, 42}));
  EXPECT_THAT(depth->floats(), Each(1.0f));
}

TEST_F(Run, OutputsIntoTheCallersMemory) {
  std::vector<float> memory(2 * 28 * 42 + 2, -1.0f);
  RunRequest run = request({"confidence"});
  run.into = {Tensor::borrow("depth", DType::float32, {1, 2, 28, 42}, memory.data() + 1)};
  const RunResult result = session_.run(run);
  EXPECT_EQ(result.at("depth").data(), memory.data() + 1);
  EXPECT_EQ(memory.front(), -1.0f);
  EXPECT_EQ(memory.back(), -1.0f) << "not a float beyond";
  EXPECT_THAT(std::span(memory).subspan(1, 2 * 28 * 42), Each(3.0f));
  run.into = {Tensor::borrow("depth", DType::float32, {1, 2, 28, 41}, memory.data())};
  const Error error = error_of(run);
  EXPECT_EQ(error.code(), DA3_E_SHAPE);
  EXPECT_EQ(error.kind(), 3);
  EXPECT_EQ(error.index(), 1);
  EXPECT_THAT(error.message(), HasSubstr("has the shape [1,2,28,41], this run makes [1,2,28,42]"));
}

TEST_F(Run, BadOutputs) {
  const Error unknown = error_of(request({"depth", "dept"}));
  EXPECT_EQ(unknown.code(), DA3_E_INVALID);
  EXPECT_EQ(unknown.index(), 1);
  EXPECT_EQ(unknown.message(), "this model has no output \"dept\"; it has depth, confidence");
  EXPECT_THAT(error_of(request({"depth", "depth"})).message(), HasSubstr("asked for twice"));
  RunRequest nowhere = request({});
  nowhere.into = {Tensor::borrow("depth", DType::float32, {1, 2, 28, 42}, static_cast<void*>(nullptr))};
  EXPECT_THAT(error_of(nowhere).message(), HasSubstr("has no memory"));
}

TEST_F(Run, BadInputsAreThePluginsToRefuse) {
  RunRequest none = request({"depth"});
  none.inputs.clear();
  EXPECT_EQ(error_of(none).code(), DA3_E_INVALID);
  EXPECT_EQ(error_of(none).kind(), 2);
  RunRequest odd = request({"depth"});
  odd.inputs = {Tensor::allocate("image", DType::uint8, {1, 1, 27, 42, 3})};
  EXPECT_EQ(error_of(odd).code(), DA3_E_SHAPE);
  EXPECT_THAT(error_of(odd).message(), HasSubstr("multiples of 14"));
  RunRequest floats = request({"depth"});
  floats.inputs = {Tensor::allocate("image", DType::float32, {1, 1, 28, 42, 3})};
  EXPECT_EQ(error_of(floats).code(), DA3_E_SHAPE);
}

TEST_F(Run, OptionsOfARun) {
  RunRequest run = request({"depth"});
  run.options = {{"seed", "4", ""}};
  EXPECT_EQ(error_of(run).code(), DA3_OK);
  run.options = {{"seed", "4", ""}, {"sed", "4", "api"}};
  EXPECT_EQ(error_of(run).code(), DA3_E_UNKNOWN_KEY);
  EXPECT_EQ(error_of(run).kind(), 1);
  EXPECT_EQ(error_of(run).index(), 1);
  EXPECT_EQ(error_of(run).message(), "api: unknown option of a run \"sed\": did you mean \"seed\"?");
  run.options = {{"seed", "many", ""}};
  EXPECT_EQ(error_of(run).code(), DA3_E_BAD_VALUE);
  run.options = {{"threads", "4", ""}};
  EXPECT_EQ(error_of(run).code(), DA3_E_UNKNOWN_KEY) << "an option of the optimizer, not of a run";
}

TEST_F(Run, ProgressEndsAtTheTotal) {
  RunRequest run = request({"depth", "confidence"});
  std::vector<uint64_t> done;
  run.watch.progress = [&](uint64_t at, uint64_t total, std::string_view) {
    EXPECT_EQ(total, 2u);
    done.push_back(at);
  };
  session_.run(run);
  EXPECT_THAT(done, ElementsAre(0, 1, 2));
}

TEST_F(Run, CancelLeavesTheSessionUsable) {
  if (isolated) GTEST_SKIP() << "the run is over before a worker hears of it; isolation_test has a slow one";
  for (const OutputMemory memory : {OutputMemory::host, OutputMemory::plugin}) {
    RunRequest run = request({"depth", "confidence"});
    run.output_memory = memory;
    int polls = 0;
    run.watch.should_cancel = [&] { return ++polls == 2; };
    EXPECT_EQ(error_of(run).code(), DA3_E_CANCELLED);
    run.watch = {};
    EXPECT_EQ(error_of(run).code(), DA3_OK);
  }
}

TEST_F(Run, AnExceptionOfACallbackComesBack) {
  RunRequest run = request({"depth", "confidence"});
  run.watch.progress = [](uint64_t, uint64_t, std::string_view) {
    throw std::runtime_error("the window is gone");
  };
  EXPECT_EQ(message_of([&] { session_.run(run); }), "the window is gone");
  run.watch = {};
  EXPECT_EQ(error_of(run).code(), DA3_OK);
}

TEST_F(Run, ScenesAreIndependent) {
  RunRequest run = request({"depth"});
  run.inputs = {image(3, 1)};
  EXPECT_EQ(session_.run(run).at("depth").shape(), (std::vector<int64_t>{3, 1, 28, 42}));
}

}  // namespace
}  // namespace da3
