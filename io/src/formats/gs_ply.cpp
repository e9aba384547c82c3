// SPDX-License-Identifier: Apache-2.0
// gs_ply/0000.ply: 3D gaussians as viewers of 3D Gaussian Splatting read them (Kerbl et al. 2023): logarithms
// of scales, opacities before the sigmoid, band 0 of the harmonics. Which gaussians: upstream's choice.
#include "files.hpp"
#include "formats/formats.hpp"
#include "percentile.hpp"

#include <array>
#include <bit>

namespace da3::io {
namespace {

static_assert(std::endian::native == std::endian::little);

/// Upstream leaves out a border and what is farther than nine tenths of the view.
struct Keep {
  int64_t border_y, border_x;
  std::vector<float> farthest;  ///< of each view

  explicit Keep(const Prediction& p) : border_y(p.height * 8 / 256), border_x(p.width * 8 / 256) {
    const auto pixels = static_cast<size_t>(p.height * p.width);
    for (int64_t view = 0; view < p.views; ++view) {
      const auto each = [depth = p.depth.subspan(static_cast<size_t>(view) * pixels, pixels)](auto&& visit) {
        for (const float value : depth)
          if (!std::isnan(value)) visit(value);
      };
      size_t count = 0;
      each([&](float) { ++count; });
      farthest.push_back(count == 0 ? 0 : static_cast<float>(Percentiles(each, count)(90)));
    }
  }

  template <class Visit>
  void each(const Prediction& p, Visit&& visit) const {
    for (int64_t view = 0; view < p.views; ++view)
      for (int64_t y = border_y; y < p.height - border_y; ++y)
        for (int64_t x = border_x; x < p.width - border_x; ++x) {
          const auto i = static_cast<size_t>((view * p.height + y) * p.width + x);
          if (p.depth[i] <= farthest[static_cast<size_t>(view)]) visit(i);
        }
  }
};

std::string head(uint64_t count) {
  std::string text =
      "ply\nformat binary_little_endian 1.0\ncomment da3; world of the network, OpenCV axes\nelement "
      "vertex " +
      std::to_string(count) + "\n";
  for (const char* name : {"x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity",
                           "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"})
    text.append("property float ").append(name).append("\n");
  return text + "end_header\n";
}

/// One vertex: 17 numbers in the order of the head.
std::array<float, 17> row(const Gaussians& g, size_t i) {
  const size_t coefficients = g.harmonics.size() / g.means.size();
  std::array<float, 17> values{};
  for (size_t c = 0; c < 3; ++c) {
    values[c] = g.means[i * 3 + c];
    values[6 + c] = g.harmonics[(i * 3 + c) * coefficients];
    values[10 + c] = std::log(g.scales[i * 3 + c]);
  }
  values[9] = std::log(g.opacities[i] / (1 - g.opacities[i]));
  for (size_t c = 0; c < 4; ++c) values[13 + c] = g.rotations[i * 4 + c];
  return values;
}

}  // namespace

void write_gs_ply(const ExportJob& job) {
  const Prediction& p = job.prediction;
  const Keep keep(p);
  uint64_t count = 0;
  keep.each(p, [&](size_t) { ++count; });
  const auto path = job.directory / "gs_ply" / "0000.ply";
  AtomicFile file(path);
  file.write(head(count));
  keep.each(p, [&](size_t i) { file.put(row(p.gaussians, i)); });
  file.commit();
  job.written.push_back(path);
}

}  // namespace da3::io
