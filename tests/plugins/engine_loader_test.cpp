// SPDX-License-Identifier: Apache-2.0
// The loader with engines and LibTorch libraries made for it. What is loaded stays, so every case runs in a
// process of its own: a "threadsafe" death test starts this program again.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <da3/error.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "loader/engine_loader.hpp"
#include "loader/library_file.hpp"
#include "loader/libtorch_guard.hpp"
#include "loader/openmp_runtimes.hpp"
#include "plugins/got_slot.hpp"

namespace {

using namespace da3;
using testing::ExitedWithCode;

const std::filesystem::path fakes = DA3_BINARY_DIR "/tests/fakes";

loader::Request request(const std::string& folder) {
  loader::Request r;
  r.engine = fakes / folder / "libda3_cpu_engine.so";
  r.backend = "cpu";
  return r;
}

/// In the child: exit code 0 and "opened", or 1 and the error.
[[noreturn]] void open_and_exit(const loader::Request& r) {
  try {
    const engine::Table& table = loader::open_engine(r);
    std::fprintf(stderr, "opened %s twice %d\n", table.build_id, &table == &loader::open_engine(r));
    std::exit(0);
  } catch (const Error& e) {
    std::fprintf(stderr, "%s: %s\n", code_name(e.code()), e.what());
    std::exit(1);
  }
}

void open_globally(const std::filesystem::path& library) {
  if (!dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL))
    std::fprintf(stderr, "%s\n", dlerror()), std::exit(77);
}

class EngineLoader : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
using EngineLoaderDeathTest = EngineLoader;

TEST_F(EngineLoaderDeathTest, OpensOnceAndExitsCleanly) {
  EXPECT_EXIT(open_and_exit(request("good")), ExitedWithCode(0), "opened .* twice 1");
}

TEST_F(EngineLoaderDeathTest, MissingFile) {
  EXPECT_EXIT(
      open_and_exit(request("nowhere")), ExitedWithCode(1),
      "DA3_E_NOT_FOUND: engine of backend 'cpu' .*there is no such file; build it with -DDA3_PLUGINS=cpu");
  loader::Request relative = request("good");
  relative.engine = "libda3_cpu_engine.so";
  EXPECT_EXIT(open_and_exit(relative), ExitedWithCode(1), "DA3_E_INVALID: .*not absolute");
}

TEST_F(EngineLoaderDeathTest, FilesThatAreNoLibrary) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "da3_no_library";
  std::filesystem::create_directories(folder);
  for (const char* content : {"", "hello", "\177ELF", "\177ELF\2\1\1"}) {
    loader::Request r = request("good");
    r.engine = folder / "libda3_cpu_engine.so";
    std::ofstream(r.engine) << content;
    EXPECT_EXIT(open_and_exit(r), ExitedWithCode(1),
                "DA3_E_UNAVAILABLE: .*(file too short|invalid ELF header|cannot read)");
    // Cut or rubbish in any place must not upset the reader either.
    EXPECT_TRUE(loader::read_library(r.engine).needed.empty());
    EXPECT_EQ(loader::build_id(r.engine), "");
  }
  loader::Request r = request("good");
  r.engine = folder;
  EXPECT_EXIT(open_and_exit(r), ExitedWithCode(1), "DA3_E_UNAVAILABLE: .*not a regular file");
}

TEST_F(EngineLoaderDeathTest, LibrariesThatAreNoEngineOfThisBuild) {
  EXPECT_EXIT(open_and_exit(request("no_entry")), ExitedWithCode(1),
              "DA3_E_ABI: .*exports no da3_engine_entry");
  EXPECT_EXIT(open_and_exit(request("old_build")), ExitedWithCode(1),
              "DA3_E_ABI: .*another build \\(0.0.1-old\\).*install plugin and engine together");
  EXPECT_EXIT(open_and_exit(request("small_table")), ExitedWithCode(1), "DA3_E_ABI: .*table has 24 bytes");
  EXPECT_EXIT(open_and_exit(request("entry_error")), ExitedWithCode(1),
              "DA3_E_UNSUPPORTED: .*never starts; take another");
}

TEST_F(EngineLoader, ReadsWhatAnEngineNeeds) {
  const auto file = loader::read_library(request("needs_libtorch").engine);
  EXPECT_THAT(file.needed, testing::Contains("libtorch_cpu.so"));
  EXPECT_THAT(file.run_path, testing::Contains(fakes / "torch_ours"));
  const loader::LibtorchGuard guard(request("needs_libtorch").engine, {});
  ASSERT_EQ(guard.expected().size(), 1u);
  EXPECT_EQ(guard.expected().at("libtorch_cpu.so"),
            std::filesystem::canonical(fakes / "torch_ours/libtorch_cpu.so"));
  EXPECT_TRUE(loader::LibtorchGuard(request("good").engine, {}).expected().empty());
}

TEST_F(EngineLoader, SameBuildIsFileOrBuildId) {
  const auto ours = fakes / "torch_ours/libtorch_cpu.so", copy = fakes / "torch_copy/libtorch_cpu.so",
             foreign = fakes / "torch_foreign/libtorch_cpu.so";
  EXPECT_EQ(loader::build_id(ours).size(), 40u);
  EXPECT_TRUE(loader::same_build(ours, ours));
  EXPECT_TRUE(loader::same_build(ours, copy));
  EXPECT_FALSE(loader::same_build(ours, foreign));
  EXPECT_FALSE(loader::same_build(ours, fakes / "none.so"));
}

TEST_F(EngineLoaderDeathTest, LibtorchThatIsNowhere) {
  EXPECT_EXIT(open_and_exit(request("lost_libtorch")), ExitedWithCode(1),
              "DA3_E_UNAVAILABLE: .*libtorch_cpu.so was not found in nowhere; install the LibTorch package");
  loader::Request r = request("needs_libtorch");
  EXPECT_EXIT(open_and_exit(r), ExitedWithCode(0), "opened");
}

TEST_F(EngineLoaderDeathTest, ForeignLibtorchIsRefusedWithBothPaths) {
  const auto foreign = [](int mode) {
    if (!dlopen((fakes / "torch_foreign/libtorch_cpu.so").c_str(), RTLD_NOW | mode)) std::exit(77);
    open_and_exit(request("needs_libtorch"));
  };
  const char* text =
      "DA3_E_UNAVAILABLE: .*already uses another LibTorch, .*torch_foreign/libtorch_cpu.so.*"
      "needs .*torch_ours/libtorch_cpu.so";
  EXPECT_EXIT(foreign(RTLD_LOCAL), ExitedWithCode(1), text);
  EXPECT_EXIT(foreign(RTLD_GLOBAL), ExitedWithCode(1), text);
}

TEST_F(EngineLoaderDeathTest, SameBuildInAnotherPlaceIsUsed) {
  const auto copy = [] {
    open_globally(fakes / "torch_copy/libtorch_cpu.so");
    open_and_exit(request("needs_libtorch"));
  };
  EXPECT_EXIT(copy(), ExitedWithCode(0), "opened");
}

TEST_F(EngineLoaderDeathTest, RedirectionByTheEnvironmentIsFound) {
  setenv("LD_LIBRARY_PATH", (fakes / "torch_foreign").c_str(), 1);
  EXPECT_EXIT(open_and_exit(request("needs_libtorch")), ExitedWithCode(1),
              "DA3_E_UNAVAILABLE: .*bound to .*torch_foreign/libtorch_cpu.so instead of "
              ".*torch_ours.*LD_LIBRARY_PATH");
  setenv("LD_LIBRARY_PATH", (fakes / "torch_copy").c_str(), 1);
  EXPECT_EXIT(open_and_exit(request("needs_libtorch")), ExitedWithCode(0), "opened");
  unsetenv("LD_LIBRARY_PATH");
}

#if !defined(DA3_SANITIZED)
/// Where LibTorch's sgemm_ goes in a process that has a BLAS in its global scope.
[[noreturn]] void tell_sgemm(bool deepbind) {
  open_globally(fakes / "blas/libfake_blas.so");
  loader::Request r = request("needs_libtorch");
  r.deepbind = deepbind;
  loader::open_engine(r);
  std::fprintf(stderr, "sgemm_ in %s\n", test::where_landed("libtorch_cpu.so", "sgemm_").c_str());
  std::exit(0);
}

TEST_F(EngineLoaderDeathTest, LibtorchKeepsItsOwnSgemm) {
  EXPECT_EXIT(tell_sgemm(true), ExitedWithCode(0), "sgemm_ in .*torch_ours/libtorch_cpu.so");
  EXPECT_EXIT(tell_sgemm(false), ExitedWithCode(0), "sgemm_ in .*libfake_blas.so")
      << "this test would see a hijack";
}
#endif

/// Names alone: two paths to one file are one runtime.
TEST(OpenmpRuntimes, AreKnownByTheirNames) {
  using Libraries = std::vector<loader::MappedLibrary>;
  const Libraries one{{"/a/libgomp.so.1", "libgomp.so.1"},
                      {"/a/libgompertz.so", "libgompertz.so"},
                      {"/a/libtorch_cpu.so", "libtorch_cpu.so"},
                      {"/a/libgomp.so.1", "libgomp.so.1"}};
  EXPECT_EQ(loader::openmp_runtimes(one).size(), 1u);
  EXPECT_EQ(loader::openmp_warning(one), "");
  for (const char* other : {"libiomp5.so", "libomp.so.5", "libomp.dylib", "libgomp-a34b3233.so.1"}) {
    Libraries two = one;
    two.push_back({std::filesystem::path("/b") / other, other});
    EXPECT_EQ(loader::openmp_runtimes(two).size(), 2u) << other;
    const std::string warning = loader::openmp_warning(two);
    EXPECT_NE(warning.find("/a/libgomp.so.1"), std::string::npos) << warning;
    EXPECT_NE(warning.find(other), std::string::npos) << warning;
  }
}

}  // namespace
