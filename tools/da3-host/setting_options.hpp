// SPDX-License-Identifier: Apache-2.0
// Options that stand for settings: of what is computed, how results are written, and cameras.
#pragma once

#include <string>

#include "arguments.hpp"
#include "option_parser.hpp"

namespace da3::host {

inline constexpr const char* what_group = "What to compute";
inline constexpr const char* camera_group = "Cameras";

class SettingOptions : protected OptionParser {
 protected:
  using OptionParser::OptionParser;

  void add_setting(const char* names, const char* key, const char* value, const char* help,
                   const char* group);
  /// "--name" and "--no-name", which help leaves out, for a setting that is true or false.
  void add_switch(const std::string& name, const char* key, const char* help, const char* group);

  /// Of run and plan.
  void add_work();
  void add_cameras();
  void add_verify();

  Arguments arguments_;

 private:
  void add_model();
  void add_formats();
};

}  // namespace da3::host
