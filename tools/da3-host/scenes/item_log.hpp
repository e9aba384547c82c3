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
#include "scenes/scene_feed.hpp"
#include "scenes/scene_list.hpp"

namespace da3::host {

/// What results depend on, but for the inputs: what a user said and what was chosen for him.
std::string result_settings(const RunReport& report, const Profile& profile);

/// The files that results depend on beside the inputs, with their sizes and times of change: the model's and
/// those of given poses (may be empty). To be asked before they are read: then one that is replaced meanwhile
/// is another one for the next run.
std::string result_sources(const std::filesystem::path& model, const std::filesystem::path& poses);

/// [one thread at a time; find also beside add]
class ItemLog {
 public:
  /// settings: whatever else results depend on; a line that was written under others does not count. resume:
  /// keeps the lines of earlier runs, else they are forgotten. A line that was cut off is passed over. Throws
  /// Error(DA3_E_NOT_FOUND) for a file that is there and cannot be read.
  ItemLog(std::filesystem::path file, std::string settings, bool resume);

  /// What an earlier run wrote into run.json about this scene: when its inputs are the same files, with the
  /// same sizes and times of change, and all its outputs are still the files that it wrote: whoever writes
  /// into the same folder, with other settings or as another shard, makes the entry void.
  std::optional<std::string> find(const Scene& scene) const;

  /// scene_json: the scene's entry of run.json. The line is with the system when this returns. Throws
  /// Error(DA3_E_NOT_FOUND).
  void add(const Scene& scene, const std::string& scene_json);

 private:
  void open();

  std::filesystem::path file_;
  std::string settings_;
  bool keep_;
  struct Entry {
    std::string outputs;  ///< as they were when they had been written
    std::string scene;
  };
  std::map<std::string, Entry> done_;  ///< by scene_key
  std::ofstream out_;
};

/// Asks the log, which must outlive it.
DoneBefore done_before(const ItemLog& items);

}  // namespace da3::host
