// SPDX-License-Identifier: Apache-2.0
// scene.ply (binary, little endian): the points in the world of the extrinsics. Without extrinsics every view
// is a world of its own, and a file: ply/0000.ply.
#include "files.hpp"
#include "formats/formats.hpp"
#include "formats/point_cloud.hpp"

#include <bit>

namespace da3::io {
namespace {

static_assert(std::endian::native == std::endian::little);

/// Normals of a view's surface from its depth, facing the camera, in the world.
class Normals {
 public:
  Normals(const Prediction& p, const PointCloud& cloud) : p_(p), cloud_(cloud) {}

  cv::Vec3f at(const CloudPoint& point) {
    if (point.view != view_) camera_ = cloud_.camera(view_ = point.view);
    const cv::Vec3d centre = local(point.x, point.y);
    const cv::Vec3d along_x = difference(point, 1, 0, centre), along_y = difference(point, 0, 1, centre);
    cv::Vec3d normal = along_y.cross(along_x);
    const double length = cv::norm(normal);
    if (!(length > 0))
      normal = -centre / cv::norm(centre);
    else
      normal /= length;
    if (normal.dot(centre) > 0) normal = -normal;
    const cv::Vec3d world = camera_.rotation * normal;
    return cv::Vec3f(world / cv::norm(world));
  }

 private:
  float depth(int64_t x, int64_t y) const {
    return p_.depth[static_cast<size_t>((view_ * p_.height + y) * p_.width + x)];
  }
  cv::Vec3d local(int64_t x, int64_t y) const {
    return camera_.inverse_k * cv::Vec3d(static_cast<double>(x), static_cast<double>(y), 1) *
           static_cast<double>(depth(x, y));
  }
  /// Between the two neighbours; one of them at a border or beside a pixel without depth.
  cv::Vec3d difference(const CloudPoint& at, int64_t dx, int64_t dy, const cv::Vec3d& centre) const {
    const auto neighbour = [&](int64_t sign) {
      const int64_t x = at.x + sign * dx, y = at.y + sign * dy;
      const bool inside = x >= 0 && y >= 0 && x < p_.width && y < p_.height;
      return inside && depth(x, y) > 0 && std::isfinite(depth(x, y)) ? local(x, y) : centre;
    };
    return neighbour(1) - neighbour(-1);
  }

  const Prediction& p_;
  const PointCloud& cloud_;
  int64_t view_ = -1;
  PointCloud::Camera camera_;
};

std::string head(const ExportJob& job, int64_t points) {
  const bool world = !job.prediction.extrinsics.empty();
  std::string text = "ply\nformat binary_little_endian 1.0\ncomment da3; " +
                     std::string(world ? "world of the extrinsics" : "the camera's own frame") +
                     ", OpenCV axes (x right, y down, z forward)\ncomment unit: " +
                     (job.prediction.is_metric ? "metres" : "that of the depth, see run.json") +
                     "\nelement vertex " + std::to_string(points) +
                     "\nproperty float x\nproperty float y\nproperty float z\n";
  if (job.options.normals) text += "property float nx\nproperty float ny\nproperty float nz\n";
  return text + "property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n";
}

void write_cloud(const ExportJob& job, const PointCloud& cloud, const std::filesystem::path& path) {
  Normals normals(job.prediction, cloud);
  AtomicFile file(path);
  file.write(head(job, cloud.size()));
  cloud.each([&](const CloudPoint& point) {
    file.write(point.position.val, sizeof point.position.val);
    if (job.options.normals) {
      const cv::Vec3f normal = normals.at(point);
      file.write(normal.val, sizeof normal.val);
    }
    file.write(point.colour.data(), point.colour.size());
  });
  file.commit();
  job.written.push_back(path);
}

}  // namespace

void write_ply(const ExportJob& job) {
  const Prediction& p = job.prediction;
  const float threshold = glb_threshold(p, job.options.conf_thresh_percentile);
  const auto cloud_of = [&](int64_t first, int64_t last) {
    PointCloud cloud(p, threshold, job.options.num_max_points, job.options.seed, first, last);
    require_points(cloud, "ply");
    return cloud;
  };
  if (!p.extrinsics.empty()) return write_cloud(job, cloud_of(0, p.views), job.directory / "scene.ply");
  for (int64_t view = 0; view < p.views; ++view)
    write_cloud(job, cloud_of(view, view + 1), view_file(job, "ply", view, ".ply"));
}

}  // namespace da3::io
