// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>

#include <set>
#include <string>
#include <vector>

#include "engine/run_parts.hpp"

namespace da3::engine {

void read_options(const da3_run& run, const Model& model, RunRequest& request) {
  const std::vector<std::string> known{"ref_view_strategy", "use_ray_pose", "seed"};
  std::set<std::string> seen;
  for (uint32_t i = 0; i < run.n_opts; ++i) {
    if (!run.opts || !run.opts[i] || !run.opts[i]->key || !run.opts[i]->value)
      throw Error(DA3_E_INVALID, "bad run option: option " + std::to_string(i) + " has no key or value",
                  kOption, i);
    const std::string key = run.opts[i]->key, value = run.opts[i]->value;
    const auto bad_value = [&](const std::string& want) {
      return Error(DA3_E_BAD_VALUE,
                   "bad value of run option '" + key + "': '" + value.substr(0, 60) + "' is not " + want,
                   kOption, i);
    };
    if (!seen.insert(key).second)
      throw Error(DA3_E_INVALID, "run option '" + key + "' is given twice", kOption, i);
    if (key == "ref_view_strategy") {
      try {
        request.network.reference = net::reference_strategy(value);
      } catch (const Error& e) {
        throw Error(e.code(), e.message(), kOption, i);
      }
    } else if (key == "use_ray_pose") {
      const auto flag = option_type::parse_bool(value);
      if (!flag) throw bad_value("true or false");
      if (*flag && !model.capabilities().ray)
        throw Error(DA3_E_UNSUPPORTED,
                    "use_ray_pose: model '" + model.config().name +
                        "' has no rays; use one that has: " + checkpoint::models_with("ray"),
                    kOption, i);
      request.network.ray_pose = *flag;
    } else if (key == "seed") {
      const auto seed = option_type::parse_int(value);
      if (!seed) throw bad_value("a whole number");
      request.network.seed = static_cast<uint64_t>(*seed);
    } else {
      throw Error(DA3_E_UNKNOWN_KEY,
                  "unknown run option '" + key.substr(0, 60) + "'" + suggestion(key, known), kOption, i);
    }
  }
}

}  // namespace da3::engine
