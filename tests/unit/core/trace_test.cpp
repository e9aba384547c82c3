// SPDX-License-Identifier: Apache-2.0
// The core's side of "da3.trace/1" against plugins that report oddly.
#include <gmock/gmock.h>

#include <cstring>

#include "engine_state.hpp"
#include "plugin_host.hpp"
#include "trace.hpp"

namespace da3::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HostTrace : public ::testing::Test {
 protected:
  HostTrace() {
    watch_.trace = [this](const TraceSpan& span) { heard_.push_back(span.name + "/" + span.kind); };
  }
  static da3_span span(const char* name, uint32_t category) {
    da3_span made = zeroed<da3_span>();
    made.name = name, made.kind = "k", made.category = category;
    return made;
  }
  void report(const da3_span& span) { trace_.span(trace_.ctx, bridge_.get(), &span); }

  Watch watch_;
  WatchBridge bridge_{watch_};
  const da3_trace& trace_ = trace_table();
  std::vector<std::string> heard_;
};

TEST_F(HostTrace, IsAnExtensionOfTheHost) {
  PluginHost host("x", "/x");
  const da3_host* table = host.get();
  EXPECT_EQ(table->extension(table->ctx, "da3.trace/1"), &trace_);
  EXPECT_EQ(table->extension(table->ctx, "da3.trace/2"), nullptr);
  EXPECT_EQ(table->extension(table->ctx, nullptr), nullptr);
  EXPECT_EQ(trace_.struct_size, sizeof(da3_trace));
}

TEST_F(HostTrace, TheWatchTellsWhatIsWanted) {
  EXPECT_EQ(trace_.wanted(trace_.ctx, bridge_.get(), 1), uint32_t{DA3_TRACE_STAGE});
  watch_.trace_detail = TraceDetail::layers;
  EXPECT_EQ(trace_.wanted(trace_.ctx, bridge_.get(), 1), uint32_t{DA3_TRACE_STAGE | DA3_TRACE_LAYER});
  watch_.trace_detail = TraceDetail::operations;
  EXPECT_EQ(trace_.wanted(trace_.ctx, bridge_.get(), 1),
            uint32_t{DA3_TRACE_STAGE | DA3_TRACE_LAYER | DA3_TRACE_OPERATION});
  watch_.trace = {};
  EXPECT_EQ(trace_.wanted(trace_.ctx, bridge_.get(), 1), 0u);
  EXPECT_EQ(trace_.wanted(trace_.ctx, nullptr, 1), 0u);
  da3_watch foreign = zeroed<da3_watch>();
  EXPECT_EQ(trace_.wanted(trace_.ctx, &foreign, 1), 0u) << "not a watch of this core";
}

TEST_F(HostTrace, PassesOnOnlyWhatWasAskedForAndIsWhole) {
  report(span("a", DA3_TRACE_STAGE));
  report(span("layers were not asked for", DA3_TRACE_LAYER));
  report(span("operations neither", DA3_TRACE_OPERATION));
  report(span("a category of a later version", 8));
  report(span(nullptr, DA3_TRACE_STAGE));
  da3_span small = span("too small", DA3_TRACE_STAGE);
  small.struct_size = 16;
  report(small);
  trace_.span(trace_.ctx, bridge_.get(), nullptr);
  trace_.span(trace_.ctx, nullptr, &small);
  EXPECT_THAT(heard_, ElementsAre("a/k"));
  da3_span bare = span("b", DA3_TRACE_STAGE);
  bare.kind = nullptr;
  report(bare);
  EXPECT_THAT(heard_, ElementsAre("a/k", "b/b"));
}

TEST_F(HostTrace, CategoriesArriveAsTheyWereReported) {
  std::vector<TraceSpan::Category> heard;
  watch_.trace = [&](const TraceSpan& span) { heard.push_back(span.category); };
  watch_.trace_detail = TraceDetail::operations;
  for (const uint32_t category : {DA3_TRACE_OPERATION, DA3_TRACE_LAYER, DA3_TRACE_STAGE})
    report(span("a", category));
  using Category = TraceSpan::Category;
  EXPECT_THAT(heard, ElementsAre(Category::operation, Category::layer, Category::stage));
}

TEST_F(HostTrace, ALargerSpanOfALaterVersionIsTaken) {
  struct {
    da3_span known;
    unsigned char more[64];
  } later;
  std::memset(&later, 0xA5, sizeof later);
  later.known = span("a", DA3_TRACE_STAGE);
  later.known.struct_size = sizeof later;
  report(later.known);
  EXPECT_THAT(heard_, ElementsAre("a/k"));
}

TEST_F(HostTrace, NumbersThatAreNotKnownAreEmpty) {
  std::vector<TraceSpan> spans;
  watch_.trace = [&](const TraceSpan& span) { spans.push_back(span); };
  da3_span made = span("a", DA3_TRACE_STAGE);
  made.bytes = UINT64_MAX, made.flops = 12, made.track = 3, made.run = 9;
  report(made);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_FALSE(spans[0].bytes);
  EXPECT_EQ(spans[0].flops, 12u);
  EXPECT_EQ(spans[0].track, 3u);
  EXPECT_EQ(spans[0].run, 9u);
}

TEST_F(HostTrace, TheClockDoesNotGoBack) {
  const uint64_t before = trace_.now(trace_.ctx);
  EXPECT_GE(trace_.now(trace_.ctx), before);
}

}  // namespace
}  // namespace da3::detail
