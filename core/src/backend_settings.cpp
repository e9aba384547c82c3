// SPDX-License-Identifier: Apache-2.0
#include "backend_settings.hpp"

#include <algorithm>
#include <da3/option_type.hpp>

#include "engine_state.hpp"
#include "text_file.hpp"

namespace da3::detail {

std::vector<Setting> BackendSettings::given(Scope scope) const {
  std::vector<Setting> found;
  for (const OptionSpec& spec : schema.backend_options(backend)) {
    if (spec.scope != scope) continue;
    const Setting* set = schema.backend_value(profile, backend, spec.key);
    if (!set) continue;
    if (!option_type::accepts(spec.type, set->value))
      throw Error(DA3_E_BAD_VALUE,
                  set->origin + ": " + set->key + ": " + quote(set->value) + " is not " +
                      option_type::in_words(spec.type) + " (backend " + backend + "); change it",
                  1);
    found.push_back(*set);
    found.back().key = spec.key;
  }
  return found;
}

void rethrow_with_origin(const Error& error, const std::vector<Setting>& given) {
  if (error.kind() != 1 || error.index() < 0 || static_cast<size_t>(error.index()) >= given.size())
    throw error;
  const std::string& origin = given[static_cast<size_t>(error.index())].origin;
  if (origin.empty() || error.message().find(origin) != std::string::npos) throw error;
  throw Error(error.code(), origin + ": " + error.message(), error.kind(), error.index(), error.native());
}

bool is_device_trouble(int32_t code) {
  return code == DA3_E_UNAVAILABLE || code == DA3_E_ABI || code == DA3_E_DEVICE_LOST ||
         code == DA3_E_NOMEM_DEVICE || code == DA3_E_NOMEM_HOST || code == DA3_E_TIMEOUT ||
         code == DA3_E_BUSY || code == DA3_E_INTERNAL;
}

std::vector<PlanEntry> BackendSettings::plan(const std::vector<Setting>& description,
                                             const std::vector<Setting>& run_options) const {
  std::vector<PlanEntry> entries;
  for (const OptionSpec& spec : schema.host_side()) {
    const Setting setting = schema.value(profile, spec.key);
    entries.push_back({spec.key, setting.value, setting.origin, "", spec.owner});
  }
  for (const Setting& setting : description) {
    if (setting.key.ends_with(".reason")) continue;
    const bool is_core = setting.key == "effective.backend" || setting.key == "effective.isolation";
    std::string origin = setting.origin.empty() ? "effective" : setting.origin;
    // A plugin need not tell where a value came from: the profile knows.
    if (setting.origin.empty())
      if (const Setting* said = schema.backend_value(profile, backend, setting.key)) origin = said->origin;
    entries.push_back({setting.key, setting.value, std::move(origin),
                       find_value(description, setting.key + ".reason"), is_core ? "core" : backend});
  }
  for (const OptionSpec& spec : schema.backend_options(backend)) {
    if (spec.scope != Scope::run) continue;
    const auto set = std::find_if(run_options.begin(), run_options.end(),
                                  [&](const Setting& s) { return s.key == spec.key; });
    const bool is_set = set != run_options.end();
    entries.push_back(
        {spec.key, is_set ? set->value : spec.default_value, is_set ? set->origin : "default", "", backend});
  }
  return entries;
}

}  // namespace da3::detail
