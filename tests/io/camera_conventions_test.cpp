// SPDX-License-Identifier: Apache-2.0
// Camera-to-world for world-to-camera: no false alarm on what people film, in any world; inverted orbits are
// caught.
#include "camera_readers.hpp"
#include "io/trajectories.hpp"

#include <gmock/gmock.h>

namespace da3::io {
namespace {

using test::Random;
using test::Trajectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<Extrinsics> inverted(const std::vector<Extrinsics>& poses, double forward = 1) {
  std::vector<Extrinsics> result;
  for (const Extrinsics& e : poses) {
    Extrinsics inverse = test::inverse(e);
    for (size_t i = 0; i < 3; ++i) inverse[4 * i + 1] *= forward, inverse[4 * i + 2] *= forward;
    result.push_back(inverse);
  }
  return result;
}

class Convention : public testing::TestWithParam<Trajectory> {};

// 60 of each kind in each of 5 worlds, 3 to 60 views. Where the world's axes and origin are anywhere, chance
// makes an orbit of the inverse reading in few of a thousand, as the header admits; in all other worlds
// never.
TEST_P(Convention, what_people_film_is_no_cause_of_alarm) {
  int alarms = 0, all = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const auto views = static_cast<size_t>(random.uniform(3, 60));
    const std::vector<Extrinsics> film = GetParam().make(random, views);
    for (const auto& world : test::worlds) {
      ++all;
      const auto warnings = convention_warnings(world.place(film, random));
      if (warnings.empty()) continue;
      ++alarms;
      if (world.name != std::string("anywhere")) {
        ADD_FAILURE() << world.name << " seed " << seed << " views " << views << ": " << warnings[0];
      }
    }
  }
  EXPECT_LE(alarms, all / 100);
}

INSTANTIATE_TEST_SUITE_P(CameraConventions, Convention, testing::ValuesIn(test::trajectories),
                         [](const auto& trajectory) { return std::string(trajectory.param.name); });

TEST(CameraConventions, an_inverted_orbit_around_the_worlds_origin_is_caught) {
  for (const auto& world : test::worlds) {
    if (!world.around_object) continue;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      Random random(seed);
      const auto film = world.place(test::orbit(random, static_cast<size_t>(random.uniform(3, 60))), random);
      EXPECT_THAT(convention_warnings(film), IsEmpty());
      EXPECT_THAT(convention_warnings(inverted(film)),
                  ElementsAre(HasSubstr("camera-to-world matrices: read so")))
          << world.name << " seed " << seed;
      EXPECT_THAT(convention_warnings(inverted(film, -1)), ElementsAre(HasSubstr("with OpenGL's axes")))
          << world.name << " seed " << seed;
    }
  }
}

TEST(CameraConventions, an_inverted_orbit_in_a_world_put_anywhere_is_mostly_caught) {
  int caught = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    const auto film = test::anywhere(test::orbit(random, static_cast<size_t>(random.uniform(3, 60))), random);
    caught += !convention_warnings(inverted(film)).empty();
  }
  EXPECT_GE(caught, 260);
}

TEST(CameraConventions, what_cannot_be_told_is_not_said) {
  Random random(1);
  const auto film = test::first_camera(test::orbit(random, 20), random);
  EXPECT_THAT(convention_warnings(inverted(film)), IsEmpty());  // the orbit the other way round
  const auto two = test::at_origin(test::orbit(random, 2), random);
  EXPECT_THAT(convention_warnings(inverted(two)), IsEmpty());
  EXPECT_THAT(convention_warnings({}), IsEmpty());
  EXPECT_THAT(convention_warnings(
                  std::vector<Extrinsics>(9, Extrinsics{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1})),
              IsEmpty());
}

TEST(CameraConventions, scale_and_count_change_nothing) {
  for (const double unit : {1e-6, 1.0, 1e6}) {
    Random random(3);
    auto film = test::at_origin(test::orbit(random, 5000), random);
    for (Extrinsics& e : film) e[3] *= unit, e[7] *= unit, e[11] *= unit;
    EXPECT_THAT(convention_warnings(film), IsEmpty());
    EXPECT_EQ(convention_warnings(inverted(film)).size(), 1u);
  }
}

}  // namespace
}  // namespace da3::io
