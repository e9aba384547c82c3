// SPDX-License-Identifier: Apache-2.0
// The same bits from another run, from another model and from another process, whatever the outputs.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

constexpr const char* kVariable = "REPEAT_CASE";

struct Case {
  const char* name;
  std::vector<std::string> outputs;
};

const std::vector<Case>& cases() {
  static const auto& all = *new std::vector<Case>{
      {"tiny-5view", {"depth", "confidence", "extrinsics", "ray", "ray_confidence"}},
      {"tiny-raypose", {"depth", "extrinsics", "intrinsics"}},
      {"tiny-mono", {"depth", "sky"}},
      {"tiny-giant-gs", {"depth", "gaussians.means", "gaussians.harmonics", "gaussians.opacities"}},
      {"tiny-nested-posed",
       {"depth", "confidence", "extrinsics", "scale_factor", "sky", "gaussians.means", "gaussians.scales",
        "gaussians.rotations", "gaussians.harmonics", "gaussians.opacities", "feature.2"}},
      {"small-3view", {"depth", "confidence", "extrinsics", "intrinsics"}}};
  return all;
}

using Bits = std::map<std::string, std::string>;

/// FNV-1a of the values' bytes.
std::string bits_of(const std::vector<float>& values) {
  uint64_t hash = 14695981039346656037ull;
  for (const float value : values) {
    std::array<unsigned char, sizeof value> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211ull;
  }
  return std::to_string(values.size()) + ":" + std::to_string(hash);
}

/// Of the run-th run (1, 2, ...) of a new model.
Bits run(const Case& c, int runs) {
  const test::GoldenCase golden(c.name);
  test::AbiModel model(test::open_plugin("cpu"), {{"deterministic", "true"}},
                       test::checkpoint_folder(golden.checkpoint).string());
  test::Options options;
  if (golden.use_ray_pose) options.emplace_back("use_ray_pose", "true");
  test::AbiModel::Cameras cameras;
  if (golden.data.find("net.extrinsics"))
    cameras = {golden.floats("net.extrinsics"), golden.floats("input.intrinsics")};
  std::vector<int64_t> shape = golden.at("input.image").shape;
  shape.insert(shape.begin(), 1);
  const auto* pixels = reinterpret_cast<const uint8_t*>(golden.at("input.image").data);
  std::map<std::string, test::AbiModel::Output> out;
  for (int i = 0; i < runs; ++i) out = model.run(pixels, shape, c.outputs, options, cameras);
  Bits bits;
  for (const auto& [name, output] : out) bits[name] = bits_of(output.values);
  return bits;
}

/// What this very program prints in a process of its own.
Bits in_another_process(const Case& c) {
  setenv(kVariable, c.name, 1);
  const std::string command = "\"" + testing::internal::GetArgvs().front() +
                              "\" --gtest_also_run_disabled_tests "
                              "--gtest_filter=Process.DISABLED_Prints";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  unsetenv(kVariable);
  Bits bits;
  if (!pipe) return bits;
  std::array<char, 4096> line;
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe.get())) {
    std::istringstream words(line.data());
    std::string first, name, value;
    if (words >> first >> name >> value && first == "BITS") bits[name] = value;
  }
  return bits;
}

/// The other process; not a test by itself.
TEST(Process, DISABLED_Prints) {
  const char* name = std::getenv(kVariable);
  if (!name) GTEST_SKIP() << "for the tests below";
  for (const Case& c : cases())
    if (std::string(name) == c.name)
      for (const auto& [output, bits] : run(c, 1))
        std::printf("\nBITS %s %s\n", output.c_str(), bits.c_str());
}

class Repeats : public testing::TestWithParam<Case> {};

TEST_P(Repeats, ToTheBit) {
  const Bits first = run(GetParam(), 1);
  EXPECT_EQ(first.size(), GetParam().outputs.size());
  EXPECT_EQ(run(GetParam(), 2), first) << "the second run of another model";
  EXPECT_EQ(in_another_process(GetParam()), first) << "another process";
}

INSTANTIATE_TEST_SUITE_P(Cases, Repeats, testing::ValuesIn(cases()),
                         [](const auto& param) { return test::test_name(param.param.name); });

}  // namespace
}  // namespace da3
