// SPDX-License-Identifier: Apache-2.0
// What the cpu plugin reports to a host with "da3.trace/1": order, nesting, whose, and nothing unasked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <da3/error.hpp>
#include <thread>

#include "plugins/plugin_fixture.hpp"
#include "support/abi_client.hpp"
#include "support/golden_case.hpp"
#include "support/trace_host.hpp"

namespace da3 {
namespace {

using test::HeardSpan;
using testing::ElementsAre;
using testing::IsEmpty;
using Spans = std::vector<HeardSpan>;

/// One for the process: a plugin has one host at a time.
test::TraceHost& host() {
  static test::TraceHost& made = *new test::TraceHost;
  return made;
}

const da3_plugin& plugin() {
  static const da3_plugin* table = [] {
    const da3_plugin* made = nullptr;
    const test::Answer answer =
        test::ask([&](da3_error* error) { return test::plugin_entry()(1, 1, host().table(), &made, error); });
    EXPECT_EQ(answer.code, DA3_OK) << answer.message;
    return made;
  }();
  return *table;
}

/// A run of two small views with depth and poses in memory of the plugin's.
struct TestRun {
  explicit TestRun(uint64_t id, std::vector<std::string> names = {"depth", "extrinsics"})
      : outputs(std::move(names)),
        tensors(outputs.size(), test::made<da3_tensor>()),
        pixels(2 * 28 * 42 * 3) {
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7);
    image = test::tensor("image", pixels.data(), 1, 8, shape);
    for (size_t i = 0; i < outputs.size(); ++i) {
      tensors[i].name = outputs[i].c_str();
      tensors[i].dl_type = 1;
      out.push_back(&tensors[i]);
    }
    run.in = in, run.n_in = 1;
    run.out = out.data(), run.n_out = static_cast<uint32_t>(out.size());
    run.id = id;
    run.watch = &watch;
  }
  ~TestRun() {
    for (da3_tensor& tensor : tensors)
      if (tensor.release) tensor.release(&tensor);
  }
  TestRun(const TestRun&) = delete;

  std::vector<std::string> outputs;
  std::vector<da3_tensor> tensors;
  std::vector<uint8_t> pixels;
  std::vector<int64_t> shape{1, 2, 28, 42, 3};
  da3_tensor image{};
  const da3_tensor* in[1]{&image};
  std::vector<da3_tensor*> out;
  da3_watch watch = test::made<da3_watch>();
  da3_run run = test::made<da3_run>();
};

class CpuTrace : public testing::Test {
 protected:
  CpuTrace() : model(plugin(), {}, test::checkpoint_folder("tiny").string()) { listen(0); }
  ~CpuTrace() override { listen(0); }

  void listen(uint32_t categories) {
    host().wanted = categories;
    host().spans();
  }
  int32_t go(TestRun& run) { return plugin().session_run(model.session(), &run.run, nullptr); }

  test::AbiModel model;
};

std::vector<std::string> names(const Spans& spans, uint32_t category) {
  std::vector<std::string> list;
  for (const HeardSpan& span : spans)
    if (span.category == category) list.push_back(span.name);
  return list;
}

/// On one track spans of a category follow each other, whoever they belong to.
void expect_no_overlap(Spans spans) {
  std::sort(spans.begin(), spans.end(), [](const auto& a, const auto& b) {
    return std::tie(a.track, a.begin, a.end) < std::tie(b.track, b.begin, b.end);
  });
  for (size_t i = 1; i < spans.size(); ++i)
    if (spans[i].track == spans[i - 1].track) {
      EXPECT_GE(spans[i].begin, spans[i - 1].end) << spans[i - 1].name << " and " << spans[i].name;
    }
}

TEST_F(CpuTrace, StagesOfARunInOrderMakeUpTheWhole) {
  listen(DA3_TRACE_STAGE);
  TestRun run(12);
  const uint64_t before = ++host().readings;
  ASSERT_EQ(go(run), DA3_OK);
  const uint64_t after = ++host().readings;
  const Spans spans = host().spans();
  ASSERT_THAT(names(spans, DA3_TRACE_STAGE),
              ElementsAre("upload", "backbone", "head", "cameras", "download"));
  ASSERT_EQ(spans.size(), 5u) << "layers were not asked for";
  uint64_t sum = 0;
  for (size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].run, 12u);
    EXPECT_EQ(spans[i].watch, &run.watch);
    EXPECT_EQ(spans[i].kind, spans[i].name);
    EXPECT_GE(spans[i].track, 1u) << "not the caller's thread";
    if (i > 0) {
      EXPECT_EQ(spans[i].begin, spans[i - 1].end);
    }
    sum += spans[i].end - spans[i].begin;
  }
  // By this clock all that is not in a stage is one reading before and one after.
  EXPECT_EQ(sum + 2, after - before);
}

TEST_F(CpuTrace, OnlyWhatIsDoneIsReported) {
  listen(DA3_TRACE_STAGE);
  TestRun depth(1, {"depth"}), poses(2, {"extrinsics"});
  ASSERT_EQ(go(depth), DA3_OK);
  EXPECT_THAT(names(host().spans(), DA3_TRACE_STAGE), ElementsAre("upload", "backbone", "head", "download"));
  ASSERT_EQ(go(poses), DA3_OK);
  EXPECT_THAT(names(host().spans(), DA3_TRACE_STAGE),
              ElementsAre("upload", "backbone", "cameras", "download"));
}

TEST_F(CpuTrace, ALoadIsAStageOfNoRun) {
  listen(DA3_TRACE_STAGE);
  const test::AbiModel other(plugin(), {}, test::checkpoint_folder("tiny").string());
  const Spans spans = host().spans();
  ASSERT_THAT(names(spans, DA3_TRACE_STAGE), ElementsAre("load"));
  EXPECT_EQ(spans[0].run, 0u);
}

TEST_F(CpuTrace, TwoNetworksReportTwice) {
  const test::AbiModel nested(plugin(), {}, test::checkpoint_folder("tiny-nested").string());
  listen(DA3_TRACE_STAGE);
  TestRun run(1);
  ASSERT_EQ(plugin().session_run(nested.session(), &run.run, nullptr), DA3_OK);
  EXPECT_THAT(names(host().spans(), DA3_TRACE_STAGE),
              ElementsAre("upload", "backbone", "head", "cameras", "backbone", "head", "scale", "download"));
}

TEST_F(CpuTrace, LayersLieInTheirStageAndComeBeforeIt) {
  listen(DA3_TRACE_STAGE | DA3_TRACE_LAYER);
  TestRun run(3);
  ASSERT_EQ(go(run), DA3_OK);
  const Spans spans = host().spans();
  size_t in_backbone = 0, blocks = 0;
  Spans layers;
  for (const HeardSpan& span : spans) {
    if (span.category == DA3_TRACE_LAYER) {
      layers.push_back(span);
      blocks += span.kind == "block" || span.kind == "global_block";
      EXPECT_EQ(span.run, 3u);
      continue;
    }
    for (const HeardSpan& layer : layers) {
      EXPECT_GE(layer.begin, span.begin) << layer.name << " in " << span.name;
      EXPECT_LE(layer.end, span.end) << layer.name << " in " << span.name;
    }
    if (span.name == "backbone") in_backbone = layers.size();
    expect_no_overlap(layers);
    layers.clear();
  }
  EXPECT_THAT(layers, IsEmpty()) << "after the last stage";
  EXPECT_EQ(in_backbone, blocks + 1) << "patch_embed";
  const auto all = names(spans, DA3_TRACE_LAYER);
  for (const char* name : {"patch_embed", "block.0", "pyramid", "depth_branch"})
    EXPECT_THAT(all, testing::Contains(name));
}

TEST_F(CpuTrace, OperationsLieInTheirStageOneAfterTheOther) {
  listen(DA3_TRACE_STAGE | DA3_TRACE_OPERATION);
  TestRun run(4);
  ASSERT_EQ(go(run), DA3_OK);
  Spans operations;
  std::vector<std::string> kinds;
  for (const HeardSpan& span : host().spans()) {
    if (span.category == DA3_TRACE_OPERATION) {
      operations.push_back(span);
      kinds.push_back(span.kind);
      EXPECT_NE(span.bytes, UINT64_MAX) << span.kind;
      continue;
    }
    for (const HeardSpan& operation : operations) {
      EXPECT_GE(operation.begin, span.begin) << operation.kind << " in " << span.name;
      EXPECT_LE(operation.end, span.end) << operation.kind << " in " << span.name;
    }
    expect_no_overlap(operations);
    operations.clear();
  }
  // Four linears in each of six blocks; heads and cameras have more.
  EXPECT_GE(std::count(kinds.begin(), kinds.end(), "linear float32"), 24);
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "attention float32"), 6);
  for (const char* kind : {"convolution float32", "layer_norm", "add_layer_norm", "upsample"})
    EXPECT_THAT(kinds, testing::Contains(kind));
  // The queries' and keys' norm and rotation are a part of the fused attention, not a pass of their own.
  EXPECT_THAT(kinds, testing::Not(testing::Contains("qk_norm_rope")));
}

/// With many views one attention takes seconds, and so would its cancelling.
TEST_F(CpuTrace, ARunCanBeCancelledWithinAnAttention) {
  const test::AbiModel alone(plugin(), {{"threads", "1"}}, test::checkpoint_folder("tiny").string());
  listen(DA3_TRACE_OPERATION);
  struct Polls {
    std::vector<uint64_t> when;
    size_t cancel_at = SIZE_MAX;
  } polls;
  const auto go_alone = [&](TestRun& run) {
    run.watch.ctx = &polls;
    run.watch.should_cancel = [](void* ctx) -> int32_t {
      Polls& told = *static_cast<Polls*>(ctx);
      told.when.push_back(++host().readings);
      return told.when.size() > told.cancel_at;
    };
    return plugin().session_run(alone.session(), &run.run, nullptr);
  };
  TestRun whole(8);
  ASSERT_EQ(go_alone(whole), DA3_OK);
  const auto spans = host().spans();
  const auto within = std::find_if(polls.when.begin(), polls.when.end(), [&](uint64_t at) {
    return std::any_of(spans.begin(), spans.end(), [&](const HeardSpan& span) {
      return span.kind == "attention float32" && at > span.begin && at < span.end;
    });
  });
  ASSERT_NE(within, polls.when.end());
  const auto index = static_cast<size_t>(within - polls.when.begin());
  polls = {{}, index};
  TestRun cancelled(9);
  EXPECT_EQ(go_alone(cancelled), DA3_E_CANCELLED);
  EXPECT_EQ(polls.when.size(), index + 1) << "asked again after the answer";
  polls = {};
  TestRun next(10);
  EXPECT_EQ(go_alone(next), DA3_OK);
}

/// Where the CPU multiplies bfloat16, attention between int8 linears does.
TEST_F(CpuTrace, AttentionBetweenInt8LinearsIsInWhatTheCpuHas) {
  std::unique_ptr<test::AbiModel> int8;
  try {
    int8 = std::make_unique<test::AbiModel>(plugin(), test::Options{{"mixed_precision", "int8"}},
                                            test::checkpoint_folder("tiny").string());
  } catch (const Error& error) {
    ASSERT_EQ(error.code(), DA3_E_UNSUPPORTED) << error.message();
    GTEST_SKIP() << error.message();
  }
  listen(DA3_TRACE_OPERATION);
  TestRun run(11);
  ASSERT_EQ(plugin().session_run(int8->session(), &run.run, nullptr), DA3_OK);
  std::vector<std::string> kinds;
  for (const HeardSpan& span : host().spans())
    if (span.kind.starts_with("attention")) kinds.push_back(span.kind);
#if defined(__x86_64__)
  const bool native = __builtin_cpu_supports("avx512bf16");
#else
  const bool native = false;
#endif
  EXPECT_THAT(kinds, testing::AllOf(testing::SizeIs(6),
                                    testing::Each(native ? "attention bfloat16" : "attention float32")));
}

TEST_F(CpuTrace, ALoadThatIsAskedForOperationsTellsWhatTheMachineDoesAtBest) {
  listen(DA3_TRACE_STAGE | DA3_TRACE_OPERATION);
  const test::AbiModel other(plugin(), {}, test::checkpoint_folder("tiny").string());
  const Spans spans = host().spans();
  EXPECT_THAT(names(spans, DA3_TRACE_STAGE), ElementsAre("load", "ceilings"));
  const auto operations = names(spans, DA3_TRACE_OPERATION);
  EXPECT_THAT(operations, testing::Contains("product float32"));
  EXPECT_THAT(operations, testing::Contains("copy"));
}

TEST_F(CpuTrace, NobodyListensNothingIsMeasured) {
  listen(0);
  TestRun run(1);
  const uint64_t readings = host().readings, questions = host().questions;
  ASSERT_EQ(go(run), DA3_OK);
  EXPECT_EQ(host().readings, readings) << "the clock was read";
  EXPECT_EQ(host().questions, questions + 1) << "asked once for each run";
  EXPECT_THAT(host().spans(), IsEmpty());
}

TEST_F(CpuTrace, RunsAtTheSameTimeLieOnTracksOfTheirOwn) {
  const test::AbiModel other(plugin(), {}, test::checkpoint_folder("tiny").string());
  listen(DA3_TRACE_STAGE);
  const test::AbiModel* models[] = {&model, &other, &model, &other};
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      da3_session* session = nullptr;
      EXPECT_EQ(plugin().session_create(models[i]->model(), &session, nullptr), DA3_OK);
      for (uint64_t k = 0; k < 3; ++k) {
        TestRun run(10 * i + k + 1);
        EXPECT_EQ(plugin().session_run(session, &run.run, nullptr), DA3_OK);
      }
      plugin().session_destroy(session);
    });
  for (std::thread& thread : threads) thread.join();
  const Spans spans = host().spans();
  EXPECT_EQ(spans.size(), 4u * 3 * 5);
  expect_no_overlap(spans);
  std::vector<uint32_t> tracks;
  for (const HeardSpan& span : spans)
    if (std::find(tracks.begin(), tracks.end(), span.track) == tracks.end()) tracks.push_back(span.track);
  EXPECT_EQ(tracks.size(), 2u) << "one for each optimizer";
}

TEST_F(CpuTrace, ASubmittedRunIsReportedWhenItsWaitReturns) {
  listen(DA3_TRACE_STAGE);
  TestRun run(5);
  da3_ticket* ticket = nullptr;
  ASSERT_EQ(plugin().session_submit(model.session(), &run.run, &ticket, nullptr), DA3_OK);
  ASSERT_EQ(plugin().ticket_wait(ticket, UINT64_MAX, nullptr), DA3_OK);
  EXPECT_EQ(host().spans().size(), 5u);
}

TEST_F(CpuTrace, ARunThatFailsReportsWhatItDidAndNoMore) {
  listen(DA3_TRACE_STAGE);
  TestRun run(6);
  run.watch.should_cancel = [](void*) -> int32_t { return host().readings > 1000000 ? 1 : 0; };
  run.watch.progress = [](void*, uint64_t done, uint64_t, const char*) {
    if (done == 2) host().readings = 1000001;
  };
  EXPECT_EQ(go(run), DA3_E_CANCELLED);
  const auto stages = names(host().spans(), DA3_TRACE_STAGE);
  ASSERT_FALSE(stages.empty());
  EXPECT_EQ(stages.front(), "upload");
  EXPECT_THAT(stages, testing::Not(testing::Contains("download")));
  host().readings = 0;
  TestRun next(7);
  ASSERT_EQ(go(next), DA3_OK);
  EXPECT_EQ(host().spans().size(), 5u);
}

}  // namespace
}  // namespace da3
