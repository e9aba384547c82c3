// SPDX-License-Identifier: Apache-2.0
// A device for the engines' session code that is the host, and behaves as a GPU does: it is used inside
// enter() only, records launches, replays them on the memory they were recorded with, and copies beside the
// computation.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/device_runtime.hpp"

namespace da3::test {

class HostGpu : public engine::DeviceRuntime, public engine::GraphRecorder, public engine::StagingDevice {
 public:
  // What happened, and what shall happen.
  std::atomic<int> recorded{0}, replayed{0}, destroyed{0}, trims{0}, downloads{0};
  std::atomic<int> copies{0}, copies_used{0}, buffers{0};
  std::string refuse_recording;           ///< not empty: record() throws this
  uint64_t graph_bytes = 1 << 20;         ///< of the next recording
  std::atomic<bool> copies_finish{true};  ///< false: copies that are begun stay under way
  std::function<void()> while_recording;  ///< called in record()

  void enter(const std::function<void()>& body) override {
    const bool before = std::exchange(inside(), true);
    struct Leave {
      bool before;
      ~Leave() { inside() = before; }
    } leave{before};
    body();
  }

  uint64_t memory_limit(double fraction) override { return static_cast<uint64_t>(fraction * (1ull << 33)); }
  std::vector<at::Tensor> download(std::vector<at::Tensor> values) override {
    must_be_inside("download");
    ++downloads;
    for (at::Tensor& value : values) value = value.clone();
    return values;
  }
  engine::StagingDevice* staging() override { return this; }
  engine::GraphRecorder* recorder() override { return this; }
  void fill_memory(da3_memory& memory, uint64_t weights) override { memory.activations = 3 * weights; }
  uint64_t trim() override {
    must_be_inside("trim");
    ++trims;
    return 5;
  }

  std::unique_ptr<engine::RecordedGraph> record(const std::function<void()>& launch) override {
    must_be_inside("record");
    if (while_recording) while_recording();
    if (!refuse_recording.empty()) throw std::runtime_error(refuse_recording);
    launch();
    ++recorded;
    return std::make_unique<Graph>(*this, launch, graph_bytes);
  }

  at::Tensor host_buffer(int64_t bytes) override {
    ++buffers;
    return at::empty({bytes}, at::kByte);
  }
  std::shared_ptr<engine::DeviceCopy> copy(const at::Tensor& staged) override {
    must_be_inside("copy");
    ++copies;
    return std::make_shared<Copy>(*this, staged.clone());
  }

 private:
  static bool& inside() {
    thread_local bool value = false;
    return value;
  }
  static void must_be_inside(const char* what) { EXPECT_TRUE(inside()) << what << " outside enter()"; }

  /// Launches again: what it reads and writes are the recording's own tensors.
  class Graph : public engine::RecordedGraph {
   public:
    Graph(HostGpu& gpu, std::function<void()> launch, uint64_t bytes)
        : gpu_(gpu), launch_(std::move(launch)), bytes_(bytes) {}
    ~Graph() override { ++gpu_.destroyed; }
    void replay() override {
      ++gpu_.replayed;
      launch_();
    }
    uint64_t bytes() const override { return bytes_; }

   private:
    HostGpu& gpu_;
    std::function<void()> launch_;
    uint64_t bytes_;
  };

  class Copy : public engine::DeviceCopy {
   public:
    Copy(HostGpu& gpu, at::Tensor tensor) : gpu_(gpu), tensor_(std::move(tensor)) {}
    bool done() const override { return gpu_.copies_finish; }
    at::Tensor use() override {
      must_be_inside("use");
      ++gpu_.copies_used;
      return std::move(tensor_);
    }

   private:
    HostGpu& gpu_;
    at::Tensor tensor_;
  };
};

}  // namespace da3::test
