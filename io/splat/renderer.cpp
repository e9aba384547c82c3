// SPDX-License-Identifier: Apache-2.0
#include "renderer.hpp"

#include <algorithm>
#include <bit>

#include "sort_by_depth.hpp"
#include "tile.hpp"

namespace da3::splat {
namespace {

constexpr size_t at_a_time = 16384;               ///< gaussians between two rounds of compositing
constexpr size_t most_entries = size_t{4} << 20;  ///< of the tiles' lists
constexpr size_t ahead = 8;                       ///< gaussians that are fetched before they are needed
constexpr size_t a_job = 1024;                    ///< gaussians
constexpr size_t a_part = size_t{1} << 16;        ///< gaussians that one thread looks at in one go

}  // namespace

struct Renderer::State {
  std::vector<Seen> seen, scratch;
  std::vector<Splat> splats;
  std::vector<uint8_t> shown;
  std::vector<Tile> tiles;
  std::vector<size_t> found;  ///< by part
  TileLists lists;
  int32_t columns = 0;
};

Renderer::Renderer(const io::Gaussians& gaussians, int threads)
    : gaussians_(gaussians), workers_(threads), state_(std::make_unique<State>()) {}

Renderer::~Renderer() = default;

/// In the order of the gaussians, whichever thread looks at them.
void Renderer::find_seen(const View& view) {
  const size_t count = gaussians_.opacities.size(), parts = (count + a_part - 1) / a_part;
  std::vector<Seen>& seen = state_->seen;
  seen.resize(count);
  state_->found.assign(parts, 0);
  workers_.run(parts, [&](size_t part) {
    size_t to = part * a_part;
    for (size_t i = to, end = std::min(count, to + a_part); i < end; ++i)
      if (const auto depth = depth_if_seen(gaussians_, i, view))
        seen[to++] = {std::bit_cast<uint32_t>(*depth), static_cast<uint32_t>(i)};
    state_->found[part] = to - part * a_part;
  });
  auto end = seen.begin();
  for (size_t part = 0; part < parts; ++part) {
    const auto from = seen.begin() + static_cast<std::ptrdiff_t>(part * a_part);
    end = std::move(from, from + static_cast<std::ptrdiff_t>(state_->found[part]), end);
  }
  seen.erase(end, seen.end());
  sort_by_depth(seen, state_->scratch);
}

/// Splats of the next gaussians. Those that only full tiles would show are left out before their colour is
/// worked out.
size_t Renderer::project_some(const View& view, size_t begin) {
  State& state = *state_;
  const size_t end = std::min(state.seen.size(), begin + at_a_time);
  state.splats.resize(end - begin);
  state.shown.assign(end - begin, 0);
  const auto in_the_open = [&](const Splat& splat) {
    for (int32_t row = splat.top / tile_side; row <= splat.bottom / tile_side; ++row)
      for (int32_t column = splat.left / tile_side; column <= splat.right / tile_side; ++column)
        if (!state.tiles[static_cast<size_t>(row * state.columns + column)].is_full()) return true;
    return false;
  };
  workers_.run((end - begin + a_job - 1) / a_job, [&](size_t job) {
    for (size_t i = job * a_job; i < std::min(end - begin, (job + 1) * a_job); ++i) {
      if (begin + i + ahead < state.seen.size()) prefetch(gaussians_, state.seen[begin + i + ahead].index);
      const size_t which = state.seen[begin + i].index;
      const auto splat = project(gaussians_, which, view);
      if (!splat || !in_the_open(*splat)) continue;
      state.splats[i] = *splat;
      state.splats[i].colour = colour_of(gaussians_, which, view);
      state.shown[i] = 1;
    }
  });
  size_t kept = 0;
  for (size_t i = 0; i < end - begin; ++i)
    if (state.shown[i] != 0) state.splats[kept++] = state.splats[i];
  state.splats.resize(kept);
  return end;
}

bool Renderer::all_full() const {
  return std::all_of(state_->tiles.begin(), state_->tiles.end(),
                     [](const Tile& tile) { return tile.is_full(); });
}

bool Renderer::render(const Camera& camera, int32_t width, int32_t height,
                      const std::function<bool()>& should_stop, Picture& picture) {
  const View view(camera, width, height);
  State& state = *state_;
  state.columns = (width + tile_side - 1) / tile_side;
  state.tiles.clear();
  for (int32_t top = 0; top < height; top += tile_side)
    for (int32_t left = 0; left < width; left += tile_side) state.tiles.emplace_back(left, top);
  const auto stopped = [&] { return should_stop && should_stop(); };
  if (stopped()) return false;
  find_seen(view);
  for (size_t begin = 0; begin < state.seen.size() && !all_full();) {
    begin = project_some(view, begin);
    for (size_t from = 0; from < state.splats.size();) {
      if (stopped()) return false;
      from = fill_lists(state.splats, from, state.tiles, state.columns, most_entries, state.lists);
      workers_.run(state.tiles.size(), [&](size_t tile) {
        const size_t first = state.lists.starts[tile], last = state.lists.starts[tile + 1];
        if (first != last)
          state.tiles[tile].draw(state.splats, {state.lists.entries.data() + first, last - first});
      });
    }
  }
  const auto pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
  picture.width = width, picture.height = height;
  picture.colour.resize(pixels * 3), picture.depth.resize(pixels), picture.alpha.resize(pixels);
  workers_.run(state.tiles.size(), [&](size_t tile) { state.tiles[tile].copy_to(picture); });
  return true;
}

}  // namespace da3::splat
