// SPDX-License-Identifier: Apache-2.0
// Every format that this build writes, a scene with all that any of them needs, and options to write it.
#pragma once

#include "io/orbit_scene.hpp"

#include <da3/io/export.hpp>
#include <da3/io/open.hpp>
#include <da3/io/settings.hpp>

namespace da3::test {

#ifdef DA3_HAS_VIDEO
inline constexpr bool has_videos = true;
#else
inline constexpr bool has_videos = false;
#endif

inline std::vector<std::string> every_format() {
  std::vector<std::string> names;
  for (const io::Format& format : io::export_formats)
    if (has_videos || format.video != io::Use::required) names.emplace_back(format.name);
  return names;
}

/// A short flight.
inline io::ExportOptions options_with_videos() {
  io::ExportOptions options;
  options.gs_trajectory = "original";
  options.threads = 2;
  if (has_videos) options.video_library = []() -> const io::VideoApi& { return io::open_video_library(); };
  return options;
}

/// COLMAP's text format has no names with spaces.
struct PlainScene : OrbitScene {
  PlainScene() {
    prediction.files.back() = "/photos/c.jpg";
    add_features(3);
  }
};

}  // namespace da3::test
