// SPDX-License-Identifier: Apache-2.0
#include "operations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "roofline.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;
using testing::ContainsRegex;
using testing::HasSubstr;

TraceSpan operation(const std::string& kind, uint64_t ms, std::optional<uint64_t> bytes,
                    std::optional<uint64_t> flops) {
  TraceSpan span;
  span.category = TraceSpan::Category::operation;
  span.name = span.kind = kind;
  span.duration_ns = ms * 1000000;
  span.bytes = bytes, span.flops = flops;
  return span;
}

/// 100 GFLOP/s in float32, 10 GB/s.
Ceilings hundred_and_ten() {
  Ceilings ceilings;
  ceilings.add(operation("product float32", 20, {}, 1000000000));
  ceilings.add(operation("product float32", 10, {}, 1000000000));
  ceilings.add(operation("product float32", 40, {}, 1000000000));
  ceilings.add(operation("copy", 100, 1000000000, {}));
  return ceilings;
}

TEST(Ceilings, TheFastestOfAKindCounts) {
  const Json json = hundred_and_ten().json();
  EXPECT_NEAR(json["product float32"]["gflop_per_s"].get<double>(), 100, 1e-9);
  EXPECT_NEAR(json["copy"]["gb_per_s"].get<double>(), 10, 1e-9);
}

TEST(Ceilings, WhatIsNoOperationOrTookNoTimeIsNoCeiling) {
  Ceilings ceilings;
  TraceSpan stage = operation("copy", 1, 1, {});
  stage.category = TraceSpan::Category::stage;
  ceilings.add(stage);
  ceilings.add(operation("copy", 0, 1, {}));
  ceilings.add(operation("linear float32", 1, 1, 1));
  EXPECT_TRUE(ceilings.empty());
}

TEST(Ceilings, TheFloorIsTheLongerOfProductsAndBytes) {
  const Ceilings ceilings = hundred_and_ten();
  const auto products = ceilings.floor_of(operation("linear float32", 1, 10000000, 200000000));
  EXPECT_NEAR(products.ms, 2, 1e-9);
  EXPECT_EQ(products.against, "product float32");
  const auto bytes = ceilings.floor_of(operation("linear float32", 1, 30000000, 200000000));
  EXPECT_NEAR(bytes.ms, 3, 1e-9);
  EXPECT_EQ(bytes.against, "copy");
  EXPECT_EQ(ceilings.floor_of(operation("linear int8", 1, {}, 5)).ms, 0) << "no such product was measured";
}

Operations two_runs(const Ceilings& ceilings) {
  Operations operations(ceilings);
  for (const uint64_t ms : {4, 6}) {
    operations.add(operation("layer_norm", 1, 5000000, {}));
    operations.add(operation("linear float32", ms, 0, 200000000));
    operations.add(operation("linear float32", ms, 0, 200000000));
    operations.end_run(static_cast<double>(2 * ms + 3));
  }
  return operations;
}

TEST(Operations, KindsAreSummedByRunAndTheMedianIsTold) {
  const Ceilings ceilings = hundred_and_ten();
  const Json json = two_runs(ceilings).json();
  EXPECT_DOUBLE_EQ(json["run_ms"].get<double>(), 13);
  ASSERT_EQ(json["operations"].size(), 2u);
  const Json& linear = json["operations"][0];
  EXPECT_EQ(linear["kind"], "linear float32");
  EXPECT_EQ(linear["count"], 2);
  EXPECT_DOUBLE_EQ(linear["ms"].get<double>(), 10);
  EXPECT_DOUBLE_EQ(linear["gflop_per_s"].get<double>(), 40);
  EXPECT_NEAR(linear["of_ceiling"].get<double>(), 0.4, 1e-9);
  EXPECT_EQ(linear["ceiling"], "product float32");
  const Json& norm = json["operations"][1];
  EXPECT_NEAR(norm["of_ceiling"].get<double>(), 0.5, 1e-9);
  EXPECT_EQ(norm["ceiling"], "copy");
  EXPECT_TRUE(norm["gflop_per_s"].is_null());
  EXPECT_DOUBLE_EQ(json["rest"]["ms"].get<double>(), 2);
}

Json document(const Ceilings& ceilings, const Operations& operations) {
  Json made{{"tool", {{"version", "9"}}},
            {"machine",
             {{"cpu", "C"},
              {"cpus", 1},
              {"threads", 1},
              {"system", "S"},
              {"instruction_sets", Json::array()},
              {"load_average", 0}}},
            {"name", "tiny"},
            {"ceilings", ceilings.json()}};
  made.update(operations.json());
  return made;
}

TEST(Roofline, TablesHaveALineForEachKind) {
  const Ceilings ceilings = hundred_and_ten();
  const Json made = document(ceilings, two_runs(ceilings));
  const std::string text = roofline_markdown(made);
  EXPECT_THAT(text, HasSubstr("product float32 at best: 100.0 GFLOP/s"));
  EXPECT_THAT(text, HasSubstr("copy at best: 10.0 GB/s"));
  EXPECT_THAT(text,
              ContainsRegex("\\| linear float32 +\\| 2 +\\| 10.00 +\\| 76.9 % +\\| 40.0 .*40.0 % +\\|"));
  EXPECT_THAT(text, ContainsRegex("\\| in no operation .* 2.00 "));
  EXPECT_THAT(roofline_csv(made), HasSubstr("\nlayer_norm,1,1.0,"));
}

TEST(Roofline, ABackendThatTellsNothingIsSaidToDoSo) {
  const Ceilings none;
  Operations silent(none);
  silent.end_run(5);
  EXPECT_THAT(roofline_markdown(document(none, silent)), HasSubstr("reports no operations"));
}

}  // namespace
}  // namespace da3::bench
