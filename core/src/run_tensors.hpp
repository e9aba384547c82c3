// SPDX-License-Identifier: Apache-2.0
// The tensors and options of one run in the form the ABI takes, and its outputs back.
#pragma once

#include <da3/da3.hpp>

#include <deque>
#include <memory>
#include <vector>

#include "abi_call.hpp"
#include "engine_state.hpp"

namespace da3::detail {

class RunTensors {
 public:
  RunTensors(const ModelState& model, const RunRequest& request);
  RunTensors(const RunTensors&) = delete;

  da3_run* get() { return &run_; }

  /// After a run that succeeded: all outputs, those of the plugin with its release.
  std::vector<Tensor> take_outputs();

 private:
  struct Output {
    std::string name;
    Tensor tensor;  ///< of the host; empty when the plugin allocates
    bool from_plugin = false;
    std::vector<int64_t> expected;    ///< empty: not known before
    std::unique_ptr<da3_tensor> abi;  ///< on the heap: release is called with this address, later
    std::vector<int64_t> shape;
  };

  void add_input(const Tensor& tensor);
  void add_output(const std::string& name, OutputMemory memory);
  void add_into(const Tensor& tensor);
  void check_name(const std::string& name) const;
  std::string spec_of(const std::string& name) const;
  Tensor adopt(Output& output) const;
  std::vector<Setting> merged_options(const RunRequest& request) const;

  const ModelState& model_;
  std::vector<int64_t> image_shape_;
  std::deque<std::vector<int64_t>> input_shapes_;
  std::deque<da3_tensor> inputs_;
  std::deque<Tensor> kept_;  ///< inputs live as long as the run
  std::vector<Output> outputs_;
  std::vector<Setting> options_;
  std::unique_ptr<KeyValues> key_values_;
  std::vector<const da3_tensor*> in_;
  std::vector<da3_tensor*> out_;
  da3_run run_;
};

}  // namespace da3::detail
