// SPDX-License-Identifier: Apache-2.0
#include "formats/image_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace da3::io {
namespace {

using testing::ElementsAre;

TEST(ImageNames, are_the_files_own_where_those_differ) {
  EXPECT_THAT(image_names({"/a/1.jpg", "/b/c/2.jpg"}), ElementsAre("1.jpg", "2.jpg"));
  EXPECT_THAT(image_names({}), ElementsAre());
}

TEST(ImageNames, have_folders_where_they_would_collide) {
  EXPECT_THAT(image_names({"/s/left/1.jpg", "/s/right/1.jpg", "/s/right/in ner/2.jpg"}),
              ElementsAre("left/1.jpg", "right/1.jpg", "right/in ner/2.jpg"));
  EXPECT_THAT(image_names({"/s/1.jpg", "/s/ü/../x/1.jpg"}), ElementsAre("1.jpg", "x/1.jpg"));
  EXPECT_THAT(image_names({"a/1.jpg", "b/1.jpg"}), ElementsAre("a/1.jpg", "b/1.jpg"));
}

TEST(ImageNames, number_a_file_that_is_there_twice) {
  EXPECT_THAT(image_names({"/s/1.jpg", "/s/1.jpg", "/s/1-2.jpg", "/s/1.jpg"}),
              ElementsAre("1.jpg", "1-3.jpg", "1-2.jpg", "1-4.jpg"));
}

}  // namespace
}  // namespace da3::io
