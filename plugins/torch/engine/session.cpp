// SPDX-License-Identifier: Apache-2.0
#include "engine/session.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>
#include <c10/core/InferenceMode.h>
#include <da3/error.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/estimate.hpp"
#include "engine/tensor_bridge.hpp"
#include "net/operation_hook.hpp"
#include "net/operation_trace.hpp"

namespace da3::engine {

namespace {

at::Tensor pick(const net::NetOutputs& out, const OutputPlan& plan) {
  return plan.kind ? plan.kind->pick(out) : out.features.at(plan.block);
}

/// A sum is finite only if every term is, up to overflow, which is checked again value by value.
bool finite(const at::Tensor& value, const at::Tensor& sum) {
  return sum.isfinite().item<bool>() || value.isfinite().all().item<bool>();
}

/// Everything that a run's launches depend on but the values of its inputs.
std::string launch_key(const RunRequest& request) {
  const net::NetRequest& r = request.network;
  std::string key;
  const auto add = [&](int64_t number) { key += std::to_string(number) + ' '; };
  for (int64_t size : request.inputs.image.sizes()) add(size);
  for (bool flag : {r.depth, r.cameras, r.rays, r.sky, r.scale_factor, r.gaussians, r.ray_pose,
                    request.inputs.extrinsics.defined(), request.inputs.intrinsics.defined()})
    add(flag);
  add(static_cast<int64_t>(r.reference));
  add(r.head_chunk_views);
  for (int64_t block : r.features) add(block);
  return key;
}

/// Runs again with every layer looked at, to name the first that is not finite.
[[noreturn]] void blame_layer(const Model& model, const RunRequest& request, const Watcher& watcher,
                              const char* output) {
  net::RunControl control;
  control.step = [&](const char*, int64_t, int64_t) { watcher.poll("looking for the layer"); };
  control.tap = [&](const std::string& layer, const at::Tensor& value) {
    if (!finite(value, value.sum()))
      throw Error(DA3_E_NUMERIC,
                  std::string("output '") + output + "' is not finite: layer '" + layer +
                      "' was the first to make infinite or undefined values; check the checkpoint, or use "
                      "mixed_precision: off");
  };
  model.network().run(request.inputs, request.network, *model.context().kernels, control);
  throw Error(DA3_E_NUMERIC,
              std::string("output '") + output +
                  "' is not finite: its last layers made infinite or undefined values; check the checkpoint");
}

/// Gives back what was handed over when a later output fails.
class Handovers {
 public:
  ~Handovers() {
    for (da3_tensor* tensor : given_)
      if (tensor->release) tensor->release(tensor);
  }
  void write(da3_tensor& tensor, const at::Tensor& value) {
    const bool plugin_memory = tensor.data == nullptr;
    write_output(tensor, value);
    if (plugin_memory) given_.push_back(&tensor);
  }
  void keep() { given_.clear(); }

 private:
  std::vector<da3_tensor*> given_;
};

}  // namespace

Watcher watcher_of(const da3_run& run) {
  const da3_run* fields = &run;
  return Watcher(DA3_HAS(fields, da3_run, watch) ? run.watch : nullptr);
}

Session::Session(std::shared_ptr<const Model> model)
    : model_(std::move(model)), lane_(model_->context().next_lane()) {}

Worker& Session::worker() const { return *model_->context().lanes[lane_].worker; }

void Session::run(const da3_run& run) const {
  const Watcher watcher = watcher_of(run);
  model_->context().run([&] { execute(run, nullptr); }, [&] { watcher.poll("waiting for another run"); },
                        lane_);
}

Worker::JobPtr Session::submit(const da3_run& run) const {
  // A copy of the session keeps the model alive.
  return model_->context().post(
      [session = *this, &run, upload = begin_upload(run)] { session.execute(run, upload); },
      [watcher = watcher_of(run)] { watcher.poll("waiting for another run"); }, lane_);
}

/// The image of a submitted run goes to the device while the run before it computes. Where that cannot be,
/// for whatever reason, the run uploads by itself and reports what is wrong.
std::shared_ptr<DeviceCopy> Session::begin_upload(const da3_run& run) const {
  Context& context = model_->context();
  if (!context.uploads) return nullptr;
  try {
    const c10::InferenceMode inference;
    const RunRequest request = read_run(run, *model_, /*with_data=*/true);
    check_fits(request, *model_);
    std::shared_ptr<DeviceCopy> upload;
    context.runtime->enter([&] { upload = context.uploads->begin(request.inputs.image); });
    return upload;
  } catch (const std::exception&) {
    return nullptr;
  }
}

net::Computed Session::compute(const RunRequest& request, const net::RunControl& control) const {
  Context& context = model_->context();
  const net::Network& network = model_->network();
  const auto eagerly = [&](const net::NetInputs& inputs) {
    return network.compute(inputs, request.network, *context.kernels, control);
  };
  if (!context.graphs || !network.only_launches(request.network)) return eagerly(request.inputs);
  control.begin_stage("graph");  // eager runs have stages of their own in it
  control.at_step("run", 0, 1);
  net::Computed computed = context.graphs->run(&network, launch_key(request), request.inputs, eagerly);
  control.at_step("run", 1, 1);
  return computed;
}

/// The outputs in host memory and, last, the sum of each and of what the heads read.
std::vector<at::Tensor> Session::results(const RunRequest& request, const net::RunControl& control) const {
  const net::NetOutputs out =
      model_->network().finish(compute(request, control), request.inputs, request.network, control);
  control.begin_stage("download");
  // One wait for the device: the values and, of each, the sum that tells whether all are finite.
  std::vector<at::Tensor> values, sums;
  for (const OutputPlan& plan : request.outputs) {
    values.push_back(pick(out, plan));
    sums.push_back(values.back().sum());
  }
  sums.push_back(out.sum);
  values.push_back(at::stack(sums));
  return model_->context().runtime->download(std::move(values));
}

/// Memory of a device may be short because of what is kept for later runs, or because heads and kernels take
/// much at a time: both are given up before the run is.
std::vector<at::Tensor> Session::with_less_memory(
    RunRequest& request, const std::function<std::vector<at::Tensor>()>& attempt) const {
  Context& context = model_->context();
  const auto lower = [&] {
    const bool smaller = context.runtime->use_smaller_pieces(*context.kernels);
    return std::exchange(request.network.head_chunk_views, 1) > 1 || smaller;
  };
  struct UsualPieces {
    Context& context;
    ~UsualPieces() { context.runtime->use_usual_pieces(*context.kernels); }
  } const afterwards{context};
  for (bool first = true;; first = false) {
    try {
      return attempt();
    } catch (const c10::Error& error) {
      if (!context.runtime->out_of_memory(error) || !(first || lower())) throw;
    }
    context.give_back(1);
  }
}

void Session::execute(const da3_run& run, std::shared_ptr<DeviceCopy> upload) const {
  const Watcher watcher = watcher_of(run);
  Context& context = model_->context();
  sdk::Trace trace = context.trace(watcher.get(), run.id, lane_);
  trace.stage("upload");
  RunRequest request = read_run(run, *model_, /*with_data=*/true);
  check_fits(request, *model_);
  if (!upload && context.uploads) upload = context.uploads->begin(request.inputs.image);
  if (upload) request.inputs.image = upload->use();
  for (at::Tensor* input : {&request.inputs.image, &request.inputs.extrinsics, &request.inputs.intrinsics})
    if (input->defined()) *input = input->to(context.device);
  const char* now = "start";
  net::RunControl control;
  control.trace = &trace;
  control.step = [&](const char* stage, int64_t done, int64_t total) {
    now = stage;
    watcher.step(stage, static_cast<uint64_t>(done), static_cast<uint64_t>(total));
  };
  const net::OperationHook between_operations([&] { watcher.poll(now); });
  std::optional<net::OperationTrace> operations;  // a device that works by itself would have to be waited for
  if (context.device.is_cpu()) operations.emplace(trace);
  const std::vector<at::Tensor> host = with_less_memory(request, [&] { return results(request, control); });
  for (size_t i = 0; i < request.outputs.size(); ++i)
    if (!finite(host[i], host.back()[static_cast<int64_t>(i)]))
      blame_layer(*model_, request, watcher, request.outputs[i].target->name);
  if (!host.back()[static_cast<int64_t>(request.outputs.size())].isfinite().item<bool>())
    blame_layer(*model_, request, watcher, request.outputs.front().target->name);
  Handovers handovers;
  for (size_t i = 0; i < request.outputs.size(); ++i) handovers.write(*request.outputs[i].target, host[i]);
  handovers.keep();
}

}  // namespace da3::engine
