// SPDX-License-Identifier: Apache-2.0
// Calls across the C ABI from C++: errors become da3::Error, lists become vectors, nothing throws through C
// frames.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>
#include <da3/profile.hpp>

#include <exception>
#include <string>
#include <vector>

namespace da3::detail {

template <class Struct>
Struct zeroed() {
  Struct value{};
  value.struct_size = sizeof(Struct);
  return value;
}

inline std::string text_or_empty(const char* text) { return text ? text : ""; }

/// A da3_error with its buffer; throws what a call reported.
class CallError {
 public:
  CallError() : error_(zeroed<da3_error>()) {
    error_.msg = buffer_;
    error_.msg_cap = sizeof buffer_;
    error_.index = -1;
  }
  CallError(const CallError&) = delete;

  da3_error* get() { return &error_; }

  /// Throws unless status is DA3_OK. what: "backend cpu: model_load", for plugins that give no sentence.
  void check(int32_t status, const std::string& what) const;

  /// The plugin's sentence, or one of ours.
  std::string message(int32_t status, const std::string& what) const;

 private:
  char buffer_[2048] = {};
  da3_error error_;
};

/// Context of a sink that collects items; an exception in it is kept until the call is over.
template <class Item>
struct Collector {
  std::vector<Item> items;
  std::exception_ptr failure;

  template <class Make>
  void add(Make&& make) noexcept {
    if (failure) return;
    try {
      items.push_back(make());
    } catch (...) {
      failure = std::current_exception();
    }
  }
  std::vector<Item> take() {
    if (failure) std::rethrow_exception(failure);
    return std::move(items);
  }
};

/// Runs call(sink, ctx, error) for a function that describes itself in key/values.
template <class Call>
std::vector<Setting> collect_settings(const std::string& what, Call&& call) {
  Collector<Setting> collector;
  const da3_kv_sink sink = [](void* ctx, const da3_kv* kv) {
    if (!DA3_HAS(kv, da3_kv, value) || !kv->key) return;
    static_cast<Collector<Setting>*>(ctx)->add([&] {
      const bool has_origin = DA3_HAS(kv, da3_kv, origin);
      return Setting{kv->key, text_or_empty(kv->value), has_origin ? text_or_empty(kv->origin) : ""};
    });
  };
  CallError error;
  const int32_t status = call(sink, static_cast<void*>(&collector), error.get());
  error.check(status, what);
  return collector.take();
}

/// Key/values in the form the ABI takes. Points into settings, which must outlive it.
class KeyValues {
 public:
  explicit KeyValues(const std::vector<Setting>& settings);
  const da3_kv* const* data() const { return pointers_.data(); }
  uint32_t size() const { return static_cast<uint32_t>(pointers_.size()); }

 private:
  std::vector<da3_kv> values_;
  std::vector<const da3_kv*> pointers_;
};

}  // namespace da3::detail
