// SPDX-License-Identifier: Apache-2.0
// The SDK's checked host and watch: services that are missing, tables of other sizes, counted entries.
#include <gmock/gmock.h>

#include <da3/sdk/host.hpp>
#include <da3/sdk/watch.hpp>

#include <cstdlib>
#include <vector>

#include "support/temporary_folder.hpp"

namespace da3::sdk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Struct>
Struct zeroed() {
  Struct value{};
  value.struct_size = sizeof value;
  return value;
}

template <class Call>
int32_t code_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return DA3_OK;
}

TEST(SdkHost, EveryServiceMayBeMissing) {
  const da3_host bare = zeroed<da3_host>();
  const Host host(&bare);
  host.warn("nobody hears it");
  EXPECT_EQ(host.cpu_budget(), 1u);
  EXPECT_EQ(host.cache_dir(), "");
  EXPECT_EQ(host.library_path(), "");
  EXPECT_EQ(host.extension<int>("da3.trace/1"), nullptr);
  const Host::Memory memory = host.alloc(100, 256);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.get()) % 256, 0u);
}

TEST(SdkHost, MemoryGoesBackToWhomItCameFrom) {
  static int balance;
  balance = 0;
  da3_host lends = zeroed<da3_host>();
  lends.alloc = [](void*, uint64_t size, uint64_t) -> void* {
    if (size > 1000) return nullptr;
    ++balance;
    return std::malloc(size);
  };
  lends.dealloc = [](void*, void* p) { --balance, std::free(p); };
  Host::Memory memory;
  {
    const Host host(&lends);
    memory = host.alloc(10);
    EXPECT_EQ(balance, 1);
    EXPECT_THROW(host.alloc(2000), std::bad_alloc);
  }
  memory.reset();
  EXPECT_EQ(balance, 0);
}

TEST(SdkHost, TextsAreCopiedAndLogLinesArrive) {
  std::vector<std::string> lines;
  da3_host table = zeroed<da3_host>();
  std::string path = "/x/libda3_mine.so";
  table.library_path = path.c_str();
  table.ctx = &lines;
  table.log = [](void* ctx, int32_t level, const char* text) {
    static_cast<std::vector<std::string>*>(ctx)->push_back(std::to_string(level) + text);
  };
  const Host host(&table);
  path.assign(path.size(), '?');
  EXPECT_EQ(host.library_path(), "/x/libda3_mine.so");
  host.warn("w");
  host.log(LogLevel::debug, "d");
  EXPECT_THAT(lines, ElementsAre("3w", "1d"));
}

TEST(SdkHost, OtherSizes) {
  da3_host small = zeroed<da3_host>();
  small.struct_size -= 1;
  EXPECT_EQ(code_of([&] { Host host(&small); }), DA3_E_ABI);
  EXPECT_EQ(code_of([&] { Host host(nullptr); }), DA3_E_INVALID);
  struct {
    da3_host known;
    unsigned char poison[64];
  } newer;
  std::memset(&newer, 0xA5, sizeof newer);
  newer.known = zeroed<da3_host>();
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(Host(&newer.known).cpu_budget(), 1u);
}

TEST(SdkHost, EntriesAreCounted) {
  Entries entries;
  int context = 0;
  const da3_host first = zeroed<da3_host>();
  da3_host second = zeroed<da3_host>();
  second.name = "second";
  second.ctx = &context;
  const da3_host copy = first;
  EXPECT_EQ(code_of([&] { entries.host(); }), DA3_E_INVALID);
  entries.enter(&first);
  entries.enter(&copy);  // the same services at another address
  EXPECT_EQ(code_of([&] { entries.enter(&second); }), DA3_E_UNAVAILABLE);
  entries.leave();
  EXPECT_EQ(code_of([&] { entries.enter(&second); }), DA3_E_UNAVAILABLE);
  entries.leave();
  entries.leave();  // one too many does no harm
  entries.enter(&second);
  EXPECT_EQ(entries.host()->name(), "second");
  EXPECT_THAT(test::message_of([&] { entries.enter(&first); }), HasSubstr("(second)"));
}

TEST(SdkWatch, NothingIsRequired) {
  Watch(nullptr).progress(1, 1, "load");
  EXPECT_FALSE(Watch(nullptr).cancelled());
  da3_watch watch = zeroed<da3_watch>();
  Watch(&watch).progress(1, 1, "load");
  EXPECT_FALSE(Watch(&watch).cancelled());
  watch.should_cancel = [](void*) -> int32_t { return 1; };
  EXPECT_EQ(code_of([&] { Watch(&watch).throw_if_cancelled("the run"); }), DA3_E_CANCELLED);
  watch.struct_size = offsetof(da3_watch, should_cancel);  // a host that does not know the member
  EXPECT_FALSE(Watch(&watch).cancelled());
}

}  // namespace
}  // namespace da3::sdk
