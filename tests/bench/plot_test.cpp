// SPDX-License-Identifier: Apache-2.0
#include "plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "svg.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

Json document(const std::string& name, double head = 3) {
  return {
      {"tool", {{"version", "9"}}},
      {"command", "latency"},
      {"machine",
       {{"cpu", "C"},
        {"cpus", 1},
        {"threads", 1},
        {"system", "S"},
        {"instruction_sets", Json::array()},
        {"load_average", 0}}},
      {"cases",
       {{{"name", name},
         {"ok", true},
         {"ms", {{"run", {{"min", 3.5}, {"p50", 4}, {"p99", 5}}}, {"stages", {{"head", {{"p50", head}}}}}}}},
        {{"name", "failed one"}, {"ok", false}}}}};
}

/// Every element that begins also ends.
void expect_closed(const std::string& svg) {
  for (const std::string tag : {"svg", "text"}) {
    size_t opened = 0, closed = 0;
    for (size_t at = svg.find("<" + tag); at != svg.npos; at = svg.find("<" + tag, at + 1)) ++opened;
    for (size_t at = svg.find("</" + tag + ">"); at != svg.npos; at = svg.find("</" + tag + ">", at + 1))
      ++closed;
    EXPECT_EQ(opened, closed) << tag;
  }
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(Plot, NamesAreTextWhateverIsInThem) {
  EXPECT_EQ(svg::escaped("<a&b>\"'\x01\n"), "&lt;a&amp;b&gt;&quot;&#39;");
  const std::string svg = plot_svg(document("<script>&"));
  expect_closed(svg);
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&amp;"));
  EXPECT_THAT(svg, Not(HasSubstr("failed one")));
}

TEST(Plot, AStageIsAsWideAsItsShareOfTheSlowestRun) {
  // 3 of 5 ms, of 560 pixels.
  EXPECT_THAT(plot_svg(document("one")), HasSubstr("width=\"336.00\""));
}

/// A case of so many views; peak in MiB.
Json grown(int64_t views, double ms, double peak, const char* precision = "off") {
  Json one = document("g")["cases"][0];
  one["case"] = {
      {"width", 504}, {"height", 504}, {"views", views}, {"settings", {{"mixed_precision", precision}}}};
  one["ms"]["run"] = {{"min", ms}, {"p50", ms}, {"p99", ms}};
  one["memory"] = {{"resident_peak", peak * 1048576}};
  return one;
}

TEST(Plot, CasesThatDifferInViewsAloneAreLines) {
  Json views = document("x");
  // Ten times the views and the time at each step: a straight line over the whole panel, out of order.
  views["cases"] = {grown(100, 1000, 500), grown(1, 10, 300), grown(10, 100, 320), grown(5, 60, 310, "int8")};
  const std::string svg = plot_svg(views);
  expect_closed(svg);
  EXPECT_THAT(svg, HasSubstr("Milliseconds of a run, by views"));
  EXPECT_THAT(svg, HasSubstr("Resident peak in MiB, by views"));
  EXPECT_THAT(svg, HasSubstr("504x504, mixed_precision=off"));
  EXPECT_THAT(svg, Not(HasSubstr("504x504, mixed_precision=int8"))) << "one point is no line";
  EXPECT_THAT(svg, testing::ContainsRegex("M130.0 [0-9.]+ L410.0 [0-9.]+ L690.0 "));
}

TEST(Plot, TwoNumbersOfViewsAreNotDrawn) {
  Json views = document("x");
  views["cases"] = {grown(1, 10, 300), grown(2, 20, 310)};
  EXPECT_THAT(plot_svg(views), Not(HasSubstr("by views")));
}

TEST(Plot, NoCasesAndScaling) {
  Json none = document("x");
  none["cases"] = Json::array();
  expect_closed(plot_svg(none));
  Json scaled = document("x");
  scaled["scaling"] = {
      {{"name", "group"},
       {"serial_share", 0.25},
       {"threads", {{{"threads", 1}, {"efficiency", 1.0}}, {{"threads", 4}, {"efficiency", 0.5}}}}}};
  const std::string svg = plot_svg(scaled);
  expect_closed(svg);
  EXPECT_THAT(svg, HasSubstr("group, serial part 25.0 %"));
}

}  // namespace
}  // namespace da3::bench
