// SPDX-License-Identifier: Apache-2.0
// Trajectories as the TUM RGB-D benchmark writes them: "timestamp tx ty tz qx qy qz qw" on each line, the
// camera's place and rotation in the world.
#include "camera_readers.hpp"
#include "files.hpp"

#include <da3/error.hpp>

#include <cmath>
#include <locale>
#include <optional>
#include <sstream>
#include <string_view>

namespace da3::io {
namespace {

constexpr size_t max_line = 4096;
constexpr uint64_t max_bytes = uint64_t{max_cameras} * 256;  // eight numbers of full length, and comments
using Row = std::array<double, 8>;

std::optional<Row> parse_row(std::string_view line) {
  std::istringstream fields{std::string(line)};
  fields.imbue(std::locale::classic());
  Row row{};
  for (double& value : row)
    if (!(fields >> value)) return std::nullopt;
  fields >> std::ws;
  return fields.eof() ? std::optional(row) : std::nullopt;
}

bool is_comment(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t\r");
  return first == line.npos || line[first] == '#';
}

/// The inverse of a camera's place in the world.
std::optional<std::array<double, 16>> world_to_camera(const Row& row) {
  const double length = std::hypot(std::hypot(row[4], row[5]), std::hypot(row[6], row[7]));
  if (!std::isfinite(length) || length < 1e-12) return std::nullopt;
  const double x = row[4] / length, y = row[5] / length, z = row[6] / length, w = row[7] / length;
  const double rotation[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - w * z),     2 * (x * z + w * y),
                              2 * (x * y + w * z),     1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                              2 * (x * z - w * y),     2 * (y * z + w * x),     1 - 2 * (x * x + y * y)};
  std::array<double, 16> matrix{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) {
      matrix[4 * i + j] = rotation[3 * j + i];
      matrix[4 * i + 3] -= rotation[3 * j + i] * row[1 + j];
    }
  matrix[15] = 1;
  return matrix;
}

}  // namespace

bool looks_like_tum(std::string_view begin) {
  while (!begin.empty()) {
    const size_t end = begin.find('\n');
    const std::string_view line = begin.substr(0, end);
    if (!is_comment(line))
      return end != begin.npos || begin.size() < 200 ? parse_row(line).has_value() : false;
    if (end == begin.npos) return false;
    begin.remove_prefix(end + 1);
  }
  return false;
}

RawCameras read_tum_cameras(const std::filesystem::path& file, const std::string& what) {
  const std::vector<uint8_t> bytes =
      read_file(file, what, [](const auto&, const auto&) { return max_bytes; });
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  RawCameras cameras;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (is_comment(line)) continue;
    const auto row = line.size() > max_line ? std::nullopt : parse_row(line);
    const auto matrix = row ? world_to_camera(*row) : std::nullopt;
    if (!matrix)
      throw Error(DA3_E_INVALID, what + " failed: line " + std::to_string(number) +
                                     (row ? " has no rotation: its quaternion is zero or not finite"
                                          : " is not \"timestamp tx ty tz qx qy qz qw\"") +
                                     "; correct it there");
    cameras.extrinsics.push_back(*matrix);
    check_camera_count(cameras.extrinsics.size(), what);
  }
  return cameras;
}

}  // namespace da3::io
