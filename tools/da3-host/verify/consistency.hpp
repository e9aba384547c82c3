// SPDX-License-Identifier: Apache-2.0
// Runs whose answers must agree: whatever the weights are, and without any reference numbers. docs/verify.md
// says which, and where the bounds come from.
#pragma once

#include <da3/io/api.hpp>

#include "progress.hpp"
#include "settings.hpp"
#include "verify/verify_report.hpp"

namespace da3::host {

/// Loads the model on the profile's backend in float32, then in each other way the backend offers, and
/// appends a check for each comparison; report's backend, device and policy are filled on the way. A check
/// that could not be made is skipped with its reason; one whose run failed is failed. Throws PhaseError where
/// the backend cannot be made (backend), the model cannot be loaded at all (model), or a signal came (run,
/// DA3_E_CANCELLED).
void check_consistency(Setup& setup, const io::Views& views, Progress& progress, VerifyReport& report);

}  // namespace da3::host
