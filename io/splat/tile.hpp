// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "picture.hpp"
#include "project.hpp"

namespace da3::splat {

inline constexpr int32_t tile_side = 16;

/// 16 x 16 pixels in the making, front to back.
class Tile {
 public:
  Tile() = default;
  Tile(int32_t left, int32_t top) : left_(left), top_(top) {}

  /// Draws splats, nearest first; `order` are their indexes.
  void draw(std::span<const Splat> splats, std::span<const uint32_t> order);

  /// Nothing more would be seen.
  bool is_full() const { return full_; }

  void copy_to(Picture& picture) const;

 private:
  static constexpr size_t pixels = static_cast<size_t>(tile_side) * tile_side;
  using Plane = std::array<float, pixels>;

  void draw(const Splat& splat);

  int32_t left_ = 0, top_ = 0;
  bool full_ = false;
  /// Light that comes through; 0 once it is too little to go on.
  alignas(16) Plane through_ = [] {
    Plane plane;
    plane.fill(1);
    return plane;
  }();
  alignas(16) Plane red_{}, green_{}, blue_{}, depth_{}, alpha_{};
};

/// Which splats each tile has to draw.
struct TileLists {
  std::vector<size_t> starts;     ///< by tile, and one more
  std::vector<uint32_t> entries;  ///< indexes of splats, in their order
};

/// Lists of the splats [begin, end) for tiles that are not full, where end is at most splats.size() and as
/// far as `most` entries go, but past begin. Returns end.
size_t fill_lists(std::span<const Splat> splats, size_t begin, const std::vector<Tile>& tiles,
                  int32_t columns, size_t most, TileLists& lists);

}  // namespace da3::splat
