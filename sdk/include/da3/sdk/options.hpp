// SPDX-License-Identifier: Apache-2.0
// Typed options: one table is the schema that is published, the check of what the host gives, and the
// defaults. C++17.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>
#include <da3/option_type.hpp>
#include <da3/sdk/host.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace da3::sdk {

/// One row of a plugin's table. Texts are literals. def: the default, in the form of a value.
struct Option {
  const char *key, *type, *def, *help;
  uint32_t scope = DA3_SCOPE_OPTIMIZER;
  bool deprecated = false;
};

/// The body of da3_plugin.options.
inline void publish(const std::vector<Option>& table, da3_option_sink sink, void* ctx) {
  for (const Option& row : table) {
    da3_option option{};
    option.struct_size = sizeof option;
    option.key = row.key, option.type = row.type, option.def = row.def, option.help = row.help;
    option.deprecated = row.deprecated;
    option.scope = row.scope;
    sink(ctx, &option);
  }
}

/// Calls a key/value sink: describe("effective.threads", "2").
class Describe {
 public:
  Describe(da3_kv_sink sink, void* ctx) noexcept : sink_(sink), ctx_(ctx) {}
  void operator()(const std::string& key, const std::string& value) const {
    da3_kv kv{};
    kv.struct_size = sizeof kv;
    kv.key = key.c_str(), kv.value = value.c_str();
    sink_(ctx_, &kv);
  }

 private:
  da3_kv_sink sink_;
  void* ctx_;
};

/// The checked values of one scope: what was given, and the defaults of the rest.
class Options {
 public:
  /// Throws Error of kind 1 with the offender's index: DA3_E_UNKNOWN_KEY (names the key, where it came from
  /// and the nearest key), DA3_E_BAD_VALUE (also for a key given twice), DA3_E_INVALID for NULLs.
  static Options parse(const std::vector<Option>& table, uint32_t scope, const da3_kv* const* given,
                       uint32_t count, const Host* host = nullptr);

  const std::string& text(std::string_view key) const { return find(key).value; }
  bool is(std::string_view key, std::string_view value) const { return text(key) == value; }
  bool flag(std::string_view key) const { return text(key) == "true"; }
  /// Nothing where the value is another alternative, such as "auto".
  std::optional<int64_t> integer(std::string_view key) const { return option_type::parse_int(text(key)); }
  std::optional<double> number(std::string_view key) const { return option_type::parse_float(text(key)); }
  std::vector<std::string> list(std::string_view key) const { return option_type::parse_list(text(key)); }
  bool given(std::string_view key) const { return find(key).given; }

  /// Every key with its value, in the table's order: the first part of optimizer_describe.
  void describe(const Describe& out) const {
    for (const Value& value : values_) out(value.key, value.value);
  }

 private:
  struct Value {
    std::string key, value, origin;
    bool given = false;
  };

  const Value& find(std::string_view key) const {
    for (const Value& value : values_)
      if (value.key == key) return value;
    throw Error(DA3_E_INTERNAL, "internal error: the option '" + std::string(key) +
                                    "' is not in the plugin's table; report it to its author");
  }

  std::vector<Value> values_;
};

namespace detail {

constexpr int32_t kind_option = 1;

/// A value may be a megabyte of rubbish: show its beginning.
inline std::string shown(const std::string& text) {
  constexpr size_t limit = 60;
  if (text.size() <= limit) return "'" + text + "'";
  size_t n = limit;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  return "'" + text.substr(0, n) + "...'";
}

[[noreturn]] inline void unknown_key(const std::vector<Option>& table, uint32_t scope, const std::string& key,
                                     const std::string& what, uint32_t index) {
  std::vector<std::string> keys;
  for (const Option& row : table) {
    if (key == row.key)
      throw Error(DA3_E_UNKNOWN_KEY,
                  what + (scope == DA3_SCOPE_RUN
                              ? "it belongs to the optimizer, not to a run; give it to optimizer_create"
                              : "it belongs to a run, not to the optimizer; give it in da3_run.opts"),
                  kind_option, index);
    if (row.scope == scope) keys.emplace_back(row.key);
  }
  const std::string near = option_type::nearest(key, keys);
  throw Error(
      DA3_E_UNKNOWN_KEY,
      what + "there is no such option; " + (near.empty() ? "remove it" : "did you mean '" + near + "'?"),
      kind_option, index);
}

}  // namespace detail

inline Options Options::parse(const std::vector<Option>& table, uint32_t scope, const da3_kv* const* given,
                              uint32_t count, const Host* host) {
  using detail::kind_option, detail::shown;
  Options options;
  std::vector<const Option*> rows;
  for (const Option& row : table) {
    if (row.scope != scope) continue;
    rows.push_back(&row);
    options.values_.push_back({row.key, row.def, "default", false});
  }
  if (count > 0 && !given)
    throw Error(DA3_E_INVALID, "options: the list is NULL and its length is not 0; give both or neither",
                kind_option, 0);
  for (uint32_t i = 0; i < count; ++i) {
    const da3_kv* kv = given[i];
    if (!DA3_HAS(kv, da3_kv, value) || !kv->key || !kv->value)
      throw Error(DA3_E_INVALID, "option number " + std::to_string(i) + " has no key or no value; set both",
                  kind_option, i);
    const std::string key = kv->key, value = kv->value;
    const std::string origin = DA3_HAS(kv, da3_kv, origin) && kv->origin ? kv->origin : "given by the caller";
    const std::string what = "option " + shown(key) + " (" + origin + "): ";
    size_t at = 0;
    while (at < rows.size() && key != rows[at]->key) ++at;
    if (at == rows.size()) detail::unknown_key(table, scope, key, what, i);
    Value& slot = options.values_[at];
    if (slot.given)
      throw Error(DA3_E_BAD_VALUE, what + "it was already given (" + slot.origin + "); give it once",
                  kind_option, i);
    if (!option_type::accepts(rows[at]->type, value))
      throw Error(
          DA3_E_BAD_VALUE,
          what + shown(value) + " is not a value of it; give " + option_type::in_words(rows[at]->type),
          kind_option, i);
    if (rows[at]->deprecated && host)
      host->warn(what + "it is deprecated and will be removed; " + rows[at]->help);
    slot.value = value, slot.origin = origin, slot.given = true;
  }
  return options;
}

}  // namespace da3::sdk
