// SPDX-License-Identifier: Apache-2.0
#include "engine/model.hpp"

#include <da3/error.hpp>

#include "engine/ceilings.hpp"
#include "engine/estimate.hpp"
#include "net/any_view_net.hpp"
#include "net/mono_net.hpp"
#include "net/nested_net.hpp"

namespace da3::engine {

namespace {

net::Arithmetic arithmetic(engine::Precision precision) {
  switch (precision) {
    case Precision::float32:
      return net::Arithmetic::float32;
    case Precision::tf32:
      return net::Arithmetic::tf32;
    case Precision::bfloat16:
      return net::Arithmetic::bfloat16;
    case Precision::float16:
      return net::Arithmetic::float16;
    case Precision::int8:
      return net::Arithmetic::int8;
    default:
      throw Error(DA3_E_UNSUPPORTED, "model not loaded: the networks do not compute in precision " +
                                         std::to_string(static_cast<int32_t>(precision)) +
                                         "; use mixed_precision: off");
  }
}

}  // namespace

std::unique_ptr<net::Network> make_network(const net::WeightSource& source,
                                           const checkpoint::ModelConfig& config) {
  if (config.metric) return std::make_unique<net::NestedNet>(source, config.net, *config.metric);
  if (config.net.head.kind == checkpoint::HeadKind::dpt)
    return std::make_unique<net::MonoNet>(source, config.net);
  return std::make_unique<net::AnyViewNet>(source, config.net);
}

net::Precision precision_of(const Policy& policy) {
  return {arithmetic(policy.precision), arithmetic(policy.head_precision)};
}

void Watcher::poll(const char* stage) const {
  if (watch_ && DA3_HAS(watch_, da3_watch, should_cancel) && watch_->should_cancel &&
      watch_->should_cancel(watch_->ctx))
    throw Error(DA3_E_CANCELLED, std::string("cancelled at stage '") + stage + "' by the caller");
}

void Watcher::step(const char* stage, uint64_t done, uint64_t total) const {
  if (!watch_) return;
  poll(stage);
  if (DA3_HAS(watch_, da3_watch, progress) && watch_->progress)
    watch_->progress(watch_->ctx, done, total, stage);
}

Model::Model(Context& context, const std::filesystem::path& folder, const Watcher& watcher)
    : context_(context) {
  const auto file = checkpoint::SafetensorsFile::open(folder / "model.safetensors");
  checkpoint::Shapes shapes;
  uint64_t stored_bytes = 0;
  for (const auto& [name, view] : file.tensors()) {
    shapes.emplace(name, view.shape);
    stored_bytes += view.bytes;
  }
  config_ = checkpoint::resolve_config(folder, shapes);
  weight_bytes_ = weights_in_memory(config_, context.policy);
  check_weights_fit(config_.name, weight_bytes_.always, context.policy);

  uint64_t read_bytes = 0;
  context.run([&] {
    sdk::Trace trace = context.trace(watcher.get(), 0);
    trace.stage("load");
    const net::WeightSource source{file,
                                   context.device,
                                   *context.kernels,
                                   [&](uint64_t bytes) {
                                     read_bytes += bytes;
                                     watcher.step("load", read_bytes, stored_bytes);
                                   },
                                   precision_of(context.policy),
                                   [&context](const auto& body) { context.runtime->keep(body); }};
    context.runtime->keep([&] { network_ = make_network(source, config_); });
    if (context.device.is_cpu()) report_ceilings(*context.kernels, source.precision, trace);
  });
  context.runtime->weights_changed();
  capabilities_ = checkpoint::capabilities(config_);
  description_ = checkpoint::describe(config_);
  watcher.step("load", stored_bytes, stored_bytes);
  const std::lock_guard lock(context.models_mutex);
  context.models.insert(this);
}

Model::~Model() {
  if (context_.graphs) context_.graphs->forget(network_.get());
  {
    const std::lock_guard lock(context_.models_mutex);
    context_.models.erase(this);
  }
  network_.reset();
  context_.runtime->weights_changed();
  try {
    if (context_.policy.empty_cache) context_.runtime->enter([this] { context_.runtime->trim(); });
  } catch (const std::exception&) {
    // A device that was lost gives nothing back, and a destructor has nobody to tell.
  }
}

}  // namespace da3::engine
