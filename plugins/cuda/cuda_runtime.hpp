// SPDX-License-Identifier: Apache-2.0
// A CUDA device under the engine's session code: one stream for computing, one for uploads.
#pragma once

#include <c10/core/Device.h>
#include <c10/cuda/CUDAStream.h>

#include <memory>
#include <mutex>
#include <string>

#include "cuda/cuda_graph.hpp"
#include "cuda/cuda_staging.hpp"
#include "engine/device_runtime.hpp"
#include "engine_abi.hpp"

namespace da3::cuda {

class CudaRuntime : public engine::DeviceRuntime {
 public:
  /// Starts to use the device: hundreds of MB of it go to CUDA itself. Throws Error and c10::Error.
  CudaRuntime(const engine::Policy& policy, c10::Device device);

  /// Throws Error: DA3_E_UNAVAILABLE in a forked process, DA3_E_DEVICE_LOST at once after the device was
  /// lost.
  void enter(const std::function<void()>& body) override;
  uint64_t memory_limit(double fraction) override;
  std::vector<at::Tensor> download(std::vector<at::Tensor> values) override;
  engine::StagingDevice* staging() override { return staging_.get(); }
  engine::GraphRecorder* recorder() override { return &recorder_; }
  void fill_memory(da3_memory& memory, uint64_t weights) override;
  uint64_t trim() override;
  std::vector<std::pair<std::string, std::string>> describe(const net::Kernels& kernels) override;

 private:
  void refuse_when_lost();

  c10::Device device_;
  bool unified_memory_;
  c10::cuda::CUDAStream stream_;
  std::unique_ptr<CudaStaging> staging_;
  CudaGraphRecorder recorder_;
  std::mutex lost_mutex_;
  std::string lost_;  ///< why, once it is
  int lost_code_ = 0;
};

}  // namespace da3::cuda
