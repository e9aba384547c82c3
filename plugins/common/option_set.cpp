// SPDX-License-Identifier: Apache-2.0
#include "common/option_set.hpp"

#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include <algorithm>

namespace da3::thin {
namespace {

constexpr int32_t kind_option = 1;

struct Given {
  std::string key, value, origin;
};

Given read(const da3_kv* kv, uint32_t index) {
  if (!DA3_HAS(kv, da3_kv, value) || !kv->key || !kv->value)
    throw Error(DA3_E_INVALID,
                "option number " + std::to_string(index) + ": it has no key or no value; set both",
                kind_option, index);
  const char* origin = DA3_HAS(kv, da3_kv, origin) && kv->origin ? kv->origin : "given by the caller";
  return {kv->key, kv->value, origin};
}

/// A value may be a megabyte of rubbish: show its beginning.
std::string shown(const std::string& text) {
  constexpr size_t limit = 60;
  if (text.size() <= limit) return "'" + text + "'";
  size_t n = limit;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) --n;
  return "'" + text.substr(0, n) + "...'";
}

[[noreturn]] void unknown_key(const BackendInfo& info, uint32_t scope, const Given& given, uint32_t index) {
  const std::string what = "option " + shown(given.key) + " (" + given.origin + "): ";
  std::vector<std::string> keys;
  for (const OptionSpec& spec : info.options) {
    if (given.key == spec.key)
      throw Error(DA3_E_UNKNOWN_KEY,
                  what + (scope == DA3_SCOPE_RUN
                              ? "it belongs to the optimizer, not to a run; give it to optimizer_create"
                              : "it belongs to a run, not to the optimizer; give it in da3_run.opts"),
                  kind_option, index);
    if (spec.scope == scope) keys.push_back(spec.key);
  }
  const std::string near = option_type::nearest(given.key, keys);
  throw Error(DA3_E_UNKNOWN_KEY,
              what + "the backend '" + info.name + "' has no such option; " +
                  (near.empty() ? "docs/options.md lists what there is" : "did you mean '" + near + "'?"),
              kind_option, index);
}

}  // namespace

OptionSet OptionSet::parse(const BackendInfo& info, uint32_t scope, const da3_kv* const* opts, uint32_t n) {
  OptionSet set;
  std::vector<const OptionSpec*> specs;
  for (const OptionSpec& spec : info.options) {
    if (spec.scope != scope) continue;
    specs.push_back(&spec);
    set.values_.emplace_back(spec.key, Value{spec.def, "default"});
  }
  if (n > 0 && !opts)
    throw Error(DA3_E_INVALID, "options: the list is NULL and its length is not 0; give both or neither",
                kind_option, 0);
  std::vector<bool> seen(specs.size(), false);
  for (uint32_t i = 0; i < n; ++i) {
    const Given given = read(opts[i], i);
    const auto found = std::find_if(specs.begin(), specs.end(),
                                    [&](const OptionSpec* spec) { return given.key == spec->key; });
    if (found == specs.end()) unknown_key(info, scope, given, i);
    const size_t at = static_cast<size_t>(found - specs.begin());
    if (seen[at])
      throw Error(DA3_E_BAD_VALUE,
                  "option '" + given.key + "' (" + given.origin + "): it was already given (" +
                      set.values_[at].second.origin + "); give it once",
                  kind_option, i);
    if (!option_type::accepts((*found)->type, given.value))
      throw Error(DA3_E_BAD_VALUE,
                  "option '" + given.key + "' (" + given.origin + "): " + shown(given.value) +
                      " is not a value of it; give " + option_type::in_words((*found)->type),
                  kind_option, i);
    seen[at] = true;
    set.values_[at].second = {given.value, given.origin};
  }
  return set;
}

const std::string& OptionSet::text(std::string_view key) const {
  for (const auto& [name, value] : values_)
    if (name == key) return value.text;
  throw Error(DA3_E_INTERNAL,
              "internal error: option '" + std::string(key) + "' is not in the table; please report it");
}

int64_t OptionSet::integer(std::string_view key) const {
  return option_type::parse_int(text(key)).value_or(0);
}

double OptionSet::number(std::string_view key) const {
  return option_type::parse_float(text(key)).value_or(0);
}

}  // namespace da3::thin
