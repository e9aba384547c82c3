// SPDX-License-Identifier: Apache-2.0
#include "common/thin_plugin.hpp"

#include <da3/guard.hpp>

#include <cstring>

#include "common/assume.hpp"
#include "common/optimizer.hpp"
#include "common/self_test.hpp"

namespace da3::thin {
namespace {

template <class Pointer>
void require(Pointer pointer, const char* function, const char* what) {
  if (!pointer) throw Error(DA3_E_INVALID, std::string(function) + ": " + what + " is NULL; pass one");
}

/// Models and sessions are the engine's: without an open engine there can be none.
const engine::Table& engine_of(const void* object, const char* function, const char* what) {
  require(object, function, what);
  const engine::Table* table = opened_engine();
  if (!table)
    throw Error(DA3_E_INVALID, std::string(function) + ": no model was loaded; call model_load first");
  return *table;
}

/// Run options are checked here, so that every backend says the same about them.
void check_run(const da3_run* run, const char* function) {
  require(run, function, "the run");
  if (!DA3_HAS(run, da3_run, n_opts))
    throw Error(DA3_E_ABI, std::string(function) +
                               ": da3_run is smaller than version 1.0's; build with da3/plugin.h 1.0");
  OptionSet::parse(*backend().info, DA3_SCOPE_RUN, run->opts, run->n_opts);
}

void shutdown() { HostSlot::instance().leave(); }

int32_t probe(da3_device_sink sink, void* ctx, da3_error* error) {
  return guard(error, [&] {
    require(sink, "probe", "the sink");
    backend().probe([&](const da3_device& device) { sink(ctx, &device); });
  });
}

int32_t options(da3_option_sink sink, void* ctx, da3_error* error) {
  return guard(error, [&] {
    require(sink, "options", "the sink");
    for (const OptionSpec& spec : backend().info->options) {
      da3_option option{};
      option.struct_size = sizeof option;
      option.key = spec.key, option.type = spec.type, option.def = spec.def, option.help = spec.help;
      option.scope = spec.scope;
      sink(ctx, &option);
    }
  });
}

int32_t optimizer_create(const da3_kv* const* opts, uint32_t n, int32_t dl_type, int32_t dl_id,
                         da3_optimizer** out, da3_error* error) {
  if (out) *out = nullptr;
  return guard(error, [&] {
    require(out, "optimizer_create", "the place for the optimizer");
    const auto host = HostSlot::instance().host();
    OptionSet set = OptionSet::parse(*backend().info, DA3_SCOPE_OPTIMIZER, opts, n);
    Decision decision = backend().decide(set, {dl_type, dl_id}, host->cpu_budget());
    for (const std::string& warning : decision.warnings) host->log(log_warn, warning);
    for (const std::string& note : decision.notes) host->log(log_debug, note);
    *out = new da3_optimizer(host, {dl_type, dl_id}, std::move(set), std::move(decision));
  });
}

int32_t optimizer_describe(da3_optimizer* optimizer, da3_kv_sink sink, void* ctx, da3_error* error) {
  return guard(error, [&] {
    require(optimizer, "optimizer_describe", "the optimizer");
    require(sink, "optimizer_describe", "the sink");
    optimizer->describe(sink, ctx);
  });
}

void optimizer_destroy(da3_optimizer* optimizer) { delete optimizer; }

int32_t model_load(da3_optimizer* optimizer, const char* path, const da3_watch* watch, da3_model** out,
                   da3_error* error) {
  if (out) *out = nullptr;
  return guard(error, [&] {
    require(optimizer, "model_load", "the optimizer");
    require(path, "model_load", "the path");
    require(out, "model_load", "the place for the model");
    *out = optimizer->load(path, watch);
  });
}

int32_t model_describe(da3_model* model, da3_kv_sink sink, void* ctx, da3_error* error) {
  int32_t code = DA3_OK;
  const int32_t here = guard(error, [&] {
    const auto& table = engine_of(model, "model_describe", "the model");
    require(sink, "model_describe", "the sink");
    code = table.model_describe(model, sink, ctx, error);
  });
  return here != DA3_OK ? here : code;
}

void model_destroy(da3_model* model) {
  if (const engine::Table* table = opened_engine(); table && model) table->model_destroy(model);
}

int32_t session_create(da3_model* model, da3_session** out, da3_error* error) {
  if (out) *out = nullptr;
  int32_t code = DA3_OK;
  const int32_t here = guard(error, [&] {
    require(out, "session_create", "the place for the session");
    code = engine_of(model, "session_create", "the model").session_create(model, out, error);
  });
  return here != DA3_OK ? here : code;
}

int32_t session_run(da3_session* session, da3_run* run, da3_error* error) {
  int32_t code = DA3_OK;
  const int32_t here = guard(error, [&] {
    const auto& table = engine_of(session, "session_run", "the session");
    check_run(run, "session_run");
    code = table.session_run(session, run, error);
  });
  return here != DA3_OK ? here : code;
}

int32_t session_submit(da3_session* session, da3_run* run, da3_ticket** out, da3_error* error) {
  if (out) *out = nullptr;
  int32_t code = DA3_OK;
  const int32_t here = guard(error, [&] {
    const auto& table = engine_of(session, "session_submit", "the session");
    require(out, "session_submit", "the place for the ticket");
    check_run(run, "session_submit");
    code = table.session_submit(session, run, out, error);
  });
  return here != DA3_OK ? here : code;
}

int32_t ticket_wait(da3_ticket* ticket, uint64_t timeout_ms, da3_error* error) {
  int32_t code = DA3_OK;
  const int32_t here = guard(error, [&] {
    code = engine_of(ticket, "ticket_wait", "the ticket").ticket_wait(ticket, timeout_ms, error);
  });
  return here != DA3_OK ? here : code;
}

void session_destroy(da3_session* session) {
  if (const engine::Table* table = opened_engine(); table && session) table->session_destroy(session);
}

int32_t estimate(da3_model* model, const da3_run* run, da3_memory* out, da3_error* error) {
  int32_t code = DA3_OK;
  const int32_t here = guard(error, [&] {
    const auto& table = engine_of(model, "estimate", "the model");
    require(out, "estimate", "the place for the answer");
    check_run(run, "estimate");
    code = table.estimate(model, run, out, error);
  });
  return here != DA3_OK ? here : code;
}

int32_t memory(da3_optimizer* optimizer, da3_memory* out, da3_error* error) {
  return guard(error, [&] {
    require(optimizer, "memory", "the optimizer");
    require(out, "memory", "the place for the answer");
    optimizer->memory(out);
  });
}

int32_t trim(da3_optimizer* optimizer, uint32_t level, uint64_t* freed, da3_error* error) {
  if (freed) *freed = 0;
  return guard(error, [&] {
    require(optimizer, "trim", "the optimizer");
    const uint64_t bytes = optimizer->trim(level);
    if (freed) *freed = bytes;
  });
}

const void* extension(const char* id) {
  if (!id) return nullptr;
  if (std::strcmp(id, DA3_ASSUME_ID) == 0) return &assume_table();
  if (std::strcmp(id, DA3_SELF_TEST_ID) == 0) return &self_test_table();
  return nullptr;
}

const da3_plugin& table() {
  static const da3_plugin plugin = [] {
    const BackendInfo& info = *backend().info;
    da3_plugin t{};
    t.struct_size = sizeof t;
    t.abi_major = DA3_ABI_MAJOR, t.abi_minor = DA3_ABI_MINOR;
    t.name = info.name, t.id = info.id, t.version = info.version, t.vendor = info.vendor,
    t.license = info.license;
    t.runtime_id = info.runtime_id;
    t.shutdown = shutdown;
    t.probe = probe, t.options = options;
    t.optimizer_create = optimizer_create, t.optimizer_describe = optimizer_describe;
    t.optimizer_destroy = optimizer_destroy;
    t.model_load = model_load, t.model_describe = model_describe, t.model_destroy = model_destroy;
    t.session_create = session_create, t.session_run = session_run, t.session_destroy = session_destroy;
    t.session_submit = session_submit, t.ticket_wait = ticket_wait;
    t.estimate = estimate, t.memory = memory, t.trim = trim, t.extension = extension;
    return t;
  }();
  return plugin;
}

}  // namespace

int32_t enter(uint32_t host_major_min, uint32_t host_major_max, const da3_host* host, const da3_plugin** out,
              da3_error* error) {
  if (out) *out = nullptr;
  return guard(error, [&] {
    require(out, "da3_plugin_entry", "the place for the table");
    if (host_major_min > DA3_ABI_MAJOR || host_major_max < DA3_ABI_MAJOR)
      throw Error(DA3_E_ABI, std::string("plugin '") + backend().info->name +
                                 "' cannot be used: the host speaks ABI major " +
                                 std::to_string(host_major_min) + " to " + std::to_string(host_major_max) +
                                 ", the plugin 1 to 1; install versions that go together");
    HostSlot::instance().enter(host);
    *out = &table();
  });
}

}  // namespace da3::thin
