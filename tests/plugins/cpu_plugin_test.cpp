// SPDX-License-Identifier: Apache-2.0
// libda3_cpu through the C ABI, without its engine.
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <thread>

#include "da3/option_type.hpp"
#include "plugins/plugin_fixture.hpp"

namespace {

using namespace da3::test;
using testing::HasSubstr;

struct Option {
  std::string key, type, def, help;
  uint32_t scope;
};

std::vector<Option> schema(const da3_plugin* plugin) {
  std::vector<Option> all;
  const auto sink = [](void* ctx, const da3_option* o) {
    static_cast<std::vector<Option>*>(ctx)->push_back({o->key, o->type, o->def, o->help, o->scope});
  };
  EXPECT_EQ(plugin->options(sink, &all, nullptr), DA3_OK);
  return all;
}

TEST(CpuEntry, NamesBothRangesWhenTheMajorDiffers) {
  TestHost host;
  const da3_plugin* plugin = reinterpret_cast<const da3_plugin*>(1);
  for (const auto& [low, high] : {std::pair{2u, 5u}, std::pair{0u, 0u}}) {
    ErrorText error;
    EXPECT_EQ(plugin_entry()(low, high, &host.table, &plugin, error), DA3_E_ABI);
    EXPECT_EQ(plugin, nullptr);
    EXPECT_THAT(error.text, HasSubstr(std::to_string(low) + " to " + std::to_string(high)));
    EXPECT_THAT(error.text, HasSubstr("1 to 1"));
  }
}

TEST(CpuEntry, RefusesNullAndSmallHostsAndTakesLargerOnes) {
  const auto entry = plugin_entry();
  const da3_plugin* plugin = nullptr;
  ErrorText error;
  EXPECT_EQ(entry(1, 1, nullptr, &plugin, error), DA3_E_INVALID);
  TestHost host;
  EXPECT_EQ(entry(1, 1, &host.table, nullptr, error), DA3_E_INVALID);
  host.table.struct_size -= 8;
  EXPECT_EQ(entry(1, 1, &host.table, &plugin, error), DA3_E_ABI);
  struct {
    da3_host host;
    unsigned char poison[64];
  } large;
  std::memset(&large, 0xA5, sizeof large);
  large.host = TestHost().table;
  large.host.struct_size = sizeof large;
  large.host.ctx = nullptr, large.host.log = nullptr, large.host.cpu_budget = nullptr;
  ASSERT_EQ(entry(1, 1, &large.host, &plugin, error), DA3_OK) << error.text;
  da3_optimizer* optimizer = nullptr;
  EXPECT_EQ(plugin->optimizer_create(nullptr, 0, 1, 0, &optimizer, error), DA3_OK)
      << "no optional member is needed";
  plugin->optimizer_destroy(optimizer);
  plugin->shutdown();
}

TEST(CpuEntry, CountsEntriesAndHasOneHost) {
  const auto entry = plugin_entry();
  TestHost first, second;
  const da3_plugin *a = nullptr, *b = nullptr;
  ErrorText error;
  ASSERT_EQ(entry(1, 1, &first.table, &a, error), DA3_OK);
  ASSERT_EQ(entry(1, 1, &first.table, &b, error), DA3_OK);
  EXPECT_EQ(a, b);
  EXPECT_EQ(entry(1, 1, &second.table, &b, error), DA3_E_UNAVAILABLE);
  EXPECT_EQ(b, nullptr);
  EXPECT_THAT(error.text, HasSubstr("another host"));
  a->shutdown();
  EXPECT_EQ(entry(1, 1, &second.table, &b, error), DA3_E_UNAVAILABLE) << "one entry is still open";
  a->shutdown();
  da3_optimizer* optimizer = nullptr;
  EXPECT_EQ(a->optimizer_create(nullptr, 0, 1, 0, &optimizer, error), DA3_E_INVALID) << "nobody has entered";
  ASSERT_EQ(entry(1, 1, &second.table, &b, error), DA3_OK) << error.text;
  EXPECT_EQ(a, b);
  b->shutdown();
}

TEST_F(CpuPlugin, ProbeTellsOneCpu) {
  struct Seen {
    int count = 0;
    da3_device device{};
    std::string name, arch;
  } seen;
  const auto sink = [](void* ctx, const da3_device* d) {
    auto& s = *static_cast<Seen*>(ctx);
    ++s.count, s.device = *d, s.name = d->name, s.arch = d->arch;
  };
  std::array<Seen, 8> all;
  std::vector<std::jthread> threads;
  for (Seen& s : all)
    threads.emplace_back([&, this] { EXPECT_EQ(plugin->probe(sink, &s, nullptr), DA3_OK); });
  threads.clear();
  seen = all[0];
  EXPECT_EQ(seen.count, 1);
  EXPECT_EQ(seen.device.dl_type, 1);
  EXPECT_GE(seen.device.score, 100);
  EXPECT_LE(seen.device.score, 199);
  EXPECT_GT(seen.device.mem_total, 0u);
  EXPECT_GE(seen.device.mem_total, seen.device.mem_free);
  EXPECT_FALSE(seen.name.empty());
  for (const Seen& s : all) EXPECT_EQ(s.arch, seen.arch);
  EXPECT_EQ(plugin->probe(nullptr, nullptr, nullptr), DA3_E_INVALID);
}

TEST_F(CpuPlugin, SchemaIsWholeAndEveryDefaultIsAccepted) {
  std::set<std::string> keys;
  Settings defaults;
  for (const Option& o : schema(plugin)) {
    EXPECT_TRUE(keys.insert(o.key).second) << o.key;
    EXPECT_TRUE(da3::option_type::valid_type(o.type)) << o.key;
    EXPECT_TRUE(da3::option_type::accepts(o.type, o.def)) << o.key;
    EXPECT_FALSE(o.help.empty()) << o.key;
    if (o.scope == DA3_SCOPE_OPTIMIZER) defaults.emplace_back(o.key, o.def);
  }
  for (const char* key : {"performance_mode", "mixed_precision", "enable_compile", "threads",
                          "interop_threads", "prefetch", "workers", "memory_fraction", "batch",
                          "deterministic", "head_precision", "ref_view_strategy", "use_ray_pose", "seed"})
    EXPECT_TRUE(keys.count(key)) << key;
  ErrorText error;
  da3_optimizer *with = nullptr, *without = nullptr;
  ASSERT_EQ(create(defaults, &with, error), DA3_OK) << error.text;
  ASSERT_EQ(create({}, &without, error), DA3_OK) << error.text;
  EXPECT_EQ(describe(with), describe(without));
  plugin->optimizer_destroy(with);
  plugin->optimizer_destroy(without);
}

TEST_F(CpuPlugin, DescribeIsTheSameTwiceAndItsOptionsGoRoundTrip) {
  ErrorText error;
  da3_optimizer *first = nullptr, *second = nullptr;
  ASSERT_EQ(create({{"threads", "2"}, {"performance_mode", "max"}, {"deterministic", "true"}}, &first, error),
            DA3_OK);
  const Settings all = describe(first);
  EXPECT_EQ(describe(first), all);
  Settings given;
  std::set<std::string> keys;
  for (const auto& [key, value] : all) {
    EXPECT_TRUE(keys.insert(key).second) << key;
    if (key.rfind("effective.", 0) != 0) given.emplace_back(key, value);
  }
  for (const Option& o : schema(plugin))
    EXPECT_EQ(keys.count(o.key), o.scope == DA3_SCOPE_OPTIMIZER ? 1u : 0u) << o.key;
  for (const char* key : {"device", "precision", "head_precision", "threads", "interop_threads", "workers",
                          "prefetch", "batch", "compile", "cache", "deterministic"})
    EXPECT_TRUE(keys.count(std::string("effective.") + key)) << key;
  ASSERT_EQ(create(given, &second, error), DA3_OK) << error.text;
  EXPECT_EQ(describe(second), all);
  plugin->optimizer_destroy(first);
  plugin->optimizer_destroy(second);
}

TEST_F(CpuPlugin, UnknownKeyNamesKeyOriginIndexAndNearest) {
  ErrorText error;
  da3_optimizer* optimizer = reinterpret_cast<da3_optimizer*>(1);
  EXPECT_EQ(create({{"batch", "1"}, {"thread", "2"}}, &optimizer, error), DA3_E_UNKNOWN_KEY);
  EXPECT_EQ(optimizer, nullptr);
  EXPECT_EQ(error.error.index, 1);
  EXPECT_EQ(error.error.kind, 1);
  EXPECT_THAT(error.text,
              testing::AllOf(HasSubstr("'thread'"), HasSubstr("test.yaml:3:5"), HasSubstr("'threads'")));
  ErrorText run;
  EXPECT_EQ(create({{"seed", "1"}}, &optimizer, run), DA3_E_UNKNOWN_KEY);
  EXPECT_THAT(run.text, HasSubstr("belongs to a run"));
}

TEST_F(CpuPlugin, DuplicateKeysAreRefused) {
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  EXPECT_EQ(create({{"batch", "1"}, {"threads", "2"}, {"batch", "1"}}, &optimizer, error), DA3_E_BAD_VALUE);
  EXPECT_EQ(error.error.index, 2);
  EXPECT_THAT(error.text, HasSubstr("give it once"));
}

TEST_F(CpuPlugin, EveryTypedKeyRefusesRubbish) {
  for (const Option& o : schema(plugin)) {
    if (o.scope != DA3_SCOPE_OPTIMIZER || da3::option_type::accepts(o.type, "rubbish")) continue;
    for (const std::string& value : {std::string(), std::string("rubbish"), std::string("-1"),
                                     std::string("99999999999999999999"), std::string(1 << 20, 'x')}) {
      ErrorText error;
      da3_optimizer* optimizer = nullptr;
      EXPECT_EQ(create({{o.key, value}}, &optimizer, error), DA3_E_BAD_VALUE)
          << o.key << " = " << value.substr(0, 30);
      EXPECT_THAT(error.text, HasSubstr(da3::option_type::in_words(o.type)));
      EXPECT_EQ(error.error.index, 0);
    }
  }
}

TEST_F(CpuPlugin, BadListsAndDevicesAreRefused) {
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  EXPECT_EQ(plugin->optimizer_create(nullptr, 1, 1, 0, &optimizer, error), DA3_E_INVALID);
  const da3_kv* nothing = nullptr;
  EXPECT_EQ(plugin->optimizer_create(&nothing, 1, 1, 0, &optimizer, error), DA3_E_INVALID);
  da3_kv empty{sizeof(da3_kv), 0, "threads", nullptr, nullptr};
  const da3_kv* list = &empty;
  EXPECT_EQ(plugin->optimizer_create(&list, 1, 1, 0, &optimizer, error), DA3_E_INVALID);
  EXPECT_EQ(plugin->optimizer_create(nullptr, 0, 2, 0, &optimizer, error), DA3_E_NOT_FOUND);
  EXPECT_EQ(plugin->optimizer_create(nullptr, 0, 1, 1, &optimizer, error), DA3_E_NOT_FOUND);
  EXPECT_EQ(error.error.kind, 4);
  EXPECT_EQ(plugin->optimizer_create(nullptr, 0, 1, 0, nullptr, error), DA3_E_INVALID);
}

TEST_F(CpuPlugin, TooManyThreadsAreObeyedWithAWarningInTheLog) {
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  ASSERT_EQ(create({{"threads", "1024"}}, &optimizer, error), DA3_OK);
  ASSERT_FALSE(host.lines.empty());
  EXPECT_EQ(host.lines[0].first, 3);
  EXPECT_THAT(host.lines[0].second, HasSubstr("more than the process may use"));
  plugin->optimizer_destroy(optimizer);
}

TEST_F(CpuPlugin, CallsWithoutAModelAreErrors) {
  ErrorText error;
  EXPECT_EQ(plugin->model_describe(nullptr, nullptr, nullptr, error), DA3_E_INVALID);
  EXPECT_EQ(plugin->session_run(nullptr, nullptr, error), DA3_E_INVALID);
  da3_session* session = reinterpret_cast<da3_session*>(1);
  EXPECT_EQ(plugin->session_create(nullptr, &session, error), DA3_E_INVALID);
  EXPECT_EQ(session, nullptr);
  da3_model* model = reinterpret_cast<da3_model*>(1);
  EXPECT_EQ(plugin->model_load(nullptr, "x", nullptr, &model, error), DA3_E_INVALID);
  EXPECT_EQ(model, nullptr);
  plugin->model_destroy(nullptr);
  plugin->session_destroy(nullptr);
  plugin->optimizer_destroy(nullptr);
  da3_ticket* ticket = reinterpret_cast<da3_ticket*>(1);
  EXPECT_EQ(plugin->session_submit(nullptr, nullptr, &ticket, error), DA3_E_INVALID);
  EXPECT_EQ(ticket, nullptr);
  EXPECT_EQ(plugin->ticket_wait(nullptr, 0, error), DA3_E_INVALID);

  da3_optimizer* optimizer = nullptr;
  ASSERT_EQ(create({}, &optimizer, error), DA3_OK);
  da3_memory memory{};
  memory.struct_size = sizeof memory;
  memory.weights = 7;
  EXPECT_EQ(plugin->memory(optimizer, &memory, error), DA3_OK);
  EXPECT_EQ(memory.weights, 0u);
  uint64_t freed = 7;
  EXPECT_EQ(plugin->trim(optimizer, 2, &freed, error), DA3_OK);
  EXPECT_EQ(freed, 0u);
  plugin->optimizer_destroy(optimizer);
}

/// Opening the plugin, probing and deciding must not bring LibTorch into the process.
TEST_F(CpuPlugin, IsThin) {
  ErrorText error;
  da3_optimizer* optimizer = nullptr;
  ASSERT_EQ(create({}, &optimizer, error), DA3_OK);
  plugin->optimizer_destroy(optimizer);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    EXPECT_EQ(line.find("libtorch"), std::string::npos) << line;
    EXPECT_EQ(line.find("libc10"), std::string::npos) << line;
  }
}

}  // namespace
