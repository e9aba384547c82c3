// SPDX-License-Identifier: Apache-2.0
// gs_video/0000_<trajectory>.mp4: a flight through the gaussians of a scene, colours and depth beside each
// other, 24 pictures a second. Rendered and encoded one by one: only one is in memory.
#include "colour_maps.hpp"
#include "formats/depth_scale.hpp"
#include "formats/video_out.hpp"

#include <da3/io/settings.hpp>

#include <camera_path.hpp>
#include <renderer.hpp>

#include <algorithm>

namespace da3::io {
namespace {

constexpr double frames_a_second = 24;
constexpr int64_t gap = 8;  ///< white, between colours and depth

using splat::Camera;
using splat::Picture;

std::vector<Camera> cameras_of(const Prediction& p) {
  const auto extrinsics = p.gaussians.extrinsics.empty() ? p.extrinsics : p.gaussians.extrinsics;
  std::vector<Camera> cameras(static_cast<size_t>(p.views));
  for (size_t i = 0; i < cameras.size(); ++i) {
    const float *e = &extrinsics[i * 12], *k = &p.intrinsics[i * 9];
    for (size_t row = 0; row < 3; ++row) {
      cameras[i].rotation[row] = {e[row * 4], e[row * 4 + 1], e[row * 4 + 2]};
      cameras[i].translation[row] = e[row * 4 + 3];
    }
    cameras[i].fx = k[0], cameras[i].fy = k[4], cameras[i].cx = k[2], cameras[i].cy = k[5];
  }
  return cameras;
}

/// Of one view there is no way to another.
std::string trajectory_of(const Prediction& p, const ExportOptions& options) {
  return p.views == 1 && options.gs_trajectory != "dolly_zoom" ? "wander" : options.gs_trajectory;
}

uint8_t byte(float value) { return static_cast<uint8_t>(std::clamp(value, 0.0f, 1.0f) * 255); }

/// Colours and depth as one picture: RGB.
class Layout {
 public:
  Layout(const std::string& how, int64_t height, int64_t width)
      : height_(height), width_(width), beside_(how == "hcat"), below_(how == "vcat") {
    rgb_.assign(static_cast<size_t>(whole_height() * whole_width() * 3), 255);
  }

  int64_t whole_height() const { return below_ ? 2 * height_ + gap : height_; }
  int64_t whole_width() const { return beside_ ? 2 * width_ + gap : width_; }
  bool has_depth() const { return beside_ || below_; }

  const std::vector<uint8_t>& fill(const Picture& picture, const DepthScale& scale, const ColourMap& map) {
    for (int64_t y = 0; y < height_; ++y)
      for (int64_t x = 0; x < width_; ++x) {
        const auto from = static_cast<size_t>(y * width_ + x);
        uint8_t* to = at(y, x);
        for (size_t c = 0; c < 3; ++c) to[c] = byte(picture.colour[from * 3 + c]);
        if (!has_depth()) continue;
        const auto colour = scale.colour(picture.depth[from], map);
        std::copy(colour.begin(), colour.end(), beside_ ? at(y, x + width_ + gap) : at(y + height_ + gap, x));
      }
    return rgb_;
  }

 private:
  uint8_t* at(int64_t y, int64_t x) { return &rgb_[static_cast<size_t>((y * whole_width() + x) * 3)]; }

  int64_t height_, width_;
  bool beside_, below_;
  std::vector<uint8_t> rgb_;
};

/// The renderer, with what a run wants to know of it.
class Flight {
 public:
  Flight(const ExportJob& job, std::vector<Camera> path)
      : job_(job), path_(std::move(path)), renderer_(job.prediction.gaussians, job.options.threads) {}

  size_t frames() const { return path_.size(); }
  void expect(size_t pictures) { total_ = pictures; }

  const Picture& render(size_t frame) {
    const auto& watch = job_.options.watch;
    if (watch.progress) watch.progress(done_, total_, "rendering gaussians");
    const Prediction& p = job_.prediction;
    if (!renderer_.render(path_[frame], static_cast<int32_t>(p.width), static_cast<int32_t>(p.height),
                          watch.should_cancel, picture_))
      check_cancelled(job_, "gs_video");
    ++done_;
    return picture_;
  }

 private:
  const ExportJob& job_;
  std::vector<Camera> path_;
  splat::Renderer renderer_;
  Picture picture_;
  size_t done_ = 0, total_ = 0;
};

/// Every eighth picture, and of a long flight as many: colours of depth must not change on the way, and
/// nothing is known of it before.
DepthScale look_ahead(Flight& flight, size_t pictures_ahead) {
  DepthSamples samples(pictures_ahead);
  for (size_t i = 0; i < pictures_ahead; ++i)
    samples.add(flight.render(i * flight.frames() / pictures_ahead).depth);
  return samples.scale();
}

}  // namespace

void check_gs_video(const Prediction& p, const ExportOptions& options) {
  const std::string what = "exporting gs_video failed: ";
  if (std::none_of(gs_depths.begin(), gs_depths.end(),
                   [&](const Choice& choice) { return choice.name == options.gs_depth; }))
    throw Error(DA3_E_BAD_VALUE,
                what + "depth \"" + options.gs_depth + "\" is no place for it; use hcat, vcat or none");
  const size_t harmonics = p.gaussians.harmonics.size() / p.gaussians.means.size();
  if (constexpr std::array<size_t, 5> known{1, 4, 9, 16, 25};
      std::find(known.begin(), known.end(), harmonics) == known.end())
    throw Error(DA3_E_UNSUPPORTED, what + "colours of " + std::to_string(harmonics) +
                                       " harmonics are not of degree 0 to 4; use gs_ply");
  splat::camera_path(trajectory_of(p, options), cameras_of(p));
  if (!options.video_library)
    throw Error(DA3_E_UNSUPPORTED, what + "there is no library that writes videos; use gs_ply");
  options.video_library();
}

void write_gs_video(const ExportJob& job) {
  constexpr size_t each = 8, most_ahead = 64;
  const Prediction& p = job.prediction;
  const std::string trajectory = trajectory_of(p, job.options);
  Flight flight(job, splat::camera_path(trajectory, cameras_of(p)));
  Layout layout(job.options.gs_depth, p.height, p.width);
  const auto file = job.directory / "gs_video" / ("0000_" + trajectory + ".mp4");
  const auto video =
      video_out(job, "gs_video", file, {layout.whole_height(), layout.whole_width(), frames_a_second});
  const size_t ahead = layout.has_depth() ? std::min((flight.frames() + each - 1) / each, most_ahead) : 0;
  flight.expect(ahead + flight.frames());
  const DepthScale scale = look_ahead(flight, ahead);
  const ColourMap& map = colour_map(job.options.colormap);
  for (size_t frame = 0; frame < flight.frames(); ++frame)
    video->write(layout.fill(flight.render(frame), scale, map));
  video->commit();
  job.written.push_back(file);
}

}  // namespace da3::io
