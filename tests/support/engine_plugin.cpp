// SPDX-License-Identifier: Apache-2.0
#include "support/engine_plugin.hpp"

#include "engine/table.hpp"

namespace da3::test {

namespace {

engine::Policy next_policy;

int32_t create(const da3_kv* const*, uint32_t, int32_t, int32_t, da3_optimizer** out, da3_error* error) {
  engine::Context* context = nullptr;
  const int32_t code = engine::table().context_create(&next_policy, nullptr, &context, error);
  *out = reinterpret_cast<da3_optimizer*>(context);
  return code;
}

int32_t describe(da3_optimizer* optimizer, da3_kv_sink sink, void* ctx, da3_error* error) {
  return engine::table().context_describe(context_of(optimizer), sink, ctx, error);
}

void destroy(da3_optimizer* optimizer) {
  if (optimizer) engine::table().context_destroy(context_of(optimizer));
}

int32_t load(da3_optimizer* optimizer, const char* path, const da3_watch* watch, da3_model** out,
             da3_error* error) {
  return engine::table().model_load(context_of(optimizer), path, watch, out, error);
}

int32_t memory(da3_optimizer* optimizer, da3_memory* out, da3_error* error) {
  return engine::table().memory(context_of(optimizer), out, error);
}

int32_t trim(da3_optimizer* optimizer, uint32_t level, uint64_t* freed, da3_error* error) {
  return engine::table().trim(context_of(optimizer), level, freed, error);
}

}  // namespace

const da3_plugin& engine_plugin(const engine::Policy& policy) {
  static const da3_plugin plugin = [] {
    const engine::Table& engine = engine::table();
    da3_plugin t{};
    t.struct_size = sizeof t;
    t.optimizer_create = create, t.optimizer_describe = describe, t.optimizer_destroy = destroy;
    t.model_load = load, t.model_describe = engine.model_describe, t.model_destroy = engine.model_destroy;
    t.session_create = engine.session_create, t.session_run = engine.session_run;
    t.session_destroy = engine.session_destroy, t.session_submit = engine.session_submit;
    t.ticket_wait = engine.ticket_wait, t.estimate = engine.estimate, t.memory = memory, t.trim = trim;
    return t;
  }();
  next_policy = policy;
  return plugin;
}

}  // namespace da3::test
