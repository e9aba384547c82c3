// SPDX-License-Identifier: Apache-2.0
#include "golden/golden_run.hpp"

namespace da3::test {

namespace {

/// A quaternion and its negative are one rotation; where the last component is 0, rounding chooses.
std::vector<float> with_signs_of(std::vector<float> values, const std::vector<float>& golden) {
  for (size_t i = 0; i + 3 < values.size() && i + 3 < golden.size(); i += 4) {
    float product = 0;
    for (size_t j = i; j < i + 4; ++j) product += values[j] * golden[j];
    if (product < 0)
      for (size_t j = i; j < i + 4; ++j) values[j] = -values[j];
  }
  return values;
}

}  // namespace

const uint8_t* pixels(const GoldenCase& golden) {
  return reinterpret_cast<const uint8_t*>(golden.at("input.image").data);
}

std::vector<int64_t> batch_of_one(const GoldenCase& golden) {
  std::vector<int64_t> shape = golden.at("input.image").shape;
  shape.insert(shape.begin(), 1);
  return shape;
}

Options run_options(const GoldenCase& golden) {
  Options options;
  if (!golden.ref_view_strategy.empty()) options.emplace_back("ref_view_strategy", golden.ref_view_strategy);
  if (golden.use_ray_pose) options.emplace_back("use_ray_pose", "true");
  return options;
}

AbiModel::Cameras given_cameras(const GoldenCase& golden) {
  if (!golden.data.find("net.extrinsics")) return {};
  return {golden.floats("net.extrinsics"), golden.floats("input.intrinsics")};
}

std::vector<std::pair<std::string, std::string>> dense_outputs(const GoldenCase& golden) {
  std::vector<std::pair<std::string, std::string>> dense{{"depth", "output.depth"},
                                                         {"confidence", "output.depth_conf"},
                                                         {"sky", "output.sky"},
                                                         {"scale_factor", "output.scale_factor"}};
  for (const char* part : {"means", "scales", "rotations", "harmonics", "opacities"})
    dense.emplace_back("gaussians." + std::string(part), "output.gaussians." + std::string(part));
  for (int64_t block : golden.feature_blocks)
    dense.emplace_back("feature." + std::to_string(block), "output.aux.feat_layer_" + std::to_string(block));
  std::erase_if(dense, [&](const auto& names) { return !golden.data.find(names.second); });
  return dense;
}

std::map<std::string, std::vector<float>> run_case(const GoldenCase& golden, const Options& options) {
  AbiModel model(open_plugin("cpu"), options, checkpoint_folder(golden.checkpoint).string());
  std::vector<std::string> outputs;
  for (const auto& [ours, upstreams] : dense_outputs(golden)) outputs.push_back(ours);
  if (golden.data.find("output.extrinsics")) outputs.insert(outputs.end(), {"extrinsics", "intrinsics"});
  auto out =
      model.run(pixels(golden), batch_of_one(golden), outputs, run_options(golden), given_cameras(golden));
  std::map<std::string, std::vector<float>> values;
  for (auto& [name, output] : out) values[name] = std::move(output.values);
  if (const auto rotations = values.find("gaussians.rotations"); rotations != values.end())
    rotations->second =
        with_signs_of(std::move(rotations->second), golden.floats("output.gaussians.rotations"));
  return values;
}

}  // namespace da3::test
