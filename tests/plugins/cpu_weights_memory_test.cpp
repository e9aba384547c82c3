// SPDX-License-Identifier: Apache-2.0
// Weights are in memory once: not beside a copy from before they were packed, nor beside the mapped file.
#include <gtest/gtest.h>
#include <malloc.h>

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

class Weights : public testing::TestWithParam<const char*> {};

TEST_P(Weights, AreKeptOnce) {
  const test::Options options{{"enable_compile", GetParam()}};
  const auto folder = test::checkpoint_folder("da3-base");
  const auto stored = static_cast<double>(std::filesystem::file_size(folder / "model.safetensors"));
  // The first load of a process also takes what LibTorch keeps for ever.
  const test::AbiModel other(test::open_plugin("cpu"), options, test::checkpoint_folder("tiny").string());
  malloc_trim(0);
  if (!reset_peak()) GTEST_SKIP() << "the peak of the resident memory cannot be reset here";
  const uint64_t before = test::proc_bytes(kStatus, "VmRSS:");
  const test::AbiModel model(test::open_plugin("cpu"), options, folder.string());
  const auto peak = static_cast<double>(test::proc_bytes(kStatus, "VmHWM:") - before);
  malloc_trim(0);
  const auto kept = static_cast<double>(test::proc_bytes(kStatus, "VmRSS:") - before);
  std::printf("file %.0f MB, kept %.0f MB, peak of the load %.0f MB\n", stored / 1e6, kept / 1e6, peak / 1e6);
  EXPECT_GE(kept, 0.9 * stored) << "bytes: this measures nothing";
  EXPECT_LE(kept, 1.15 * stored) << "bytes: something is there twice";
  // Packing frees a tensor for each it makes, and the heap has holes meanwhile.
  EXPECT_LE(peak, 1.6 * stored) << "bytes: the weights were there twice while they were loaded";
  EXPECT_FALSE(mapped((folder / "model.safetensors").string())) << "the file is still mapped";
}

INSTANTIATE_TEST_SUITE_P(Plain, Weights, testing::Values("false"), [](const auto&) { return "unpacked"; });
INSTANTIATE_TEST_SUITE_P(Packed, Weights, testing::Values("true"), [](const auto&) { return "packed"; });

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
