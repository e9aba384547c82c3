// SPDX-License-Identifier: Apache-2.0
#include "formats/output_maps.hpp"

#include <da3/error.hpp>
#include <da3/io/export.hpp>
#include <da3/io/image.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace da3::io {
namespace {

/// From the view's pixels to the file's: times scale, after adding what was cut off on the left and above.
struct ToOriginal {
  double scale_x, scale_y, cut_x, cut_y;
};

ToOriginal to_original(const Prediction& p, int64_t view) {
  const auto i = static_cast<size_t>(view);
  const std::array<int64_t, 2> whole =
      p.uncut_sizes.empty() ? std::array{p.height, p.width} : p.uncut_sizes[i];
  const auto [height, width] = p.original_sizes[i];
  return {static_cast<double>(width) / static_cast<double>(whole[1]),
          static_cast<double>(height) / static_cast<double>(whole[0]),
          static_cast<double>((whole[1] - p.width) / 2), static_cast<double>((whole[0] - p.height) / 2)};
}

}  // namespace

std::array<double, 9> original_intrinsics(const Prediction& p, int64_t view) {
  std::array<double, 9> k{};
  for (size_t i = 0; i < 9; ++i) k[i] = p.intrinsics[static_cast<size_t>(view) * 9 + i];
  if (p.original_sizes.empty()) return k;
  const ToOriginal to = to_original(p, view);
  k[2] += to.cut_x, k[5] += to.cut_y;
  for (size_t c = 0; c < 3; ++c) k[c] *= to.scale_x, k[3 + c] *= to.scale_y;
  return k;
}

std::array<double, 2> original_pixel(const Prediction& p, int64_t view, double x, double y) {
  if (p.original_sizes.empty()) return {x, y};
  const ToOriginal to = to_original(p, view);
  return {(x + to.cut_x) * to.scale_x, (y + to.cut_y) * to.scale_y};
}

int64_t OutputMaps::height(int64_t view) const {
  return original_ ? p_.original_sizes[static_cast<size_t>(view)][0] : p_.height;
}

int64_t OutputMaps::width(int64_t view) const {
  return original_ ? p_.original_sizes[static_cast<size_t>(view)][1] : p_.width;
}

bool OutputMaps::one_size() const {
  return !original_ || std::all_of(p_.original_sizes.begin(), p_.original_sizes.end(),
                                   [&](const auto& size) { return size == p_.original_sizes.front(); });
}

std::vector<float> OutputMaps::map(std::span<const float> all, int64_t view) const {
  const auto pixels = static_cast<size_t>(p_.height * p_.width);
  const std::span<const float> mine = all.subspan(static_cast<size_t>(view) * pixels, pixels);
  if (!original_) return {mine.begin(), mine.end()};
  std::vector<float> result(static_cast<size_t>(height(view) * width(view)));
  const cv::Mat from(static_cast<int>(p_.height), static_cast<int>(p_.width), CV_32F,
                     const_cast<float*>(mine.data()));
  cv::Mat to(static_cast<int>(height(view)), static_cast<int>(width(view)), CV_32F, result.data());
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_LINEAR);
  return result;
}

std::vector<uint8_t> OutputMaps::image(int64_t view) const {
  if (original_) {
    const auto& file = p_.files[static_cast<size_t>(view)];
    Image image = read_image(file, p_.exif_rotation);
    if (image.height != height(view) || image.width != width(view))
      throw Error(DA3_E_INVALID,
                  "reading \"" + file.string() + "\" again failed: its size changed meanwhile; run again");
    return std::move(image.rgb);
  }
  const ExportTable& table = export_table();
  const auto bytes = static_cast<size_t>(p_.height * p_.width * 3);
  const std::span<const uint8_t> mine = p_.images.subspan(static_cast<size_t>(view) * bytes, bytes);
  std::vector<uint8_t> result(bytes);
  for (size_t i = 0; i < bytes; ++i) result[i] = table[i % 3][mine[i]];
  return result;
}

std::array<float, 9> OutputMaps::intrinsics(int64_t view) const {
  std::array<float, 9> k{};
  const auto scaled = original_intrinsics(p_, view);
  for (size_t i = 0; i < 9; ++i)
    k[i] = original_ ? static_cast<float>(scaled[i]) : p_.intrinsics[static_cast<size_t>(view) * 9 + i];
  return k;
}

}  // namespace da3::io
