// SPDX-License-Identifier: Apache-2.0
// What is remembered of a measurement, and what is not taken for one.
#include <gmock/gmock.h>

#include <fstream>

#include "common/measured.hpp"
#include "common/remembered.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using testing::DoubleEq;
using testing::Optional;

TEST(Remembered, IsFoundByItsKeyAlone) {
  test::TemporaryFolder folder;
  EXPECT_EQ(thin::recall(folder.path(), "kind", "key\n"), std::nullopt);
  thin::remember(folder.path(), "kind", "key\n", "fact");
  EXPECT_EQ(thin::recall(folder.path(), "kind", "key\n"), "fact");
  EXPECT_EQ(thin::recall(folder.path(), "other", "key\n"), std::nullopt);
  EXPECT_EQ(thin::recall(folder.path(), "kind", "key 2\n"), std::nullopt);
  EXPECT_EQ(thin::recall({}, "kind", "key\n"), std::nullopt);
  // A file of that name with another key in it, as a collision of hashes would make.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
    if (entry.is_regular_file()) std::ofstream(entry.path()) << "another key\nfact";
  EXPECT_EQ(thin::recall(folder.path(), "kind", "key\n"), std::nullopt);
}

TEST(Measured, IsKnownInThisProcessAndInLaterOnes) {
  test::TemporaryFolder folder;
  EXPECT_EQ(thin::known_speed("machine A\n", folder.path()), std::nullopt);
  thin::keep_speed("machine A\n", folder.path(), 1.8349);
  EXPECT_THAT(thin::known_speed("machine A\n", folder.path()), Optional(DoubleEq(1.83))) << "as it is read";
  EXPECT_EQ(thin::recall(folder.path(), "measured", "machine A\n"), "1.83\n");
  thin::remember(folder.path(), "measured", "machine B\n", "0.91\n");
  EXPECT_THAT(thin::known_speed("machine B\n", folder.path()), Optional(DoubleEq(0.91)));
}

TEST(Measured, AFolderThatCannotBeWrittenIsNoError) {
  test::TemporaryFolder folder;
  const auto file = folder.write("file", "no folder");
  thin::keep_speed("machine C\n", file, 2);
  EXPECT_THAT(thin::known_speed("machine C\n", file), Optional(2.0)) << "in this process";
  thin::keep_speed("machine D\n", {}, 3);
  EXPECT_THAT(thin::known_speed("machine D\n", {}), Optional(3.0));
}

TEST(Measured, WhatIsNoSpeedIsNotKnown) {
  test::TemporaryFolder folder;
  int number = 0;
  for (const char* fact : {"", "\n", "fast\n", "1.8", "-1\n", "0\n", "1e9\n", "nan\n", "inf\n", "1.8 \n"}) {
    const std::string key = "bad " + std::to_string(++number) + "\n";
    thin::remember(folder.path(), "measured", key, fact);
    EXPECT_EQ(thin::known_speed(key, folder.path()), std::nullopt) << '"' << fact << '"';
  }
}

}  // namespace
}  // namespace da3
