// SPDX-License-Identifier: Apache-2.0
// What is sent to a terminal, read back as a terminal would.
#include "io/scene.hpp"

#include <da3/io/export.hpp>
#include <da3/io/image.hpp>
#include <da3/io/preview.hpp>

#ifdef DA3_SIXEL
#include <sixel.h>
#endif

#include <array>
#include <regex>

namespace da3::io {
namespace {

using test::expect_error;
using test::TempDir;

/// Four quarters: red, green, blue, white.
Image quarters(int64_t side) {
  Image image{side, side, {}};
  for (int64_t y = 0; y < side; ++y)
    for (int64_t x = 0; x < side; ++x) {
      const bool right = x >= side / 2, low = y >= side / 2;
      const std::array<uint8_t, 3> colour{static_cast<uint8_t>(right == low ? 255 : 0),
                                          static_cast<uint8_t>(right ? 255 : 0),
                                          static_cast<uint8_t>(low ? 255 : 0)};
      image.rgb.insert(image.rgb.end(), colour.begin(), colour.end());
    }
  return image;
}

PreviewOptions options_of(PreviewKind kind, int columns, int rows) {
  PreviewOptions options;
  options.kind = kind, options.columns = columns, options.rows = rows;
  return options;
}

struct Cell {
  std::string upper, lower;
};

/// The cells of each line, as a terminal colours them.
std::vector<std::vector<Cell>> play(std::string text) {
  static const std::regex token("\033\\[(0|[34]8;[0-9;]+)m|\xE2\x96\x80|\n");
  std::vector<std::vector<Cell>> lines(1);
  Cell now;
  std::smatch match;
  while (std::regex_search(text, match, token)) {
    EXPECT_EQ(match.position(), 0) << "something else: " << text.substr(0, 40);
    const std::string what = match.str(), code = match[1].str();
    if (what == "\n")
      lines.emplace_back();
    else if (code == "0")
      now = {};
    else if (!code.empty())
      (code[0] == '3' ? now.upper : now.lower) = code.substr(3);
    else
      lines.back().push_back(now);
    text = match.suffix();
  }
  EXPECT_EQ(text, "");
  EXPECT_TRUE(lines.back().empty() && now.upper.empty()) << "the line does not end, or its colours do not";
  lines.pop_back();
  return lines;
}

TEST(Preview, blocks_are_two_pixels_each) {
  const auto lines = play(preview_image(quarters(40), options_of(PreviewKind::blocks, 20, 6)));
  ASSERT_EQ(lines.size(), 6u);
  for (const auto& line : lines) ASSERT_EQ(line.size(), 12u);  // square, as the picture
  EXPECT_EQ(lines[0][0].upper, "2;255;0;0");
  EXPECT_EQ(lines[0][0].lower, "2;255;0;0");
  EXPECT_EQ(lines[0][11].upper, "2;0;255;0");
  EXPECT_EQ(lines[5][0].lower, "2;0;0;255");
  EXPECT_EQ(lines[5][11].lower, "2;255;255;255");
}

TEST(Preview, an_odd_row_leaves_the_lower_half_to_the_terminal) {
  Image image{1, 2, {255, 0, 0, 0, 255, 0}};
  const auto lines = play(preview_image(image, options_of(PreviewKind::blocks, 2, 10)));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0][0].upper, "2;255;0;0");
  EXPECT_EQ(lines[0][0].lower, "");
}

TEST(Preview, of_256_colours_the_nearest) {
  PreviewOptions options = options_of(PreviewKind::blocks, 2, 1);
  options.true_colour = false;
  Image image{2, 2, {255, 0, 0, 0, 0, 250, 120, 120, 120, 10, 9, 8}};
  const auto lines = play(preview_image(image, options));
  EXPECT_EQ(lines[0][0].upper, "5;196");
  EXPECT_EQ(lines[0][1].upper, "5;21");
  EXPECT_EQ(lines[0][0].lower, "5;243");
  EXPECT_EQ(lines[0][1].lower, "5;232");
}

TEST(Preview, letters_grow_denser_with_brightness) {
  Image image{1, 3, {0, 0, 0, 128, 128, 128, 255, 255, 255}};
  EXPECT_EQ(preview_image(image, options_of(PreviewKind::letters, 3, 1)), " +@\n");
}

std::vector<uint8_t> from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> bytes;
  uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
    if ((have += 6) >= 8) bytes.push_back(static_cast<uint8_t>(bits >> (have -= 8)));
  }
  return bytes;
}

TEST(Preview, kitty_gets_a_png_in_pieces_and_is_told_not_to_answer) {
  const Image noisy = [] {
    Image image = quarters(60);
    for (size_t i = 0; i < image.rgb.size(); ++i)
      image.rgb[i] = static_cast<uint8_t>(image.rgb[i] ^ (i * i % 251));
    return image;
  }();
  std::string text = preview_image(noisy, options_of(PreviewKind::kitty, 6, 3)), data;
  static const std::regex piece("\033_G([^;]*);([^\033]*)\033\\\\");
  int pieces = 0;
  bool more = true;
  for (std::smatch match; std::regex_search(text, match, piece); text = match.suffix(), ++pieces) {
    EXPECT_EQ(match.position(), 0);
    EXPECT_TRUE(more);
    EXPECT_LE(match[2].length(), 4096);
    const std::string control = match[1];
    EXPECT_EQ(control.starts_with("a=T,f=100,q=2,"), pieces == 0) << control;
    more = control.ends_with("m=1");
    data += match[2];
  }
  EXPECT_EQ(text, "\n");
  EXPECT_FALSE(more);
  EXPECT_GT(pieces, 1);
  const TempDir dir;
  const Image back = read_image(test::write_bytes(dir / "a.png", from_base64(data)));
  EXPECT_EQ(back.rgb, noisy.rgb);
}

#ifdef DA3_SIXEL
TEST(Preview, sixels_read_back_as_the_picture) {
  ASSERT_TRUE(has_sixel());
  std::string text = preview_image(quarters(60), options_of(PreviewKind::sixel, 6, 3));
  unsigned char *pixels = nullptr, *palette = nullptr;
  int width = 0, height = 0, colours = 0;
  ASSERT_FALSE(SIXEL_FAILED(sixel_decode_raw(reinterpret_cast<unsigned char*>(text.data()),
                                             static_cast<int>(text.size()), &pixels, &width, &height,
                                             &palette, &colours, nullptr)));
  EXPECT_EQ(width, 60);
  EXPECT_EQ(height, 60);
  const auto at = [&](int x, int y) {
    const unsigned char* colour = palette + 3 * pixels[y * width + x];
    return std::array<int, 3>{colour[0], colour[1], colour[2]};
  };
  using testing::ElementsAre;
  EXPECT_THAT(at(5, 5), ElementsAre(255, 0, 0));
  EXPECT_THAT(at(55, 5), ElementsAre(0, 255, 0));
  EXPECT_THAT(at(5, 55), ElementsAre(0, 0, 255));
  EXPECT_THAT(at(55, 55), ElementsAre(255, 255, 255));
}
#else
TEST(Preview, without_libsixel_says_so) {
  EXPECT_FALSE(has_sixel());
  expect_error(DA3_E_UNSUPPORTED, "libsixel",
               [] { preview_image(quarters(4), options_of(PreviewKind::sixel, 6, 3)); });
}
#endif

TEST(Preview, views_stand_beside_each_other) {
  const test::Scene scene;
  const auto lines = play(preview(scene.prediction, options_of(PreviewKind::blocks, 85, 40)));
  ASSERT_EQ(lines.size(), 14u);  // 28 pixels high
  ASSERT_EQ(lines[0].size(), 42u + 1 + 42);
  const auto colours = colour_depth(scene.depth.data(), 28, 42);
  const auto code = [&](size_t i) {
    return "2;" + std::to_string(colours[i * 3]) + ";" + std::to_string(colours[i * 3 + 1]) + ";" +
           std::to_string(colours[i * 3 + 2]);
  };
  EXPECT_EQ(lines[3][7].upper, code(6 * 42 + 7));
  EXPECT_EQ(lines[3][7].lower, code(7 * 42 + 7));
  EXPECT_EQ(lines[3][42].upper, "2;0;0;0");
}

TEST(Preview, what_is_no_picture_is_refused) {
  expect_error(DA3_E_SHAPE, "3 bytes a pixel", [] { preview_image({2, 2, {1, 2, 3}}, {}); });
}

}  // namespace
}  // namespace da3::io
