// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace da3::bench {
namespace {

using testing::HasSubstr;
using Json = nlohmann::ordered_json;

Json document() {
  return Json::parse(R"({"schema": "da3.bench/1", "tool": {"version": "9"}, "machine": {"cpu": "C", "cpus": 4,
    "threads": 2, "system": "S", "instruction_sets": ["avx2"], "load_average": 0.5}, "cases": [
    {"name": "one, two", "ok": true, "case": {"width": 14, "height": 28, "views": 3, "batch": 1, "sessions": 1},
     "policy": {"effective.precision": "float32", "effective.threads": "2"},
     "ms": {"run": {"count": 3, "min": 1, "mean": 2, "p50": 2.25, "p90": 3, "p99": 3.5, "max": 4, "spread": 0.125},
            "first": 5, "load": 6, "start_to_first_depth": null,
            "stages": {"backbone": {"p50": 1.5}, "head": {"p50": 0.5}}},
     "images_per_second": 500, "memory": {"resident_peak": 10485760, "resident": null, "weights": null,
     "device_peak": null}, "per_run": {"minor_faults": 1.5, "major_faults": 0, "allocations": null}},
    {"name": "three", "ok": false, "reason": "no | memory", "exit": 6}]})");
}

TEST(Tables, MarkdownColumnsLineUpAndBarsAreEscaped) {
  EXPECT_EQ(
      markdown_table({{"a", "long head"}, {"x|y", "1"}, {"\xC3\xBC"}}),
      "| a    | long head |\n|------|-----------|\n| x\\|y | 1         |\n| \xC3\xBC    |           |\n");
}

TEST(Tables, CsvQuotesWhatItMust) {
  EXPECT_EQ(csv_table({{"a", "b,c", "d\"e", "f\ng", ""}}), "a,\"b,c\",\"d\"\"e\",\"f\ng\",\n");
}

TEST(Tables, NumbersAndUnknown) {
  EXPECT_EQ(number(Json(1.25), 1), "1.2");
  EXPECT_EQ(number(Json(), 1), "-");
  EXPECT_EQ(mebibytes(Json(3145728)), "3");
  EXPECT_EQ(mebibytes(Json()), "-");
}

TEST(Tables, MarkdownOfADocumentHasTimesStagesMemoryAndFailures) {
  const std::string text = bench_markdown(document());
  for (const char* part : {"C, 2 of 4 CPUs (avx2), S", "one, two", "2.25", "12.5 %", "500.00", "backbone",
                           "1.50", "| 10 ", "failed: three: no | memory"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(Tables, MarkdownWhereEverythingFailedHasOnlyReasons) {
  Json failed = document();
  failed["cases"].erase(0);
  EXPECT_THAT(bench_markdown(failed), testing::Not(HasSubstr("p50")));
}

TEST(Tables, CsvHasALineForEachCaseWithAsManyCells) {
  const std::string text = bench_csv(document());
  const auto commas = [&](size_t from, size_t to) {
    return std::count(text.begin() + static_cast<std::ptrdiff_t>(from),
                      text.begin() + static_cast<std::ptrdiff_t>(to), ',');
  };
  const size_t first = text.find('\n'), second = text.find('\n', first + 1);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(commas(first, second), commas(0, first) + 1) << "one comma is in a quoted name";
  EXPECT_EQ(commas(second, text.size()), commas(0, first));
  EXPECT_THAT(text, HasSubstr("\"one, two\","));
  EXPECT_THAT(text, HasSubstr("backbone_ms,head_ms"));
}

}  // namespace
}  // namespace da3::bench
