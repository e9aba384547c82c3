// SPDX-License-Identifier: Apache-2.0
// The shipped profiles against the schemas that the built manifests publish, as on a machine without the
// devices.
#include <gmock/gmock.h>

#include <da3/manifest.hpp>
#include <da3/profile.hpp>
#include <da3/schema.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace {

using namespace da3;

const std::filesystem::path folder = DA3_BINARY_DIR "/share/da3/profiles";

std::set<std::string> names() {
  std::set<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    all.insert(entry.path().stem().string());
  return all;
}

Schema schema() {
  Schema s;
  for (const std::filesystem::path file : {DA3_PLUGIN_FOLDER "/libda3_cpu.plugin.yaml",
                                           DA3_BINARY_DIR "/share/da3/manifests/libda3_mps.plugin.yaml",
                                           DA3_BINARY_DIR "/share/da3/manifests/libda3_cuda.plugin.yaml"}) {
    const Manifest manifest = Manifest::from_file(file);
    s.add_backend(manifest.name, manifest.options);
  }
  return s;
}

std::string text_of(const std::string& name) {
  std::ifstream file(folder / (name + ".yaml"));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Profiles, AreTheOnesPromised) {
  std::set<std::string> wanted = {"reference", "low-memory"};
  for (const char* backend : {"cpu", "mps", "cuda"})
    for (const char* mode : {"minimal", "balanced", "max"}) wanted.insert(std::string(backend) + "-" + mode);
  EXPECT_EQ(names(), wanted);
}

TEST(Profiles, EachIsValid) {
  const Schema s = schema();
  for (const std::string& name : names()) {
    const Profile profile = Profile::from_file(folder / (name + ".yaml"));
    for (const Error& problem : s.problems(profile)) ADD_FAILURE() << problem.what();
    const size_t dash = name.find('-');
    const std::string backend = name.substr(0, dash);
    if (backend == "cpu" || backend == "mps" || backend == "cuda") {
      EXPECT_EQ(profile.get("backend"), backend);
      EXPECT_EQ(profile.get("performance_mode"), name.substr(dash + 1));
    }
  }
}

TEST(Profiles, TyposAndBadValuesWouldBeFound) {
  const Schema s = schema();
  for (const std::string& name : names()) {
    EXPECT_EQ(s.problems(Profile::from_text(text_of(name) + "\nmixed_precison: auto\n", name)).size(), 1u)
        << name;
    EXPECT_EQ(s.problems(Profile::from_text(text_of(name) + "\nref_view_strategy: best\n", name)).size(), 1u)
        << name;
  }
}

TEST(Profiles, ReferenceIsExact) {
  const Profile profile = Profile::from_file(folder / "reference.yaml");
  EXPECT_EQ(profile.get("mixed_precision"), "off");
  EXPECT_EQ(profile.get("head_precision"), "float32");
  EXPECT_EQ(profile.get("deterministic"), "true");
  EXPECT_EQ(profile.get("enable_compile"), "false");
}

/// Every key says what it is for, and "off" is quoted: readers of YAML 1.1 take it for false.
TEST(Profiles, EveryKeyIsCommented) {
  for (const std::string& name : names()) {
    std::istringstream text(text_of(name));
    int number = 0;
    for (std::string line; std::getline(text, line);) {
      ++number;
      if (line.empty() || line[0] == '#' || line.back() == ':') continue;
      EXPECT_THAT(line, testing::ContainsRegex(" # [a-zA-Z0-9]")) << name << ':' << number;
      EXPECT_THAT(line, testing::Not(testing::ContainsRegex(": (off|on|yes|no) "))) << name << ':' << number;
    }
    EXPECT_GT(number, 10) << name;
  }
}

}  // namespace
