// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <da3/option_type.hpp>
#include <da3/profile.hpp>

#include "hardware/child.hpp"
#include "text_file.hpp"

extern "C" char** environ;

namespace da3 {
namespace {

using detail::quote;

/// "CPU__Threads" -> "cpu.threads"
std::string key_of_variable(std::string_view name) {
  std::string key;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i, 2) == "__") {
      key += '.';
      ++i;
    } else {
      const char c = name[i];
      key += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return key;
}

std::filesystem::path resolve(const Setting& setting, std::string_view value) {
  const std::filesystem::path path{std::string(value)};
  if (path.empty() || path.is_absolute() || setting.folder.empty()) return path;
  return (setting.folder / path).lexically_normal();
}

}  // namespace

void Profile::apply_environment(const char* const* environment) {
  constexpr std::string_view prefix = "DA3_SET_";
  // Of a program with more rights than its caller, the caller's environment sets nothing.
  if (!environment && !hardware::runs_privileged()) environment = environ;
  std::map<std::string, std::string> seen;  // key -> variable
  for (; environment && *environment; ++environment) {
    const std::string_view variable = *environment;
    if (!variable.starts_with(prefix)) continue;
    const size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name(variable.substr(0, equals));
    const std::string_view value = variable.substr(equals + 1);
    const std::string key = key_of_variable(std::string_view(name).substr(prefix.size()));
    if (key.empty() || detail::find_invalid_utf8(name) != std::string::npos)
      throw Error(DA3_E_BAD_VALUE,
                  "environment: the variable " + quote(name) + " names no key; write DA3_SET_<key>=<value>");
    if (detail::find_invalid_utf8(value) != std::string::npos)
      throw Error(DA3_E_BAD_VALUE, "environment: the value of " + name + " is not UTF-8 text; change it");
    if (const auto [known, fresh] = seen.emplace(key, name); !fresh)
      throw Error(DA3_E_BAD_VALUE, "environment: " + known->second + " and " + name + " both set " +
                                       quote(key) + "; unset one");
    slots_[key][Layer::environment] = {{key, std::string(value), "environment", Layer::environment},
                                       value.empty()};
  }
}

void Profile::set_argument(std::string_view key_value) {
  const size_t equals = key_value.find('=');
  if (equals == std::string_view::npos)
    throw Error(DA3_E_BAD_VALUE, "cli: " + quote(key_value) + " has no \"=\"; write --set key=value");
  const std::string key(option_type::trim(key_value.substr(0, equals)));
  const std::string value(option_type::trim(key_value.substr(equals + 1)));
  if (key.empty())
    throw Error(DA3_E_BAD_VALUE, "cli: " + quote(key_value) + " has no key; write --set key=value");
  if (detail::find_invalid_utf8(key_value) != std::string::npos)
    throw Error(DA3_E_BAD_VALUE, "cli: " + quote(key_value) + " is not UTF-8 text; change it");
  slots_[key][Layer::command_line] = {{key, value, "cli", Layer::command_line}, value.empty()};
}

void Profile::set(Layer layer, std::string key, std::string value, std::string origin,
                  const std::filesystem::path& folder) {
  Slot& slot = slots_[key][layer];
  slot.setting = {std::move(key), std::move(value), std::move(origin), layer, folder};
  slot.unset = false;
}

const Setting* Profile::find(std::string_view key) const {
  const auto layers = slots_.find(key);
  if (layers == slots_.end() || layers->second.empty()) return nullptr;
  const Slot& winner = layers->second.rbegin()->second;
  return winner.unset ? nullptr : &winner.setting;
}

std::string Profile::get(std::string_view key, std::string_view fallback) const {
  const Setting* setting = find(key);
  return setting ? setting->value : std::string(fallback);
}

std::filesystem::path Profile::get_path(std::string_view key) const {
  const Setting* setting = find(key);
  return setting ? resolve(*setting, setting->value) : std::filesystem::path();
}

std::vector<std::filesystem::path> Profile::get_paths(std::string_view key) const {
  std::vector<std::filesystem::path> paths;
  if (const Setting* setting = find(key))
    for (const std::string& item : option_type::parse_list(setting->value))
      paths.push_back(resolve(*setting, item));
  return paths;
}

std::vector<Setting> Profile::settings() const {
  std::vector<Setting> all;
  for (const auto& [key, layers] : slots_)
    if (const Setting* setting = find(key)) all.push_back(*setting);
  return all;
}

}  // namespace da3
