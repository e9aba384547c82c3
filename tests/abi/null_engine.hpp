// SPDX-License-Identifier: Apache-2.0
// An Engine on the null plugin, found by its manifest as an installed one would be.
#pragma once

#include <da3/da3.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace da3::test {

inline SearchOptions only_null() {
  SearchOptions options;
  options.plugin_files = {DA3_NULL_PLUGIN_FOLDER};
  options.use_environment = options.use_installed = false;
  return options;
}

#if defined(DA3_TEST_ISOLATION)
inline constexpr bool isolated = true;
#else
inline constexpr bool isolated = false;
#endif

inline Profile profile_of(std::string_view yaml) {
  Profile profile = Profile::from_text(yaml, "p.yaml");
  if (isolated) profile.set(Layer::profile, "isolation", "process", "p.yaml");
  return profile;
}

struct NullEngine {
  Profile profile;
  PluginRegistry registry;
  Engine engine;

  explicit NullEngine(std::string_view yaml = "backend: \"null\"\n")
      : profile(profile_of(yaml)), registry(profile, only_null()), engine(registry, profile) {}
};

/// An "image" of zeros: B scenes of S views of 28 x 42.
inline Tensor image(int64_t scenes = 1, int64_t views = 2) {
  return Tensor::allocate("image", DType::uint8, {scenes, views, 28, 42, 3});
}

inline RunRequest request(std::vector<std::string> outputs) {
  RunRequest made;
  made.inputs = {image()};
  made.outputs = std::move(outputs);
  return made;
}

}  // namespace da3::test
