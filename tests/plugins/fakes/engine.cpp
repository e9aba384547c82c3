// SPDX-License-Identifier: Apache-2.0
// Engines without LibTorch, one per FAKE_*: what the loader must take or refuse.
#include <da3/guard.hpp>

#include <cstdlib>
#include <cstring>

#include <engine_build_id.hpp>

#include "torch/engine_abi.hpp"

#ifdef FAKE_NEEDS_LIBTORCH
extern "C" int fake_libtorch_version();
extern "C" DA3_EXPORT int fake_engine_libtorch() { return fake_libtorch_version(); }
#endif

struct da3_model {
  int dummy;
};
struct da3_session {
  int dummy;
};
struct da3::engine::Context {
  Policy policy;
};

namespace {

using namespace da3;
using engine::Context;

int32_t context_create(const engine::Policy* policy, const da3_host*, Context** out, da3_error*) {
  *out = new Context{*policy};
  return DA3_OK;
}

int32_t context_describe(Context*, da3_kv_sink sink, void* ctx, da3_error*) {
  da3_kv kv{sizeof(da3_kv), 0, "effective.interop_threads", "1", nullptr};
  sink(ctx, &kv);
  kv.key = "effective.attention", kv.value = "fake";
  sink(ctx, &kv);
  return DA3_OK;
}

void context_destroy(Context* context) { delete context; }

int32_t model_load(Context*, const char* path, const da3_watch*, da3_model** out, da3_error* error) {
  if (std::strcmp(path, "good") != 0)
    return fill_error(error, DA3_E_MODEL, "model not loaded: the fake engine knows only 'good'; ask for it",
                      0, 3);
  *out = new da3_model{};
  return DA3_OK;
}

void model_destroy(da3_model* model) { delete model; }

int32_t session_create(da3_model*, da3_session** out, da3_error*) {
  *out = new da3_session{};
  return DA3_OK;
}

int32_t session_run(da3_session*, da3_run*, da3_error*) { return DA3_OK; }

void session_destroy(da3_session* session) { delete session; }

}  // namespace

#ifndef FAKE_NO_ENTRY
extern "C" DA3_EXPORT int32_t da3_engine_entry(const engine::Table** out, da3_error* error) {
#ifdef FAKE_ENTRY_ERROR
  (void)out;
  return fill_error(error, DA3_E_UNSUPPORTED, "the fake engine never starts; take another");
#else
  (void)error;
  static engine::Table table{};
  table.struct_size = sizeof table;
  table.build_id = DA3_ENGINE_BUILD_ID;
  table.runtime_id = "libtorch/none";
#ifdef FAKE_OLD_BUILD
  table.build_id = "0.0.1-old";
#endif
#ifdef FAKE_SMALL_TABLE
  table.struct_size = 24;
#endif
  table.context_create = context_create;
  table.context_describe = context_describe;
  table.context_destroy = context_destroy;
  table.model_load = model_load;
  table.model_destroy = model_destroy;
  table.session_create = session_create;
  table.session_run = session_run;
  table.session_destroy = session_destroy;
  *out = &table;
  return DA3_OK;
#endif
}
#endif
