// SPDX-License-Identifier: Apache-2.0
// Names for the folders that results go into, made from the names of inputs.
#pragma once

#include <set>
#include <string>

namespace da3::host {

/// Whether a folder in the output folder may have this name: it is a name, and no file of the run's own.
bool may_name_a_folder(const std::string& name);

/// Each name once, also where letter case does not count.
class FolderNames {
 public:
  /// Or another one like it.
  std::string unique(const std::string& name);

 private:
  std::set<std::string> used_;
};

}  // namespace da3::host
