// SPDX-License-Identifier: Apache-2.0
// Golden cases as runs of an engine that is linked into the test.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/abi_client.hpp"
#include "support/engine_plugin.hpp"
#include "support/golden_case.hpp"

namespace da3::test {

/// A golden case as a run: everything it holds is asked for.
struct Case {
  explicit Case(const std::string& name);

  auto run(AbiModel& model) const { return model.run(pixels, shape, outputs, options, cameras); }
  std::string folder() const { return checkpoint_folder(golden.checkpoint).string(); }
  std::vector<uint8_t> image() const { return {pixels, pixels + golden.at("input.image").bytes}; }

  GoldenCase golden;
  std::vector<int64_t> shape;
  const uint8_t* pixels;
  Options options;
  AbiModel::Cameras cameras;
  std::map<std::string, std::vector<float>> wanted;
  std::vector<std::string> outputs;
};

/// Deviations from upstream's values, relative to their mean magnitude.
void expect_upstreams(const Case& c, const std::map<std::string, AbiModel::Output>& got, double mean = 1e-4,
                      double largest = 1e-3);

/// A run that outlives its call, with an output of its own.
struct SubmittedRun {
  SubmittedRun(const Case& c, const std::vector<uint8_t>& pixels)
      : shape(c.shape), depth_shape{c.shape[0], c.shape[1], c.shape[2], c.shape[3]} {
    size_t values = 1;
    for (int64_t size : depth_shape) values *= static_cast<size_t>(size);
    depth.resize(values);
    image = tensor("image", const_cast<uint8_t*>(pixels.data()), 1, 8, shape);
    out = tensor("depth", depth.data(), 2, 32, depth_shape);
    run = made<da3_run>();
    run.in = &in_pointer, run.n_in = 1, run.out = &out_pointer, run.n_out = 1;
  }
  SubmittedRun(const SubmittedRun&) = delete;
  std::vector<int64_t> shape, depth_shape;
  std::vector<float> depth;
  da3_tensor image, out;
  const da3_tensor* in_pointer = &image;
  da3_tensor* out_pointer = &out;
  da3_run run;
};

}  // namespace da3::test
