// SPDX-License-Identifier: Apache-2.0
// The five measures of docs/loading-libtorch.md on the real engine and the real LibTorch. One process for
// each case.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <da3/error.hpp>

#include <cstdio>
#include <cstdlib>

#include "loader/engine_loader.hpp"
#include "loader/libtorch_guard.hpp"
#include "loader/mapped_libraries.hpp"
#include "loader/openmp_runtimes.hpp"
#include "plugins/got_slot.hpp"
#include "plugins/plugin_fixture.hpp"

namespace {

using namespace da3;
using testing::ExitedWithCode;

const std::filesystem::path fakes = DA3_BINARY_DIR "/tests/fakes";

loader::Request request(bool deepbind = true) {
  loader::Request r;
  r.engine = DA3_PLUGIN_FOLDER "/libda3_cpu_engine.so";
  r.backend = "cpu";
  r.deepbind = deepbind;
  return r;
}

std::filesystem::path mapped_libtorch() {
  for (const auto& library : loader::mapped_libraries())
    if (library.soname.rfind("libtorch_cpu.so", 0) == 0) return library.path;
  return {};
}

void open_engine_or_exit(bool deepbind = true) {
  try {
    loader::open_engine(request(deepbind));
  } catch (const Error& e) {
    std::fprintf(stderr, "%s: %s\n", code_name(e.code()), e.what());
    std::exit(1);
  }
}

[[noreturn]] void tell_libtorch() {
  open_engine_or_exit();
  std::fprintf(stderr, "bound to %s\n", std::filesystem::canonical(mapped_libtorch()).c_str());
  std::exit(0);
}

class RealEngineDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  const std::string libtorch = std::filesystem::canonical(DA3_LIBTORCH_LIBDIR "/libtorch_cpu.so");
};

TEST_F(RealEngineDeathTest, BindsTheLibtorchItWasBuiltWith) {
  EXPECT_EXIT(tell_libtorch(), ExitedWithCode(0), "bound to " + libtorch);
}

TEST_F(RealEngineDeathTest, RefusesAForeignLibtorch) {
  const auto with_foreign = [] {
    if (!dlopen((fakes / "torch_foreign/libtorch_cpu.so").c_str(), RTLD_NOW)) std::exit(77);
    open_engine_or_exit();
  };
  EXPECT_EXIT(with_foreign(), ExitedWithCode(1),
              "DA3_E_UNAVAILABLE: .*torch_foreign/libtorch_cpu.so.*needs " + libtorch);
}

TEST_F(RealEngineDeathTest, NamesTheRedirectionByTheEnvironment) {
  setenv("LD_LIBRARY_PATH", (fakes / "torch_foreign").c_str(), 1);
  EXPECT_EXIT(tell_libtorch(), ExitedWithCode(1), "DA3_E_UNAVAILABLE: .*LD_LIBRARY_PATH.*torch_foreign");
  unsetenv("LD_LIBRARY_PATH");
}

#if !defined(DA3_SANITIZED)
[[noreturn]] void tell_sgemm(const std::string& blas, bool deepbind) {
  if (!dlopen(blas.c_str(), RTLD_NOW | RTLD_GLOBAL)) std::exit(77);
  open_engine_or_exit(deepbind);
  std::fprintf(stderr, "sgemm_ in %s\n", test::where_landed("libtorch_cpu.so", "sgemm_").c_str());
  std::exit(0);
}

TEST_F(RealEngineDeathTest, SgemmIsLibtorchsOwn) {
  const std::string fake = fakes / "blas/libfake_blas.so";
  EXPECT_EXIT(tell_sgemm(fake, true), ExitedWithCode(0), "sgemm_ in .*libtorch_cpu.so");
  EXPECT_EXIT(tell_sgemm(fake, false), ExitedWithCode(0), "sgemm_ in .*libfake_blas.so")
      << "a hijack would be seen";
}

/// The same through the plugin's own table, where nobody asks for DEEPBIND: it must be what a product does by
/// itself.
[[noreturn]] void tell_sgemm_of_the_plugin(const std::string& blas) {
  if (!dlopen(blas.c_str(), RTLD_NOW | RTLD_GLOBAL)) std::exit(77);
  test::TestHost host;
  const da3_plugin* plugin = nullptr;
  test::ErrorText error;
  if (test::plugin_entry()(1, 1, &host.table, &plugin, error) != DA3_OK) std::exit(2);
  da3_optimizer* optimizer = nullptr;
  if (plugin->optimizer_create(nullptr, 0, 1, 0, &optimizer, error) != DA3_OK) std::exit(3);
  da3_model* model = nullptr;
  plugin->model_load(optimizer, "/nonexistent", nullptr, &model,
                     error);  // opens the engine, then finds no model
  std::fprintf(stderr, "sgemm_ in %s\n", test::where_landed("libtorch_cpu.so", "sgemm_").c_str());
  std::exit(0);
}

TEST_F(RealEngineDeathTest, SgemmIsLibtorchsOwnInThePlugin) {
  EXPECT_EXIT(tell_sgemm_of_the_plugin(fakes / "blas/libfake_blas.so"), ExitedWithCode(0),
              "sgemm_ in .*libtorch_cpu.so");
}

/// What happens on a Debian machine: OpenCV brings the reference BLAS.
TEST_F(RealEngineDeathTest, SgemmIsLibtorchsOwnBesideDebiansBlas) {
  void* blas = dlopen("libblas.so.3", RTLD_NOW | RTLD_LOCAL);
  if (!blas) GTEST_SKIP() << "this machine has no libblas.so.3";
  EXPECT_EXIT(tell_sgemm("libblas.so.3", true), ExitedWithCode(0), "sgemm_ in .*libtorch_cpu.so");
}
#endif

/// One OpenMP runtime with the engine and whatever it brings; one that the program has besides is told.
[[noreturn]] void tell_openmp(const std::string& other) {
  if (!other.empty() && !dlopen(other.c_str(), RTLD_NOW | RTLD_GLOBAL)) std::exit(77);
  open_engine_or_exit();
  const auto libraries = loader::mapped_libraries();
  std::fprintf(stderr, "%zu: %s\n", loader::openmp_runtimes(libraries).size(),
               loader::openmp_warning(libraries).c_str());
  std::exit(0);
}

TEST_F(RealEngineDeathTest, BringsOneOpenmpRuntime) {
  EXPECT_EXIT(tell_openmp(""), ExitedWithCode(0), "^1: \n");
  EXPECT_EXIT(tell_openmp(fakes / "openmp/libiomp5.so"), ExitedWithCode(0),
              "2: .*2 OpenMP runtimes.*libiomp5");
}

/// Through the plugin: the engine comes with the first model and is there after shutdown, and the process
/// ends well.
[[noreturn]] void use_and_shut_down() {
  test::TestHost host;
  const da3_plugin* plugin = nullptr;
  test::ErrorText error;
  if (test::plugin_entry()(1, 1, &host.table, &plugin, error) != DA3_OK) std::exit(2);
  da3_optimizer* optimizer = nullptr;
  if (plugin->optimizer_create(nullptr, 0, 1, 0, &optimizer, error) != DA3_OK) std::exit(3);
  if (!mapped_libtorch().empty()) std::exit(4);
  da3_model* model = nullptr;
  if (plugin->model_load(optimizer, "/no/such/model", nullptr, &model, error) != DA3_E_NOT_FOUND) {
    std::fprintf(stderr, "%s\n", error.text);
    std::exit(5);
  }
  plugin->optimizer_destroy(optimizer);
  plugin->shutdown();
  if (mapped_libtorch().empty()) std::exit(6);
  std::fprintf(stderr, "still mapped\n");
  std::exit(0);
}

TEST_F(RealEngineDeathTest, IsNeverUnloaded) {
  EXPECT_EXIT(use_and_shut_down(), ExitedWithCode(0), "still mapped");
}

}  // namespace
