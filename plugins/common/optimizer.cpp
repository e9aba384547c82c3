// SPDX-License-Identifier: Apache-2.0
#include "common/optimizer.hpp"

#include <da3/error.hpp>
#include <da3/guard.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

#include "common/canary.hpp"
#include "common/measured.hpp"
#include "common/thin_plugin.hpp"
#include "loader/engine_loader.hpp"
#include "loader/openmp_runtimes.hpp"

namespace da3::thin {
namespace {

std::atomic<const engine::Table*> engine_table{nullptr};

/// Calls an engine function and rethrows its error here, so that there is one path out.
template <class Call>
void checked(Call&& call) {
  char text[4096] = "";
  da3_error error{};
  error.struct_size = sizeof error;
  error.msg = text;
  error.msg_cap = sizeof text;
  error.index = -1;
  const int32_t code = call(&error);
  if (code != DA3_OK) throw Error(code, text, error.kind, error.index, error.native);
}

}  // namespace

const engine::Table& open_engine(const Host& host) {
  if (const engine::Table* table = opened_engine()) return *table;
  const BackendInfo& info = *backend().info;
  loader::Request request;
  const std::filesystem::path folder = host.library_folder();
  if (folder.empty())
    throw Error(DA3_E_INTERNAL,
                "engine not opened: the plugin's own folder is not known; set da3_host.library_path");
  request.engine = folder / info.engine;
  request.backend = info.name;
  const engine::Table& table = loader::open_engine(request);
  if (std::strcmp(table.runtime_id, info.runtime_id) != 0)
    host.log(log_warn, std::string("engine ") + info.engine + " runs on " + table.runtime_id +
                           ", the plugin was built for " + info.runtime_id);
  if (const std::string warning = loader::openmp_warning(loader::mapped_libraries()); !warning.empty())
    host.log(log_warn, warning);
  host.log(log_debug, "opened engine " + request.engine.string() + " (" + table.runtime_id + ")");
  engine_table.store(&table, std::memory_order_release);
  return table;
}

const engine::Table* opened_engine() noexcept { return engine_table.load(std::memory_order_acquire); }

void tell(const OptionSet& options, const std::vector<KeyValue>& effective, da3_kv_sink sink, void* ctx) {
  da3_kv kv{};
  kv.struct_size = sizeof kv;
  for (const auto& [key, value] : options.all()) {
    kv.key = key.c_str(), kv.value = value.text.c_str(), kv.origin = value.origin.c_str();
    sink(ctx, &kv);
  }
  for (const KeyValue& entry : effective) {
    kv.key = entry.key.c_str(), kv.value = entry.value.c_str(), kv.origin = "policy";
    sink(ctx, &kv);
  }
}

}  // namespace da3::thin

using namespace da3;
using namespace da3::thin;

da3_optimizer::da3_optimizer(std::shared_ptr<const Host> host, DeviceId device, OptionSet options,
                             Decision decision)
    : host_(std::move(host)), device_(device), options_(std::move(options)), decision_(std::move(decision)) {
  canary_ = options_.text("canary") == "off" ? "off" : "before the first model";
}

da3_optimizer::~da3_optimizer() {
  if (context_) opened_engine()->context_destroy(context_);
}

engine::Context* da3_optimizer::made() {
  const std::lock_guard lock(mutex_);
  return context_;
}

engine::Context* da3_optimizer::context() {
  const std::lock_guard lock(mutex_);
  if (!context_) {
    const engine::Table& table = open_engine(*host_);
    if (!decision_.measure.empty()) measure(table);
    checked([&](da3_error* error) {
      return table.context_create(&decision_.policy, host_->table(), &context_, error);
    });
  }
  return context_;
}

/// With the lock held. What cannot be measured is not known, and the first decision stays.
void da3_optimizer::measure(const engine::Table& table) {
  const std::string key = std::exchange(decision_.measure, {});
  if (!table.speed) return;
  try {
    if (!known_speed(key, host_->cache_folder())) {
      engine::Context* context = nullptr;
      checked([&](da3_error* error) {
        return table.context_create(&decision_.policy, host_->table(), &context, error);
      });
      const std::unique_ptr<engine::Context, void (*)(engine::Context*)> owned(context,
                                                                               table.context_destroy);
      double times = 0;
      checked([&](da3_error* error) { return table.speed(context, decision_.measured, &times, error); });
      keep_speed(key, host_->cache_folder(), times);
    }
    decision_ = backend().decide(options_, device_, host_->cpu_budget());
  } catch (const std::exception& error) {
    host_->log(log_warn, std::string("arithmetic was not measured: ") + error.what());
  }
}

void da3_optimizer::try_canary(engine::Context* context) {
  const engine::Table& table = *opened_engine();
  if (!table.canary || options_.text("canary") == "off") return;
  std::string key;
  const std::filesystem::path engine = host_->library_folder() / backend().info->engine;
  backend().probe([&](const da3_device& device) {
    if (device.dl_type == device_.type && device.dl_id == device_.index)
      key = canary_key(device, engine, decision_.policy);
  });
  const bool remembered =
      pass_canary(key, key.empty() ? std::filesystem::path() : host_->cache_folder(),
                  [&] { checked([&](da3_error* error) { return table.canary(context, error); }); });
  host_->log(log_debug, std::string("the canary lives") + (remembered ? ", as is known from before" : ""));
}

engine::Context* da3_optimizer::trusted() {
  engine::Context* context = this->context();
  const std::lock_guard lock(mutex_);
  if (canary_ == "before the first model") {
    try_canary(context);
    canary_ = "passed";
  }
  return context;
}

void da3_optimizer::self_test(const char* test, const char* model, const da3_watch* watch, da3_test_sink sink,
                              void* ctx) {
  engine::Context* context = this->context();
  const engine::Table& table = *opened_engine();
  if (!table.self_test)
    throw Error(DA3_E_NOT_FOUND, "self_test.run: this engine has no tests; take another build of it");
  checked([&](da3_error* error) { return table.self_test(context, test, model, watch, sink, ctx, error); });
}

da3_model* da3_optimizer::load(const char* path, const da3_watch* watch) {
  engine::Context* context = trusted();
  da3_model* model = nullptr;
  checked([&](da3_error* error) { return opened_engine()->model_load(context, path, watch, &model, error); });
  return model;
}

void da3_optimizer::describe(da3_kv_sink sink, void* ctx) {
  std::vector<KeyValue> effective;
  {
    const std::lock_guard lock(mutex_);
    effective = decision_.effective;
    effective.push_back({"effective.canary", canary_});
  }
  if (engine::Context* context = made()) {
    const auto merge = [](void* list, const da3_kv* kv) {
      auto& known = *static_cast<std::vector<KeyValue>*>(list);
      const auto same =
          std::find_if(known.begin(), known.end(), [&](const KeyValue& e) { return e.key == kv->key; });
      if (same != known.end())
        same->value = kv->value;
      else
        known.push_back({kv->key, kv->value});
    };
    checked([&](da3_error* error) {
      return opened_engine()->context_describe(context, merge, &effective, error);
    });
  }
  tell(options_, effective, sink, ctx);
}

void da3_optimizer::memory(da3_memory* out) {
  if (engine::Context* context = made()) {
    checked([&](da3_error* error) { return opened_engine()->memory(context, out, error); });
    return;
  }
  da3_memory nothing{};
  const std::lock_guard lock(mutex_);  // a measurement decides anew
  nothing.limit = decision_.policy.memory_limit == 0 ? UINT64_MAX : decision_.policy.memory_limit;
  fill_struct(out, nothing);
}

uint64_t da3_optimizer::trim(uint32_t level) {
  uint64_t freed = 0;
  if (engine::Context* context = made())
    checked([&](da3_error* error) { return opened_engine()->trim(context, level, &freed, error); });
  return freed;
}
