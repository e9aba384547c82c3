// SPDX-License-Identifier: Apache-2.0
#include "plugins/session_case.hpp"

#include <gtest/gtest.h>

namespace da3::test {

Case::Case(const std::string& name) : golden(name) {
  const checkpoint::TensorView& image = golden.at("input.image");
  shape = image.shape;
  shape.insert(shape.begin(), 1);
  pixels = reinterpret_cast<const uint8_t*>(image.data);
  if (!golden.ref_view_strategy.empty()) options.emplace_back("ref_view_strategy", golden.ref_view_strategy);
  if (golden.use_ray_pose) options.emplace_back("use_ray_pose", "true");
  if (golden.data.find("net.extrinsics"))
    cameras = {golden.floats("net.extrinsics"), golden.floats("input.intrinsics")};
  for (const auto& [ours, upstreams] :
       std::map<std::string, std::string>{{"depth", "output.depth"},
                                          {"confidence", "output.depth_conf"},
                                          {"sky", "output.sky"},
                                          {"scale_factor", "output.scale_factor"},
                                          {"extrinsics", "output.extrinsics"},
                                          {"intrinsics", "output.intrinsics"},
                                          {"gaussians.means", "output.gaussians.means"}})
    if (golden.data.find(upstreams)) wanted[ours] = golden.floats(upstreams);
  for (const auto& [name_of, values] : wanted) outputs.push_back(name_of);
}

void expect_upstreams(const Case& c, const std::map<std::string, AbiModel::Output>& got, double mean,
                      double largest) {
  for (const auto& [name, want] : c.wanted) {
    ASSERT_EQ(got.at(name).values.size(), want.size()) << name;
    const Deviation off = deviation(got.at(name).values, want);
    EXPECT_LE(off.mean, mean) << name;
    EXPECT_LE(off.largest, largest) << name;
  }
}

}  // namespace da3::test
