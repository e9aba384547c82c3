// SPDX-License-Identifier: Apache-2.0
// items.jsonl: one line for each scene that is done, written when its files are there; so that a run that
// was killed can go on where it was.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "report.hpp"
#include "scenes/scene_list.hpp"

namespace da3::host {

/// What results depend on, but for the inputs: what a user said and what was chosen for him.
std::string result_settings(const RunReport& report, const Profile& profile);

/// [one thread at a time; find also beside add]
class ItemLog {
 public:
  /// settings: whatever else results depend on; a line that was written under others does not count. resume:
  /// keeps the lines of earlier runs, else they are forgotten. A line that was cut off is passed over. Throws
  /// Error(DA3_E_NOT_FOUND) for a file that is there and cannot be read.
  ItemLog(std::filesystem::path file, std::string settings, bool resume);

  /// What an earlier run wrote into run.json about this scene: when its inputs are the same files, with the
  /// same sizes and times of change, and all its outputs are there.
  std::optional<std::string> find(const Scene& scene) const;

  /// scene_json: the scene's entry of run.json. The line is with the system when this returns. Throws
  /// Error(DA3_E_NOT_FOUND).
  void add(const Scene& scene, const std::string& scene_json);

 private:
  void open();

  std::filesystem::path file_;
  std::string settings_;
  bool keep_;
  std::map<std::string, std::string> done_;  ///< by scene_key
  std::ofstream out_;
};

}  // namespace da3::host
