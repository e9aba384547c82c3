// SPDX-License-Identifier: Apache-2.0
// Camera paths, against upstream's (tests/data/io/camera_paths.json: what its renderer is called with).
#include "camera_path.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <da3/error.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

namespace da3::splat {
namespace {

Camera camera_from(const nlohmann::json& pose, const nlohmann::json& focal) {
  Camera camera;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t column = 0; column < 3; ++column) camera.rotation[row][column] = pose[row * 4 + column];
    camera.translation[row] = pose[row * 4 + 3];
  }
  camera.fx = focal[0], camera.fy = focal[1];
  camera.cx = 21, camera.cy = 14;
  return camera;
}

double largest_difference(const Camera& a, const Camera& b) {
  double largest = 0;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t column = 0; column < 3; ++column)
      largest = std::max(largest, std::abs(a.rotation[row][column] - b.rotation[row][column]));
    largest = std::max(largest, std::abs(a.translation[row] - b.translation[row]));
  }
  return largest;
}

void expect_orthonormal(const Mat3& rotation) {
  for (size_t i = 0; i < 3; ++i)
    for (size_t k = 0; k < 3; ++k) EXPECT_NEAR(dot(rotation[i], rotation[k]), i == k ? 1 : 0, 1e-5);
  EXPECT_NEAR(dot(cross(rotation[0], rotation[1]), rotation[2]), 1, 1e-5);
}

TEST(CameraPath, is_upstreams) {
  std::ifstream file(DA3_TEST_DATA "/io/camera_paths.json");
  const auto document = nlohmann::json::parse(file);
  ASSERT_EQ(document["paths"].size(), 11u);
  for (const auto& want : document["paths"]) {
    const std::string name = want["trajectory"];
    SCOPED_TRACE(name + " of " + std::to_string(want["views"].size()));
    std::vector<Camera> views;
    for (size_t i = 0; i < want["views"].size(); ++i)
      views.push_back(camera_from(want["views"][i], want["focal"][i]));
    const std::vector<Camera> path = camera_path(name, views);
    ASSERT_EQ(path.size(), want["frames"]);
    // Upstream's means of axes are not made orthogonal again; and of few views its smoothing has other
    // weights.
    const bool smooths = name == "smooth" || name == "interpolate_smooth" || name == "extend";
    const double tolerance = name == "smooth" ? 0.03 : smooths ? 0.01 : 2e-4;
    for (size_t i = 0, frame = 0; i < want["extrinsics"].size(); ++i, frame += want["step"].get<size_t>()) {
      const Camera expected = camera_from(want["extrinsics"][i], want["focals"][i]);
      EXPECT_LT(largest_difference(path[frame], expected), tolerance) << "frame " << frame;
      EXPECT_NEAR(path[frame].fx, expected.fx, 2e-2) << "frame " << frame;
      EXPECT_NEAR(path[frame].fy, expected.fy, 2e-2) << "frame " << frame;
      expect_orthonormal(path[frame].rotation);
    }
  }
}

Camera looking(double x, double degrees) {
  const double angle = degrees / 180 * M_PI;
  PathPoint point;
  point.rotation = rotation_of({std::cos(angle / 2), 0, std::sin(angle / 2), 0});
  point.centre = {x, 0, 0};
  point.fx = point.fy = 40;
  return camera_at(point);
}

TEST(CameraPath, ends_where_the_views_are) {
  for (const double degrees : {0.0, 0.3, 1.0, 40.0, -90.0, 179.9, 180.0}) {
    SCOPED_TRACE(degrees);
    const std::vector<Camera> views{looking(0, 0), looking(1, degrees)};
    const auto path = camera_path("interpolate", views);
    EXPECT_LT(largest_difference(path.front(), views[0]), 1e-6);
    EXPECT_LT(largest_difference(path.back(), views[1]), 1e-6);
    for (const Camera& camera : path) expect_orthonormal(camera.rotation);
  }
}

TEST(CameraPath, of_cameras_in_one_place_stays_there) {
  const std::vector<Camera> views(5, looking(2, 30));
  for (const char* name : {"interpolate", "interpolate_smooth", "wobble_inter", "smooth", "original"})
    for (const Camera& camera : camera_path(name, views))
      EXPECT_LT(largest_difference(camera, views[0]), 1e-9) << name;
}

void expect_refused(const char* name, size_t views, int32_t code) {
  try {
    camera_path(name, std::vector<Camera>(views));
    ADD_FAILURE() << name;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.message();
  }
}

TEST(CameraPath, needs_views) {
  expect_refused("wobble_inter", 3, DA3_E_INVALID);
  expect_refused("extend", 1, DA3_E_INVALID);
  expect_refused("sideways", 3, DA3_E_BAD_VALUE);
}

}  // namespace
}  // namespace da3::splat
