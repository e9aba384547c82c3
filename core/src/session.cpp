// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <da3/da3.hpp>

#include "engine_state.hpp"
#include "run_tensors.hpp"
#include "text_file.hpp"

namespace da3 {

const Tensor* RunResult::find(std::string_view name) const {
  const auto found = std::find_if(outputs.begin(), outputs.end(),
                                  [&](const Tensor& tensor) { return tensor.name() == name; });
  return found == outputs.end() ? nullptr : &*found;
}

const Tensor& RunResult::at(std::string_view name) const {
  if (const Tensor* tensor = find(name)) return *tensor;
  throw Error(DA3_E_INVALID,
              "the run made no output " + detail::quote(name) + "; ask for it in RunRequest::outputs");
}

RunResult Session::run(const RunRequest& request) {
  static std::atomic<uint64_t> counter{0};
  const detail::OptimizerState& optimizer = *state_->model->optimizer;
  detail::RunTensors tensors(*state_->model, request);
  detail::WatchBridge bridge(request.watch);
  da3_run* run = tensors.get();
  run->watch = bridge.get();
  if (run->id == 0) run->id = ++counter;
  detail::CallError error;
  const int32_t status = optimizer.table->session_run(state_->handle, run, error.get());
  RunResult result;
  if (status == DA3_OK) result.outputs = tensors.take_outputs();
  bridge.rethrow();
  error.check(status, optimizer.call("session_run"));
  return result;
}

}  // namespace da3
