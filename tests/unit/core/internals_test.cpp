// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <da3/da3.hpp>

#include "sha256.hpp"
#include "support/temporary_folder.hpp"
#include "text_file.hpp"

namespace da3 {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

CpuBudget budget(const std::string& allowed, const std::string& cgroup,
                 const std::vector<std::pair<std::string, std::string>>& files) {
  TemporaryFolder root;
  root.write("proc/self/status", "Name:\tx\nCpus_allowed_list:\t" + allowed + "\n");
  root.write("proc/self/cgroup", cgroup);
  for (const auto& [name, text] : files) root.write("sys/fs/cgroup/" + name, text);
  return cpu_budget(root.path());
}

TEST(CpuBudget, AffinityIsCounted) {
  EXPECT_EQ(budget("0-3,8", "", {}).threads, 5u);
  EXPECT_EQ(budget("0-3,8", "", {}).cpus, "0-3,8");
  EXPECT_EQ(budget("6", "", {}).threads, 1u);
  EXPECT_GE(budget("garbage", "", {}).threads, 1u) << "then the machine's count";
}

TEST(CpuBudget, TheLeastQuotaOfTheGroupAndItsParentsCounts) {
  const CpuBudget v2 = budget(
      "0-15", "0::/a/b\n",
      {{"a/b/cpu.max", "max 100000\n"}, {"a/cpu.max", "150000 100000\n"}, {"cpu.max", "800000 100000\n"}});
  EXPECT_EQ(v2.threads, 2u);
  EXPECT_EQ(v2.reason, "2 by the cgroup's quota of 1.50 CPUs");
  EXPECT_EQ(budget("0-15", "0::/\n", {{"cpu.max", "50000 100000\n"}}).threads, 1u);
  EXPECT_EQ(budget("0-1", "0::/\n", {{"cpu.max", "800000 100000\n"}}).threads, 2u);
  EXPECT_EQ(budget("0-15", "5:cpu,cpuacct:/x\n",
                   {{"cpu,cpuacct/x/cpu.cfs_quota_us", "300000\n"},
                    {"cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"}})
                .threads,
            3u);
  EXPECT_EQ(budget("0-15", "5:cpu,cpuacct:/x\n",
                   {{"cpu/x/cpu.cfs_quota_us", "-1\n"}, {"cpu/x/cpu.cfs_period_us", "100000\n"}})
                .threads,
            16u);
}

TEST(OutputShape, FollowsTheImage) {
  const std::vector<int64_t> image = {2, 3, 28, 42, 3};
  EXPECT_EQ(output_shape("float32 [B,S,H,W]", image), (std::vector<int64_t>{2, 3, 28, 42}));
  EXPECT_EQ(output_shape("float32 [B,S,H/14*8,W/14*8,6]", image), (std::vector<int64_t>{2, 3, 16, 24, 6}));
  EXPECT_EQ(output_shape("float32 [B,S*H*W,3]", image), (std::vector<int64_t>{2, 3528, 3}));
  EXPECT_TRUE(output_shape("float32 [B,S,C]", image).empty()) << "C is not known before the run";
  EXPECT_TRUE(output_shape("float32 [B]", {}).empty());
  EXPECT_THAT(message_of([&] { output_shape("float32 B,S", image); }),
              HasSubstr("is not \"float32 [B,S,H,W]\""));
  EXPECT_THAT(message_of([&] { output_shape("int8 [B]", image); }), HasSubstr("not of float32"));
  EXPECT_THAT(message_of([&] { output_shape("float32 [B,,S]", image); }), HasSubstr("empty factor"));
  EXPECT_THAT(message_of([&] { output_shape("float32 [B/0]", image); }), HasSubstr("no sense"));
  EXPECT_THAT(message_of([&] { output_shape("float32 [9223372036854775807*B]", image); }),
              HasSubstr("too large"));
}

TEST(Tensor, AllocatesZeroedAlignedMemoryAndRefusesNonsense) {
  const Tensor tensor = Tensor::allocate("x", DType::float32, {2, 3});
  EXPECT_EQ(tensor.bytes(), 24u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data()) % 64, 0u);
  EXPECT_THAT(tensor.floats(), ::testing::Each(0.0f));
  EXPECT_THAT(message_of([&] { tensor.bytes_u8(); }), HasSubstr("holds float32, not uint8"));
  EXPECT_THAT(message_of([&] { Tensor::allocate("x", DType::float32, {-1}); }), HasSubstr("negative"));
  EXPECT_THAT(message_of([&] {
                Tensor::allocate("x", DType::float32, {INT64_MAX, INT64_MAX});
              }),
              HasSubstr("larger than memory"));
  EXPECT_EQ(Tensor::allocate("x", DType::uint8, {0, 5}).size(), 0u);
}

TEST(Sha256, KnownValues) {
  EXPECT_EQ(detail::sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(detail::sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(detail::sha256(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(detail::find_invalid_utf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"), std::string::npos);
  EXPECT_EQ(detail::find_invalid_utf8("ab\x80"), 2u);
  EXPECT_EQ(detail::find_invalid_utf8("\xf4\x90\x80\x80"), 0u);
  EXPECT_EQ(detail::find_invalid_utf8(std::string_view("a\0b", 3)), 1u);
  EXPECT_EQ(detail::find_invalid_utf8("a\xc3"), 1u);
}

TEST(Log, KnowsItsLevels) {
  set_log_level("debug");
  EXPECT_EQ(log_level(), LogLevel::debug);
  set_log_level("warn");
  EXPECT_THAT(message_of([] { set_log_level("loud"); }), HasSubstr("\"loud\" is not one of"));
  int lines = 0;
  set_log_sink([&](LogLevel, std::string_view) { ++lines; });
  log(LogLevel::info, "not this");
  log(LogLevel::error, "this");
  set_log_sink({});
  EXPECT_EQ(lines, 1);
}

}  // namespace
}  // namespace da3
