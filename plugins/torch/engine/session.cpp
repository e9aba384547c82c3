// SPDX-License-Identifier: Apache-2.0
#include "engine/session.hpp"

#include <ATen/core/Tensor.h>
#include <da3/error.hpp>

#include <string>
#include <utility>
#include <vector>

#include "engine/estimate.hpp"
#include "engine/tensor_bridge.hpp"
#include "net/operation_hook.hpp"

namespace da3::engine {

namespace {

at::Tensor pick(const net::NetOutputs& out, const OutputPlan& plan) {
  return plan.kind ? plan.kind->pick(out) : out.features.at(plan.block);
}

/// A sum is finite only if every term is, up to overflow, which is checked again value by value.
bool finite(const at::Tensor& value) {
  return value.sum().isfinite().item<bool>() || value.isfinite().all().item<bool>();
}

/// Runs again with every layer looked at, to name the first that is not finite.
[[noreturn]] void blame_layer(const Model& model, const RunRequest& request, const Watcher& watcher,
                              const char* output) {
  net::RunControl control;
  control.step = [&](const char*, int64_t, int64_t) { watcher.poll("looking for the layer"); };
  control.tap = [&](const std::string& layer, const at::Tensor& value) {
    if (!finite(value))
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

void Session::run(const da3_run& run) const {
  const Watcher watcher = watcher_of(run);
  model_->context().run([&] { execute(run); }, [&] { watcher.poll("waiting for another run"); });
}

Worker::JobPtr Session::submit(const da3_run& run) const {
  // A copy of the session keeps the model alive.
  return model_->context().post([session = *this, &run] { session.execute(run); });
}

void Session::execute(const da3_run& run) const {
  const Watcher watcher = watcher_of(run);
  Context& context = model_->context();
  sdk::Trace trace = context.trace(watcher.get(), run.id);
  trace.stage("upload");
  RunRequest request = read_run(run, *model_, /*with_data=*/true);
  check_fits(request, *model_);
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
  const net::NetOutputs out =
      model_->network().run(request.inputs, request.network, *context.kernels, control);
  trace.stage("download");
  for (const OutputPlan& plan : request.outputs)
    if (!finite(pick(out, plan))) blame_layer(*model_, request, watcher, plan.target->name);
  Handovers handovers;
  for (const OutputPlan& plan : request.outputs) handovers.write(*plan.target, pick(out, plan));
  handovers.keep();
}

}  // namespace da3::engine
