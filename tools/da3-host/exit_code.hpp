// SPDX-License-Identifier: Apache-2.0
// What the shell is told: one table from (what was being done, what went wrong) to an exit code.
// docs/exit-codes.md says the same to people and is tested against it.
#pragma once

#include <array>
#include <cstdint>
#include <da3/error.hpp>
#include <new>
#include <string_view>
#include <utility>

namespace da3::host {

/// What was being done when an error came.
enum class Phase { command_line, profile, backend, model, input, run, output };

enum ExitCode : int {
  exit_ok = 0,
  exit_run = 1,
  exit_usage = 2,
  exit_load = 3,
  exit_file = 4,
  exit_some_failed = 5,
  exit_memory = 6,
  exit_signal = 128,  ///< plus the signal's number: 130 for SIGINT, 143 for SIGTERM
};

/// One row of the table; the first row that fits counts.
struct ExitRule {
  enum class Where { anywhere, here };
  Where where;
  Phase phase;   ///< looked at when where is here
  int32_t code;  ///< a DA3_E_*, or any_code
  int exit;
};

inline constexpr int32_t any_code = 0;

inline constexpr std::array<ExitRule, 12> exit_rules{{
    {ExitRule::Where::anywhere, Phase::run, DA3_E_NOMEM_HOST, exit_memory},
    {ExitRule::Where::anywhere, Phase::run, DA3_E_NOMEM_DEVICE, exit_memory},
    {ExitRule::Where::anywhere, Phase::run, DA3_E_CANCELLED, exit_signal},
    {ExitRule::Where::here, Phase::command_line, any_code, exit_usage},
    {ExitRule::Where::here, Phase::profile, any_code, exit_usage},
    {ExitRule::Where::here, Phase::backend, DA3_E_UNKNOWN_KEY, exit_usage},
    {ExitRule::Where::here, Phase::backend, DA3_E_BAD_VALUE, exit_usage},
    {ExitRule::Where::here, Phase::backend, any_code, exit_load},
    {ExitRule::Where::here, Phase::model, any_code, exit_load},
    {ExitRule::Where::here, Phase::input, any_code, exit_file},
    {ExitRule::Where::here, Phase::run, any_code, exit_run},
    {ExitRule::Where::here, Phase::output, any_code, exit_file},
}};

/// "command line", "profile", "backend", "model", "input", "run", "output": as in docs/exit-codes.md.
std::string_view phase_name(Phase phase);

/// The exit code for an Error of this code in this phase.
int exit_code(Phase phase, int32_t code);

/// An Error that knows what was being done.
class PhaseError : public Error {
 public:
  PhaseError(Phase phase, const Error& error) : Error(error), phase_(phase) {}
  Phase phase() const noexcept { return phase_; }
  int exit() const { return exit_code(phase_, code()); }

 private:
  Phase phase_;
};

/// Runs body and gives whatever leaves it a phase; an Error that has one keeps it.
template <class Body>
decltype(auto) in_phase(Phase phase, Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const PhaseError&) {
    throw;
  } catch (const Error& error) {
    throw PhaseError(phase, error);
  } catch (const std::bad_alloc&) {
    throw PhaseError(phase, Error(DA3_E_NOMEM_HOST,
                                  "out of memory: an allocation failed; use fewer images, a smaller "
                                  "--process-res or more memory"));
  } catch (const std::exception& error) {
    throw PhaseError(phase, Error(DA3_E_INTERNAL, std::string("internal error: ") + error.what() +
                                                      "; please report it with the command line"));
  }
}

}  // namespace da3::host
