// SPDX-License-Identifier: Apache-2.0
// What people film, as world-to-camera matrices. Made in a world with y down and put into other worlds
// afterwards.
#pragma once

#include <da3/io/cameras.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <ostream>
#include <random>
#include <vector>

namespace da3::test {

using io::Extrinsics;
using Point = std::array<double, 3>;

/// The same numbers on every platform.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  double normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += uniform(0, 1);
    return sum;
  }

 private:
  std::mt19937_64 engine_;
};

inline Extrinsics product(const Extrinsics& a, const Extrinsics& b) {
  Extrinsics c{};
  for (size_t i = 0; i < 4; ++i)
    for (size_t j = 0; j < 4; ++j)
      for (size_t k = 0; k < 4; ++k) c[4 * i + j] += a[4 * i + k] * b[4 * k + j];
  return c;
}

inline Extrinsics inverse(const Extrinsics& e) {
  Extrinsics r{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) {
      r[4 * i + j] = e[4 * j + i];
      r[4 * i + 3] -= e[4 * j + i] * e[4 * j + 3];
    }
  r[15] = 1;
  return r;
}

/// A turn around x (0), y (1) or z (2), in degrees.
inline Extrinsics turn(size_t axis, double degrees) {
  const double c = std::cos(degrees * std::numbers::pi / 180), s = std::sin(degrees * std::numbers::pi / 180);
  const size_t i = (axis + 1) % 3, j = (axis + 2) % 3;
  Extrinsics e{};
  for (size_t k = 0; k < 4; ++k) e[5 * k] = 1;
  e[5 * i] = c, e[4 * i + j] = -s, e[4 * j + i] = s, e[5 * j] = c;
  return e;
}

inline Extrinsics any_turn(Random& random) {
  const double a = random.uniform(0, 360), b = random.uniform(0, 360);
  return product(turn(1, a),
                 product(turn(0, std::acos(random.uniform(-1, 1)) * 180 / std::numbers::pi), turn(1, b)));
}

/// World-to-camera: at a place, turned right by yaw, up by pitch, then rolled; a little shaken.
inline Extrinsics camera(Random& random, const Point& at, double yaw, double pitch, double roll = 0,
                         double shake = 1.5) {
  const auto noise = [&] { return shake * random.normal(); };
  Extrinsics pose =
      product(turn(1, yaw + noise()), product(turn(0, pitch + noise()), turn(2, roll + noise())));
  for (size_t i = 0; i < 3; ++i) pose[4 * i + 3] = at[i];
  return inverse(pose);
}

/// Where one looks with yaw and pitch.
inline Point ahead(double yaw, double pitch) {
  const Extrinsics e = product(turn(1, yaw), turn(0, pitch));
  return {e[2], e[6], e[10]};
}

using Film = std::vector<Extrinsics>;

inline double part(size_t i, size_t views) { return static_cast<double>(i) / static_cast<double>(views - 1); }

/// 140 to 360 degrees around the origin from one height, distances within 25 %, aimed within 3 degrees or so.
inline Film orbit(Random& random, size_t views) {
  const double all = random.uniform(140, 360), pitch = -random.uniform(0, 40), away = random.uniform(1, 10);
  const double change = random.uniform(0, 0.12);
  Film film;
  for (size_t i = 0; i < views; ++i) {
    // A closed circle does not film its start twice.
    const double yaw = all * static_cast<double>(i) / static_cast<double>(views);
    const Point look = ahead(yaw, pitch);
    const double distance = away * (1 + change * std::sin(3 * yaw));
    film.push_back(
        camera(random, {-distance * look[0], -distance * look[1], -distance * look[2]}, yaw, pitch));
  }
  return film;
}

/// All of a dome around the origin.
inline Film dome(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i) {
    const double yaw = random.uniform(0, 360), pitch = -random.uniform(0, 70);
    const Point look = ahead(yaw, pitch);
    film.push_back(camera(random, {-4 * look[0], -4 * look[1], -4 * look[2]}, yaw, pitch));
  }
  return film;
}

/// A wobbling arc with a hand that aims badly.
inline Film sloppy_orbit(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i) {
    const double yaw = 200 * part(i, views), away = random.uniform(2, 5);
    const Point look = ahead(yaw, 0);
    film.push_back(camera(random, {-away * look[0], random.uniform(-1, 1), -away * look[2]}, yaw, 0, 0, 8));
  }
  return film;
}

inline Film forward_facing(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i) {
    const double x = random.uniform(-1, 1), y = random.uniform(-1, 1);
    film.push_back(camera(random, {x, y, random.uniform(-0.2, 0.2)}, -10 * x, 8 * y, 0, 4));
  }
  return film;
}

inline Film straight_walk(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i)
    film.push_back(
        camera(random, {0.02 * random.normal(), 0.02 * random.normal(), 20 * part(i, views)}, 0, 0));
  return film;
}

/// Straight on, looking left and right.
inline Film looking_around(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i)
    film.push_back(camera(random, {0.05 * random.normal(), 0, 20 * part(i, views)},
                          70 * std::sin(11 * part(i, views)), 0));
  return film;
}

/// Through rooms: the way turns, and one looks where one goes.
inline Film winding_walk(Random& random, size_t views) {
  Film film;
  Point at{};
  double yaw = 0, bend = random.uniform(-20, 20);
  for (size_t i = 0; i < views; ++i) {
    film.push_back(camera(random, at, yaw, random.uniform(-10, 10)));
    const Point look = ahead(yaw, 0);
    for (size_t k = 0; k < 3; ++k) at[k] += 0.7 * look[k];
    if (random.uniform(0, 1) < 0.2) bend = random.uniform(-25, 25);
    yaw += bend;
  }
  return film;
}

/// A lap: on a circle, looking along it.
inline Film lap(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i) {
    const double yaw = 360 * part(i, views);
    const Point look = ahead(yaw - 90, 0);
    film.push_back(camera(random, {6 * look[0], 0, 6 * look[2]}, yaw, 0));
  }
  return film;
}

/// A room from its middle, at arm's length.
inline Film room(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i) {
    const double yaw = 330 * part(i, views), pitch = random.uniform(-20, 20);
    const Point look = ahead(yaw, pitch);
    film.push_back(
        camera(random, {0.4 * look[0] + 0.05 * random.normal(), 0.4 * look[1], 0.4 * look[2]}, yaw, pitch));
  }
  return film;
}

/// All of a sphere from one place.
inline Film panorama(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i)
    film.push_back(camera(random, {0, 0, 0}, random.uniform(0, 360), random.uniform(-80, 80), 0, 0));
  return film;
}

/// From above, in rows: to and fro.
inline Film survey(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i)
    film.push_back(camera(random, {static_cast<double>(i % 8), -5, static_cast<double>(i / 8)},
                          i / 8 % 2 ? 180 : 0, random.uniform(-90, -60)));
  return film;
}

/// Anything at all.
inline Film scattered(Random& random, size_t views) {
  Film film;
  for (size_t i = 0; i < views; ++i)
    film.push_back(camera(random, {3 * random.normal(), random.normal(), 3 * random.normal()},
                          random.uniform(0, 360), random.uniform(-40, 40)));
  return film;
}

struct Trajectory {
  const char* name;
  Film (*make)(Random&, size_t views);
};

/// Tests are listed by this: not by the bytes of the pointers.
inline void PrintTo(const Trajectory& trajectory, std::ostream* out) { *out << trajectory.name; }

inline const std::vector<Trajectory> trajectories{{"orbit", orbit},
                                                  {"dome", dome},
                                                  {"sloppy_orbit", sloppy_orbit},
                                                  {"forward_facing", forward_facing},
                                                  {"straight_walk", straight_walk},
                                                  {"looking_around", looking_around},
                                                  {"winding_walk", winding_walk},
                                                  {"lap", lap},
                                                  {"room", room},
                                                  {"panorama", panorama},
                                                  {"survey", survey},
                                                  {"scattered", scattered}};

/// The same film with `to_old`, camera-to-world of the old world, applied to the world.
inline Film moved(const Film& film, const Extrinsics& to_old) {
  Film result;
  for (const Extrinsics& e : film) result.push_back(product(e, to_old));
  return result;
}

inline Film at_origin(const Film& film, Random&) { return film; }
inline Film up_is_y(const Film& film, Random&) { return moved(film, turn(0, 180)); }
inline Film up_is_z(const Film& film, Random&) { return moved(film, turn(0, 90)); }
inline Film first_camera(const Film& film, Random&) { return moved(film, inverse(film[0])); }
inline Film anywhere(const Film& film, Random& random) {
  Extrinsics world = any_turn(random);
  for (size_t i = 0; i < 3; ++i) world[4 * i + 3] = 2 * random.normal();
  return moved(film, world);
}

struct World {
  const char* name;
  bool around_object;  ///< orbits stay around its origin
  Film (*place)(const Film&, Random&);
};

inline const std::vector<World> worlds{{"y_down", true, at_origin},
                                       {"y_up", true, up_is_y},
                                       {"z_up", true, up_is_z},
                                       {"first_camera", false, first_camera},
                                       {"anywhere", false, anywhere}};

}  // namespace da3::test
