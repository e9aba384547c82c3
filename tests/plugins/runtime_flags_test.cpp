// SPDX-License-Identifier: Apache-2.0
// LibTorch's process-global switches: set for a run, shared by runs that agree, restored after.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "engine/float32_switch.hpp"
#include "engine/runtime_flags.hpp"

namespace da3::engine {
namespace {

/// Every process-global switch that a lease sets.
struct Switches {
  int threads;
  bool deterministic, warn_only, fill, onednn;
  at::Float32Precision matmul, convolution;
  bool operator==(const Switches&) const = default;
};

Switches now() {
  const at::Context& context = at::globalContext();
  return {at::get_num_threads(),
          context.deterministicAlgorithms(),
          context.deterministicAlgorithmsWarnOnly(),
          context.deterministicFillUninitializedMemory(),
          context.userEnabledMkldnn(),
          context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL),
          context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::CONV)};
}

TEST(RuntimeFlags, AreSetAndRestored) {
  at::Context& context = at::globalContext();
  at::set_num_threads(2);
  context.setUserEnabledMkldnn(true);
  context.setDeterministicAlgorithms(false, false);
  context.setDeterministicFillUninitializedMemory(true);
  context.setFloat32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL, at::Float32Precision::BF16);
  context.setFloat32Precision(at::Float32Backend::MKLDNN, at::Float32Op::CONV, at::Float32Precision::TF32);
  const Switches before = now();
  {
    const FlagLease lease({1, true, false});
    const Switches wanted{
        1, true, true, false, false, at::Float32Precision::IEEE, at::Float32Precision::IEEE};
    EXPECT_EQ(now(), wanted);
  }
  EXPECT_EQ(now(), before);
}

/// CUDA's switches.
struct CudaState {
  bool benchmark, deterministic, float16_accumulation;
  int limit;
  at::CuBLASReductionOption float16, bfloat16;
  at::Float32Precision matmul, convolution;
  bool operator==(const CudaState&) const = default;
};

CudaState cuda_now() {
  const at::Context& context = at::globalContext();
  return {context.benchmarkCuDNN(),
          context.deterministicCuDNN(),
          context.allowFP16AccumulationCuBLAS(),
          context.benchmarkLimitCuDNN(),
          context.allowFP16ReductionCuBLAS(),
          context.allowBF16ReductionCuBLAS(),
          context.float32Precision(at::Float32Backend::CUDA, at::Float32Op::MATMUL),
          context.float32Precision(at::Float32Backend::CUDA, at::Float32Op::CONV)};
}

TEST(RuntimeFlags, OfCudaAreSetAndRestored) {
  using enum at::CuBLASReductionOption;
  using enum at::Float32Precision;
  const CudaState before = cuda_now();
  {
    const FlagLease lease({1, true, true, {true, 0, false}});
    const CudaState wanted{false,
                           true,
                           false,
                           before.limit,
                           DisallowReducedPrecisionAllowSplitK,
                           DisallowReducedPrecisionAllowSplitK,
                           IEEE,
                           IEEE};
    CudaState now = cuda_now();
    now.limit = before.limit;  // of no meaning without benchmarks
    EXPECT_EQ(now, wanted);
  }
  EXPECT_EQ(cuda_now(), before);
  {
    const FlagLease lease({1, false, true, {true, 4, true}});
    const CudaState wanted{
        true, false, false, 4, AllowReducedPrecisionWithSplitK, AllowReducedPrecisionWithSplitK, IEEE, IEEE};
    EXPECT_EQ(cuda_now(), wanted);
  }
  EXPECT_EQ(cuda_now(), before);
}

TEST(RuntimeFlags, ARunOnTheCpuLeavesCudasAlone) {
  at::Context& context = at::globalContext();
  context.setBenchmarkLimitCuDNN(7);
  const CudaState before = cuda_now();
  const FlagLease lease({1, true, true});
  EXPECT_EQ(cuda_now(), before);
}

TEST(RuntimeFlags, Tf32IsSwitchedForOneLaunch) {
  at::Context& context = at::globalContext();
  const CudaState before = cuda_now();
  {
    const FlagLease lease({1, false, true, {true, 0, false}});
    const auto now = [&](at::Float32Op op) { return context.float32Precision(at::Float32Backend::CUDA, op); };
    for (at::Float32Op op : {at::Float32Op::MATMUL, at::Float32Op::CONV})
      for (at::Float32Precision wanted :
           {at::Float32Precision::TF32, at::Float32Precision::IEEE, at::Float32Precision::TF32}) {
        const at::Float32Precision seen = with_float32_precision(op, wanted, [&] { return now(op); });
        EXPECT_EQ(seen, wanted);
        if (op != at::Float32Op::CONV) continue;
        // What LibTorch's convolution asks when it launches. Its matrix products read the switch itself.
        const bool tf32 = with_float32_precision(op, wanted, [&] { return context.allowTF32CuDNN(op); });
        EXPECT_EQ(tf32, wanted == at::Float32Precision::TF32);
      }
  }
  EXPECT_EQ(cuda_now(), before);
}

TEST(RuntimeFlags, RunsThatAgreeShareAndOthersWait) {
  std::atomic<bool> shared{false}, other{false};
  std::thread same, different;
  {
    const FlagLease lease({1, false, true});
    same = std::thread([&] {
      const FlagLease second({1, false, true});
      shared = true;
    });
    same.join();
    EXPECT_TRUE(shared) << "a run with the same switches had to wait";
    different = std::thread([&] {
      const FlagLease second({1, true, true});
      other = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(other) << "a run with other switches did not wait";
  }
  different.join();
  EXPECT_TRUE(other);
}

/// Another library with the engines' code linked into it, as a second engine is.
TEST(RuntimeFlags, TwoEnginesOfAProcessTakeTurns) {
  void* library = dlopen(DA3_SECOND_ENGINE, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto hold = reinterpret_cast<void (*)(int, void (*)(void*), void*)>(dlsym(library, "hold_flags"));
  ASSERT_NE(hold, nullptr);
  const auto held = [](void* flag) { *static_cast<std::atomic<bool>*>(flag) = true; };
  std::atomic<bool> same{false}, other{false};
  std::thread waiting;
  {
    const FlagLease lease({1, true, true});
    std::thread([&] { hold(true, held, &same); }).join();
    EXPECT_TRUE(same) << "an engine with the same switches had to wait";
    waiting = std::thread([&] { hold(false, held, &other); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(other) << "an engine with other switches did not wait";
    EXPECT_TRUE(at::globalContext().deterministicAlgorithms());
  }
  waiting.join();
  EXPECT_TRUE(other);
}

TEST(RuntimeFlags, SecondRequestForInteropThreadsIsNoError) {
  const int32_t first = request_interop_threads(2);
  EXPECT_GE(first, 1);
  EXPECT_EQ(request_interop_threads(first + 3), first);
}

}  // namespace
}  // namespace da3::engine
