// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"

#include <da3/io/image.hpp>
#include <da3/io/preprocess.hpp>

#include <sys/stat.h>
#include <nlohmann/json.hpp>

namespace da3::io {
namespace {

using test::data_dir;
using test::expect_error;
using test::TempDir;

std::vector<std::string> good_images() {
  const auto expected = nlohmann::json::parse(test::read_bytes(data_dir / "io" / "expected.json"));
  std::vector<std::string> names;
  for (const auto& item : expected.items()) names.push_back(item.key());
  return names;
}

class GoodImage : public testing::TestWithParam<std::string> {};

// PNG, JPEG, WebP, BMP and TIFF; grey, palette, 1 and 16 bits, alpha, CMYK, EXIF orientation, several pages.
TEST_P(GoodImage, has_the_pixels_that_pil_gives) {
  const auto expected =
      nlohmann::json::parse(test::read_bytes(data_dir / "io" / "expected.json")).at(GetParam());
  const Image image = read_image(data_dir / "io" / GetParam());
  ASSERT_EQ(image.height, expected.at("height"));
  ASSERT_EQ(image.width, expected.at("width"));
  ASSERT_EQ(image.rgb.size(), static_cast<size_t>(image.height * image.width * 3));
  const std::vector<int> first = expected.at("first"), last = expected.at("last");
  const uint8_t* last_row = image.rgb.data() + (image.height - 1) * image.width * 3;
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_NEAR(image.rgb[i], first[i], expected.at("tolerance")) << i;
    EXPECT_NEAR(last_row[i], last[i], expected.at("tolerance")) << i;
  }
}

TEST_P(GoodImage, cut_anywhere_is_refused) {
  const auto bytes = test::read_bytes(data_dir / "io" / GetParam());
  const TempDir dir;
  const Image whole = read_image(data_dir / "io" / GetParam());
  testing::internal::CaptureStderr();
  for (size_t cut = 0; cut < bytes.size();
       cut += cut < 32 || cut + 16 > bytes.size() ? 1 : 1 + bytes.size() / 20) {
    const auto path =
        test::write_bytes(dir / GetParam(), {bytes.begin(), bytes.begin() + static_cast<int64_t>(cut)});
    try {
      // A TIFF may end in bytes that no picture needs: then every pixel must still be right.
      EXPECT_EQ(read_image(path).rgb, whole.rgb) << GetParam() << " cut at " << cut;
      EXPECT_THAT(GetParam(), testing::EndsWith(".tif")) << "cut at " << cut;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), DA3_E_INVALID) << error.message();
      EXPECT_THAT(error.message(), testing::HasSubstr(path.string()));
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_P(GoodImage, damaged_anywhere_never_crashes_and_prints_nothing) {
  const auto bytes = test::read_bytes(data_dir / "io" / GetParam());
  const TempDir dir;
  testing::internal::CaptureStderr();
  uint32_t random = 12345;
  for (int round = 0; round < 40; ++round) {
    auto damaged = bytes;
    for (int flip = 0; flip < 1 + round % 4; ++flip) {
      random = random * 1664525u + 1013904223u;
      const size_t range = round % 2 ? std::min<size_t>(64, damaged.size()) : damaged.size();
      damaged[(random >> 8) % range] ^= static_cast<uint8_t>(1u << (random >> 29));
    }
    try {
      const Image image = read_image(test::write_bytes(dir / GetParam(), damaged));
      EXPECT_EQ(image.rgb.size(), static_cast<size_t>(image.height * image.width * 3));
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), testing::HasSubstr(" failed: "));
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

INSTANTIATE_TEST_SUITE_P(Kinds, GoodImage, testing::ValuesIn(good_images()), [](const auto& name) {
  std::string text = name.param;
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
});

TEST(ReadImage, tells_the_kind_by_content_not_by_name) {
  const TempDir dir;
  const auto path = test::write_bytes(dir / "picture.jpg", test::read_bytes(data_dir / "io" / "pal.png"));
  EXPECT_EQ(read_image(path).rgb, read_image(data_dir / "io" / "pal.png").rgb);
}

TEST(ReadImage, refuses_what_is_not_there) {
  const Error error =
      expect_error(DA3_E_NOT_FOUND, "No such file", [] { read_image("/nowhere/at all.png"); });
  EXPECT_EQ(error.native(), ENOENT);
}

TEST(ReadImage, refuses_a_folder) {
  const TempDir dir;
  EXPECT_EQ(expect_error(DA3_E_NOT_FOUND, "directory", [&] { read_image(dir.path()); }).native(), EISDIR);
}

#ifdef __linux__
TEST(ReadImage, refuses_a_huge_file_by_its_beginning) {
  const TempDir dir;
  fs::copy_file(data_dir / "io" / "rgb.jpg", dir / "photo.jpg");
  fs::copy_file(data_dir / "io" / "rgba.png", dir / "photo.png");
  test::write_text(dir / "zeros.jpg", "");
  for (const auto& [name, code, why] : {std::tuple{"zeros.jpg", DA3_E_INVALID, "not a PNG, JPEG"},
                                        {"photo.jpg", DA3_E_SHAPE, "has 2147483648 bytes"},
                                        {"photo.png", DA3_E_SHAPE, "has 2147483648 bytes"}}) {
    fs::resize_file(dir / name, uintmax_t{1} << 31);  // sparse
    const uint64_t before = test::bytes_asked_for();
    expect_error(code, why, [&, file = name] { read_image(dir / file); });
    expect_error(code, why, [&, file = name] { plan_views({dir / file}, {}); });
    EXPECT_LT(test::bytes_asked_for() - before, 1u << 20) << name;
  }
}

/// Which may be anywhere: in rgb.tif it is before the pixels, in c16.tif behind them, multi.tif has several.
TEST(ReadImage, refuses_a_huge_tiff_by_its_directories) {
  const TempDir dir;
  for (const char* name : {"rgb.tif", "c16.tif", "multi.tif"}) {
    fs::copy_file(data_dir / "io" / name, dir / name);
    fs::resize_file(dir / name, uintmax_t{1} << 31);  // sparse
    const uint64_t before = test::bytes_asked_for();
    expect_error(DA3_E_SHAPE, "has 2147483648 bytes", [&] { read_image(dir / name); });
    expect_error(DA3_E_SHAPE, "has 2147483648 bytes", [&] { plan_views({dir / name}, {}); });
    EXPECT_LT(test::bytes_asked_for() - before, 1u << 20) << name;
  }
  // A directory of zeros, and one behind the end.
  const std::vector<uint8_t> zeros{'I', 'I', 42, 0, 0, 0, 0, 1}, behind{'I', 'I', 42, 0, 0, 0, 0, 0x90};
  for (const auto& [head, why] : {std::pair{zeros, "0x0 pixels"}, {behind, "cut off"}}) {
    test::write_bytes(dir / "a.tiff", head);
    fs::resize_file(dir / "a.tiff", uintmax_t{1} << 31);
    const uint64_t before = test::bytes_asked_for();
    expect_error(DA3_E_INVALID, why, [&] { read_image(dir / "a.tiff"); });
    EXPECT_LT(test::bytes_asked_for() - before, 1u << 20) << why;
  }
}
#endif

TEST(ReadImage, refuses_an_empty_file) {
  const TempDir dir;
  expect_error(DA3_E_INVALID, "empty", [&] { read_image(test::write_text(dir / "a.png", "")); });
}

TEST(ReadImage, refuses_text_named_png) {
  const TempDir dir;
  expect_error(DA3_E_INVALID, "not a PNG, JPEG",
               [&] { read_image(test::write_text(dir / "a.png", "hello\n")); });
}

TEST(ReadImage, refuses_a_pipe_without_waiting) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "a.png").c_str(), 0600), 0);
  expect_error(DA3_E_INVALID, "pipe", [&] { read_image(dir / "a.png"); });
  expect_error(DA3_E_INVALID, "pipe or device", [&] { read_image("/dev/null"); });
}

TEST(ReadImage, refuses_an_unreadable_file) {
  const TempDir dir;
  const auto path = test::write_text(dir / "a.png", "x");
  fs::permissions(path, fs::perms::none);
  fs::permissions(dir.path(), fs::perms::all);
  const test::Unprivileged somebody;
  const Error error = expect_error(DA3_E_NOT_FOUND, "ermission", [&] { read_image(path); });
  EXPECT_EQ(error.native(), EACCES);
}

TEST(ReadImage, refuses_an_animation) {
  expect_error(DA3_E_UNSUPPORTED, "animated", [] { read_image(data_dir / "io" / "anim.webp"); });
}

TEST(ReadImage, refuses_floating_point_tiff) {
  expect_error(DA3_E_UNSUPPORTED, "floating point", [] { read_image(data_dir / "io" / "f32.tif"); });
}

/// A header that promises side x side pixels, in front of the file's own data.
std::vector<uint8_t> with_size(const std::string& name, size_t width_at, size_t height_at, size_t bytes,
                               bool big, uint32_t side) {
  auto file = test::read_bytes(data_dir / "io" / name);
  for (const size_t at : {width_at, height_at})
    for (size_t i = 0; i < bytes; ++i)
      file[at + (big ? bytes - 1 - i : i)] = static_cast<uint8_t>(side >> (8 * i));
  return file;
}

TEST(ReadImage, refuses_too_many_pixels_by_the_header) {
  const TempDir dir;
  for (const uint32_t side : {16385u, 1u << 21, 0x7FFFFFFFu}) {
    const auto png = test::write_bytes(dir / "a.png", with_size("gray.png", 16, 20, 4, true, side));
    expect_error(DA3_E_SHAPE, "more than the limit", [&] { read_image(png); });
    const auto bmp = test::write_bytes(dir / "a.bmp", with_size("rgb.bmp", 18, 22, 4, false, side));
    EXPECT_THROW(read_image(bmp), Error);
  }
  const auto png = test::write_bytes(dir / "a.png", with_size("gray.png", 16, 20, 4, true, 0));
  expect_error(DA3_E_INVALID, "0x0", [&] { read_image(png); });
}

TEST(ReadImage, jpeg_without_its_end_marker_is_cut) {
  auto bytes = test::read_bytes(data_dir / "io" / "exif.jpg");
  bytes.resize(bytes.size() - 2);
  const TempDir dir;
  expect_error(DA3_E_INVALID, "cut off", [&] { read_image(test::write_bytes(dir / "a.jpg", bytes)); });
}

TEST(ReadImage, bytes_after_the_end_do_no_harm) {
  const TempDir dir;
  for (const std::string name : {"rgb.jpg", "pal.png", "rgb.webp", "rgb.bmp"}) {
    auto bytes = test::read_bytes(data_dir / "io" / name);
    bytes.insert(bytes.end(), 100, 0x41);
    EXPECT_EQ(read_image(test::write_bytes(dir / name, bytes)).rgb, read_image(data_dir / "io" / name).rgb)
        << name;
  }
}

TEST(ReadImage, exif_rotation_is_followed_only_on_request) {
  const fs::path picture = data_dir / "io" / "exif.jpg";
  const Image stored = read_image(picture), turned = read_image(picture, true);
  ASSERT_EQ(turned.height, stored.width);
  ASSERT_EQ(turned.width, stored.height);
  // Orientation 6: the stored picture's left column is the top row, from the bottom.
  for (int64_t i = 0; i < stored.height; ++i)
    for (int64_t c = 0; c < 3; ++c)
      ASSERT_EQ(turned.rgb[static_cast<size_t>(3 * (stored.height - 1 - i) + c)],
                stored.rgb[static_cast<size_t>(3 * i * stored.width + c)])
          << i;
  EXPECT_EQ(read_image(data_dir / "io" / "rgba.png", true).rgb, read_image(data_dir / "io" / "rgba.png").rgb);
}

/// 3 x 2 pixels, uncompressed, little endian, with an orientation.
std::vector<uint8_t> small_tiff(uint8_t orientation, uint8_t sample_format = 1) {
  std::vector<uint8_t> bytes{'I', 'I', 42, 0, 8, 0, 0, 0, 11, 0};
  constexpr uint8_t pixels = 10 + 11 * 12 + 4 + 2 * 6;  // after the directory, depths and formats of channels
  const auto entry = [&](uint16_t tag, uint8_t count, uint8_t value) {
    for (const int byte : {tag & 255, tag >> 8, 3, 0, int{count}, 0, 0, 0, int{value}, 0, 0, 0})
      bytes.push_back(static_cast<uint8_t>(byte));
  };
  entry(256, 1, 3), entry(257, 1, 2), entry(258, 3, pixels - 12), entry(259, 1, 1), entry(262, 1, 2);
  entry(273, 1, pixels), entry(274, 1, orientation), entry(277, 1, 3), entry(278, 1, 2), entry(279, 1, 18);
  entry(339, 3, pixels - 6);
  bytes.insert(bytes.end(), {0, 0, 0, 0, 8, 0, 8, 0, 8, 0});
  for (int channel = 0; channel < 3; ++channel) bytes.insert(bytes.end(), {sample_format, 0});
  for (uint8_t i = 0; i < 18; ++i) bytes.push_back(static_cast<uint8_t>(10 * i));
  return bytes;
}

TEST(ReadImage, a_colour_tiff_of_floating_point_numbers_is_refused_for_them) {
  const TempDir dir;
  const auto file = test::write_bytes(dir / "a.tif", small_tiff(1, 3));
  expect_error(DA3_E_UNSUPPORTED, "floating point", [&] { read_image(file); });
}

TEST(ReadImage, a_tiff_that_says_it_is_turned_stays_as_its_header_says) {
  const TempDir dir;
  const Image upright = read_image(test::write_bytes(dir / "a.tif", small_tiff(1)));
  const Image turned = read_image(test::write_bytes(dir / "b.tif", small_tiff(6)));
  EXPECT_EQ(turned.width, 3);
  EXPECT_EQ(turned.rgb, upright.rgb);
  EXPECT_EQ(read_image(dir / "b.tif", true).width, 2);
}

TEST(ReadImage, is_image_looks_at_the_beginning_only) {
  const TempDir dir;
  for (const char* name : {"rgba.png", "rgb.jpg", "rgb.webp", "rgb.bmp", "rgb.tif"})
    EXPECT_TRUE(is_image(data_dir / "io" / name)) << name;
  EXPECT_FALSE(is_image(test::write_text(dir / "a.png", "RIFF....AVI ")));
  EXPECT_FALSE(is_image(test::write_text(dir / "b.png", "")));
  EXPECT_FALSE(is_image(dir / "nowhere"));
}

TEST(ReadImage, what_is_written_is_read_again) {
  const TempDir dir;
  Image image{3, 5, {}};
  for (uint8_t i = 0; i < 45; ++i) image.rgb.push_back(static_cast<uint8_t>(5 * i));
  write_image(dir / "new" / "ä b.png", image);
  EXPECT_EQ(read_image(dir / "new" / "ä b.png").rgb, image.rgb);
  image.rgb.pop_back();
  expect_error(DA3_E_INVALID, "do not fit", [&] { write_image(dir / "b.png", image); });
  EXPECT_FALSE(fs::exists(dir / "b.png"));
}

}  // namespace
}  // namespace da3::io
