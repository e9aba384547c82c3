// SPDX-License-Identifier: Apache-2.0
// Opens libda3_cpu as a host does: absolute path, local, one symbol.
#pragma once

#include <da3/plugin.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace da3::test {

#if defined(__APPLE__)
inline const std::string cpu_plugin = DA3_PLUGIN_FOLDER "/libda3_cpu.dylib";
#else
inline const std::string cpu_plugin = DA3_PLUGIN_FOLDER "/libda3_cpu.so";
#endif

struct ErrorText {
  char text[2048] = "";
  da3_error error{};
  ErrorText() {
    error.struct_size = sizeof error;
    error.msg = text;
    error.msg_cap = sizeof text;
    error.index = -1;
  }
  operator da3_error*() { return &error; }
};

/// Collects what the plugin logs.
struct TestHost {
  std::vector<std::pair<int32_t, std::string>> lines;
  uint32_t budget = 0;
  da3_host table{};

  TestHost() {
    table.struct_size = sizeof table;
    table.abi_major = DA3_ABI_MAJOR;
    table.ctx = this;
    table.name = "test";
    table.version = "1";
    table.library_path = cpu_plugin.c_str();
    table.log = [](void* self, int32_t level, const char* text) {
      static_cast<TestHost*>(self)->lines.emplace_back(level, text);
    };
    table.cpu_budget = [](void* self, const char**) { return static_cast<TestHost*>(self)->budget; };
  }
};

inline da3_plugin_entry_fn plugin_entry() {
  void* library = dlopen(cpu_plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  return library ? reinterpret_cast<da3_plugin_entry_fn>(dlsym(library, "da3_plugin_entry")) : nullptr;
}

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Key/values as the ABI wants them; lives as long as the texts.
struct KvList {
  explicit KvList(const Settings& settings, const char* origin = "test.yaml:3:5") : kvs(settings.size()) {
    for (size_t i = 0; i < settings.size(); ++i) {
      kvs[i] = {sizeof(da3_kv), 0, settings[i].first.c_str(), settings[i].second.c_str(), origin};
      list.push_back(&kvs[i]);
    }
  }
  uint32_t size() const { return static_cast<uint32_t>(list.size()); }
  std::vector<da3_kv> kvs;
  std::vector<const da3_kv*> list;
};

class CpuPlugin : public testing::Test {
 protected:
  void SetUp() override {
    const auto entry = plugin_entry();
    ASSERT_NE(entry, nullptr);
    ErrorText error;
    ASSERT_EQ(entry(1, 1, &host.table, &plugin, error), DA3_OK) << error.text;
  }
  void TearDown() override {
    if (plugin) plugin->shutdown();
  }

  int32_t create(const Settings& settings, da3_optimizer** out, da3_error* error) {
    const KvList list(settings);
    return plugin->optimizer_create(list.list.data(), list.size(), 1, 0, out, error);
  }

  Settings describe(da3_optimizer* optimizer) {
    Settings all;
    const auto sink = [](void* ctx, const da3_kv* kv) {
      static_cast<Settings*>(ctx)->emplace_back(kv->key, kv->value);
    };
    ErrorText error;
    EXPECT_EQ(plugin->optimizer_describe(optimizer, sink, &all, error), DA3_OK) << error.text;
    return all;
  }

  TestHost host;
  const da3_plugin* plugin = nullptr;
};

}  // namespace da3::test
