// SPDX-License-Identifier: Apache-2.0
// Upstream's outputs (tests/data/golden) and the checkpoints they were made on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/safetensors.hpp"

namespace da3::test {

/// One folder of tests/data/golden: case.json and data.safetensors.
struct GoldenCase {
  explicit GoldenCase(const std::string& name);

  std::string name, checkpoint;
  std::string ref_view_strategy;  ///< "" where the case does not say
  std::vector<int64_t> feature_blocks;
  bool use_ray_pose = false;
  checkpoint::SafetensorsFile data;

  /// A float32 tensor of the case as values.
  std::vector<float> floats(const std::string& tensor) const;
  const checkpoint::TensorView& at(const std::string& tensor) const { return data.at(tensor); }
};

/// Folder of the deterministic checkpoint of this name ("tiny", "da3-small-outliers"), made on first use and
/// kept in the build tree. Several test programs may ask at once.
std::filesystem::path checkpoint_folder(const std::string& name);

/// "tiny-1view" as a part of a test's name: "tiny_1view".
std::string test_name(std::string case_name);

/// How far values are from golden ones, relative to their mean magnitude.
struct Deviation {
  double largest = 0, mean = 0;
};
Deviation deviation(const std::vector<float>& values, const std::vector<float>& golden);

}  // namespace da3::test
