// SPDX-License-Identifier: Apache-2.0
#include "engine/table.hpp"

#include <engine_build_id.hpp>

#include <da3/error.hpp>
#include <da3/guard.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "engine/estimate.hpp"
#include "engine/host_heap.hpp"
#include "engine/model.hpp"
#include "engine/run_request.hpp"
#include "engine/session.hpp"
#include "engine/speed.hpp"
#include "engine/torch_guard.hpp"
#include "self_test/canary.hpp"
#include "self_test/self_test.hpp"

// The handles of da3/plugin.h are these objects.
struct da3_model {
  std::shared_ptr<const da3::engine::Model> model;
};
struct da3_session {
  std::shared_ptr<const da3::engine::Model> model;
  da3::engine::Session session;
  std::shared_ptr<std::atomic<int>> pending = std::make_shared<std::atomic<int>>(0);  ///< submitted runs
};
/// Outlives its session if need be.
struct da3_ticket {
  std::shared_ptr<const da3::engine::Model> model;
  std::shared_ptr<std::atomic<int>> pending;
  da3::engine::Watcher watcher;
  da3::engine::Worker* worker;  ///< the model's optimizer has it
  da3::engine::Worker::JobPtr job;
  ~da3_ticket() { --*pending; }
};

namespace da3::engine {

namespace {

constexpr int kMostPending = 4;

void require(const void* pointer, const char* what) {
  if (!pointer) throw Error(DA3_E_INVALID, std::string("invalid call: ") + what + " is NULL");
}

da3_kv make_kv(const char* key, const char* value) {
  da3_kv kv{};
  kv.struct_size = sizeof kv;
  kv.key = key;
  kv.value = value;
  return kv;
}

int32_t context_create(const Policy* policy, const da3_host* host, Context** out, da3_error* error) {
  if (out) *out = nullptr;
  return torch_guard(error, [&] {
    require(policy, "policy");
    require(out, "out");
    *out = std::make_unique<Context>(*policy, device_traits(), host).release();
  });
}

int32_t context_describe(Context* context, da3_kv_sink sink, void* ctx, da3_error* error) {
  return torch_guard(error, [&] {
    require(context, "context");
    const std::string interop = std::to_string(context->interop_threads);
    const da3_kv threads = make_kv("effective.interop_threads", interop.c_str());
    sink(ctx, &threads);
    if (context->interop_threads != context->policy.interop_threads) {
      const da3_kv reason = make_kv("effective.interop_threads.reason",
                                    "LibTorch takes this once per process, and somebody was first");
      sink(ctx, &reason);
    }
    auto known = context->runtime->describe(*context->kernels);
    if (context->policy.memory_fraction > 0)  // only now there are bytes that it is a share of
      known.emplace_back("effective.memory_limit", std::to_string(context->policy.memory_limit));
    if (context->graphs) known.emplace_back("effective.graphs.state", context->graphs->describe());
    for (const auto& [key, value] : known) {
      const da3_kv kv = make_kv(key.c_str(), value.c_str());
      sink(ctx, &kv);
    }
  });
}

void context_destroy(Context* context) { delete context; }

int32_t model_load(Context* context, const char* path, const da3_watch* watch, da3_model** out,
                   da3_error* error) {
  if (out) *out = nullptr;
  return torch_guard(error, [&] {
    require(context, "optimizer");
    require(path, "path");
    require(out, "out");
    auto handle = std::make_unique<da3_model>();
    handle->model = std::make_shared<const Model>(*context, path, Watcher(watch));
    *out = handle.release();
  });
}

int32_t model_describe(da3_model* model, da3_kv_sink sink, void* ctx, da3_error* error) {
  return torch_guard(error, [&] {
    require(model, "model");
    for (const auto& [key, value] : model->model->description()) {
      const da3_kv kv = make_kv(key.c_str(), value.c_str());
      sink(ctx, &kv);
    }
  });
}

void model_destroy(da3_model* model) { delete model; }

int32_t session_create(da3_model* model, da3_session** out, da3_error* error) {
  if (out) *out = nullptr;
  return torch_guard(error, [&] {
    require(model, "model");
    require(out, "out");
    *out = new da3_session{model->model, Session(model->model)};
  });
}

/// Memory that is kept for the next run goes back to the system. Returns the bytes that are known.
uint64_t give_back(Context& context, uint32_t level) {
  const uint64_t bytes = context.give_back(level);
  trim_heap();
  return bytes;
}

/// What the policy wants when a run has ended.
void after_run(Context& context) {
  if (!context.policy.keep_scratch) give_back(context, 1);
}

int32_t session_run(da3_session* session, da3_run* run, da3_error* error) {
  return torch_guard(error, [&] {
    require(session, "session");
    require(run, "run");
    session->session.run(*run);
    after_run(session->model->context());
  });
}

int32_t session_submit(da3_session* session, da3_run* run, da3_ticket** out, da3_error* error) {
  if (out) *out = nullptr;
  return torch_guard(error, [&] {
    require(session, "session");
    require(run, "run");
    require(out, "out");
    if (*session->pending >= kMostPending)
      throw Error(DA3_E_BUSY, "the session has " + std::to_string(kMostPending) +
                                  " submitted runs already; wait for one before the next");
    ++*session->pending;
    std::unique_ptr<da3_ticket> ticket(new da3_ticket{session->model, session->pending, watcher_of(*run),
                                                      &session->session.worker(), nullptr});
    ticket->job = session->session.submit(*run);
    *out = ticket.release();
  });
}

int32_t ticket_wait(da3_ticket* ticket, uint64_t timeout_ms, da3_error* error) {
  return torch_guard(error, [&] {
    require(ticket, "ticket");
    using Clock = std::chrono::steady_clock;
    constexpr uint64_t forever = 1000ull * 3600 * 24 * 365;
    const auto until = Clock::now() + std::chrono::milliseconds(std::min(timeout_ms, forever));
    Context& context = ticket->model->context();
    std::unique_ptr<da3_ticket> owned(ticket);  // freed by every way out but one
    if (!ticket->worker->finish(
            ticket->job, [&] { ticket->watcher.poll("waiting for another run"); }, until)) {
      owned.release();
      throw Error(DA3_E_TIMEOUT, "the run is not ready after " + std::to_string(timeout_ms) +
                                     " ms; wait again, or cancel it by its watch");
    }
    after_run(context);
  });
}

void session_destroy(da3_session* session) { delete session; }

da3_memory unknown_memory(const Context& context) {
  da3_memory memory{};
  memory.limit = context.policy.memory_limit == 0 ? UINT64_MAX : context.policy.memory_limit;
  memory.weights = memory.activations = memory.pool_idle = UINT64_MAX;
  memory.peak = memory.host_pinned = memory.cache_disk = UINT64_MAX;
  return memory;
}

int32_t estimate(da3_model* model, const da3_run* run, da3_memory* out, da3_error* error) {
  return torch_guard(error, [&] {
    require(model, "model");
    require(run, "run");
    const RunRequest request = read_run(*run, *model->model, /*with_data=*/false);
    da3_memory memory = unknown_memory(model->model->context());
    memory.weights = weights_for(request, *model->model);
    memory.activations = estimate_activations(request, *model->model);
    memory.peak = memory.weights + memory.activations;
    memory.host_pinned = memory.cache_disk = 0;
    fill_struct(out, memory);
  });
}

int32_t memory(Context* context, da3_memory* out, da3_error* error) {
  return torch_guard(error, [&] {
    require(context, "optimizer");
    da3_memory memory = unknown_memory(*context);
    memory.weights = context->weight_bytes();
    memory.host_pinned = context->uploads ? context->uploads->host_bytes() : 0;
    memory.cache_disk = 0;
    context->runtime->fill_memory(memory, memory.weights);
    if (memory.pool_idle != UINT64_MAX && context->device.is_cpu())
      memory.pool_idle += networks().idle_bytes();
    fill_struct(out, memory);
  });
}

int32_t trim(Context* context, uint32_t level, uint64_t* freed, da3_error* error) {
  return torch_guard(error, [&] {
    require(context, "optimizer");
    const uint64_t bytes = give_back(*context, level);
    if (freed) *freed = bytes;
  });
}

int32_t canary(Context* context, da3_error* error) {
  return torch_guard(error, [&] {
    require(context, "optimizer");
    pass_canary(*context);
    after_run(*context);
  });
}

int32_t self_test(Context* context, const char* test, const char* model, const da3_watch* watch,
                  da3_test_sink sink, void* ctx, da3_error* error) {
  return torch_guard(error, [&] {
    require(context, "optimizer");
    require(test, "test");
    run_self_test(*context, test, model, Watcher(watch), [&](const TestRow& row) {
      da3_test_row out{};
      out.struct_size = sizeof out;
      out.status = row.status;
      out.name = row.name.c_str();
      out.reason = row.reason.empty() ? nullptr : row.reason.c_str();
      out.unit = row.unit.c_str();
      out.value = row.value, out.limit = row.limit;
      sink(ctx, &out);
    });
  });
}

int32_t speed(Context* context, Precision precision, double* times, da3_error* error) {
  return torch_guard(error, [&] {
    require(context, "optimizer");
    require(times, "times");
    Policy policy = context->policy;
    policy.precision = precision;
    context->run([&] { *times = speed_of(*context->kernels, precision_of(policy).backbone); });
  });
}

}  // namespace

const Table& table() {
  static const Table instance{sizeof(Table),
                              DA3_ENGINE_BUILD_ID,
                              DA3_RUNTIME_ID,
                              context_create,
                              context_describe,
                              context_destroy,
                              model_load,
                              model_describe,
                              model_destroy,
                              session_create,
                              session_run,
                              session_submit,
                              ticket_wait,
                              session_destroy,
                              estimate,
                              memory,
                              trim,
                              canary,
                              self_test,
                              speed};
  return instance;
}

}  // namespace da3::engine
