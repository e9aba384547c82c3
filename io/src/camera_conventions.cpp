// SPDX-License-Identifier: Apache-2.0
// Are these camera-to-world matrices in the place of world-to-camera ones? Both readings of any matrix are
// cameras, so the question is which are the likelier ones. Only one kind of scene answers it for sure: photos
// all round a point. If the inverse reading is such an orbit, upright and of little changing distance, and
// the reading as given has no common point, neither in front of the cameras nor behind them, then the inverse
// is meant.
//
// Why less is no proof: let the inverse reading's cameras look at p. As given, this says that every camera
// sees one point of the world's z axis at its own coordinates p. Walks along that axis do so too (with p = 0,
// looking around), but at changing distances; cameras on a circle may, when the circle's centre happens to
// lie on that axis; a tripod on that axis does, with rolling cameras in its inverse. Hence the conditions on
// angles, distances and roll, and that the cameras are less spread as given than inverted: around an object
// near the world's origin they are.
#include "camera_readers.hpp"

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

namespace da3::io {
namespace {

using Vec = cv::Vec3d;

constexpr size_t max_views = 200;  // of a longer list every n-th is looked at
constexpr double degree = std::numbers::pi / 180;
constexpr double orbit_angle = 8 * degree;  // rms, between a camera's axis and the common point
constexpr double no_orbit_angle = 12 * degree;
constexpr double parallel = 0.02;      // mean square of the axes' parts across their mean, some 8 degrees
constexpr double orbit_distances = 2;  // largest by smallest
constexpr double orbit_roll = 0.06;    // mean square of the right axes' part along the common up
constexpr double min_axis_turn = 60 * degree;  // between any two
constexpr double min_turn = 100 * degree;

struct View {
  Vec centre, right, forward;
};

/// forward: 1 for OpenCV's axes, -1 for OpenGL's.
std::vector<View> read_as_camera_to_world(const std::vector<Extrinsics>& matrices, double forward) {
  std::vector<View> views;
  for (const Extrinsics& e : matrices)
    views.push_back({{e[3], e[7], e[11]}, {e[0], e[4], e[8]}, forward * Vec{e[2], e[6], e[10]}});
  return views;
}

std::vector<View> read_as_world_to_camera(const std::vector<Extrinsics>& matrices) {
  std::vector<View> views;
  for (const Extrinsics& e : matrices) {
    const Vec right{e[0], e[1], e[2]}, down{e[4], e[5], e[6]}, forward{e[8], e[9], e[10]};
    views.push_back({-(right * e[3] + down * e[7] + forward * e[11]), right, forward});
  }
  return views;
}

double angle(const Vec& a, const Vec& b) { return std::atan2(cv::norm(a.cross(b)), a.dot(b)); }

/// Mean square of the distances between the cameras and their middle.
double spread(const std::vector<View>& views) {
  Vec sum;
  double squares = 0;
  const double count = static_cast<double>(views.size());
  for (const View& view : views) sum += view.centre;
  for (const View& view : views) squares += std::pow(cv::norm(view.centre - sum * (1 / count)), 2);
  return squares / count;
}

/// How well all axes go through one point. The angles are root mean squares, pi where there is no such point.
struct Convergence {
  double in_front = std::numbers::pi, behind = std::numbers::pi;
  double nearest = 0, farthest = 0;
};

Convergence converge(const std::vector<View>& views) {
  const double count = static_cast<double>(views.size());
  Vec middle;
  for (const View& view : views) middle += view.centre * (1 / count);
  cv::Matx33d normal = cv::Matx33d::zeros();
  Vec right_side;
  double extent = 0;
  for (const View& view : views) {
    const cv::Matx33d across = cv::Matx33d::eye() - view.forward * view.forward.t();
    normal += across;
    right_side += across * (view.centre - middle);
    extent = std::max(extent, cv::norm(view.centre - middle));
  }
  Convergence result;
  cv::Vec3d eigenvalues;
  cv::eigen(normal, eigenvalues);
  // Parallel axes, or cameras in one place.
  if (eigenvalues[2] < parallel * count || extent <= 1e-6 * cv::norm(middle)) return result;
  const Vec point = normal.solve(right_side, cv::DECOMP_CHOLESKY) + middle;
  double front = 0, back = 0;
  result.nearest = std::numeric_limits<double>::infinity();
  for (const View& view : views) {
    const Vec to = point - view.centre;
    const double distance = cv::norm(to);
    const double off = distance > 1e-6 * extent ? angle(view.forward, to) : std::numbers::pi;
    front += off * off;
    back += (std::numbers::pi - off) * (std::numbers::pi - off);
    result.nearest = std::min(result.nearest, distance);
    result.farthest = std::max(result.farthest, distance);
  }
  result.in_front = std::sqrt(front / count);
  result.behind = std::sqrt(back / count);
  return result;
}

/// Some direction is up in all pictures: the right axes lie in a plane.
bool is_upright(const std::vector<View>& views) {
  cv::Matx33d scatter = cv::Matx33d::zeros();
  for (const View& view : views) scatter += view.right * view.right.t();
  cv::Vec3d eigenvalues;
  cv::eigen(scatter, eigenvalues);
  return eigenvalues[2] <= orbit_roll * static_cast<double>(views.size());
}

bool turns_enough(const std::vector<View>& views) {
  double axis_turn = 0, turn = 0;
  for (size_t i = 0; i < views.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      const View &a = views[i], &b = views[j];
      axis_turn = std::max(axis_turn, angle(a.forward, b.forward));
      const double down = a.forward.cross(a.right).dot(b.forward.cross(b.right));
      const double trace = a.right.dot(b.right) + down + a.forward.dot(b.forward);
      turn = std::max(turn, std::acos(std::clamp((trace - 1) / 2, -1.0, 1.0)));
    }
  return axis_turn >= min_axis_turn && turn >= min_turn;
}

/// The angle by which the axes miss the common point, if these are photos all round it.
std::optional<double> orbit(const std::vector<View>& views) {
  const Convergence found = converge(views);
  if (found.in_front > orbit_angle || found.farthest > orbit_distances * found.nearest) return std::nullopt;
  if (!is_upright(views) || !turns_enough(views)) return std::nullopt;
  return found.in_front;
}

}  // namespace

std::vector<std::string> convention_warnings(const std::vector<Extrinsics>& extrinsics) {
  std::vector<Extrinsics> some;
  const size_t step = (extrinsics.size() + max_views - 1) / max_views;
  for (size_t i = 0; i < extrinsics.size(); i += step) some.push_back(extrinsics[i]);
  if (some.size() < 3) return {};
  const std::vector<View> given = read_as_world_to_camera(some);
  const Convergence common = converge(given);
  for (const double forward : {1.0, -1.0}) {
    const std::vector<View> inverse = read_as_camera_to_world(some, forward);
    const auto missed = orbit(inverse);
    if (!missed || std::min(common.in_front, common.behind) <= std::max(no_orbit_angle, 3 * *missed))
      continue;
    if (spread(given) > spread(inverse)) continue;
    return {std::string("the extrinsics look like camera-to-world matrices") +
            (forward > 0 ? "" : " with OpenGL's axes (y up, z backward)") +
            ": read so, the cameras stand around one point and look at it; " +
            (forward > 0 ? "" : "negate their second and third column and ") + "invert them if they are"};
  }
  return {};
}

}  // namespace da3::io
