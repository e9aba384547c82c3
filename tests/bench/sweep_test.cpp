// SPDX-License-Identifier: Apache-2.0
#include "sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <da3/error.hpp>

namespace da3::bench {
namespace {

using testing::ElementsAre;

TEST(Sweep, ListsArePartedAtCommasOutsideBrackets) {
  EXPECT_THAT(split_list("a,b", "--x"), ElementsAre("a", "b"));
  EXPECT_THAT(split_list("[cuda, cpu],cpu", "--x"), ElementsAre("[cuda, cpu]", "cpu"));
  EXPECT_THAT(split_list(" a , b ", "--x"), ElementsAre("a", "b"));
  for (const char* bad : {"", ",", "a,", ",a", "a,,b"}) EXPECT_THROW(split_list(bad, "--x"), Error) << bad;
}

TEST(Sweep, Numbers) {
  EXPECT_THAT(parse_numbers("1,8", "--views", 1, 8), ElementsAre(1, 8));
  for (const char* bad : {"0", "9", "-1", "x", "1.5", "1e3", "99999999999999999999"})
    EXPECT_THROW(parse_numbers(bad, "--views", 1, 8), Error) << bad;
}

TEST(Sweep, ResolutionsAreWidthFirstAndMultiplesOf14) {
  const auto sizes = parse_resolutions("504,280x140");
  ASSERT_EQ(sizes.size(), 2u);
  EXPECT_EQ(sizes[0].width, 504);
  EXPECT_EQ(sizes[0].height, 504);
  EXPECT_EQ(sizes[1].width, 280);
  EXPECT_EQ(sizes[1].height, 140);
  for (const char* bad : {"500", "0", "14x", "x14", "14x15", "-14", "14x14x14", "16394", "a"})
    EXPECT_THROW(parse_resolutions(bad), Error) << bad;
}

TEST(Sweep, Settings) {
  const auto [key, values] = parse_setting("cpu.onednn=true,false");
  EXPECT_EQ(key, "cpu.onednn");
  EXPECT_THAT(values, ElementsAre("true", "false"));
  for (const char* bad : {"", "key", "=a", "key=", "key=a,"}) EXPECT_THROW(parse_setting(bad), Error) << bad;
}

TEST(Sweep, EveryCombinationOnceTheLastListFastest) {
  Sweep sweep;
  sweep.models = {"a", "b"};
  sweep.views = {1, 2};
  sweep.settings = {{"threads", {"1", "2"}}};
  const auto cases = cases_of(sweep);
  ASSERT_EQ(cases.size(), 8u);
  EXPECT_EQ(case_name(cases[0]), "a 504x504, 1 view, threads=1");
  EXPECT_EQ(case_name(cases[1]), "a 504x504, 1 view, threads=2");
  EXPECT_EQ(case_name(cases[2]), "a 504x504, 2 views, threads=1");
  EXPECT_EQ(case_name(cases[7]), "b 504x504, 2 views, threads=2");
}

TEST(Sweep, NamesTellWhatDiffers) {
  Case one;
  EXPECT_EQ(case_name(one), "demo 504x504, 1 view");
  one.model = "models/da3-base", one.batch = 4, one.sessions = 2;
  EXPECT_EQ(case_name(one), "da3-base 504x504, 1 view, batch 4, 2 sessions");
}

}  // namespace
}  // namespace da3::bench
