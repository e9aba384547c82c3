// SPDX-License-Identifier: Apache-2.0
#include "engine/context.hpp"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "engine/host_heap.hpp"
#include "engine/model.hpp"

namespace da3::engine {

namespace {

constexpr int32_t kDlCuda = 2;  // DLPack

std::atomic<int> contexts{0};

/// 0 is the thread that calls.
uint32_t next_track() {
  static std::atomic<uint32_t> last{0};
  return ++last;
}

}  // namespace

Context::Context(const Policy& asked, const DeviceTraits& traits, const da3_host* lent)
    : policy(asked),
      host(lent),
      device(traits.device(asked)),
      runtime(traits.runtime ? traits.runtime(asked) : std::make_unique<DeviceRuntime>()),
      kernels(traits.kernels(asked)),
      interop_threads(request_interop_threads(asked.interop_threads)) {
  if (policy.memory_fraction > 0) policy.memory_limit = runtime->memory_limit(policy.memory_fraction);
  if (policy.upload_buffers > 0 && runtime->staging())
    uploads = std::make_unique<UploadRing>(*runtime->staging(), policy.upload_buffers);
  if (policy.graphs > 0 && runtime->recorder())
    graphs = std::make_unique<GraphCache>(
        *runtime->recorder(), GraphCache::Limits{static_cast<size_t>(policy.graphs), policy.graph_bytes});
  for (int32_t i = 0; i < std::max(1, policy.sessions); ++i)
    lanes.push_back({next_track(), std::make_unique<Worker>()});
  ++contexts;
}

Context::~Context() {
  // Networks that wait for the next load go with the last optimizer; those of a device of its own at once.
  if (--contexts == 0 || !device.is_cpu()) networks().shrink(0);
  runtime->weights_changed();
}

void Context::run_here(const std::function<void()>& body, const std::function<void()>& while_waiting,
                       size_t lane) const {
  const HeapUse heap;
  const CudaFlags cuda{policy.dl_type == kDlCuda, policy.benchmark_limit, policy.reduced_reductions != 0};
  const FlagLease lease({policy.threads, policy.deterministic != 0, policy.onednn != 0, cuda},
                        {policy.thread_budget, while_waiting});
  const c10::InferenceMode inference;  // per thread: without it autograd would hold every activation
  runtime->place(lane);
  runtime->enter(body);
}

void Context::run(const std::function<void()>& body, const std::function<void()>& while_queued, size_t lane) {
  lanes[lane].worker->call([&] { run_here(body, while_queued, lane); }, while_queued);
}

Worker::JobPtr Context::post(std::function<void()> body, std::function<void()> while_queued, size_t lane) {
  return lanes[lane].worker->post(
      [this, lane, body = std::move(body), while_queued = std::move(while_queued)] {
        run_here(body, while_queued, lane);
      });
}

uint64_t Context::give_back(uint32_t level) {
  uint64_t bytes = 0;
  if (level >= 1) {
    if (graphs) bytes += graphs->clear();  // first: recorded runs read the tables
    bytes += networks().shrink(0);
    runtime->weights_changed();
    const std::lock_guard lock(models_mutex);
    for (const Model* model : models) bytes += model->network().forget_geometries();
  }
  runtime->enter([&] {
    if (level >= 1 && uploads) bytes += uploads->clear();
    bytes += runtime->trim();
  });
  return bytes;
}

uint64_t Context::weight_bytes() {
  const std::lock_guard lock(models_mutex);
  std::map<const net::Network*, uint64_t> bytes;  // models may share one
  for (const Model* model : models) bytes[&model->network()] = model->weight_bytes();
  return std::accumulate(bytes.begin(), bytes.end(), uint64_t{0},
                         [](uint64_t sum, const auto& one) { return sum + one.second; });
}

}  // namespace da3::engine
