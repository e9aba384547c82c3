// SPDX-License-Identifier: Apache-2.0
#include "engine/context.hpp"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "net/network.hpp"

namespace da3::engine {

namespace {

/// 0 is the thread that calls.
uint32_t next_track() {
  static std::atomic<uint32_t> last{0};
  return ++last;
}

}  // namespace

Context::Context(const Policy& asked, const DeviceTraits& traits, const da3_host* lent)
    : policy(asked),
      host(lent),
      track(next_track()),
      device(traits.device(asked)),
      kernels(traits.kernels(asked)),
      interop_threads(request_interop_threads(asked.interop_threads)) {}

void Context::run_here(const std::function<void()>& body) const {
  const FlagLease lease({policy.threads, policy.deterministic != 0, policy.onednn != 0});
  const c10::InferenceMode inference;  // per thread: without it autograd would hold every activation
  body();
}

void Context::run(const std::function<void()>& body, const std::function<void()>& while_queued) {
  worker.call([&] { run_here(body); }, while_queued);
}

Worker::JobPtr Context::post(std::function<void()> body) {
  return worker.post([this, body = std::move(body)] { run_here(body); });
}

uint64_t Context::forget_tables() {
  const std::lock_guard lock(models_mutex);
  uint64_t bytes = 0;
  for (const net::Network* network : networks) bytes += network->forget_geometries();
  return bytes;
}

}  // namespace da3::engine
