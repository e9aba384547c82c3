// SPDX-License-Identifier: Apache-2.0
// The cuda and mps plugins where neither their engine nor a device is: what can be tried on them has no
// complaint.
#include <gmock/gmock.h>

#include "run_checker.hpp"

namespace da3 {
namespace {

class ThinPlugin : public ::testing::TestWithParam<const char*> {};

TEST_P(ThinPlugin, HasNothingWrong) {
  const std::string plugin = std::string(DA3_PLUGIN_FOLDER "/libda3_") + GetParam() + ".so";
  const auto report = test::check_plugin(plugin, "", {"--fuzz", "3"});
  EXPECT_EQ(report.complaints(), std::vector<int>{}) << report.text();
  EXPECT_EQ(report.exit_code, 0);
  // One symbol, entry, table and manifest, probe and its reasons, the schema.
  for (int number : {1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 16})
    EXPECT_EQ(report.rows.at(number).status, "PASS") << number << '\n' << report.text();
}

INSTANTIATE_TEST_SUITE_P(Shipped, ThinPlugin, ::testing::Values("cuda", "mps"));

}  // namespace
}  // namespace da3
