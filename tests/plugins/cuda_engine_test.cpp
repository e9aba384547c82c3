// SPDX-License-Identifier: Apache-2.0
// libda3_cuda_engine as it was built: it loads with every library of its own, and on a machine without a
// device refuses with its reason.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <da3/error.hpp>
#include <filesystem>
#include <string>

#include "loader/engine_loader.hpp"
#include "loader/mapped_libraries.hpp"
#include "support/abi_client.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const engine::Table& cuda_engine() {
  loader::Request request;
  request.engine = fs::path(DA3_PLUGIN_FOLDER) / "libda3_cuda_engine.so";
  request.backend = "cuda";
  return loader::open_engine(request);
}

engine::Policy gpu_policy() {
  engine::Policy policy;
  policy.dl_type = 2;
  policy.precision = engine::Precision::bfloat16;
  return policy;
}

test::Answer create_context(const engine::Policy& policy) {
  engine::Context* context = nullptr;
  test::Answer answer = test::ask(
      [&](da3_error* error) { return cuda_engine().context_create(&policy, nullptr, &context, error); });
  EXPECT_EQ(answer.code == DA3_OK, context != nullptr);
  if (context) cuda_engine().context_destroy(context);
  return answer;
}

bool has_driver() { return fs::exists("/proc/driver/nvidia/version") || fs::exists("/dev/dxg"); }

TEST(CudaEngine, LoadsAndTellsItsRuntime) { EXPECT_STREQ(cuda_engine().runtime_id, DA3_EXPECTED_RUNTIME_ID); }

TEST(CudaEngine, UsesNoCudaLibraryButLibtorchs) {
  cuda_engine();
  const fs::path own = fs::canonical(fs::path(DA3_LIBTORCH_LIBDIR) / "../..");
  int seen = 0;
  for (const loader::MappedLibrary& mapped : loader::mapped_libraries()) {
    const std::string name = mapped.path.filename().string();
    // The driver's own is the system's.
    if (name.rfind("libcu", 0) != 0 && name.rfind("libnccl", 0) != 0 && name.rfind("libnv", 0) != 0) continue;
    if (name.rfind("libcuda.so", 0) == 0 || name.rfind("libnvidia", 0) == 0) continue;
    ++seen;
    EXPECT_EQ(fs::canonical(mapped.path).string().rfind(own.string(), 0), 0u) << mapped.path;
  }
  EXPECT_GE(seen, 10);
}

/// Of LibTorch's folder or of NVIDIA's beside it; empty where there is none.
fs::path find_library(const std::string& name) {
  const fs::path libtorch = DA3_LIBTORCH_LIBDIR;
  if (fs::exists(libtorch / name)) return libtorch / name;
  for (const auto& entry : fs::recursive_directory_iterator(libtorch / "../../nvidia"))
    if (entry.path().filename() == name) return entry.path();
  return {};
}

/// Libraries that are opened by name, some only by the first convolution.
TEST(CudaEngine, WhatIsOpenedLaterCanBeOpened) {
  cuda_engine();
  for (const char* name :
       {"libtorch_cuda_linalg.so", "libcaffe2_nvrtc.so", "libcudnn_graph.so.9", "libcudnn_ops.so.9",
        "libcudnn_cnn.so.9", "libcudnn_adv.so.9", "libcudnn_heuristic.so.9",
        "libcudnn_engines_precompiled.so.9", "libcudnn_engines_runtime_compiled.so.9", "libnvrtc.so.13",
        "libnvrtc-builtins.so.13.0"}) {
    const fs::path found = find_library(name);
    ASSERT_FALSE(found.empty()) << name;
    if (!has_driver() && std::string(name) == "libcaffe2_nvrtc.so")
      continue;  // linked with the driver's library
    EXPECT_NE(dlopen(found.c_str(), RTLD_NOW | RTLD_LOCAL), nullptr) << dlerror();
  }
}

TEST(CudaEngine, WithoutADriverItRefusesWithItsReason) {
  if (has_driver()) GTEST_SKIP() << "there is a driver: da3-plugin-check --first-contact tests the device";
  const test::Answer answer = create_context(gpu_policy());
  EXPECT_EQ(answer.code, DA3_E_UNAVAILABLE);
  EXPECT_THAT(answer.message, HasSubstr("the cuda backend cannot be used: CUDA reports '"));
  EXPECT_THAT(answer.message, HasSubstr("backend: cpu"));
}

TEST(CudaEngine, AForkedProcessIsRefused) {
  create_context(gpu_policy());  // whatever comes of it, CUDA was asked
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const test::Answer answer = create_context(gpu_policy());
    _exit(answer.code == DA3_E_UNAVAILABLE && answer.message.find("forked") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

TEST(CudaEngine, ADeviceThatIsNotThereIsNotFound) {
  if (!has_driver()) GTEST_SKIP() << "needs a device";
  engine::Policy policy = gpu_policy();
  policy.dl_id = 4711;
  EXPECT_EQ(create_context(policy).code, DA3_E_NOT_FOUND);
}

}  // namespace
}  // namespace da3
