// SPDX-License-Identifier: Apache-2.0
// What a profile would do on a machine that is only written down.
//
//   const da3::Profile machine = da3::Profile::from_file("machines/a100.yaml");
//   const da3::Assumed there = da3::assume(registry, profile, machine);
//   there.backend;    // "cuda"
//   there.plan;       // as Engine::plan()
#pragma once

#include <da3/core_export.hpp>
#include <da3/da3.hpp>

#include <string>
#include <vector>

namespace da3 {

struct Assumed {
  std::string backend;
  Device device;
  Choice choice;
  std::vector<PlanEntry> plan;
};

/// Asks the plugins through their extension da3.assume/1 (sdk/include/da3/assume.h); one without it is not
/// chosen. No device is touched and no engine opened, but plugins are loaded into this process. machine: a
/// record as in docs/machines.md, read like a profile; its values are facts, not settings.
///
/// Throws what an Engine for the profile on that machine would, and DA3_E_BAD_VALUE or DA3_E_UNKNOWN_KEY with
/// file and line for what is wrong in the record, DA3_E_UNSUPPORTED for `isolation: process`.
DA3_CORE_API Assumed assume(PluginRegistry& registry, const Profile& profile, const Profile& machine);

}  // namespace da3
