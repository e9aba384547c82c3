// SPDX-License-Identifier: Apache-2.0
// What a check is, what it is given and what it answers. A check runs in a process of its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace da3::check {

enum class Status { pass, warn, fail, skip, crash };
const char* status_name(Status);

/// What must work before a check makes sense; each level includes the ones before it.
enum class Needs { file, library, entry, device, optimizer, model, run };

/// Thrown by fail() and skip().
struct Verdict {
  Status status;
  std::string sentence;
};
[[noreturn]] void fail(const std::string& sentence);
[[noreturn]] void skip(const std::string& sentence);

/// What a check needed first did not work; gate is the number of the check that is about it.
struct SetupFailure {
  int gate;
  std::string sentence;
};

struct FuzzSettings {
  uint64_t seed = 1;
  uint32_t sequences = 20, steps = 60;
  bool show = false;  ///< tell every step
};

/// A figure that a check brings beside its verdict, for the JSON report.
struct TestRow {
  std::string status;  ///< PASS, FAIL, SKIP, INFO
  std::string name, reason, unit;
  double value, limit;  ///< NaN: none
};

struct Context {
  std::filesystem::path plugin;   ///< absolute
  std::filesystem::path model;    ///< empty: none given
  std::filesystem::path scratch;  ///< an empty folder: in a child also working directory, HOME and TMPDIR
  bool own_process = true;        ///< false: --in-process
  FuzzSettings fuzz;
  std::vector<std::string> warnings = {}, notes = {};
  std::vector<TestRow> rows = {};

  void warn(const std::string& sentence) { warnings.push_back(sentence); }
  void note(const std::string& sentence) { notes.push_back(sentence); }
};

/// One rule. run() returns a sentence for PASS (may be empty) or throws Verdict or SetupFailure.
struct Check {
  int number;
  const char* name;
  const char* rule;     ///< what must hold
  const char* written;  ///< where that is written
  Needs needs;
  bool first_contact;  ///< part of a first contact; without a model only what is safe on new hardware
  std::string (*run)(Context&);
  double seconds = 0;           ///< own time limit; 0: the usual one
  bool ends_by_return = false;  ///< the child leaves by exit(), with destructors, and must leave with 0
};

/// All checks in the order in which they run.
const std::vector<Check>& all_checks();

struct Outcome {
  const Check* check = nullptr;
  Status status = Status::pass;
  std::string sentence;
  std::vector<std::string> details;
  std::vector<TestRow> rows;
  std::string out, err;  ///< what the child printed
  int gate = 0;          ///< a SKIP because what this other check is about did not work here
  double seconds = 0;
};

/// Runs one check in this process.
Outcome run_here(const Check&, Context&);

}  // namespace da3::check
