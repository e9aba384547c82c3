// SPDX-License-Identifier: Apache-2.0
// What a profile says to one backend, and the plan that comes of what the backend answers.
#pragma once

#include <da3/da3.hpp>

#include <string>
#include <vector>

namespace da3::detail {

struct BackendSettings {
  Schema schema;
  Profile profile;
  std::string backend;

  /// What the profile says about the backend's options of one scope, under the schema's keys. Throws
  /// Error(DA3_E_BAD_VALUE): with `backend: auto` the check of the profile could not know whose type counts.
  std::vector<Setting> given(Scope scope) const;

  /// Every setting of core, host and backend. description: the backend's own, effective.* included;
  /// run_options: given(Scope::run).
  std::vector<PlanEntry> plan(const std::vector<Setting>& description,
                              const std::vector<Setting>& run_options) const;
};

/// Throws the error again; if it is about one of the settings given, the place of that setting comes first.
[[noreturn]] void rethrow_with_origin(const Error& error, const std::vector<Setting>& given);

/// Whether another backend may be tried: the machine is at fault, not the profile.
bool is_device_trouble(int32_t code);

}  // namespace da3::detail
