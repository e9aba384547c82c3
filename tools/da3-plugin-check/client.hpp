// SPDX-License-Identifier: Apache-2.0
// A host of the C ABI that trusts nothing: calls a plugin, looks at every answer, and knows what was called
// last.
#pragma once

#include <da3/plugin.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "check.hpp"

namespace da3::check {

/// Where the last call's name goes, so that the parent can tell it after a crash; nullptr: nowhere.
void set_trace(char* page);
constexpr size_t trace_size = 4096;
void trace(const std::string& what);
/// The first failure, for when the clean-up after it crashes.
void trace_failure(const std::string& sentence);
constexpr size_t trace_failure_at = trace_size / 2;

template <class T>
T zeroed() {
  T value{};
  value.struct_size = sizeof(T);
  return value;
}

/// For out-pointers: what a failing call must have overwritten with NULL.
template <class T>
T* poison() {
  return reinterpret_cast<T*>(uintptr_t{16});
}

/// What a call answered.
struct Answer {
  std::string what;
  int32_t code = DA3_OK;
  std::string message;
  int32_t kind = 0;
  int64_t index = -1;
  std::string defect;  ///< what is wrong with the answer itself, or ""
  bool ok() const { return code == DA3_OK; }
  std::string text() const;  ///< "model_load answered DA3_E_MODEL: ..."
};

/// A da3_error whose memory is watched.
class WatchedError {
 public:
  WatchedError();
  da3_error* get() { return &error_; }
  Answer answer(const std::string& what, int32_t code) const;

 private:
  static constexpr uint32_t capacity = 1024;
  char text_[capacity + 64];
  da3_error error_;
};

/// Calls f(da3_error*); an exception that comes out of it is a FAIL.
template <class Call>
Answer call(const std::string& what, Call&& f) {
  trace(what);
  WatchedError error;
  int32_t code = DA3_OK;
  try {
    code = f(error.get());
  } catch (...) {
    fail("a C++ exception came out of " + what +
         ": it must end in the plugin; wrap every function of the table");
  }
  return error.answer(what, code);
}

/// For the functions that return nothing.
template <class Call>
void call_void(const std::string& what, Call&& f) {
  call(what, [&](da3_error*) {
    f();
    return DA3_OK;
  });
}

/// FAIL unless the call succeeded.
void expect_ok(const Answer&);
/// FAIL unless it was refused, in full, with one of codes (empty: any), about kind (-1: any) and index (-2:
/// any).
void expect_refused(const Answer&, std::initializer_list<int32_t> codes, int32_t kind = -1,
                    int64_t index = -2);

bool valid_utf8(const std::string&);
std::string shortened(const std::string&, size_t most = 160);

/// The host's services, counted.
class TestHost {
 public:
  explicit TestHost(const Context&);
  TestHost(const TestHost&) = delete;
  da3_host table;        ///< members may be changed before the entry
  void offer_nothing();  ///< before the entry: every optional member becomes NULL

  struct Line {
    int32_t level;
    std::string text;
  };
  std::vector<Line> lines() const;
  uint64_t allocations() const;
  size_t live_blocks() const;
  std::string misuse() const;        ///< a dealloc of what is not allocated, or ""
  void fail_allocation(uint64_t k);  ///< the k-th from now (1, 2, ...) and all after it; 0: none
  std::string cache_folder;          ///< "" : NULL

 private:
  mutable std::mutex mutex_;
  std::string path_;
  std::vector<Line> lines_;
  std::map<void*, uint64_t> blocks_;
  uint64_t allocations_ = 0, fail_from_ = 0;
  std::string misuse_;

  static void log(void*, int32_t, const char*);
  static void* alloc(void*, uint64_t, uint64_t);
  static void dealloc(void*, void*);
  static uint32_t budget(void*, const char**);
  static const char* cache(void*);
  static const void* extension(void*, const char*);
};

/// dlopen and the entry's address; stays mapped. Throws SetupFailure of check 1.
da3_plugin_entry_fn open_entry(const Context&);

/// An entered plugin; its table is copied as far as we know it. Throws SetupFailure of check 5 or 58.
class Plugin {
 public:
  Plugin(const Context&, TestHost&);
  ~Plugin();
  Plugin(const Plugin&) = delete;
  const da3_plugin* operator->() const { return &table_; }
  const da3_plugin& table() const { return table_; }
  void leave();  ///< shutdown, once

 private:
  da3_plugin table_{};
  bool entered_ = false;
};

/// What is wrong with a table ("has no probe"), or "".
std::string table_problem(const da3_plugin*);

using Values = std::vector<std::pair<std::string, std::string>>;

/// Options as the ABI takes them.
class KeyValues {
 public:
  explicit KeyValues(const Values&, const char* origin = "profile.yaml:7:3");
  const da3_kv* const* data() const { return pointers_.data(); }
  uint32_t size() const { return static_cast<uint32_t>(pointers_.size()); }

 private:
  Values values_;
  std::vector<da3_kv> kvs_;
  std::vector<const da3_kv*> pointers_;
};

struct OptionRow {
  std::string key, type, def, help;
  uint32_t deprecated = 0, scope = 0;
  bool operator==(const OptionRow&) const = default;
};
struct DeviceRow {
  int32_t dl_type = 0, dl_id = 0, score = 0;
  uint32_t precisions = 0, flags = 0;
  uint64_t mem_total = 0;
  int32_t numa_node = 0;
  std::string name, driver, arch, bus, reason, uuid;
  bool operator==(const DeviceRow&) const = default;
};

std::vector<DeviceRow> probe(const da3_plugin&);
std::vector<OptionRow> options(const da3_plugin&);
/// The first usable device, or SKIP with the reasons.
DeviceRow usable_device(const da3_plugin&);

}  // namespace da3::check
