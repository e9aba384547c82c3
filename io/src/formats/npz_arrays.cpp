// SPDX-License-Identifier: Apache-2.0
// npz and mini_npz: upstream's keys, types and rounding, and the size before a cut.
#include "formats/formats.hpp"
#include "npz.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace da3::io {
namespace {

void append(std::vector<uint8_t>& bytes, const void* data, size_t size) {
  const size_t at = bytes.size();
  bytes.resize(at + size);
  std::memcpy(bytes.data() + at, data, size);
}

/// numpy.round on float32: to even, scaled in float32.
void append_rounded(std::vector<uint8_t>& bytes, std::vector<float> values, float power) {
  for (float& value : values) value = std::rint(value * power) / power;
  append(bytes, values.data(), values.size() * sizeof(float));
}

/// Whether what intrinsics refer to is less than the picture that the view was made of.
bool is_cut(const ExportJob& job) {
  const Prediction& p = job.prediction;
  const std::array<int64_t, 2> view{p.height, p.width};
  return !job.options.original_size && std::any_of(p.uncut_sizes.begin(), p.uncut_sizes.end(),
                                                   [&](const auto& size) { return size != view; });
}

}  // namespace

void write_npz_arrays(const ExportJob& job, bool mini) {
  const Prediction& p = job.prediction;
  const OutputMaps& maps = job.maps;
  const int64_t height = maps.height(0), width = maps.width(0);
  std::vector<NpzMember> members;
  if (!mini)
    members.push_back({"image", "|u1", {p.views, height, width, 3}, [&](int64_t view, auto& bytes) {
                         bytes = maps.image(view);
                       }});
  members.push_back({"depth", "<f4", {p.views, height, width}, [&maps, mini](int64_t view, auto& bytes) {
                       append_rounded(bytes, maps.depth(view), mini ? 1e8f : 1e6f);
                     }});
  if (!p.confidence.empty())
    members.push_back({"conf", "<f4", {p.views, height, width}, [&](int64_t view, auto& bytes) {
                         append_rounded(bytes, maps.confidence(view), 1e2f);
                       }});
  if (!p.extrinsics.empty())
    members.push_back({"extrinsics", "<f4", {p.views, 3, 4}, [&](int64_t view, auto& bytes) {
                         append(bytes, &p.extrinsics[static_cast<size_t>(view) * 12], 12 * sizeof(float));
                       }});
  if (!p.intrinsics.empty())
    members.push_back({"intrinsics", "<f4", {p.views, 3, 3}, [&](int64_t view, auto& bytes) {
                         const auto k = maps.intrinsics(view);
                         append(bytes, k.data(), sizeof k);
                       }});
  if (!p.intrinsics.empty() && is_cut(job))  // upstream's readers do not ask for it
    members.push_back(
        {"uncut_sizes", "<f8", {p.views, 2}, [&p](int64_t view, auto& bytes) {
           const auto [rows, columns] = p.uncut_sizes[static_cast<size_t>(view)];
           const std::array<double, 2> size{static_cast<double>(rows), static_cast<double>(columns)};
           append(bytes, size.data(), sizeof size);
         }});
  const auto file = job.directory / "exports" / (mini ? "mini_npz" : "npz") / "results.npz";
  write_npz(file, members);
  job.written.push_back(file);
}

}  // namespace da3::io
