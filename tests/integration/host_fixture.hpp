// SPDX-License-Identifier: Apache-2.0
// da3-host in a folder of its own, with the null plugin as its only backend unless a test says otherwise.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run_program.hpp"
#include "support/temporary_folder.hpp"

namespace da3::test {

class HostTest : public testing::Test {
 protected:
  using path = std::filesystem::path;
  using Words = std::vector<std::string>;

  /// da3-host with these words; environment on top of the null plugin's folder.
  ProgramResult host(const Words& words, ProgramOptions options = {}) const {
    if (std::none_of(options.environment.begin(), options.environment.end(),
                     [](const std::string& text) { return text.starts_with("DA3_PLUGIN_PATH="); }))
      options.environment.push_back("DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER);
    options.environment.push_back("DA3_CACHE_DIR=" + (folder_.path() / "cache").string());
    // The cache of whoever runs the tests is not the test's.
    if (std::none_of(options.environment.begin(), options.environment.end(),
                     [](const std::string& text) { return text.starts_with("HF_"); }))
      options.environment.push_back("HF_HUB_CACHE=" + (folder_.path() / "no-hub").string());
    if (options.folder.empty()) options.folder = folder_.path();
    return run_program(DA3_HOST_PROGRAM, words, options);
  }

  /// The same on the null plugin.
  ProgramResult null(const Words& words, ProgramOptions options = {}) const {
    options.environment.push_back("DA3_SET_backend=null");
#ifdef DA3_TEST_PREFETCH
    options.environment.push_back("FAULTY_PREFETCH=" DA3_TEST_PREFETCH);
#endif
    return host(words, std::move(options));
  }

  path in(const path& name) const { return folder_.path() / name; }
  bool there(const path& name) const { return std::filesystem::exists(in(name)); }

  /// Copies the demo's first picture (640 x 480).
  void picture(const path& name) const {
    std::filesystem::create_directories(in(name).parent_path());
    std::filesystem::copy_file(path(DA3_SOURCE_DIR) / "models/demo/scene/0.png", in(name));
  }

  std::string text_of(const path& name) const {
    std::ifstream file(in(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  nlohmann::json json_of(const path& name) const { return nlohmann::json::parse(text_of(name)); }

  static size_t lines(const std::string& text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  TemporaryFolder folder_;
};

/// One line on stderr, with this exit code.
#define EXPECT_ONE_SENTENCE(result, code)              \
  EXPECT_EQ((result).exit_code, code) << (result).err; \
  EXPECT_EQ(lines((result).err), 1u) << (result).err;  \
  EXPECT_THAT((result).err, testing::StartsWith("da3-host: error: "))

}  // namespace da3::test
