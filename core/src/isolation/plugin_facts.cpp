// SPDX-License-Identifier: Apache-2.0
#include "isolation/plugin_facts.hpp"

#include "isolation/worker.hpp"
#include "text_file.hpp"

namespace da3::detail::isolation {

bool is_asked_for(const Profile& profile) {
  const Setting* setting = profile.find("isolation");
  if (!setting || setting->value == "none") return false;
  if (setting->value == "process") return true;
  throw Error(
      DA3_E_BAD_VALUE,
      setting->origin + ": isolation: " + quote(setting->value) + " is not none or process; change it", 1);
}

std::shared_ptr<Worker> start_worker(const PluginInfo& plugin, const TrustRules& rules) {
  if (const std::string problem = trust_problem(rules, plugin.name, plugin.library); !problem.empty())
    throw Error(DA3_E_UNAVAILABLE, problem);
  return Worker::start({plugin.name, plugin.library, plugin.manifest, rules.trust == Trust::any, {}, {}});
}

}  // namespace da3::detail::isolation
