// SPDX-License-Identifier: Apache-2.0
// What `da3-host models` tells, as values; and as text and JSON.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/model_config.hpp"
#include "models/local_models.hpp"
#include "models/model_facts.hpp"

namespace da3::host {

/// A model on this machine. problem of `where`: why it cannot be used, also what its files' contents tell.
struct LocalEntry {
  LocalModel where;
  std::optional<ModelFacts> facts;  ///< when it can be read
};

struct FamilyEntry {
  const checkpoint::PublishedModel* published = nullptr;
  ModelFacts facts;                 ///< by its published dimensions
  std::optional<LocalEntry> local;  ///< what --model <name> would open; or a broken one, when all are
};

struct ModelsReport {
  std::vector<FamilyEntry> family;
  std::vector<LocalEntry> others;  ///< all local models that no entry of the family names
  std::vector<SearchFolder> folders;
};

/// Looks around and reads config.json and headers. Throws nothing for what it finds: problems are values.
ModelsReport models_report(const std::filesystem::path& share);

/// For people, at 100 columns as far as paths allow.
std::string models_text(const ModelsReport& report);

/// Described in docs/command-line.md.
std::string models_json(const ModelsReport& report);

}  // namespace da3::host
