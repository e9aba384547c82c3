// SPDX-License-Identifier: Apache-2.0
// The SDK's Trace: stages without gaps, layers within them, and nothing at all where nobody listens.
#include <gmock/gmock.h>

#include <da3/sdk/watch.hpp>

#include "support/trace_host.hpp"

namespace da3::sdk {
namespace {

using test::HeardSpan;
using test::TraceHost;
using ::testing::IsEmpty;

TEST(SdkTrace, StagesFollowEachOtherAndTheLastOneEndsWithTheTrace) {
  TraceHost host;
  host.wanted = DA3_TRACE_STAGE;
  const uint64_t before = host.readings;
  {
    Trace trace(host.table(), nullptr, 5, 2);
    trace.stage("upload");
    trace.stage("head");
    trace.stage("upload");
  }
  const auto spans = host.spans();
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[1].name, "head");
  EXPECT_EQ(spans[2].name, "upload");
  for (size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].run, 5u);
    EXPECT_EQ(spans[i].track, 2u);
    EXPECT_EQ(spans[i].begin, i == 0 ? before + 1 : spans[i - 1].end);
  }
}

TEST(SdkTrace, LayersAreNamedByKindAndIndexAndComeBeforeTheirStage) {
  TraceHost host;
  host.wanted = DA3_TRACE_STAGE | DA3_TRACE_LAYER;
  Trace trace(host.table(), nullptr, 1);
  trace.stage("backbone");
  { const auto layer = trace.layer("block", 11); }
  { const auto layer = trace.layer("pyramid"); }
  trace.end();
  trace.end();  // once is enough
  const auto spans = host.spans();
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].name, "block.11");
  EXPECT_EQ(spans[0].kind, "block");
  EXPECT_EQ(spans[0].category, uint32_t{DA3_TRACE_LAYER});
  EXPECT_EQ(spans[1].name, "pyramid");
  EXPECT_EQ(spans[2].name, "backbone");
  EXPECT_LE(spans[2].begin, spans[0].begin);
  EXPECT_GE(spans[2].end, spans[1].end);
}

TEST(SdkTrace, OperationsHaveTheirWorkAndAreSilentWhereNotAskedFor) {
  TraceHost host;
  host.wanted = DA3_TRACE_STAGE | DA3_TRACE_LAYER;
  const Trace coarse(host.table(), nullptr, 1);
  coarse.operation("linear float32", 0, 1, 2);
  EXPECT_THAT(host.spans(), IsEmpty());
  host.wanted = DA3_TRACE_OPERATION;
  const Trace trace(host.table(), nullptr, 1);
  const uint64_t begin = trace.now();
  trace.operation("linear float32", begin, 10, 20);
  const auto spans = host.spans();
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].kind, "linear float32");
  EXPECT_EQ(spans[0].category, uint32_t{DA3_TRACE_OPERATION});
  EXPECT_EQ(spans[0].begin, begin);
  EXPECT_EQ(spans[0].end, begin + 1);
  EXPECT_EQ(spans[0].bytes, 10u);
  EXPECT_EQ(spans[0].flops, 20u);
}

TEST(SdkTrace, ReadsNoClockWhereNobodyListens) {
  TraceHost host;
  {
    Trace trace(host.table(), nullptr, 1);
    trace.stage("head");
    const auto layer = trace.layer("block", 1);
  }
  EXPECT_EQ(host.readings, 0u);
  EXPECT_EQ(host.questions, 1u);
  EXPECT_THAT(host.spans(), IsEmpty());
}

TEST(SdkTrace, AHostWithoutTheExtensionOrWithAnOddOne) {
  da3_host bare{};
  bare.struct_size = sizeof bare;
  for (const da3_host* host : {static_cast<const da3_host*>(nullptr), static_cast<const da3_host*>(&bare)}) {
    Trace trace(host, nullptr, 1);
    trace.stage("head");
    EXPECT_FALSE(trace.wants_stages());
  }
  static da3_trace cut{};
  cut.struct_size = 16;
  bare.extension = [](void*, const char*) -> const void* { return &cut; };
  EXPECT_FALSE(Trace(&bare, nullptr, 1).wants_stages());
}

TEST(SdkTrace, AWatchBringsItsHostAndItsRun) {
  TraceHost host;
  host.wanted = DA3_TRACE_STAGE;
  da3_watch raw{};
  raw.struct_size = sizeof raw;
  const Host checked(host.table());
  {
    Trace trace = Watch(&raw, &checked, 3).trace(1);
    trace.stage("head");
  }
  const auto spans = host.spans();
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].run, 3u);
  EXPECT_EQ(spans[0].track, 1u);
  EXPECT_EQ(spans[0].watch, &raw);
  Trace silent = Watch(&raw).trace();
  silent.stage("head");
  EXPECT_FALSE(silent.wants_stages()) << "a watch without a host";
}

}  // namespace
}  // namespace da3::sdk
