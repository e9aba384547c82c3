// SPDX-License-Identifier: Apache-2.0
// DA3_PLUGIN(backend): the C table and the one exported function of a Backend. Every call is checked and
// stands behind the wall of da3/guard.hpp, so that no exception leaves the plugin. C++17.
#pragma once

#include <da3/guard.hpp>
#include <da3/sdk/backend.hpp>

#include <memory>
#include <string>
#include <utility>

namespace da3::sdk {

/// The C functions of one Backend, which get() returns. A handle of the ABI is the C++ object's address.
template <const Backend& (*get)()>
class PluginTable {
 public:
  static int32_t enter(uint32_t host_major_min, uint32_t host_major_max, const da3_host* host,
                       const da3_plugin** out, da3_error* error) noexcept {
    if (out) *out = nullptr;
    return guard(error, [&] {
      require(out, "da3_plugin_entry", "the place for the table");
      if (host_major_min > DA3_ABI_MAJOR || host_major_max < DA3_ABI_MAJOR)
        throw Error(DA3_E_ABI, std::string("plugin '") + get().info().name +
                                   "' cannot be used: the host speaks ABI major " +
                                   std::to_string(host_major_min) + " to " + std::to_string(host_major_max) +
                                   ", the plugin " + std::to_string(DA3_ABI_MAJOR) +
                                   "; install versions that go together");
      const da3_plugin& made = table();
      Entries::instance().enter(host);
      *out = &made;
    });
  }

 private:
  template <class Pointer>
  static void require(Pointer pointer, const char* function, const char* what) {
    if (!pointer) throw Error(DA3_E_INVALID, std::string(function) + ": " + what + " is NULL; pass one");
  }
  /// Runs make() and hands its object over as a handle: NULL on failure.
  template <class Handle, class Make>
  static int32_t create(const char* function, Handle** out, da3_error* error, Make&& make) {
    if (out) *out = nullptr;
    return guard(error, [&] {
      require(out, function, "the place for the result");
      *out = reinterpret_cast<Handle*>(make().release());
    });
  }
  static Optimizer& of(da3_optimizer* handle, const char* function) {
    require(handle, function, "the optimizer");
    return *reinterpret_cast<Optimizer*>(handle);
  }
  static Model& of(da3_model* handle, const char* function) {
    require(handle, function, "the model");
    return *reinterpret_cast<Model*>(handle);
  }
  static Session& of(da3_session* handle, const char* function) {
    require(handle, function, "the session");
    return *reinterpret_cast<Session*>(handle);
  }

  static void DA3_CALL shutdown() { Entries::instance().leave(); }

  static int32_t DA3_CALL probe(da3_device_sink sink, void* ctx, da3_error* error) {
    return guard(error, [&] {
      require(sink, "probe", "the sink");
      get().probe([&](const da3_device& device) { sink(ctx, &device); });
    });
  }
  static int32_t DA3_CALL options(da3_option_sink sink, void* ctx, da3_error* error) {
    return guard(error, [&] {
      require(sink, "options", "the sink");
      publish(get().options(), sink, ctx);
    });
  }

  static int32_t DA3_CALL optimizer_create(const da3_kv* const* opts, uint32_t n, int32_t dl_type,
                                           int32_t dl_id, da3_optimizer** out, da3_error* error) {
    return create("optimizer_create", out, error, [&] {
      auto host = Entries::instance().host();
      const Options options = Options::parse(get().options(), DA3_SCOPE_OPTIMIZER, opts, n, host.get());
      return get().create_optimizer(std::move(host), options, dl_type, dl_id);
    });
  }
  static int32_t DA3_CALL optimizer_describe(da3_optimizer* handle, da3_kv_sink sink, void* ctx,
                                             da3_error* error) {
    return guard(error, [&] {
      require(sink, "optimizer_describe", "the sink");
      of(handle, "optimizer_describe").describe(Describe(sink, ctx));
    });
  }
  static void DA3_CALL optimizer_destroy(da3_optimizer* handle) {
    delete reinterpret_cast<Optimizer*>(handle);
  }

  static int32_t DA3_CALL model_load(da3_optimizer* handle, const char* path, const da3_watch* watch,
                                     da3_model** out, da3_error* error) {
    return create("model_load", out, error, [&] {
      require(path, "model_load", "the path");
      const auto host = Entries::instance().host();
      return of(handle, "model_load").load(path, Watch(watch, host.get()));
    });
  }
  static int32_t DA3_CALL model_describe(da3_model* handle, da3_kv_sink sink, void* ctx, da3_error* error) {
    return guard(error, [&] {
      require(sink, "model_describe", "the sink");
      of(handle, "model_describe").describe(Describe(sink, ctx));
    });
  }
  static void DA3_CALL model_destroy(da3_model* handle) { delete reinterpret_cast<Model*>(handle); }

  static int32_t DA3_CALL session_create(da3_model* handle, da3_session** out, da3_error* error) {
    return create("session_create", out, error,
                  [&] { return of(handle, "session_create").create_session(); });
  }
  static int32_t DA3_CALL session_run(da3_session* handle, da3_run* run, da3_error* error) {
    return guard(error, [&] {
      Session& session = of(handle, "session_run");
      const auto host = Entries::instance().host();
      session.run(Run(run, get().options(), host.get()));
    });
  }
  static void DA3_CALL session_destroy(da3_session* handle) { delete reinterpret_cast<Session*>(handle); }

  static int32_t DA3_CALL estimate(da3_model* handle, const da3_run* run, da3_memory* out, da3_error* error) {
    return guard(error, [&] {
      // The run's options are told about once, by the run itself.
      fill_struct(out, of(handle, "estimate").estimate(Run(run, get().options(), nullptr)));
    });
  }
  static int32_t DA3_CALL memory(da3_optimizer* handle, da3_memory* out, da3_error* error) {
    return guard(error, [&] { fill_struct(out, of(handle, "memory").memory()); });
  }
  static int32_t DA3_CALL trim(da3_optimizer* handle, uint32_t level, uint64_t* freed, da3_error* error) {
    if (freed) *freed = 0;
    return guard(error, [&] {
      const uint64_t bytes = of(handle, "trim").trim(level);
      if (freed) *freed = bytes;
    });
  }
  static const void* DA3_CALL extension(const char* id) {
    const void* found = nullptr;
    guard(nullptr, [&] { found = id ? get().extension(id) : nullptr; });
    return found;
  }

  static const da3_plugin& table() {
    static const da3_plugin plugin = [] {
      const Backend::Info info = get().info();
      da3_plugin t{};
      t.struct_size = sizeof t;
      t.abi_major = DA3_ABI_MAJOR, t.abi_minor = DA3_ABI_MINOR;
      t.name = info.name, t.id = info.id, t.version = info.version, t.vendor = info.vendor;
      t.license = info.license, t.runtime_id = info.runtime_id;
      t.shutdown = shutdown, t.probe = probe, t.options = options;
      t.optimizer_create = optimizer_create, t.optimizer_describe = optimizer_describe;
      t.optimizer_destroy = optimizer_destroy;
      t.model_load = model_load, t.model_describe = model_describe, t.model_destroy = model_destroy;
      t.session_create = session_create, t.session_run = session_run, t.session_destroy = session_destroy;
      t.estimate = estimate, t.memory = memory, t.trim = trim, t.extension = extension;
      return t;
    }();
    return plugin;
  }
};

}  // namespace da3::sdk

/// Once in a plugin, outside of any namespace. get: a function `const da3::sdk::Backend& get()` with external
/// linkage.
#define DA3_PLUGIN(get)                                                                                 \
  extern "C" DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t major_min, uint32_t major_max,       \
                                                          const da3_host* host, const da3_plugin** out, \
                                                          da3_error* error) {                           \
    return da3::sdk::PluginTable<get>::enter(major_min, major_max, host, out, error);                   \
  }                                                                                                     \
  static_assert(true, "so that a semicolon may follow")
