// SPDX-License-Identifier: Apache-2.0
#include "isolation/proxy.hpp"

#include "abi_call.hpp"

namespace da3::detail::isolation {
namespace {

namespace fs = std::filesystem;

void DA3_CALL nothing() {}
const void* DA3_CALL no_extension(const char*) { return nullptr; }

void emit(const Json& answer, da3_kv_sink sink, void* ctx) {
  const std::vector<Setting> settings = settings_of(answer.at("settings"));
  const KeyValues values(settings);
  for (uint32_t i = 0; i < values.size(); ++i) sink(ctx, values.data()[i]);
}

template <class Handle>
int32_t describe(const char* op, Handle* handle, da3_kv_sink sink, void* ctx, da3_error* error) {
  return remote_guard(error, [&] {
    Remote& object = remote(handle);
    emit(Call(*object.worker, op, {{"object", object.id}}).wait(), sink, ctx);
  });
}

/// Destroying cannot fail; of a worker that is gone nothing is left to destroy.
template <class Handle>
void destroy(const char* op, Handle* handle) {
  if (!handle) return;
  std::unique_ptr<Remote> object(&remote(handle));
  Worker& worker = *object->worker;
  if (worker.process().ended()) return;
  remote_guard(nullptr, [&] {
    Call(worker, op, {{"object", object->id}}).wait(nullptr, worker.limits().destroy);
  });
}

int32_t DA3_CALL optimizer_describe(da3_optimizer* optimizer, da3_kv_sink sink, void* ctx, da3_error* error) {
  return describe("optimizer_describe", optimizer, sink, ctx, error);
}
void DA3_CALL optimizer_destroy(da3_optimizer* optimizer) { destroy("optimizer_destroy", optimizer); }

/// The worker's current folder is that of its start.
std::string path_for(const Worker& worker, const char* path) {
  const fs::path given = text_or_empty(path);
  std::error_code ignored;
  if (given.empty() || given.is_absolute() || fs::current_path(ignored) == worker.folder())
    return given.string();
  return fs::absolute(given).string();
}

int32_t DA3_CALL model_load(da3_optimizer* optimizer, const char* path, const da3_watch* watch,
                            da3_model** out, da3_error* error) {
  *out = nullptr;
  return remote_guard(error, [&] {
    Remote& object = remote(optimizer);
    Call call(
        *object.worker, "model_load",
        {{"object", object.id}, {"path", path_for(*object.worker, path)}, {"watch", watch_wishes(watch)}});
    *out = new_remote<da3_model>(*object.worker, call.wait(watch));
  });
}
int32_t DA3_CALL model_describe(da3_model* model, da3_kv_sink sink, void* ctx, da3_error* error) {
  return describe("model_describe", model, sink, ctx, error);
}
void DA3_CALL model_destroy(da3_model* model) { destroy("model_destroy", model); }

int32_t DA3_CALL session_create(da3_model* model, da3_session** out, da3_error* error) {
  *out = nullptr;
  return remote_guard(error, [&] {
    Remote& object = remote(model);
    *out = new_remote<da3_session>(*object.worker,
                                   Call(*object.worker, "session_create", {{"object", object.id}}).wait());
  });
}
void DA3_CALL session_destroy(da3_session* session) { destroy("session_destroy", session); }

int32_t DA3_CALL memory(da3_optimizer* optimizer, da3_memory* out, da3_error* error) {
  return remote_guard(error, [&] {
    Remote& object = remote(optimizer);
    fill_struct(out, memory_of(Call(*object.worker, "memory", {{"object", object.id}}).wait().at("memory")));
  });
}

int32_t DA3_CALL trim(da3_optimizer* optimizer, uint32_t level, uint64_t* freed, da3_error* error) {
  return remote_guard(error, [&] {
    Remote& object = remote(optimizer);
    const uint64_t shared = object.worker->pool().trim();
    const Json answer = Call(*object.worker, "trim", {{"object", object.id}, {"trim_level", level}}).wait();
    if (freed) *freed = shared + answer.at("freed").get<uint64_t>();
  });
}

}  // namespace

da3_plugin proxy_table() {
  auto table = zeroed<da3_plugin>();
  table.abi_major = DA3_ABI_MAJOR;
  table.abi_minor = DA3_ABI_MINOR;
  table.shutdown = nothing;
  table.optimizer_describe = optimizer_describe;
  table.optimizer_destroy = optimizer_destroy;
  table.model_load = model_load;
  table.model_describe = model_describe;
  table.model_destroy = model_destroy;
  table.session_create = session_create;
  table.session_run = proxy_session_run;
  table.session_submit = proxy_session_submit;
  table.ticket_wait = proxy_ticket_wait;
  table.session_destroy = session_destroy;
  table.estimate = proxy_estimate;
  table.memory = memory;
  table.trim = trim;
  table.extension = no_extension;
  return table;
}

int32_t Worker::optimizer_create(const da3_kv* const* options, uint32_t count, int32_t dl_type, int32_t dl_id,
                                 da3_optimizer** out, da3_error* error) {
  *out = nullptr;
  return remote_guard(error, [&] {
    Call call(*this, "optimizer_create",
              {{"options", key_values_json(options, count)}, {"dl_type", dl_type}, {"dl_id", dl_id}});
    *out = new_remote<da3_optimizer>(*this, call.wait());
  });
}

}  // namespace da3::detail::isolation
