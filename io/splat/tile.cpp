// SPDX-License-Identifier: Apache-2.0
#include "tile.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace da3::splat {
namespace {

constexpr float most_alpha = 0.999f;
constexpr float least_light = 1e-4f;
constexpr size_t lanes = 4;

typedef float Floats __attribute__((vector_size(lanes * sizeof(float))));
typedef int32_t Ints __attribute__((vector_size(lanes * sizeof(int32_t))));

Floats load(const float* from) {
  Floats values;
  std::memcpy(&values, from, sizeof values);
  return values;
}
void store(float* to, const Floats& values) { std::memcpy(to, &values, sizeof values); }

/// Values where the mask is all ones, else 0.
Floats where(const Ints& mask, const Floats& values) {
  return std::bit_cast<Floats>(mask & std::bit_cast<Ints>(values));
}

/// e^x for x in [-80, 0], within 3e-7 of it: 2^n by the exponent's bits, the rest by a polynomial.
Floats exponential(const Floats& x) {
  const Floats scaled = x * 1.44269504f;
  const Ints whole = __builtin_convertvector(scaled - 0.5f, Ints);
  const Floats rest = scaled - __builtin_convertvector(whole, Floats);
  Floats sum = 1.5403530e-4f * rest + 1.3333558e-3f;
  sum = sum * rest + 9.6181291e-3f;
  sum = sum * rest + 5.5504109e-2f;
  sum = sum * rest + 2.4022651e-1f;
  sum = sum * rest + 6.9314718e-1f;
  sum = sum * rest + 1.0f;
  return sum * std::bit_cast<Floats>((whole + 127) << 23);
}

struct TileRange {
  int32_t left, top, right, bottom;
};
TileRange tiles_of(const Splat& splat) {
  return {splat.left / tile_side, splat.top / tile_side, splat.right / tile_side, splat.bottom / tile_side};
}

template <class Visit>
void each_open_tile(const Splat& splat, const std::vector<Tile>& tiles, int32_t columns, Visit&& visit) {
  const TileRange range = tiles_of(splat);
  for (int32_t row = range.top; row <= range.bottom; ++row)
    for (int32_t column = range.left; column <= range.right; ++column) {
      const auto tile = static_cast<size_t>(row * columns + column);
      if (!tiles[tile].is_full()) visit(tile);
    }
}

}  // namespace

void Tile::draw(std::span<const Splat> splats, std::span<const uint32_t> order) {
  constexpr size_t between_looks = 32;
  for (size_t i = 0; i < order.size(); ++i) {
    draw(splats[order[i]]);
    if (i % between_looks != between_looks - 1 && i + 1 != order.size()) continue;
    full_ = std::all_of(through_.begin(), through_.end(), [](float light) { return light == 0; });
    if (full_) return;
  }
}

void Tile::draw(const Splat& splat) {
  static constexpr Floats steps{0, 1, 2, 3};
  const auto first = static_cast<size_t>(std::max(splat.left - left_, 0)) / lanes;
  const auto last = static_cast<size_t>(std::min(splat.right - left_, tile_side - 1)) / lanes;
  const int32_t top = std::max(splat.top - top_, 0), bottom = std::min(splat.bottom - top_, tile_side - 1);
  for (int32_t row = top; row <= bottom; ++row) {
    const float dy = static_cast<float>(top_ + row) + 0.5f - splat.y;
    const float down = 0.5f * splat.c * dy * dy, slant = splat.b * dy;
    for (size_t group = first; group <= last; ++group) {
      const size_t at = static_cast<size_t>(row) * tile_side + group * lanes;
      const Floats dx =
          steps + (static_cast<float>(left_) + static_cast<float>(group * lanes) + 0.5f - splat.x);
      const Floats power = dx * (0.5f * splat.a * dx + slant) + down;  // 0 and above but for rounding
      const Ints near = (power < 80.0f) & (power >= -1e-3f);
      Floats alpha = splat.opacity * exponential(-where(near, power));
      const Ints solid = alpha > most_alpha;
      alpha = where(~solid, alpha) + where(solid, Floats{} + most_alpha);
      const Ints seen = near & (alpha >= static_cast<float>(least_alpha));
      alpha = where(seen, alpha);
      const Floats light = load(&through_[at]);
      const Floats left_over = light * (1 - alpha);
      const Ints goes_on = left_over > least_light;
      const Floats weight = where(goes_on, alpha * light);
      store(&through_[at], where(goes_on, left_over));
      store(&red_[at], load(&red_[at]) + weight * splat.colour[0]);
      store(&green_[at], load(&green_[at]) + weight * splat.colour[1]);
      store(&blue_[at], load(&blue_[at]) + weight * splat.colour[2]);
      store(&depth_[at], load(&depth_[at]) + weight * splat.depth);
      store(&alpha_[at], load(&alpha_[at]) + weight);
    }
  }
}

void Tile::copy_to(Picture& picture) const {
  const int32_t bottom = std::min(tile_side, picture.height - top_);
  const int32_t right = std::min(tile_side, picture.width - left_);
  for (int32_t y = 0; y < bottom; ++y)
    for (int32_t x = 0; x < right; ++x) {
      const auto from = static_cast<size_t>(y * tile_side + x);
      const size_t to =
          static_cast<size_t>(top_ + y) * static_cast<size_t>(picture.width) + static_cast<size_t>(left_ + x);
      picture.colour[to * 3] = red_[from];
      picture.colour[to * 3 + 1] = green_[from];
      picture.colour[to * 3 + 2] = blue_[from];
      picture.alpha[to] = alpha_[from];
      picture.depth[to] = alpha_[from] > 0 ? depth_[from] / alpha_[from] : 0;
    }
}

size_t fill_lists(std::span<const Splat> splats, size_t begin, const std::vector<Tile>& tiles,
                  int32_t columns, size_t most, TileLists& lists) {
  lists.starts.assign(tiles.size() + 1, 0);
  size_t end = begin;
  for (size_t entries = 0; end < splats.size(); ++end) {
    size_t added = 0;
    each_open_tile(splats[end], tiles, columns, [&](size_t) { ++added; });
    if (end > begin && entries + added > most) break;
    entries += added;
    each_open_tile(splats[end], tiles, columns, [&](size_t tile) { ++lists.starts[tile + 1]; });
  }
  for (size_t tile = 0; tile < tiles.size(); ++tile) lists.starts[tile + 1] += lists.starts[tile];
  lists.entries.resize(lists.starts.back());
  std::vector<size_t> next(lists.starts.begin(), lists.starts.end() - 1);
  for (size_t i = begin; i < end; ++i)
    each_open_tile(splats[i], tiles, columns,
                   [&](size_t tile) { lists.entries[next[tile]++] = static_cast<uint32_t>(i); });
  return end;
}

}  // namespace da3::splat
