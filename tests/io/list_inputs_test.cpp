// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"

#include <da3/io/image.hpp>
#include <da3/io/settings.hpp>

#include <sys/stat.h>

namespace da3::io {
namespace {

using test::expect_error;
using test::TempDir;

std::vector<std::string> names(const std::vector<fs::path>& paths) {
  std::vector<std::string> result;
  for (const auto& path : paths) result.push_back(path.filename().string());
  return result;
}

TEST(ListInputs, a_folder_gives_its_images_in_natural_order) {
  const TempDir dir;
  for (const char* name :
       {"10.png", "9.PNG", "a2.jpeg", "a10.Jpg", "a02.webp", "x.bmp", "x.tif", "x.tiff", "x.txt", "png",
        ".hidden.png", "._9.png", "99999999999999999999999.png", "sub/inner.png"})
    test::write_text(dir / name, "x");
  EXPECT_THAT(names(list_inputs({dir.path()})),
              testing::ElementsAre("9.PNG", "10.png", "99999999999999999999999.png", "a2.jpeg", "a02.webp",
                                   "a10.Jpg", "x.bmp", "x.tif", "x.tiff"));
}

TEST(ListInputs, files_are_kept_as_given_and_order_of_inputs_too) {
  const TempDir dir;
  test::write_text(dir / "folder/b.png", "x");
  const auto odd = test::write_text(dir / "picture.from-camera", "x");
  EXPECT_THAT(list_inputs({odd, dir / "folder", odd}),
              testing::ElementsAre(odd, dir / "folder" / "b.png", odd));
}

TEST(ListInputs, refusals_name_the_input) {
  const TempDir dir;
  const auto good = test::write_text(dir / "a.png", "x");
  const Error missing = expect_error(DA3_E_NOT_FOUND, "no such file", [&] {
    list_inputs({good, dir / "no"});
  });
  EXPECT_EQ(missing.kind(), 2);
  EXPECT_EQ(missing.index(), 1);
  expect_error(DA3_E_NOT_FOUND, "", [&] { list_inputs({good / "below a file"}); });
  fs::create_directories(dir / "empty");
  expect_error(DA3_E_INVALID, "no images", [&] { list_inputs({dir / "empty"}); });
  test::write_text(dir / "scenes/one/a.png", "x");
  expect_error(DA3_E_INVALID, "name them one by one", [&] { list_inputs({dir / "scenes"}); });
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  expect_error(DA3_E_INVALID, "neither a file nor a folder", [&] { list_inputs({dir / "pipe"}); });
}

TEST(ParseFormats, splits_and_refuses) {
  EXPECT_THAT(parse_formats("npz-depth_vis"), testing::ElementsAre("npz", "depth_vis"));
  EXPECT_THAT(parse_formats("mini_npz-mini_npz"), testing::ElementsAre("mini_npz"));
  for (const char* bad : {"", "-", "npz-", "glbx", "npz,depth_vis", "NPZ"})
    expect_error(DA3_E_BAD_VALUE, "npz, mini_npz, depth_vis", [&] { parse_formats(bad); });
}

}  // namespace
}  // namespace da3::io
