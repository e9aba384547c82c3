// SPDX-License-Identifier: Apache-2.0
// "float32 [B,S,H/14*8,W]" and an image's shape -> the shape of an output.
#include <da3/da3.hpp>
#include <da3/option_type.hpp>
#include <optional>

#include "text_file.hpp"

namespace da3 {
namespace {

[[noreturn]] void fail(std::string_view spec, const std::string& why) {
  throw Error(DA3_E_BAD_VALUE,
              "output shape " + detail::quote(spec) + " " + why + "; report it to the plugin's author");
}

/// One factor: a number or the side of the image that the letter stands for. Other names are not known before
/// the run.
std::optional<int64_t> factor(std::string_view text, const std::vector<int64_t>& image) {
  if (const auto number = option_type::parse_int(text)) return number;
  constexpr std::string_view letters = "BSHW";
  if (text.size() == 1 && letters.find(text[0]) != std::string_view::npos)
    return image[letters.find(text[0])];
  return std::nullopt;
}

/// "H/14*8", from left to right.
std::optional<int64_t> side(std::string_view spec, std::string_view text, const std::vector<int64_t>& image) {
  int64_t value = 1;
  char operation = '*';
  for (size_t start = 0; start <= text.size();) {
    size_t end = text.find_first_of("*/", start);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view part = option_type::trim(text.substr(start, end - start));
    if (part.empty()) fail(spec, "has an empty factor");
    const auto number = factor(part, image);
    if (!number) return std::nullopt;
    if (*number < 0 || (operation == '/' && *number == 0)) fail(spec, "has a factor that makes no sense");
    if (operation == '/')
      value /= *number;
    else if (__builtin_mul_overflow(value, *number, &value))
      fail(spec, "is too large");
    if (end == text.size()) break;
    operation = text[end];
    start = end + 1;
  }
  return value;
}

}  // namespace

std::vector<int64_t> output_shape(std::string_view spec, const std::vector<int64_t>& image_shape) {
  const size_t open = spec.find('['), close = spec.rfind(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    fail(spec, "is not \"float32 [B,S,H,W]\"");
  if (option_type::trim(spec.substr(0, open)) != "float32") fail(spec, "is not of float32");
  if (image_shape.size() != 5) return {};
  std::vector<int64_t> shape;
  for (std::string_view text : option_type::split(spec.substr(open + 1, close - open - 1), ',')) {
    const auto length = side(spec, option_type::trim(text), image_shape);
    if (!length) return {};
    shape.push_back(*length);
  }
  return shape;
}

}  // namespace da3
