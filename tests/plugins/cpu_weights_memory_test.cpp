// SPDX-License-Identifier: Apache-2.0
// Weights are in memory once: not beside a copy from before they were packed, nor beside the mapped file.
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <da3/error.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"
#include "support/proc_file.hpp"

namespace da3 {
namespace {

constexpr const char* kStatus = "/proc/self/status";

/// Makes VmHWM count from now on. False where the system forbids it.
bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

bool mapped(const std::string& file) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (line.ends_with(file)) return true;
  return false;
}

/// How weights are kept.
struct Kept {
  const char *name, *packed, *winograd;
};

class Weights : public testing::TestWithParam<Kept> {};

TEST_P(Weights, AreKeptOnce) {
  const test::Options options{{"enable_compile", GetParam().packed}, {"cpu.winograd", GetParam().winograd}};
  const auto folder = test::checkpoint_folder("da3-base");
  // What a run may never ask for stays in the file; the estimate of one that does not counts the rest.
  const auto file = static_cast<double>(std::filesystem::file_size(folder / "model.safetensors"));
  // The first load of a process also takes what LibTorch keeps for ever.
  const test::AbiModel other(test::open_plugin("cpu"), options, test::checkpoint_folder("tiny").string());
  malloc_trim(0);
  if (!reset_peak()) GTEST_SKIP() << "the peak of the resident memory cannot be reset here";
  const uint64_t before = test::proc_bytes(kStatus, "VmRSS:");
  test::AbiModel model(test::open_plugin("cpu"), options, folder.string());
  const auto peak = static_cast<double>(test::proc_bytes(kStatus, "VmHWM:") - before);
  malloc_trim(0);
  const auto kept = static_cast<double>(test::proc_bytes(kStatus, "VmRSS:") - before);
  const auto stored = static_cast<double>(model.estimate({1, 1, 28, 28, 3}, {"depth"}).weights);
  const double winograd = *GetParam().winograd == 'a' ? 0.03 * file : 0;  // transforms of the narrow layers
  EXPECT_LE(stored, 0.8 * file + winograd) << "the camera encoder is a fifth of the file";
  EXPECT_GE(stored, 0.7 * file);
  std::printf("file %.0f MB, kept %.0f MB, peak of the load %.0f MB\n", file / 1e6, kept / 1e6, peak / 1e6);
  EXPECT_GE(kept, 0.9 * stored) << "bytes: this measures nothing";
  EXPECT_LE(kept, 1.15 * stored) << "bytes: something is there twice";
  // Packing frees a tensor for each it makes, and the heap has holes meanwhile.
  EXPECT_LE(peak, 1.6 * stored) << "bytes: the weights were there twice while they were loaded";
  EXPECT_FALSE(mapped((folder / "model.safetensors").string())) << "the file is still mapped";
}

/// Bytes that the process got from the system, by the pages of its faults.
uint64_t faulted_pages() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_minflt);
}

da3_memory memory_of(const test::AbiModel& model) {
  da3_memory memory = test::made<da3_memory>();
  const test::Answer answer = test::ask(
      [&](da3_error* error) { return test::open_plugin("cpu").memory(model.optimizer(), &memory, error); });
  EXPECT_EQ(answer.code, DA3_OK) << answer.message;
  return memory;
}

TEST(Runs, TakeNothingOfTheSystemAgain) {
#ifdef DA3_SANITIZED
  GTEST_SKIP() << "memory is not kept in builds for sanitizers";
#endif
  test::AbiModel model(test::open_plugin("cpu"), {}, test::checkpoint_folder("tiny").string());
  const std::vector<int64_t> shape{1, 2, 280, 420, 3};
  const std::vector<uint8_t> pixels(2 * 280 * 420 * 3, 100);
  for (int i = 0; i < 2; ++i) model.run_and_drop(pixels.data(), shape, {"depth", "extrinsics"});
  const da3_memory before = memory_of(model);
  EXPECT_GT(before.pool_idle, 16u << 20) << "bytes: this measures nothing";
  const uint64_t faults = faulted_pages();
  for (int i = 0; i < 3; ++i) model.run_and_drop(pixels.data(), shape, {"depth", "extrinsics"});
  EXPECT_LE(faulted_pages() - faults, 64u) << "pages in three runs";
  const da3_memory after = memory_of(model);
  EXPECT_EQ(after.pool_idle, before.pool_idle);
  EXPECT_EQ(after.peak, before.peak);
  EXPECT_EQ(after.activations, before.activations);
}

TEST(Parts, AreReadWhenARunAsksForThem) {
  test::AbiModel model(test::open_plugin("cpu"), {}, test::checkpoint_folder("tiny").string());
  const std::vector<uint8_t> pixels(28 * 28 * 3, 100);
  model.run_and_drop(pixels.data(), {1, 1, 28, 28, 3}, {"depth"});
  const uint64_t without = memory_of(model).weights;
  EXPECT_EQ(model.estimate({1, 1, 28, 28, 3}, {"depth"}).weights, without);
  const uint64_t with_rays = model.estimate({1, 1, 28, 28, 3}, {"ray"}).weights;
  EXPECT_GT(with_rays, without);
  model.run_and_drop(pixels.data(), {1, 1, 28, 28, 3}, {"ray"});
  EXPECT_EQ(memory_of(model).weights, with_rays);
  const std::vector<float> pose{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1},
      lens{30, 0, 14, 0, 30, 14, 0, 0, 1};
  model.run(pixels.data(), {1, 1, 28, 28, 3}, {"depth"}, {}, {pose, lens});
  EXPECT_GT(memory_of(model).weights, with_rays);
}

/// A copy of a checkpoint that a test may change.
std::filesystem::path copy_of(const std::filesystem::path& from, const std::string& name) {
  const auto folder = std::filesystem::path(testing::TempDir()) / (name + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::copy(from, folder);
  return folder;
}

TEST(Parts, AreNotReadFromAFileThatChanged) {
  const auto folder = copy_of(test::checkpoint_folder("tiny"), "changed");
  const std::vector<uint8_t> pixels(28 * 28 * 3, 100);
  const auto run = [&](test::AbiModel& model) {
    return model.run(pixels.data(), {1, 1, 28, 28, 3}, {"ray"}).at("ray").values;
  };
  test::AbiModel replaced(test::open_plugin("cpu"), {}, folder.string());
  // A file of that name is another one: the open one stays.
  std::filesystem::copy(folder / "model.safetensors", folder / "other");
  std::filesystem::rename(folder / "other", folder / "model.safetensors");
  const std::vector<float> rays = run(replaced);
  test::AbiModel written(test::open_plugin("cpu"), {}, folder.string());
  std::fstream file(folder / "model.safetensors", std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(-4, std::ios::end);
  file.write("\0\0\0\0", 4);
  file.close();
  std::filesystem::last_write_time(folder / "model.safetensors",
                                   std::filesystem::file_time_type::clock::now());
  try {
    run(written);
    FAIL() << "it read from a file that was changed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_MODEL);
    EXPECT_NE(error.message().find("changed"), std::string::npos) << error.message();
  }
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(All, Weights,
                         testing::Values(Kept{"unpacked", "false", "off"}, Kept{"packed", "true", "off"},
                                         Kept{"winograd", "true", "auto"}),
                         [](const auto& info) { return info.param.name; });

/// What memory() answers to structs of every size: the code, and whether it wrote past the end.
void expect_sizes_are_checked(da3_optimizer* optimizer) {
  const da3_plugin& plugin = test::open_plugin("cpu");
  for (const uint32_t size : {0u, 4u, 7u, 8u, 16u, 56u, static_cast<uint32_t>(sizeof(da3_memory))}) {
    da3_memory memory{};
    memory.limit = 77;
    memory.struct_size = size;
    const test::Answer answer =
        test::ask([&](da3_error* error) { return plugin.memory(optimizer, &memory, error); });
    EXPECT_EQ(answer.code, size < 8 ? DA3_E_ABI : DA3_OK) << size << ": " << answer.message;
    EXPECT_EQ(memory.struct_size, size);
    EXPECT_EQ(memory.limit == 77, size < sizeof(da3_memory)) << "written past " << size << " bytes";
  }
  EXPECT_EQ(test::ask([&](da3_error* error) { return plugin.memory(optimizer, nullptr, error); }).code,
            DA3_E_INVALID);
}

TEST(MemoryCall, ChecksSizesAlikeBeforeAndAfterTheFirstLoad) {
  const da3_plugin& plugin = test::open_plugin("cpu");
  da3_optimizer* fresh = nullptr;
  const test::Answer made =
      test::ask([&](da3_error* error) { return plugin.optimizer_create(nullptr, 0, 1, 0, &fresh, error); });
  ASSERT_EQ(made.code, DA3_OK) << made.message;
  expect_sizes_are_checked(fresh);
  plugin.optimizer_destroy(fresh);
  const test::AbiModel model(plugin, {}, test::checkpoint_folder("tiny").string());
  expect_sizes_are_checked(model.optimizer());
}

}  // namespace
}  // namespace da3
