// SPDX-License-Identifier: Apache-2.0
// A COLMAP model in the output folder itself (COLMAP's documentation, "Output Format"): a PINHOLE camera for
// each image in pixels of its file, and a point for each pixel that is kept, or for each that several images
// agree on.
#include "files.hpp"
#include "formats/colmap_points.hpp"
#include "formats/formats.hpp"
#include "formats/image_names.hpp"
#include "formats/point_cloud.hpp"
#include "poses.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <deque>

namespace da3::io {
namespace {

static_assert(std::endian::native == std::endian::little);

using Quaternion = std::array<double, 4>;  ///< w x y z

constexpr int32_t pinhole = 1, camera_sensor = 0;

/// Shepperd's method: by the largest of the four, so that nothing is divided by a small number.
Quaternion quaternion_of(const cv::Matx33d& r) {
  const std::array<double, 4> squares{1 + r(0, 0) + r(1, 1) + r(2, 2), 1 + r(0, 0) - r(1, 1) - r(2, 2),
                                      1 - r(0, 0) + r(1, 1) - r(2, 2), 1 - r(0, 0) - r(1, 1) + r(2, 2)};
  const size_t most = static_cast<size_t>(std::max_element(squares.begin(), squares.end()) - squares.begin());
  const double wx = r(2, 1) - r(1, 2), wy = r(0, 2) - r(2, 0), wz = r(1, 0) - r(0, 1);
  const double xy = r(0, 1) + r(1, 0), xz = r(0, 2) + r(2, 0), yz = r(1, 2) + r(2, 1), s = squares[most];
  const std::array<Quaternion, 4> candidates{
      {{s, wx, wy, wz}, {wx, s, xy, xz}, {wy, xy, s, yz}, {wz, xz, yz, s}}};
  Quaternion q = candidates[most];
  double length = 0;
  for (const double value : q) length += value * value;
  const double sign = q[0] < 0 ? -1 : 1;
  for (double& value : q) value *= sign / std::sqrt(length);
  return q;
}

using Files = std::deque<AtomicFile>;  ///< cameras, images, points3D; binary: rigs, frames

struct ModelImage {
  uint32_t id;
  uint64_t width, height;
  std::array<double, 4> parameters;  ///< fx fy cx cy
  Quaternion rotation;
  std::array<double, 3> translation;
  std::string name;
};

using Names = std::vector<std::string>;

ModelImage model_image(const Prediction& p, int64_t view, const Names& names) {
  const auto i = static_cast<size_t>(view);
  const std::array<double, 9> k = original_intrinsics(p, view);
  const cv::Matx34d e = extrinsics_of_view(p, view);
  const bool known = !p.original_sizes.empty();
  ModelImage image;
  image.id = static_cast<uint32_t>(view + 1);
  image.height = static_cast<uint64_t>(known ? p.original_sizes[i][0] : p.height);
  image.width = static_cast<uint64_t>(known ? p.original_sizes[i][1] : p.width);
  image.parameters = {k[0], k[4], k[2], k[5]};
  image.rotation = quaternion_of(nearest_rotation(e.get_minor<3, 3>(0, 0)));
  image.translation = {e(0, 3), e(1, 3), e(2, 3)};
  image.name = names.empty() ? "image_" + std::to_string(view) : names[i];
  return image;
}

void put_pose(AtomicFile& file, const ModelImage& image) {
  file.put(image.rotation);
  file.put(image.translation);
}

/// With the trivial rigs and frames of COLMAP 3.12 and later.
void write_binary_images(const ExportJob& job, const ColmapPoints& points, const Names& names, Files& files) {
  const auto views = static_cast<uint64_t>(job.prediction.views);
  AtomicFile &cameras = files[0], &images = files[1], &rigs = files[3], &frames = files[4];
  for (AtomicFile* file : {&cameras, &images, &rigs, &frames}) file->put(views);
  int64_t begun = -1;
  const auto begin = [&](int64_t view) {
    const ModelImage image = model_image(job.prediction, view, names);
    cameras.put(image.id), cameras.put(pinhole), cameras.put(image.width), cameras.put(image.height);
    cameras.put(image.parameters);
    rigs.put(image.id), rigs.put(uint32_t{1}), rigs.put(camera_sensor), rigs.put(image.id);
    frames.put(image.id), frames.put(image.id);
    put_pose(frames, image);
    frames.put(uint32_t{1}), frames.put(camera_sensor), frames.put(image.id), frames.put(uint64_t{image.id});
    images.put(image.id);
    put_pose(images, image);
    images.put(image.id);
    images.write(image.name.c_str(), image.name.size() + 1);
    images.put(points.size_of(view));
  };
  points.each_observation([&](int64_t view, const std::array<double, 2>& pixel, uint64_t id) {
    while (begun < view) begin(++begun);
    images.put(pixel);
    images.put(id);
  });
  while (begun + 1 < job.prediction.views) begin(++begun);
}

void write_binary_points(AtomicFile& file, const ColmapPoints& points) {
  file.put(points.size());
  points.each_point([&](const ColmapPoint& point) {
    file.put(point.id);
    file.put(point.position);
    file.put(point.colour);
    file.put(point.error);
    file.put(uint64_t{point.track.size()});
    for (const TrackElement& seen : point.track) file.put(seen.view + 1), file.put(seen.index);
  });
}

/// A number as text that reads back as the same number.
std::string exact(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

template <class Values>
std::string words(const Values& values) {
  std::string text;
  for (const double value : values) text.append(" ").append(exact(value));
  return text;
}

void write_text_images(const ExportJob& job, const ColmapPoints& points, const Names& names, Files& files) {
  AtomicFile &cameras = files[0], &images = files[1];
  cameras.write("# CAMERA_ID MODEL WIDTH HEIGHT FX FY CX CY, pixels of the image files\n");
  images.write("# IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME, world-to-camera; then X Y POINT3D_ID ...\n");
  int64_t begun = -1;
  const auto begin = [&](int64_t view) {
    if (view > 0) images.write("\n");
    const ModelImage image = model_image(job.prediction, view, names);
    const std::string id = std::to_string(image.id);
    cameras.write(id + " PINHOLE " + std::to_string(image.width) + " " + std::to_string(image.height) +
                  words(image.parameters) + "\n");
    images.write(id + words(image.rotation) + words(image.translation) + " " + id + " " + image.name + "\n");
  };
  points.each_observation([&](int64_t view, const std::array<double, 2>& pixel, uint64_t id) {
    while (begun < view) begin(++begun);
    images.write(words(pixel) + " " + std::to_string(id));
  });
  while (begun + 1 < job.prediction.views) begin(++begun);
  images.write("\n");
}

void write_text_points(AtomicFile& file, const ColmapPoints& points) {
  file.write("# POINT3D_ID X Y Z R G B ERROR (IMAGE_ID POINT2D_INDEX)..., world of the images' poses\n");
  points.each_point([&](const ColmapPoint& point) {
    std::string line = std::to_string(point.id) + words(point.position);
    for (const uint8_t value : point.colour) line.append(" ").append(std::to_string(value));
    line.append(" ").append(exact(point.error));
    for (const TrackElement& seen : point.track)
      line.append(" ").append(std::to_string(seen.view + 1)).append(" ").append(std::to_string(seen.index));
    file.write(line + "\n");
  });
}

}  // namespace

void write_colmap(const ExportJob& job, bool text) {
  const Prediction& p = job.prediction;
  const float threshold = plain_threshold(p, job.options.conf_thresh_percentile);
  const PointCloud cloud(p, threshold, job.options.num_max_points, job.options.seed, 0, p.views);
  require_points(cloud, "colmap");
  const Names names = image_names(p.files);
  const auto points = job.options.colmap_tracks ? track_points(p, cloud, threshold) : pixel_points(p, cloud);
  if (points->size() == 0)
    throw Error(
        DA3_E_NUMERIC,
        "exporting colmap with tracks failed: there is no point that two views agree on; write it without "
        "--colmap-tracks, or give views that overlap");
  Files files;
  for (const char* name : {"cameras", "images", "points3D", "rigs", "frames"}) {
    if (text && files.size() == 3) break;
    job.written.push_back(job.directory / (std::string(name) + (text ? ".txt" : ".bin")));
    files.emplace_back(job.written.back());
  }
  if (text)
    write_text_images(job, *points, names, files), write_text_points(files[2], *points);
  else
    write_binary_images(job, *points, names, files), write_binary_points(files[2], *points);
  // All or none: a model is one thing.
  for (AtomicFile& file : files) file.close();
  for (AtomicFile& file : files) file.commit();
}

}  // namespace da3::io
