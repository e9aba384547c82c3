// SPDX-License-Identifier: Apache-2.0
// What "da3-host verify" found, as values, as text for people and as JSON. docs/verify.md describes both.
#pragma once

#include <cstdint>
#include <da3/da3.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/model_facts.hpp"

namespace da3::host {

enum class Verdict { passed, warned, failed, skipped };

/// A number that was measured, and the largest one that is accepted.
struct Measure {
  std::string name;  ///< "depth": mean difference as a share of the mean; "pose": largest difference
  double value = 0, bound = 0;
  bool holds() const { return value <= bound; }  // false for what is not a number
};

struct Check {
  std::string name;  ///< "layout", "values", "repeat", "precision.bfloat16", ...
  Verdict verdict = Verdict::passed;
  std::string message;
  std::vector<Measure> measures = {};
  Verdict beyond = Verdict::failed;  ///< what it means that a measure is larger than its bound
  double milliseconds = 0;
};

struct VerifiedFile {
  std::string name;
  uint64_t bytes = 0;
  std::string sha256;  ///< "": it cannot be read
};

struct VerifyReport {
  std::string version, started;  ///< started: ISO 8601, UTC
  std::filesystem::path model_path;
  std::vector<VerifiedFile> files;
  std::optional<ModelFacts> facts;      ///< empty: the layout is broken
  std::string backend, plugin, device;  ///< empty: it did not come to runs
  std::vector<Setting> policy;          ///< of the float32 run that the others are compared with
  int64_t views = 0, height = 0, width = 0;
  std::vector<Check> checks;
  int exit_status = 0;

  size_t count(Verdict verdict) const;
};

std::string verify_text(const VerifyReport& report);
/// Schema da3.verify/1.
std::string verify_json(const VerifyReport& report);

}  // namespace da3::host
