// SPDX-License-Identifier: Apache-2.0
// Every evil plugin is caught by the check that is about its fault, and by no check that is not.
#include <gmock/gmock.h>

#include <set>

#include "evil_list.hpp"
#include "run_checker.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using test::Evil;
using ::testing::HasSubstr;

#ifdef DA3_LONG_TESTS
constexpr bool long_tests = true;  // every check on every plugin: seconds for each
#else
constexpr bool long_tests = false;
#endif

class EvilPlugin : public ::testing::TestWithParam<Evil> {};

TEST_P(EvilPlugin, IsCaughtByItsCheck) {
  const Evil& evil = GetParam();
  test::TemporaryFolder model;
  model.write("weights", std::string(4, '\0'));
  std::vector<std::string> more{"--fuzz", "3"};
  if (!long_tests || evil.alone) more.insert(more.end(), {"--only", std::to_string(evil.check)});
  more.insert(more.end(), evil.more.begin(), evil.more.end());
  const auto report = test::check_plugin(std::string(DA3_EVIL_FOLDER) + "/" + evil.fault + "/libda3_null.so",
                                         model.path().string(), more);
  EXPECT_EQ(report.rows.at(evil.check).status, evil.status) << report.text();
  EXPECT_THAT(report.rows.at(evil.check).reason, HasSubstr(evil.words)) << report.text();
  for (int number : report.with({"FAIL", "CRASH"}))
    EXPECT_TRUE(number == evil.check || evil.also.contains(number)) << report.text();
  EXPECT_EQ(report.exit_code, std::string(evil.status) == "WARN" ? 0 : 1);
}

std::string name_of(const ::testing::TestParamInfo<Evil>& evil) { return evil.param.fault; }

INSTANTIATE_TEST_SUITE_P(All, EvilPlugin, ::testing::ValuesIn(test::evil_plugins()), name_of);

TEST(EvilPlugins, EveryCheckHasOne) {
  std::set<int> caught;
  for (const Evil& evil : test::evil_plugins()) caught.insert(evil.check);
  for (const auto& [number, reason] : test::checks_without_evil())
    EXPECT_FALSE(caught.contains(number)) << number << ": " << reason;
  for (const auto& rule : test::listed_rules()) {
    const int number = rule.at("number");
    EXPECT_TRUE(caught.contains(number) || test::checks_without_evil().contains(number))
        << "no plugin shows that check " << number << " finds anything";
  }
}

TEST(GoodPlugin, PassesEverything) {
  test::TemporaryFolder model;
  for (const std::string& plugin :
       {std::string(DA3_NULL_PLUGIN), std::string(DA3_EVIL_FOLDER) + "/none/libda3_null.so"}) {
    const auto report = test::check_plugin(plugin, model.path().string());
    EXPECT_EQ(report.complaints(), std::vector<int>{}) << report.text();
    EXPECT_EQ(report.exit_code, 0);
    EXPECT_GT(report.counts.at("pass"), 55);
  }
}

}  // namespace
}  // namespace da3
