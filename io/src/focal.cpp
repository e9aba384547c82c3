// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/focal.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace da3::io {
namespace {

constexpr float metric_focal = 300;  // pixels, of the network's training

bool is_positive(double value) { return value > 0 && std::isfinite(value); }

}  // namespace

Intrinsics intrinsics_from_focal(double focal_pixels, int64_t height, int64_t width) {
  const auto focal = static_cast<float>(std::min(focal_pixels, 1e30));
  if (!is_positive(focal_pixels) || !(focal > 0) || focal_pixels > 1e30)
    throw Error(DA3_E_BAD_VALUE,
                "a focal length of " + std::to_string(focal_pixels) +
                    " pixels cannot be used: it must be positive; give it in pixels of the original "
                    "picture");
  if (height < 1 || width < 1)
    throw Error(DA3_E_BAD_VALUE, "a picture of " + std::to_string(width) + "x" + std::to_string(height) +
                                     " pixels has no intrinsics: a side is not positive; give its size");
  return {focal, 0, static_cast<float>(width) / 2, 0, focal, static_cast<float>(height) / 2, 0, 0, 1};
}

Intrinsics intrinsics_from_fov(double horizontal_degrees, int64_t height, int64_t width) {
  if (!(horizontal_degrees > 0) || !(horizontal_degrees < 180))
    throw Error(DA3_E_BAD_VALUE,
                "a field of view of " + std::to_string(horizontal_degrees) +
                    " degrees cannot be used: it must be between 0 and 180; give the horizontal one");
  const double half = horizontal_degrees * std::numbers::pi / 360;
  return intrinsics_from_focal(static_cast<double>(width) / 2 / std::tan(half), height, width);
}

void depth_in_metres(std::span<float> depth, int64_t views, int64_t height, int64_t width,
                     std::span<const Intrinsics> processed) {
  const std::string what = "making metres of depth failed: ";
  constexpr int64_t limit = int64_t{1} << 31;
  if (views < 1 || height < 1 || width < 1 || height > limit / width || views > limit / (height * width) ||
      depth.size() != static_cast<size_t>(views * height * width))
    throw Error(DA3_E_SHAPE, what + "depth has " + std::to_string(depth.size()) +
                                 " values, and is said to be " + std::to_string(views) + " views of " +
                                 std::to_string(width) + "x" + std::to_string(height) +
                                 " pixels; give one value for each pixel");
  if (processed.size() != static_cast<size_t>(views))
    throw Error(DA3_E_SHAPE, what + "there are " + std::to_string(views) + " views and " +
                                 std::to_string(processed.size()) + " intrinsics; give one for each view");
  for (size_t view = 0; view < processed.size(); ++view)
    if (!is_positive(processed[view][0]) || !is_positive(processed[view][4]))
      throw Error(DA3_E_BAD_VALUE,
                  what + "the focal length of view " + std::to_string(view + 1) +
                      " is not positive; give its intrinsics in pixels",
                  2, static_cast<int64_t>(view));
  const auto pixels = static_cast<size_t>(height * width);
  for (size_t i = 0; i < depth.size(); ++i) {
    const Intrinsics& k = processed[i / pixels];
    depth[i] *= (k[0] + k[4]) / 2 / metric_focal;
  }
}

}  // namespace da3::io
