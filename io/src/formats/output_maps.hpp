// SPDX-License-Identifier: Apache-2.0
// A prediction's maps in the size they are written in, one view at a time.
#pragma once

#include <da3/io/prediction.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace da3::io {

class OutputMaps {
 public:
  /// original: in the size of the image files; maps are interpolated linearly, images are read again.
  OutputMaps(const Prediction& prediction, bool original) : p_(prediction), original_(original) {}

  int64_t height(int64_t view) const;
  int64_t width(int64_t view) const;
  bool one_size() const;

  std::vector<float> depth(int64_t view) const { return map(p_.depth, view); }
  std::vector<float> confidence(int64_t view) const { return map(p_.confidence, view); }
  /// RGB, as upstream exports it where the size is the processed one.
  std::vector<uint8_t> image(int64_t view) const;
  /// In pixels of this size.
  std::array<float, 9> intrinsics(int64_t view) const;

 private:
  std::vector<float> map(std::span<const float> all, int64_t view) const;

  const Prediction& p_;
  bool original_;
};

/// Intrinsics of a view in pixels of its image file: scaled and, where the view was cut out, moved.
std::array<double, 9> original_intrinsics(const Prediction& prediction, int64_t view);

/// A pixel of the view in pixels of its image file.
std::array<double, 2> original_pixel(const Prediction& prediction, int64_t view, double x, double y);

}  // namespace da3::io
