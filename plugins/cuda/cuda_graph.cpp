// SPDX-License-Identifier: Apache-2.0
#include "cuda/cuda_graph.hpp"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>

#include "cuda/cuda_memory.hpp"

namespace da3::cuda {

namespace {

class CudaGraph : public engine::RecordedGraph {
 public:
  explicit CudaGraph(c10::Device device) : device_(device), graph_(std::make_unique<at::cuda::CUDAGraph>()) {}

  ~CudaGraph() override {
    try {
      const c10::cuda::CUDAGuard guard(device_);
      const std::lock_guard lock(capture_mutex());
      graph_.reset();
    } catch (const std::exception&) {
      // The device is lost: there is nothing to give back.
    }
  }

  void capture(const std::function<void()>& launch) {
    const uint64_t before = device_memory(device_).reserved;
    // Thread-local: calls of other threads (another engine's, the host's) do not end this capture.
    graph_->capture_begin(/*pool=*/{0, 0}, cudaStreamCaptureModeThreadLocal);
    try {
      launch();
    } catch (...) {
      abandon();
      throw;
    }
    graph_->capture_end();
    bytes_ = device_memory(device_).reserved - before;
  }

  void replay() override { graph_->replay(); }
  uint64_t bytes() const override { return bytes_; }

 private:
  /// A capture must be ended whatever happened, and its error is not to be reported by the next call.
  void abandon() noexcept {
    try {
      graph_->capture_end();
    } catch (const std::exception&) {
    }
    (void)cudaGetLastError();
  }

  c10::Device device_;
  std::unique_ptr<at::cuda::CUDAGraph> graph_;
  uint64_t bytes_ = 0;
};

}  // namespace

std::mutex& capture_mutex() {
  static std::mutex& mutex = *new std::mutex;  // leaked: used until the process ends
  return mutex;
}

std::unique_ptr<engine::RecordedGraph> CudaGraphRecorder::record(const std::function<void()>& launch) {
  auto graph = std::make_unique<CudaGraph>(device_);
  c10::cuda::getCurrentCUDAStream().synchronize();
  const std::lock_guard lock(capture_mutex());
  graph->capture(launch);
  return graph;
}

}  // namespace da3::cuda
