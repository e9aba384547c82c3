// SPDX-License-Identifier: Apache-2.0
// Where the time of loads and runs goes, through the public API. On the null plugin, whose stages are known.
#include <gmock/gmock.h>

#include <thread>

#include "null_engine.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Spans = std::vector<TraceSpan>;

TraceSink into(Spans& spans) {
  return [&spans](const TraceSpan& span) { spans.push_back(span); };
}

std::vector<std::string> names(const Spans& spans) {
  std::vector<std::string> list;
  for (const TraceSpan& span : spans) list.push_back(span.name);
  return list;
}

TEST(EngineTrace, ALoadIsOneStage) {
  NullEngine null;
  Spans spans;
  Watch watch;
  watch.trace = into(spans);
  null.engine.load_model("any", watch);
  EXPECT_THAT(names(spans), ElementsAre("load"));
  EXPECT_EQ(spans[0].run, 0u);
  EXPECT_EQ(spans[0].category, TraceSpan::Category::stage);
  EXPECT_EQ(spans[0].kind, "load");
}

TEST(EngineTrace, StagesOfARunFollowEachOtherWithoutAGap) {
  NullEngine null;
  Session session = null.engine.load_model("any").create_session();
  Spans spans;
  RunRequest run = request({"depth", "confidence"});
  run.id = 42;
  run.watch.trace = into(spans);
  session.run(run);
  ASSERT_THAT(names(spans), ElementsAre("upload", "head"));
  for (const TraceSpan& span : spans) {
    EXPECT_EQ(span.run, 42u);
    EXPECT_EQ(span.track, 0u) << "the null plugin works on the caller's thread";
    EXPECT_FALSE(span.bytes) << "not known";
    EXPECT_FALSE(span.flops);
  }
  EXPECT_EQ(spans[0].begin_ns + spans[0].duration_ns, spans[1].begin_ns);
}

TEST(EngineTrace, TheCoreNumbersRunsThatHaveNoId) {
  NullEngine null;
  Session session = null.engine.load_model("any").create_session();
  Spans spans;
  RunRequest run = request({"depth"});
  run.watch.trace = into(spans);
  session.run(run);
  session.run(run);
  ASSERT_EQ(spans.size(), 4u);
  EXPECT_NE(spans[0].run, 0u);
  EXPECT_EQ(spans[0].run, spans[1].run);
  EXPECT_NE(spans[0].run, spans[2].run);
}

TEST(EngineTrace, OnlyWhoListensHears) {
  NullEngine null;
  Session session = null.engine.load_model("any").create_session();
  Spans spans;
  RunRequest loud = request({"depth"}), silent = loud;
  loud.watch.trace = into(spans);
  session.run(loud);
  const size_t heard = spans.size();
  session.run(silent);
  null.engine.load_model("any");
  EXPECT_EQ(spans.size(), heard);
}

TEST(EngineTrace, AnExceptionOfTheSinkComesBack) {
  NullEngine null;
  Session session = null.engine.load_model("any").create_session();
  RunRequest run = request({"depth"});
  int calls = 0;
  run.watch.trace = [&](const TraceSpan&) {
    ++calls;
    throw std::runtime_error("the file is full");
  };
  EXPECT_EQ(message_of([&] { session.run(run); }), "the file is full");
  EXPECT_EQ(calls, 1) << "not called again";
  run.watch = {};
  EXPECT_EQ(message_of([&] { session.run(run); }), "");
}

TEST(EngineTrace, RunsAtTheSameTimeDoNotMixUp) {
  NullEngine null;
  const Model model = null.engine.load_model("any");
  std::vector<std::thread> threads;
  std::vector<Spans> heard(6);
  for (size_t i = 0; i < heard.size(); ++i)
    threads.emplace_back([&, i] {
      Session session = model.create_session();
      RunRequest run = request({"depth"});
      run.id = 7;  // the caller's ids may be the same: the watch tells the runs apart
      run.watch.trace = into(heard[i]);
      for (int k = 0; k < 20; ++k) session.run(run);
    });
  for (std::thread& thread : threads) thread.join();
  for (const Spans& spans : heard) {
    ASSERT_EQ(spans.size(), 40u);
    for (size_t i = 1; i < spans.size(); ++i)
      EXPECT_GE(spans[i].begin_ns, spans[i - 1].begin_ns + spans[i - 1].duration_ns);
  }
}

}  // namespace
}  // namespace da3
