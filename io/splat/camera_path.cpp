// SPDX-License-Identifier: Apache-2.0
#include "camera_path.hpp"

#include <algorithm>
#include <cmath>
#include <da3/error.hpp>
#include <numbers>
#include <string>

namespace da3::splat {
namespace {

using Path = std::vector<PathPoint>;

constexpr double tau = 2 * std::numbers::pi;
constexpr size_t frames_a_second = 24;
constexpr size_t usual_step = 8, least_frames = 2 * frames_a_second, most_frames = 18 * frames_a_second,
                 frames_of_many = 10 * frames_a_second;

/// Share of the way after frame i of `count`.
double share(size_t i, size_t count) { return static_cast<double>(i) / static_cast<double>(count - 1); }

PathPoint moved(const PathPoint& point, const Vec3& in_camera) {
  PathPoint result = point;
  result.centre = point.centre + point.rotation * in_camera;
  return result;
}

/// An ellipse about the camera: 24 pixels to each side for what is one unit away. Begins and ends at rest.
Path wander(const PathPoint& at, size_t frames) {
  constexpr double pixels = 24;
  const double radius = pixels / at.fx;
  Path path{at};
  for (size_t i = 0; i < frames; ++i) {
    const double angle = tau * share(i, frames);
    const double side = radius * std::sin(angle), rest = radius * std::cos(angle) / 3;
    path.push_back(moved(at, {-side, -rest, -rest}));
  }
  path.push_back(at);
  return path;
}

/// Back and forth, with a focal length that shrinks on the way back as upstream's does.
Path dolly_zoom(const PathPoint& at, size_t frames, double farthest, double focus) {
  Path path;
  for (size_t i = 0; i < frames; ++i) {
    const double back = 0.5 * (1 - std::cos(tau * share(i, frames))) * farthest;
    PathPoint point = moved(at, {0, 0, -back});
    point.fx *= focus / (focus + back), point.fy *= focus / (focus + back);
    path.push_back(point);
  }
  return path;
}

Path from_view_to_view(const Path& views) {
  const size_t ways = views.size() - 1;
  size_t step = usual_step;
  if (ways * usual_step > most_frames) step = std::max<size_t>(1, frames_of_many / ways);
  if (ways * usual_step < least_frames) step = std::max<size_t>(1, least_frames / ways);
  if (step <= 2) return views;
  Path path;
  for (size_t i = 0; i < ways; ++i) {
    const Path way = between(views[i], views[i + 1], step, true);
    path.insert(path.end(), way.begin() + (i > 0), way.end());
  }
  return path;
}

/// Circles of half the distance to the third next view.
Path wobble(const Path& views) {
  constexpr size_t skip = 3, frames = 10 * skip;
  Path path;
  double before = 0;
  for (size_t i = 0; i + skip < views.size(); i += skip) {
    const Vec3 apart = views[i].centre - views[i + skip].centre;
    double distance = std::sqrt(dot(apart, apart));
    if (i > 0) distance = (before + distance) / 2;
    before = distance;
    const Path way = between(views[i], views[i + skip], frames, false);
    for (size_t k = i > 0; k < frames; ++k) {
      const double angle = tau * share(k, frames), radius = 0.5 * distance;
      path.push_back(moved(way[k], {std::sin(angle) * radius, -std::cos(angle) * radius, 0}));
    }
  }
  return path;
}

Path extended(Path path) {
  const size_t middle = path.size() / 2;
  const size_t frames = std::clamp<size_t>(middle / 2, 36, 60);
  const PathPoint at = path[middle];
  Path inserted = wander(at, frames);
  const Path zoom = dolly_zoom(at, frames, 0.1, 10);
  inserted.insert(inserted.end(), zoom.begin(), zoom.end());
  path.insert(path.begin() + static_cast<std::ptrdiff_t>(middle), inserted.begin(), inserted.end());
  return path;
}

Path path_of(std::string_view name, const Path& views) {
  if (name == "wander") return wander(views.front(), 120);
  if (name == "dolly_zoom") return dolly_zoom(views.front(), 120, 2, 30);
  if (name == "original") return views;
  if (name == "smooth") return smoothed(views);
  if (name == "interpolate") return from_view_to_view(views);
  if (name == "interpolate_smooth") return smoothed(from_view_to_view(views));
  if (name == "wobble_inter") return wobble(views);
  if (name == "extend") return extended(smoothed(from_view_to_view(views)));
  throw Error(DA3_E_BAD_VALUE,
              "the trajectory \"" + std::string(name) + "\" is unknown; use one of those that --help lists");
}

}  // namespace

PathPoint path_point(const Camera& camera) {
  const Mat3 rotation = transposed(camera.rotation);
  return {rotation, -1.0 * (rotation * camera.translation), camera.fx, camera.fy, camera.cx, camera.cy};
}

Camera camera_at(const PathPoint& point) {
  const Mat3 rotation = transposed(point.rotation);
  return {rotation, -1.0 * (rotation * point.centre), point.fx, point.fy, point.cx, point.cy};
}

std::vector<Camera> camera_path(std::string_view trajectory, const std::vector<Camera>& views) {
  const size_t least = trajectory == "wander" || trajectory == "dolly_zoom" ? 1
                       : trajectory == "wobble_inter"                       ? 4
                                                                            : 2;
  if (views.size() < least)
    throw Error(DA3_E_INVALID, "flying the trajectory \"" + std::string(trajectory) + "\" failed: it needs " +
                                   std::to_string(least) + " views; give more, or use wander");
  Path path;
  for (const Camera& view : views) path.push_back(path_point(view));
  std::vector<Camera> cameras;
  for (const PathPoint& point : path_of(trajectory, path)) cameras.push_back(camera_at(point));
  return cameras;
}

}  // namespace da3::splat
