// SPDX-License-Identifier: Apache-2.0
// scene.glb (glTF 2.0, Khronos): the points and a frustum for each camera, in upstream's frame: that of the
// first camera with glTF's axes (x right, y up, z towards the viewer), the points' median in the origin.
#include "files.hpp"
#include "formats/formats.hpp"
#include "formats/point_cloud.hpp"
#include "percentile.hpp"

#include <da3/error.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace da3::io {
namespace {

using Json = nlohmann::ordered_json;
using Corners = std::vector<cv::Vec3f>;

constexpr double camera_size = 0.03;  ///< of the scene's size
constexpr int points_mode = 0, lines_mode = 1, float_type = 5126, byte_type = 5121, vertex_buffer = 34962;
constexpr size_t position_bytes = 12, colour_bytes = 4;

struct Alignment {
  cv::Matx33d rotation;
  cv::Vec3d shift;
  cv::Vec3f operator()(const cv::Vec3d& point) const { return cv::Vec3f(rotation * point + shift); }
};

/// visit(axis value) of every pixel that passes, through `to`.
auto axis_of_all(const PointCloud& cloud, int64_t views, const Alignment& to, int axis) {
  return [&cloud, views, to, axis](auto&& visit) {
    for (int64_t view = 0; view < views; ++view)
      cloud.each_kept(view, [&](const CloudPoint& point) { visit(to(cv::Vec3d(point.position))[axis]); });
  };
}

Alignment align(const PointCloud& cloud, const Prediction& p) {
  const cv::Matx33d to_gltf = cv::Matx33d::diag({1, -1, -1});
  const cv::Matx34d first = extrinsics_of_view(p, 0);
  Alignment to{to_gltf * first.get_minor<3, 3>(0, 0),
               to_gltf * cv::Vec3d(first(0, 3), first(1, 3), first(2, 3))};
  size_t count = 0;
  for (int64_t view = 0; view < p.views; ++view) cloud.each_kept(view, [&](const CloudPoint&) { ++count; });
  cv::Vec3d median;
  for (int axis = 0; axis < 3; ++axis)
    median[axis] = Percentiles(axis_of_all(cloud, p.views, to, axis), count)(50);
  to.shift -= median;
  return to;
}

struct Bounds {
  cv::Vec3f low = cv::Vec3f::all(std::numeric_limits<float>::infinity()), high = -low;
  void add(const cv::Vec3f& v) {
    for (int i = 0; i < 3; ++i) low[i] = std::min(low[i], v[i]), high[i] = std::max(high[i], v[i]);
  }
};

/// Distance of the 5th and the 95th percentile of the chosen points.
double scene_size(const PointCloud& cloud, const Alignment& to) {
  if (cloud.size() < 2) return 1;
  cv::Vec3d diagonal;
  for (int axis = 0; axis < 3; ++axis) {
    const auto each = [&](auto&& visit) {
      cloud.each([&](const CloudPoint& point) { visit(to(cv::Vec3d(point.position))[axis]); });
    };
    const Percentiles percentiles(each, static_cast<size_t>(cloud.size()));
    diagonal[axis] = percentiles(95) - percentiles(5);
  }
  const double size = cv::norm(diagonal);
  return std::isfinite(size) && size > 0 ? size : 1;
}

/// 8 segments: from the centre to the corners, and around them.
Corners frustum(const Prediction& p, int64_t view, double depth, const Alignment& to) {
  const cv::Matx34d e = extrinsics_of_view(p, view);
  const cv::Matx33d rotation = e.get_minor<3, 3>(0, 0).inv(), inverse_k = intrinsics_of_view(p, view).inv();
  const cv::Vec3d centre = -(rotation * cv::Vec3d(e(0, 3), e(1, 3), e(2, 3)));
  const double right = static_cast<double>(p.width - 1), bottom = static_cast<double>(p.height - 1);
  const std::array<cv::Vec3d, 4> pixels{{{0, 0, 1}, {right, 0, 1}, {right, bottom, 1}, {0, bottom, 1}}};
  std::array<cv::Vec3f, 4> corners;
  for (size_t i = 0; i < 4; ++i) corners[i] = to(rotation * ((inverse_k * pixels[i]) * depth) + centre);
  Corners lines;
  for (const cv::Vec3f& corner : corners) lines.insert(lines.end(), {to(centre), corner});
  for (size_t i = 0; i < 4; ++i) lines.insert(lines.end(), {corners[i], corners[(i + 1) % 4]});
  return lines;
}

/// Hues around the circle, saturation 0.85, value 0.95.
std::array<uint8_t, 4> camera_colour(int64_t view, int64_t views) {
  constexpr double saturation = 0.85, value = 0.95;
  const double hue = (static_cast<double>(view) + 0.5) / static_cast<double>(views) * 6;
  const int sector = static_cast<int>(hue);
  const double part = hue - sector, low = value * (1 - saturation), falling = value * (1 - saturation * part),
               rising = value * (1 - saturation * (1 - part));
  const std::array<std::array<double, 3>, 6> sectors{{{value, rising, low},
                                                      {falling, value, low},
                                                      {low, value, rising},
                                                      {low, falling, value},
                                                      {rising, low, value},
                                                      {value, low, falling}}};
  const auto& rgb = sectors[static_cast<size_t>(sector % 6)];
  return {static_cast<uint8_t>(rgb[0] * 255), static_cast<uint8_t>(rgb[1] * 255),
          static_cast<uint8_t>(rgb[2] * 255), 255};
}

/// The JSON chunk. Each mesh has its positions and then its colours in the binary chunk.
class Document {
 public:
  explicit Document(const Alignment& to) {
    Json rows = Json::array();
    for (int i = 0; i < 3; ++i)
      rows.push_back({to.rotation(i, 0), to.rotation(i, 1), to.rotation(i, 2), to.shift[i]});
    rows.push_back({0.0, 0.0, 0.0, 1.0});
    json_ = {{"asset",
              {{"version", "2.0"},
               {"generator", "da3"},
               {"extras",
                {{"frame", "first camera, x right, y up, z towards the viewer; origin: median of the points"},
                 {"hf_alignment", "world of the extrinsics (OpenCV axes) to this file"}}}}},
             {"scene", 0},
             {"scenes", Json::array({{{"nodes", Json::array()}, {"extras", {{"hf_alignment", rows}}}}})},
             {"nodes", Json::array()},
             {"meshes", Json::array()},
             {"materials", Json::array({{{"pbrMetallicRoughness",
                                          {{"baseColorFactor", {1.0, 1.0, 1.0, 1.0}},
                                           {"metallicFactor", 0.0},
                                           {"roughnessFactor", 0.0}}}}})},
             {"accessors", Json::array()},
             {"bufferViews", Json::array()}};
  }

  void add_mesh(int mode, uint64_t vertices, const Bounds& bounds) {
    const std::string name = "geometry_" + std::to_string(json_["meshes"].size());
    const Json low{bounds.low[0], bounds.low[1], bounds.low[2]},
        high{bounds.high[0], bounds.high[1], bounds.high[2]};
    const size_t position = add_accessor(vertices, position_bytes);
    json_["accessors"].push_back({{"bufferView", position},
                                  {"componentType", float_type},
                                  {"count", vertices},
                                  {"type", "VEC3"},
                                  {"min", low},
                                  {"max", high}});
    const size_t colour = add_accessor(vertices, colour_bytes);
    json_["accessors"].push_back({{"bufferView", colour},
                                  {"componentType", byte_type},
                                  {"count", vertices},
                                  {"type", "VEC4"},
                                  {"normalized", true}});
    json_["scenes"][0]["nodes"].push_back(json_["nodes"].size());
    json_["nodes"].push_back({{"name", name}, {"mesh", json_["meshes"].size()}});
    json_["meshes"].push_back(
        {{"name", name},
         {"primitives", Json::array({{{"attributes", {{"POSITION", position}, {"COLOR_0", colour}}},
                                      {"mode", mode},
                                      {"material", 0}}})}});
  }

  uint64_t binary_bytes() const { return bytes_; }

  std::string text() {
    json_["buffers"] = Json::array({{{"byteLength", bytes_}}});
    std::string text = json_.dump();
    text.append((4 - text.size() % 4) % 4, ' ');
    return text;
  }

 private:
  size_t add_accessor(uint64_t vertices, size_t each) {
    const uint64_t length = vertices * each;
    json_["bufferViews"].push_back(
        {{"buffer", 0}, {"byteOffset", bytes_}, {"byteLength", length}, {"target", vertex_buffer}});
    bytes_ += length;
    return json_["bufferViews"].size() - 1;
  }

  Json json_;
  uint64_t bytes_ = 0;
};

void put_head(AtomicFile& file, Document& document) {
  const std::string text = document.text();
  const uint64_t total = 12 + 8 + text.size() + 8 + document.binary_bytes();
  if (total > std::numeric_limits<uint32_t>::max())
    throw Error(DA3_E_SHAPE,
                "exporting glb failed: the file would be larger than 4 GiB, which the format does "
                "not allow; use a smaller --num-max-points, or ply");
  file.write("glTF");
  file.put(uint32_t{2});
  file.put(static_cast<uint32_t>(total));
  file.put(static_cast<uint32_t>(text.size()));
  file.write("JSON");
  file.write(text);
  file.put(static_cast<uint32_t>(document.binary_bytes()));
  file.write(std::string_view("BIN\0", 4));
}

void put_points(AtomicFile& file, const PointCloud& cloud, const Alignment& to) {
  cloud.each([&](const CloudPoint& point) {
    const cv::Vec3f position = to(cv::Vec3d(point.position));
    file.write(position.val, position_bytes);
  });
  cloud.each([&](const CloudPoint& point) {
    const std::array<uint8_t, 4> colour{point.colour[0], point.colour[1], point.colour[2], 255};
    file.write(colour.data(), colour_bytes);
  });
}

}  // namespace

void write_glb(const ExportJob& job) {
  const Prediction& p = job.prediction;
  const PointCloud cloud(p, glb_threshold(p, job.options.conf_thresh_percentile), job.options.num_max_points,
                         job.options.seed, 0, p.views);
  require_points(cloud, "glb");
  const Alignment to = align(cloud, p);
  Bounds bounds;
  cloud.each([&](const CloudPoint& point) { bounds.add(to(cv::Vec3d(point.position))); });
  Document document(to);
  document.add_mesh(points_mode, static_cast<uint64_t>(cloud.size()), bounds);
  std::vector<Corners> cameras;
  if (job.options.show_cameras) {
    const double depth = camera_size * scene_size(cloud, to);
    for (int64_t view = 0; view < p.views; ++view) {
      cameras.push_back(frustum(p, view, depth, to));
      Bounds around;
      for (const cv::Vec3f& corner : cameras.back()) around.add(corner);
      document.add_mesh(lines_mode, cameras.back().size(), around);
    }
  }
  AtomicFile file(job.directory / "scene.glb");
  put_head(file, document);
  put_points(file, cloud, to);
  for (size_t view = 0; view < cameras.size(); ++view) {
    const auto colour = camera_colour(static_cast<int64_t>(view), p.views);
    file.write(cameras[view].data(), cameras[view].size() * position_bytes);
    for (size_t i = 0; i < cameras[view].size(); ++i) file.write(colour.data(), colour_bytes);
  }
  // As upstream: galleries show it for the scene. In the size of the network, as the points.
  AtomicFile picture(job.directory / "scene.jpg");
  const std::vector<uint8_t> jpeg = depth_picture(OutputMaps(p, false), 0, job.options.colormap);
  picture.write(jpeg.data(), jpeg.size());
  file.close();
  picture.close();
  file.commit();
  picture.commit();
  job.written.insert(job.written.end(), {job.directory / "scene.glb", job.directory / "scene.jpg"});
}

}  // namespace da3::io
