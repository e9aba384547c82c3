// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime_flags.hpp"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <condition_variable>
#include <exception>
#include <mutex>

namespace da3::engine {

namespace {

/// Every process-global switch that a run depends on.
struct Switches {
  int threads = 1;
  bool deterministic = false, warn_only = false, fill_uninitialised = true, onednn = true;
  at::Float32Precision matmul = at::Float32Precision::NONE, convolution = at::Float32Precision::NONE;

  static Switches current() {
    const at::Context& context = at::globalContext();
    Switches now;
    now.threads = at::get_num_threads();
    now.deterministic = context.deterministicAlgorithms();
    now.warn_only = context.deterministicAlgorithmsWarnOnly();
    now.fill_uninitialised = context.deterministicFillUninitializedMemory();
    now.onednn = context.userEnabledMkldnn();
    now.matmul = context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::MATMUL);
    now.convolution = context.float32Precision(at::Float32Backend::MKLDNN, at::Float32Op::CONV);
    return now;
  }

  void apply() const {
    at::Context& context = at::globalContext();
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
  Switches before;
};

/// Leaked: runs may end while static objects are being destroyed.
Shared& shared() {
  static Shared& instance = *new Shared;
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
  return switches;
}

}  // namespace

FlagLease::FlagLease(const RuntimeFlags& flags) {
  Shared& state = shared();
  std::unique_lock lock(state.mutex);
  state.left.wait(lock, [&] { return state.users == 0 || state.flags == flags; });
  if (state.users == 0) {
    state.before = Switches::current();
    state.flags = flags;
  }
  try {
    wanted(flags).apply();  // also by the second user: OpenMP's thread count belongs to the calling thread
  } catch (...) {
    if (state.users == 0) state.before.apply();
    throw;
  }
  ++state.users;
}

FlagLease::~FlagLease() {
  Shared& state = shared();
  {
    const std::lock_guard lock(state.mutex);
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
