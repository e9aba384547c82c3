// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime_flags.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <optional>

#include "engine/float32_switch.hpp"
#include "engine/process_shared.hpp"

namespace da3::engine {

namespace {

constexpr std::chrono::milliseconds kPoll{20};
constexpr at::Float32Op kProducts[] = {at::Float32Op::MATMUL, at::Float32Op::CONV};

/// CUDA's process-global switches.
struct CudaSwitches {
  bool benchmark = false, deterministic = false;
  int benchmark_limit = 10;
  at::CuBLASReductionOption float16 = at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK,
                            bfloat16 = at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK;
  bool float16_accumulation = false;
  at::Float32Precision products[2] = {at::Float32Precision::IEEE, at::Float32Precision::IEEE};

  static CudaSwitches current() {
    const at::Context& context = at::globalContext();
    CudaSwitches now;
    now.benchmark = context.benchmarkCuDNN();
    now.deterministic = context.deterministicCuDNN();
    now.benchmark_limit = context.benchmarkLimitCuDNN();
    now.float16 = context.allowFP16ReductionCuBLAS();
    now.bfloat16 = context.allowBF16ReductionCuBLAS();
    now.float16_accumulation = context.allowFP16AccumulationCuBLAS();
    for (size_t i = 0; i < 2; ++i)
      now.products[i] = context.float32Precision(at::Float32Backend::CUDA, kProducts[i]);
    return now;
  }

  void apply() const {
    at::Context& context = at::globalContext();
    context.setBenchmarkCuDNN(benchmark);
    context.setDeterministicCuDNN(deterministic);
    context.setBenchmarkLimitCuDNN(benchmark_limit);
    const auto reduces = [](at::CuBLASReductionOption option) {
      return option == at::CuBLASReductionOption::AllowReducedPrecisionWithSplitK;
    };
    const auto splits = [](at::CuBLASReductionOption option) {
      return option != at::CuBLASReductionOption::DisallowReducedPrecisionDisallowSplitK;
    };
    context.setAllowFP16ReductionCuBLAS(reduces(float16), splits(float16));
    context.setAllowBF16ReductionCuBLAS(reduces(bfloat16), splits(bfloat16));
    context.setAllowFP16AccumulationCuBLAS(float16_accumulation);
    const std::lock_guard lock(float32_switch_mutex());
    for (size_t i = 0; i < 2; ++i)
      context.setFloat32Precision(at::Float32Backend::CUDA, kProducts[i], products[i]);
  }
};

/// Every process-global switch that a run depends on.
struct Switches {
  int threads = 1;
  bool deterministic = false, warn_only = false, fill_uninitialised = true, onednn = true;
  at::Float32Precision matmul = at::Float32Precision::NONE, convolution = at::Float32Precision::NONE;
  std::optional<CudaSwitches> cuda;  ///< of runs on a CUDA device

  static Switches current(bool with_cuda) {
    const at::Context& context = at::globalContext();
    Switches now;
    now.threads = at::get_num_threads();
    now.deterministic = context.deterministicAlgorithms();
    now.warn_only = context.deterministicAlgorithmsWarnOnly();
    now.fill_uninitialised = context.deterministicFillUninitializedMemory();
    now.onednn = context.userEnabledMkldnn();
    now.matmul = context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL);
    now.convolution = context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::CONV);
    if (with_cuda) now.cuda = CudaSwitches::current();
    return now;
  }

  void apply() const {
    at::Context& context = at::globalContext();
    if (cuda) cuda->apply();
    if (at::get_num_threads() != threads) at::set_num_threads(threads);
    context.setDeterministicAlgorithms(deterministic, warn_only);
    context.setDeterministicFillUninitializedMemory(fill_uninitialised);
    context.setUserEnabledMkldnn(onednn);
    context.setFloat32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL, matmul);
    context.setFloat32Precision(at::Float32Backend::MKLDNN, at::Float32Op::CONV, convolution);
  }
};

struct Shared {
  std::mutex mutex;
  std::condition_variable left;
  RuntimeFlags flags;
  int users = 0;
  int32_t threads = 0;             ///< of all users
  std::list<const void*> waiting;  ///< in the order of their coming
  Switches before;
};

/// Of one who waits; left on every way out.
class PlaceInLine {
 public:
  PlaceInLine(Shared& state, std::unique_lock<std::mutex>& lock)
      : state_(state), lock_(lock), at_(state.waiting.insert(state.waiting.end(), this)) {}
  ~PlaceInLine() {
    if (!lock_.owns_lock()) lock_.lock();
    state_.waiting.erase(at_);
    state_.left.notify_all();
  }
  PlaceInLine(const PlaceInLine&) = delete;
  PlaceInLine& operator=(const PlaceInLine&) = delete;

  bool first() const { return state_.waiting.front() == this; }

 private:
  Shared& state_;
  std::unique_lock<std::mutex>& lock_;
  std::list<const void*>::iterator at_;
};

/// Of all engines in the process; never destroyed: runs may end while static objects are.
Shared& shared() {
  static Shared& instance = process_shared<Shared>("runtime flags");
  return instance;
}

Switches wanted(const RuntimeFlags& flags) {
  Switches switches;
  switches.threads = flags.threads;
  switches.deterministic = flags.deterministic;
  // Warn only: an operator without a deterministic version must not turn a run into an error.
  switches.warn_only = flags.deterministic;
  switches.fill_uninitialised =
      false;  // costs a pass over every new tensor, and none is read before it is written
  switches.onednn = flags.onednn;
  switches.matmul = at::Float32Precision::IEEE;
  switches.convolution = at::Float32Precision::IEEE;
  if (!flags.cuda.used) return switches;
  using enum at::CuBLASReductionOption;
  CudaSwitches cuda;
  cuda.benchmark = flags.cuda.benchmark_limit > 0;
  cuda.deterministic = flags.deterministic;
  if (cuda.benchmark) cuda.benchmark_limit = flags.cuda.benchmark_limit;
  // Splitting a sum among blocks is reproducible when the parts are added in order, in float32.
  cuda.float16 = cuda.bfloat16 =
      flags.cuda.reduced_reductions ? AllowReducedPrecisionWithSplitK : DisallowReducedPrecisionAllowSplitK;
  switches.cuda = cuda;
  return switches;
}

}  // namespace

std::mutex& float32_switch_mutex() {
  static std::mutex& mutex = process_shared<std::mutex>("float32 switch");
  return mutex;
}

FlagLease::FlagLease(const RuntimeFlags& flags, const LeaseWait& wait) : threads_(flags.threads) {
  Shared& state = shared();
  std::unique_lock lock(state.mutex);
  // Without an order a busy optimizer would take the switches again before others have woken up.
  const PlaceInLine place(state, lock);
  const auto may_go = [&] {
    if (!place.first()) return false;
    if (state.users == 0) return true;
    return state.flags == flags &&
           (wait.thread_budget == 0 || state.threads + flags.threads <= wait.thread_budget);
  };
  while (!may_go()) {
    if (!wait.poll) {
      state.left.wait(lock);
      continue;
    }
    state.left.wait_for(lock, kPoll);
    lock.unlock();
    wait.poll();
    lock.lock();
  }
  if (state.users == 0) {
    state.before = Switches::current(flags.cuda.used);
    state.flags = flags;
  }
  try {
    wanted(flags).apply();  // also by the second user: OpenMP's thread count belongs to the calling thread
  } catch (...) {
    if (state.users == 0) state.before.apply();
    throw;
  }
  ++state.users;
  state.threads += flags.threads;
}

FlagLease::~FlagLease() {
  Shared& state = shared();
  {
    const std::lock_guard lock(state.mutex);
    state.threads -= threads_;
    if (--state.users == 0) {
      try {
        state.before.apply();
      } catch (const std::exception&) {
        // A destructor has nobody to tell; the next lease sets every switch again.
      }
    }
  }
  state.left.notify_all();
}

int32_t request_interop_threads(int32_t threads) {
  static std::once_flag once;
  std::call_once(once, [threads] {
    try {
      at::set_num_interop_threads(threads);
    } catch (const std::exception&) {
      // Somebody else in this process was first; what holds is reported below.
    }
  });
  return static_cast<int32_t>(at::get_num_interop_threads());
}

}  // namespace da3::engine
