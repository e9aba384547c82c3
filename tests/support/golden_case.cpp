// SPDX-License-Identifier: Apache-2.0
#include "support/golden_case.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "make_checkpoint.hpp"

namespace da3::test {

namespace fs = std::filesystem;

namespace {

fs::path case_folder(const std::string& name) { return fs::path(DA3_TEST_DATA) / "golden" / name; }

}  // namespace

GoldenCase::GoldenCase(const std::string& case_name)
    : name(case_name), data(checkpoint::SafetensorsFile::open(case_folder(case_name) / "data.safetensors")) {
  std::ifstream file(case_folder(case_name) / "case.json");
  const nlohmann::json json = nlohmann::json::parse(file);
  checkpoint = json.at("checkpoint");
  ref_view_strategy = json.at("options").value("ref_view_strategy", "");
  use_ray_pose = json.at("options").value("use_ray_pose", false);
  feature_blocks = json.at("feat_layers").get<std::vector<int64_t>>();
}

std::vector<float> GoldenCase::floats(const std::string& tensor) const {
  const checkpoint::TensorView& view = data.at(tensor);
  if (view.dtype != checkpoint::DType::f32) throw std::runtime_error(tensor + " is not float32");
  std::vector<float> values(view.bytes / sizeof(float));
  std::memcpy(values.data(), view.data, view.bytes);
  return values;
}

fs::path checkpoint_folder(const std::string& name) {
  const fs::path folder = fs::path(DA3_BINARY_DIR) / "checkpoints" / name;
  if (fs::exists(folder / "config.json")) return folder;
  const fs::path scratch = folder.string() + "." + std::to_string(::getpid());
  weights::make_checkpoint(weights::find_recipe(name), scratch);
  std::error_code taken;
  fs::rename(scratch, folder, taken);
  if (taken) fs::remove_all(scratch);  // another test program was first
  return folder;
}

std::string test_name(std::string case_name) {
  std::replace(case_name.begin(), case_name.end(), '-', '_');
  return case_name;
}

Deviation deviation(const std::vector<float>& values, const std::vector<float>& golden) {
  if (values.size() != golden.size()) throw std::runtime_error("sizes differ");
  double magnitude = 0, sum = 0;
  Deviation result;
  for (size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(static_cast<double>(values[i]) - static_cast<double>(golden[i]));
    // A NaN compares false with everything: it must not pass for a small difference.
    if (!(difference <= result.largest)) result.largest = difference;
    sum += difference;
    magnitude += std::abs(static_cast<double>(golden[i]));
  }
  const auto n = static_cast<double>(values.size());
  return {result.largest / (magnitude / n), sum / magnitude};
}

}  // namespace da3::test
