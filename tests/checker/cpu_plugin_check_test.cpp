// SPDX-License-Identifier: Apache-2.0
// The shipped cpu plugin passes every check without a warning, on models of both kinds and on the demo model.
#include <gmock/gmock.h>

#include "run_checker.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

const std::string plugin = DA3_PLUGIN_FOLDER "/libda3_cpu.so";

void expect_no_complaint(const test::CheckReport& report) {
  EXPECT_EQ(report.complaints(), std::vector<int>{}) << report.text();
  EXPECT_EQ(report.exit_code, 0);
}

TEST(CpuPlugin, PassesEverything) {
  const auto report = test::check_plugin(plugin, test::checkpoint_folder("tiny").string());
  expect_no_complaint(report);
  // What cannot be tried on it, and why.
  const std::vector<int> skipped{13, 21, 27, 44, 81};
  EXPECT_EQ(report.with({"SKIP"}), skipped) << report.text();
  // 100 lives of optimizer, model and session without growth; there were runs to cancel half-way.
  EXPECT_THAT(report.rows.at(41).reason, HasSubstr("MB in 100 lives")) << report.text();
  EXPECT_THAT(report.rows.at(32).reason, AnyOf(HasSubstr("s at most"), HasSubstr("the aim is")))
      << report.text();
}

/// All but what takes long (growth over a hundred lives, 200 shapes, timings), and with fewer random calls.
test::CheckReport check_briefly(const std::string& model) {
  std::string numbers;
  for (const auto& rule : test::listed_rules())
    if (const int number = rule.at("number"); number != 41 && number != 72 && number != 82 && number != 83)
      numbers += (numbers.empty() ? "" : ",") + std::to_string(number);
  return test::check_plugin(plugin, model, {"--fuzz", "5", "--only", numbers});
}

TEST(CpuPlugin, PassesOnTheDemoModel) { expect_no_complaint(check_briefly(DA3_SOURCE_DIR "/models/demo")); }

TEST(CpuPlugin, PassesOnAMonoModel) {  // sky, no cameras, no poses
  const auto report = check_briefly(test::checkpoint_folder("tiny-mono").string());
  expect_no_complaint(report);
  EXPECT_EQ(report.rows.at(67).status, "SKIP") << report.text();
}

}  // namespace
}  // namespace da3
