// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <da3/log.hpp>
#include <da3/manifest.hpp>
#include <da3/option_type.hpp>
#include <da3/schema.hpp>

#include "text_file.hpp"

namespace da3 {
namespace {

using detail::quote;

void check_spec(const std::string& owner, const OptionSpec& spec) {
  const auto fail = [&](const std::string& why) {
    throw Error(DA3_E_INVALID,
                "the option " + quote(spec.key) + " of " + owner + " " + why + "; correct its schema");
  };
  if (spec.key.empty()) fail("has no key");
  if (!option_type::valid_type(spec.type)) fail("has the unknown type " + quote(spec.type));
  if (!spec.default_value.empty() && !option_type::accepts(spec.type, spec.default_value))
    fail("has the default " + quote(spec.default_value) + ", which is not " +
         option_type::in_words(spec.type));
}

const OptionSpec* find_in(std::span<const OptionSpec> options, std::string_view key) {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const OptionSpec& o) { return o.key == key; });
  return found == options.end() ? nullptr : &*found;
}

std::string bad_value(const Setting& setting, const OptionSpec& spec) {
  return setting.origin + ": " + setting.key + ": " + quote(setting.value) + " is not " +
         option_type::in_words(spec.type) + "; change it";
}

/// The backends that `backend:` names; empty for auto.
std::vector<std::string> named_backends(const Profile& profile) {
  const Setting* backend = profile.find("backend");
  if (!backend || backend->value == "auto") return {};
  return option_type::parse_list(backend->value);
}

}  // namespace

Schema::Schema() {
  for (const OptionSpec& spec : host_options()) host_[spec.key] = spec;
  for (const OptionSpec& spec : core_options()) host_[spec.key] = spec;
}

void Schema::add(const std::string& owner, std::span<const OptionSpec> options) {
  for (const OptionSpec& spec : options) {
    check_spec(owner, spec);
    if (find_in(core_options(), spec.key))
      throw Error(DA3_E_INVALID,
                  "the option " + quote(spec.key) + " of " + owner + " is the core's; rename it");
    OptionSpec& mine = host_[spec.key] = spec;
    mine.owner = owner;
  }
}

void Schema::add_backend(const std::string& name, std::span<const OptionSpec> options) {
  std::vector<OptionSpec> mine(options.begin(), options.end());
  for (OptionSpec& spec : mine) {
    check_spec("backend " + name, spec);
    spec.owner = name;
  }
  backends_[name] = std::move(mine);
}

namespace {

constexpr std::string_view pin_prefix = "plugins.sha256.";

/// Checks one profile against one schema; see Schema::problems.
class Checker {
 public:
  using Hosts = std::map<std::string, OptionSpec, std::less<>>;
  using Backends = std::map<std::string, std::vector<OptionSpec>, std::less<>>;

  Checker(const Hosts& hosts, const Backends& backends, const Profile& profile)
      : hosts_(hosts), backends_(backends), named_(named_backends(profile)) {}

  std::vector<Error> problems;
  std::vector<std::string> deprecated;

  void check(const Setting& setting) {
    if (const auto host = hosts_.find(setting.key); host != hosts_.end())
      return check_value(setting, host->second);
    if (setting.key.starts_with(pin_prefix) && setting.key.size() > pin_prefix.size())
      return check_pin(setting);
    const size_t dot = setting.key.find('.');
    if (dot == std::string::npos) return check_common(setting);
    const auto backend = backends_.find(std::string_view(setting.key).substr(0, dot));
    if (backend == backends_.end()) return unknown_prefix(setting, setting.key.substr(0, dot));
    const OptionSpec* spec = find_in(backend->second, setting.key);
    if (!spec) spec = find_in(backend->second, std::string_view(setting.key).substr(dot + 1));
    if (!spec) return unknown_key(setting);
    check_value(setting, *spec);
  }

 private:
  void check_value(const Setting& setting, const OptionSpec& spec) {
    if (!option_type::accepts(spec.type, setting.value))
      return problems.emplace_back(DA3_E_BAD_VALUE, bad_value(setting, spec), 1), void();
    note_deprecated(setting, spec);
  }

  /// A pin may name a backend that is not here: one profile serves several machines.
  void check_pin(const Setting& setting) {
    const std::string& value = setting.value;
    if (value.size() != 64 || value.find_first_not_of("0123456789abcdef") != std::string::npos)
      problems.emplace_back(DA3_E_BAD_VALUE,
                            setting.origin + ": " + setting.key + ": " + quote(value) +
                                " is not 64 hexadecimal digits in small letters; write what sha256sum prints",
                            1);
  }

  void note_deprecated(const Setting& setting, const OptionSpec& spec) {
    if (spec.deprecated)
      deprecated.push_back(setting.origin + ": " + setting.key + " is deprecated and will be removed; " +
                           spec.help);
  }

  void check_common(const Setting& setting) {
    std::vector<const OptionSpec*> chosen, all;
    for (const auto& [name, options] : backends_) {
      const OptionSpec* spec = find_in(options, setting.key);
      if (!spec) continue;
      all.push_back(spec);
      if (std::find(named_.begin(), named_.end(), name) != named_.end()) chosen.push_back(spec);
    }
    if (all.empty()) return unknown_key(setting);
    const auto accepts = [&](const OptionSpec* spec) {
      return option_type::accepts(spec->type, setting.value);
    };
    for (const OptionSpec* spec : chosen)
      if (!accepts(spec)) return problems.emplace_back(DA3_E_BAD_VALUE, bad_value(setting, *spec), 1), void();
    if (chosen.empty() && std::none_of(all.begin(), all.end(), accepts))
      return problems.emplace_back(DA3_E_BAD_VALUE, bad_value(setting, *all.front()), 1), void();
    note_deprecated(setting, chosen.empty() ? *all.front() : *chosen.front());
  }

  std::string did_you_mean(const std::string& key) const {
    std::vector<std::string> known;
    for (const auto& [name, spec] : hosts_) known.push_back(name);
    for (const auto& [name, options] : backends_)
      for (const OptionSpec& spec : options) {
        known.push_back(spec.key);
        if (spec.key.find('.') == std::string::npos) known.push_back(name + "." + spec.key);
      }
    const std::string near = option_type::nearest(key, known);
    return near.empty() ? "" : "did you mean " + quote(near) + "?";
  }

  void unknown_key(const Setting& setting) {
    const std::string hint = did_you_mean(setting.key);
    problems.emplace_back(DA3_E_UNKNOWN_KEY,
                          setting.origin + ": unknown key " + quote(setting.key) + ": " +
                              (hint.empty() ? "no part of da3 has it; remove it" : hint),
                          1);
  }

  void unknown_prefix(const Setting& setting, const std::string& prefix) {
    for (const auto& [name, spec] : hosts_)
      if (name.starts_with(prefix + ".")) return unknown_key(setting);
    const std::string hint = did_you_mean(setting.key);
    problems.emplace_back(DA3_E_UNKNOWN_KEY,
                          setting.origin + ": unknown key " + quote(setting.key) +
                              ": no manifest of a backend " + quote(prefix) + " was found; " +
                              (hint.empty() ? "install that backend's plugin or remove the key" : hint),
                          1);
  }

  const Hosts& hosts_;
  const Backends& backends_;
  std::vector<std::string> named_;
};

}  // namespace

std::vector<Error> Schema::problems(const Profile& profile) const {
  Checker checker(host_, backends_, profile);
  for (const Setting& setting : profile.settings()) checker.check(setting);
  return std::move(checker.problems);
}

void Schema::check(const Profile& profile) const {
  Checker checker(host_, backends_, profile);
  for (const Setting& setting : profile.settings()) checker.check(setting);
  if (!checker.problems.empty()) {
    const Error& first = checker.problems.front();
    const size_t more = checker.problems.size() - 1;
    throw Error(first.code(), first.message() + (more ? " (and " + std::to_string(more) + " more)" : ""),
                first.kind());
  }
  for (const std::string& warning : checker.deprecated) log(LogLevel::warn, warning);
}

const OptionSpec* Schema::find(std::string_view key) const {
  const auto found = host_.find(key);
  return found == host_.end() ? nullptr : &found->second;
}

Setting Schema::value(const Profile& profile, std::string_view key) const {
  if (const Setting* set = profile.find(key)) return *set;
  const OptionSpec* spec = find(key);
  if (!spec)
    throw Error(DA3_E_UNKNOWN_KEY, "the setting " + quote(key) + " has no owner; add it to the schema");
  return {std::string(key), spec->default_value, "default"};
}

const Setting* Schema::backend_value(const Profile& profile, std::string_view backend,
                                     std::string_view key) const {
  if (key.find('.') != std::string_view::npos) return profile.find(key);
  const Setting* common = profile.find(key);
  const Setting* own = profile.find(std::string(backend) + "." + std::string(key));
  if (!common || !own) return own ? own : common;
  return common->layer > own->layer ? common : own;
}

std::span<const OptionSpec> Schema::backend_options(std::string_view name) const {
  const auto found = backends_.find(name);
  if (found == backends_.end()) return {};
  return found->second;
}

std::vector<std::string> Schema::backends() const {
  std::vector<std::string> names;
  for (const auto& entry : backends_) names.push_back(entry.first);
  return names;
}

std::vector<OptionSpec> Schema::host_side() const {
  std::vector<OptionSpec> all;
  for (const auto& entry : host_) all.push_back(entry.second);
  return all;
}

}  // namespace da3
