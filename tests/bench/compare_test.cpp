// SPDX-License-Identifier: Apache-2.0
#include "compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <da3/error.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "document.hpp"
#include "support/temporary_folder.hpp"
#include "tables.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

Json one(const std::string& model, int views, const std::vector<double>& times) {
  return {{"name", model + std::to_string(views)},
          {"case", {{"model", model}, {"views", views}}},
          {"ok", true},
          {"samples", {{"total", times}}}};
}
Json failed(const std::string& model, int views) {
  return {{"name", model}, {"case", {{"model", model}, {"views", views}}}, {"ok", false}, {"reason", "r"}};
}
Json document(const std::vector<Json>& cases) { return {{"schema", "da3.bench/1"}, {"cases", Json(cases)}}; }

TEST(Compare, CasesAreMatchedByWhatTheyMeasuredNotByPlaceOrFolder) {
  const Json a = document({one("here/m", 1, {10, 10, 10}), one("here/m", 2, {20, 20, 20}), one("x", 1, {1})});
  const Json b =
      document({one("there/m/", 2, {10, 10, 10}), one("m", 1, {10.1, 10.1, 10.1}), failed("x", 1)});
  const Json result = compare(a, b);
  ASSERT_EQ(result["cases"].size(), 2u);
  EXPECT_EQ(result["cases"][0]["verdict"], "faster");
  EXPECT_DOUBLE_EQ(result["cases"][0]["ratio"].get<double>(), 0.5);
  EXPECT_EQ(result["cases"][1]["verdict"], "tie");
  EXPECT_EQ(result["only_a"], Json::array({"x1"}));
  EXPECT_EQ(result["only_b"], Json::array({"x"}));
  EXPECT_THAT(compare_markdown(result), testing::HasSubstr("faster (-50.0 %)"));
  EXPECT_THAT(compare_csv(result), testing::HasSubstr("0.5,0.5,0.5,faster"));
}

TEST(Compare, NothingInCommonIsRefused) {
  EXPECT_THROW(compare(document({one("a", 1, {1})}), document({one("b", 1, {1})})), Error);
}

class ReadDocument : public testing::Test {
 protected:
  Json read(const std::string& text) const {
    std::ofstream(folder_.path() / "d.json") << text;
    return read_document(folder_.path() / "d.json");
  }
  test::TemporaryFolder folder_;
};

TEST_F(ReadDocument, WhatWasWrittenIsRead) {
  const Json written = document({one("a", 1, {1, 2}), failed("b", 1)});
  EXPECT_EQ(read(to_text(written)), written);
}

TEST_F(ReadDocument, EveryOtherFileIsRefused) {
  for (const char* bad :
       {"", "{", "[]", "null", "{}", R"({"schema": 1})", R"({"schema": "da3.run/1"})",
        R"({"schema": "da3.bench/1"})", R"({"schema": "da3.bench/1", "cases": [1]})",
        R"({"schema": "da3.bench/1", "cases": [{"case": {}, "ok": true}]})",
        R"({"schema": "da3.bench/1", "cases": [{"case": {}, "ok": true, "samples": {"total": []}}]})",
        R"({"schema": "da3.bench/1", "cases": [{"case": {}, "ok": true, "samples": {"total": ["1"]}}]})",
        R"({"schema": "da3.bench/1", "cases": [{"case": {}, "ok": true, "samples": {"total": [0]}}]})"})
    EXPECT_THROW(read(bad), Error) << bad;
  EXPECT_THROW(read_document(folder_.path()), Error);
  EXPECT_THROW(read_document(folder_.path() / "none"), Error);
}

}  // namespace
}  // namespace da3::bench
