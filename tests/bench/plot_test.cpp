// SPDX-License-Identifier: Apache-2.0
#include "plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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
  EXPECT_EQ(xml_text("<a&b>\"'\x01\n"), "&lt;a&amp;b&gt;&quot;&#39;");
  const std::string svg = plot_svg(document("<script>&"));
  expect_closed(svg);
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;&amp;"));
  EXPECT_THAT(svg, Not(HasSubstr("failed one")));
}

TEST(Plot, AStageIsAsWideAsItsShareOfTheSlowestRun) {
  // 3 of 5 ms, of 560 pixels.
  EXPECT_THAT(plot_svg(document("one")), HasSubstr("width=\"336.00\""));
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
