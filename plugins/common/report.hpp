// SPDX-License-Identifier: Apache-2.0
// How a policy tells what it decided: effective.<key>, followed by its reason where it changed what was asked
// for or chose.
#pragma once

#include <da3/error.hpp>

#include <string>

#include "common/option_set.hpp"

namespace da3::thin {

class Report {
 public:
  explicit Report(Decision& decision) : decision_(decision) {}
  void say(const std::string& key, const std::string& value, const std::string& reason = {}) {
    decision_.effective.push_back({"effective." + key, value});
    if (!reason.empty()) decision_.effective.push_back({"effective." + key + ".reason", reason});
  }
  void warn(const std::string& sentence) { decision_.warnings.push_back(sentence); }

 private:
  Decision& decision_;
};

/// prefetch as it was asked for, else `automatic` with its reason; mode minimal alone has none.
inline void say_prefetch(Report& report, const OptionSet& options, int automatic, const char* reason) {
  if (!options.is("prefetch", "auto"))
    return report.say("prefetch", options.is("prefetch", "off") ? "0" : options.text("prefetch"));
  report.say("prefetch", std::to_string(automatic),
             automatic > 0 ? reason : "performance_mode minimal holds nothing ahead");
}

inline std::string yes_no(bool value) { return value ? "true" : "false"; }

/// "option 'mixed_precision' = 'int8'", the beginning of every sentence about an option.
inline std::string option_text(const OptionSet& options, const std::string& key) {
  return "option '" + key + "' = '" + options.text(key) + "'";
}

/// why: "why; what to do".
[[noreturn]] inline void refuse(const std::string& backend, const OptionSet& options, const std::string& key,
                                const std::string& why) {
  throw Error(DA3_E_UNSUPPORTED,
              option_text(options, key) + ": the " + backend + " backend does not do it, " + why);
}

}  // namespace da3::thin
