// SPDX-License-Identifier: Apache-2.0
#include "engine/model.hpp"

#include <da3/error.hpp>

#include <algorithm>

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

namespace {

/// What idle networks may keep: a part of what the policy allows a run.
uint64_t most_idle_bytes(const Policy& policy) {
  constexpr uint64_t usual = uint64_t{1} << 30;
  if (!policy.keep_scratch) return 0;
  return policy.memory_limit > 0 ? policy.memory_limit / 4 : usual;
}

uint64_t bytes_of(const checkpoint::SafetensorsFile& file) {
  uint64_t bytes = 0;
  for (const auto& [name, view] : file.tensors()) bytes += view.bytes;
  return bytes;
}

}  // namespace

Model::Model(Context& context, const std::filesystem::path& folder, const Watcher& watcher)
    : context_(context) {
  const checkpoint::FileIdentity config_file = checkpoint::identity_of(folder / "config.json");
  const auto file = checkpoint::SafetensorsFile::open(folder / "model.safetensors");
  checkpoint::Shapes shapes;
  for (const auto& [name, view] : file.tensors()) shapes.emplace(name, view.shape);
  SharedNetwork made;
  made.config = checkpoint::resolve_config(folder, shapes);
  made.bytes = weights_in_memory(made.config, context.policy);
  made.runtime = context.runtime;
  made.kernels = context.kernels;
  check_weights_fit(made.config.name, made.bytes.always, context.policy);

  const void* owner = context.device.is_cpu() ? nullptr : &context;
  sdk::Trace trace = context.trace(watcher.get(), 0);
  trace.stage("load");
  shared_ = networks().get(
      network_key(file.identity(), config_file, context.policy, owner),
      [&] { return read(file, std::move(made), watcher); }, [&] { watcher.poll("load"); });
  if (context.device.is_cpu() && trace.wants_operations())
    context.run([&] { report_ceilings(*context.kernels, precision_of(context.policy), trace); });
  capabilities_ = checkpoint::capabilities(config());
  description_ = checkpoint::describe(config());
  const uint64_t stored_bytes = bytes_of(file);
  watcher.step("load", stored_bytes, stored_bytes);
  const std::lock_guard lock(context.models_mutex);
  context.models.insert(this);
}

NetworkCache::Shared Model::read(const checkpoint::SafetensorsFile& file, SharedNetwork made,
                                 const Watcher& watcher) const {
  const uint64_t limit = context_.policy.memory_limit, stored_bytes = bytes_of(file);
  if (limit > 0 && made.bytes.always + networks().idle_bytes() > limit) networks().shrink(0);
  uint64_t read_bytes = 0;
  context_.run([&] {
    const net::WeightSource source{file,
                                   context_.device,
                                   *made.kernels,
                                   [&](uint64_t bytes) {
                                     read_bytes += bytes;
                                     watcher.step("load", read_bytes, stored_bytes);
                                   },
                                   precision_of(context_.policy),
                                   [runtime = made.runtime](const auto& body) { runtime->keep(body); }};
    context_.runtime->keep([&] { made.network = make_network(source, made.config); });
  });
  context_.runtime->weights_changed();
  return std::make_shared<const SharedNetwork>(std::move(made));
}

Model::~Model() {
  bool last = false;  // of the network's in this optimizer: recorded runs are the network's
  {
    const std::lock_guard lock(context_.models_mutex);
    context_.models.erase(this);
    last = std::none_of(context_.models.begin(), context_.models.end(),
                        [this](const Model* other) { return &other->network() == shared_->network.get(); });
  }
  if (last && context_.graphs) context_.graphs->forget(shared_->network.get());
  shared_.reset();
  networks().shrink(most_idle_bytes(context_.policy));
  context_.runtime->weights_changed();
  try {
    if (context_.policy.empty_cache) context_.runtime->enter([this] { context_.runtime->trim(); });
  } catch (const std::exception&) {
    // A device that was lost gives nothing back, and a destructor has nobody to tell.
  }
}

}  // namespace da3::engine
