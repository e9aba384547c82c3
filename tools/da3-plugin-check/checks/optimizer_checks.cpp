// SPDX-License-Identifier: Apache-2.0
// Optimizers: what they tell, what they refuse, and hosts that offer less.
#include <da3/option_type.hpp>
#include <new>

#include "checks/checks.hpp"
#include "fixture.hpp"

namespace da3::check {
namespace {

constexpr const char* effective_keys[] = {"device",          "precision", "head_precision", "threads",
                                          "interop_threads", "workers",   "prefetch",       "batch",
                                          "compile",         "cache",     "deterministic"};

std::string first_difference(const Values& a, const Values& b) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (a[i] != b[i])
      return a[i].first + "=" + shortened(a[i].second, 40) + " and " + b[i].first + "=" +
             shortened(b[i].second, 40);
  return a.size() == b.size() ? "" : std::to_string(a.size()) + " and " + std::to_string(b.size()) + " keys";
}

std::string describes(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  Optimizer optimizer(plugin.table());
  const Values told = describe(plugin.table(), optimizer.get());
  Values given;
  for (const OptionRow& row : options(plugin.table())) {
    if (row.scope != DA3_SCOPE_OPTIMIZER) continue;
    const std::string* value = find(told, row.key);
    if (!value) fail("describe leaves out the option " + row.key);
    if (!option_type::accepts(row.type, *value))
      fail("describe says " + row.key + "=\"" + shortened(*value, 40) + "\", which is no value of it");
    given.emplace_back(row.key, *value);
  }
  for (const char* key : effective_keys)
    if (!find(told, std::string("effective.") + key))
      fail("describe leaves out effective." + std::string(key));
  for (size_t i = 0; i < told.size(); ++i) {
    const auto& [key, value] = told[i];
    if (!valid_utf8(key + value)) fail("describe gives text that is not UTF-8");
    for (size_t k = 0; k < i; ++k)
      if (told[k].first == key) fail("describe gives " + key + " twice");
    if (key.ends_with(".reason") && !find(told, key.substr(0, key.size() - 7)))
      fail("describe gives " + key + " without its key");
  }
  if (const std::string text = first_difference(told, describe(plugin.table(), optimizer.get()));
      !text.empty())
    fail("two calls differ: " + text);
  Optimizer again(plugin.table(), given);
  if (const std::string text = first_difference(told, describe(plugin.table(), again.get())); !text.empty())
    fail("an optimizer that is given back what describe said describes itself otherwise: " + text);
  const std::string* device = find(told, "effective.device");
  return *device;
}

std::string unknown_device(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  DeviceRow device = usable_device(plugin.table());
  da3_optimizer* optimizer = nullptr;
  const auto refused = [&](int32_t type, int32_t id) {
    device.dl_type = type, device.dl_id = id;
    Answer answer = create(plugin.table(), device, {}, &optimizer);
    answer.what += " for the device " + std::to_string(type) + ":" + std::to_string(id);
    expect_refused(answer, {DA3_E_INVALID, DA3_E_UNAVAILABLE, DA3_E_NOT_FOUND}, 4);
  };
  refused(device.dl_type, 9999);
  refused(device.dl_type, -1);
  refused(77, 0);
  return "";
}

/// Things at the edge, which a program in C survives and where C++ code likes to throw.
std::string exceptions(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const da3_plugin& table = plugin.table();
  if (table.extension)
    for (const char* id : {"", "no.such/1", "da3.test-fault/1"}) {
      trace("extension");
      try {
        table.extension(id);
      } catch (...) {
        fail("a C++ exception came out of extension");
      }
    }
  DeviceRow device = usable_device(table), other = device;
  da3_optimizer* optimizer = nullptr;
  other.dl_id = 12345;
  other.dl_type = 0x7FFFFFFF;
  create(table, other, {}, &optimizer);
  create(table, device, Values(1000, {"no_such_key", "1"}), &optimizer);
  Optimizer good(table);
  da3_model* model = nullptr;
  for (const std::string& path : {std::string(), std::string("/"), std::string("/no/such/model"),
                                  std::string(100000, 'p'), std::string("\xff\xfe\n")}) {
    const Answer answer = call("model_load", [&](da3_error* e) {
      return table.model_load(good.get(), path.c_str(), nullptr, &model, e);
    });
    if (answer.ok()) call_void("model_destroy", [&] { table.model_destroy(model); });
    if (!answer.ok() && model) fail("model_load refuses, but out is not NULL");
  }
  return "";
}

/// One refusal with an error struct of another kind.
int32_t refuse(const da3_plugin& table, const DeviceRow& device, da3_error* error) {
  const KeyValues bad(Values{{"no_such_key_anywhere", "1"}});
  da3_optimizer* optimizer = nullptr;
  trace("optimizer_create");
  const int32_t code =
      table.optimizer_create(bad.data(), bad.size(), device.dl_type, device.dl_id, &optimizer, error);
  if (code != DA3_E_UNKNOWN_KEY)
    fail("an unknown key gives another code when da3_error differs: " + std::to_string(code));
  return code;
}

std::string error_buffers(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const DeviceRow device = usable_device(plugin.table());
  for (uint32_t capacity : {0u, 1u, 2u, 17u, 40u}) {
    Guarded memory(capacity);
    da3_error error = zeroed<da3_error>();
    error.msg = reinterpret_cast<char*>(memory.data());
    error.msg_cap = capacity;
    refuse(plugin.table(), device, &error);
    const std::string size = "with msg_cap " + std::to_string(capacity);
    if (const std::string damage = memory.damage(); !damage.empty()) fail(size + ": " + damage);
    if (capacity && !std::memchr(memory.data(), 0, capacity)) fail(size + " the sentence is not terminated");
    if (error.code != DA3_E_UNKNOWN_KEY || error.kind != 1 || error.index != 0)
      fail(size + " code, kind or index is missing");
  }
  da3_error silent = zeroed<da3_error>();
  silent.msg_cap = 100;
  refuse(plugin.table(), device, &silent);
  if (silent.code != DA3_E_UNKNOWN_KEY || silent.index != 0) fail("with msg NULL code or index is missing");
  struct {
    da3_error known;
    unsigned char more[64];
  } large;
  std::memset(&large, 0x5A, sizeof large);
  large.known = silent;
  large.known.struct_size = sizeof large;
  refuse(plugin.table(), device, &large.known);
  for (unsigned char byte : large.more)
    if (byte != 0x5A) fail("a larger da3_error is written beyond what is known");
  if (large.known.struct_size != sizeof large) fail("da3_error.struct_size was changed");
  return "";
}

std::string bare_host(Context& context) {
  TestHost host(context);
  host.offer_nothing();
  const Plugin plugin(context, host);
  probe(plugin.table());
  options(plugin.table());
  Optimizer optimizer(plugin.table());
  describe(plugin.table(), optimizer.get());
  if (context.model.empty()) return "without a model";
  Model model(plugin.table(), optimizer.get(), context.model.string());
  Session session(plugin.table(), model.get());
  return "";
}

std::string null_is_fine(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  call_void("optimizer_destroy(NULL)", [&] { plugin->optimizer_destroy(nullptr); });
  Optimizer first(plugin.table()), second(plugin.table());
  first.destroy();
  describe(plugin.table(), second.get());
  return "";
}

std::string option_strings_die(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const DeviceRow device = usable_device(plugin.table());
  Revocable memory(1 << 18);
  std::vector<da3_kv*> pointers;
  Values said;
  for (const OptionRow& row : options(plugin.table())) {
    if (row.scope != DA3_SCOPE_OPTIMIZER) continue;
    auto* kv = new (memory.take(sizeof(da3_kv))) da3_kv(zeroed<da3_kv>());
    kv->key = memory.text(row.key);
    kv->value = memory.text(row.def);
    kv->origin = memory.text("cli");
    pointers.push_back(kv);
  }
  auto** list = static_cast<const da3_kv**>(memory.take((pointers.size() + 1) * sizeof(da3_kv*)));
  for (size_t i = 0; i < pointers.size(); ++i) list[i] = pointers[i];
  da3_optimizer* optimizer = nullptr;
  const Answer answer = call("optimizer_create", [&](da3_error* e) {
    return plugin->optimizer_create(list, static_cast<uint32_t>(pointers.size()), device.dl_type,
                                    device.dl_id, &optimizer, e);
  });
  expect_ok(answer);
  memory.revoke();
  describe(plugin.table(), optimizer);
  if (!context.model.empty()) Model model(plugin.table(), optimizer, context.model.string());
  call_void("optimizer_destroy", [&] { plugin->optimizer_destroy(optimizer); });
  return "";
}

}  // namespace

std::vector<Check> optimizer_checks() {
  return {
      {22, "describe is whole and true",
       "optimizer_describe gives every option and effective.*, the same twice, and the same again when its "
       "options are given back",
       "plugin.h, DESCRIBE", Needs::device, false, describes},
      {55, "unknown devices are refused", "a device that probe did not report: a code, kind 4",
       "plugin.h, da3_plugin.optimizer_create", Needs::device, false, unknown_device},
      {47, "no exception, no exit", "no function of the table throws, exits or aborts, whatever it is given",
       "plugin.h, ERRORS", Needs::device, false, exceptions},
      {51, "errors of any size",
       "msg NULL, small or large: truncated, terminated, code and index given, nothing written beyond",
       "plugin.h, da3_error", Needs::device, false, error_buffers},
      {45, "a host with nothing to offer", "every optional member of da3_host may be NULL",
       "plugin.h, da3_host", Needs::device, false, bare_host},
      {50, "destroying nothing", "optimizer_destroy(NULL) is fine, and one optimizer outlives another",
       "plugin.h, da3_plugin.optimizer_destroy", Needs::device, false, null_is_fine},
      {64, "options are copied", "an optimizer does not use the option list after optimizer_create",
       "plugin.h, LIFE", Needs::device, false, option_strings_die},
  };
}

}  // namespace da3::check
