// SPDX-License-Identifier: Apache-2.0
// The backend of a run, and the plugins that --plugin names.
#pragma once

#include <da3/assume.hpp>
#include <da3/da3.hpp>

#include "settings.hpp"

namespace da3::host {

/// Chooses the backend of the profile and sets it up. A file that --plugin names and that cannot be loaded is
/// an error, whichever backend is chosen: somebody asked for it. One that was loaded and has no device here
/// is a warning. Throws PhaseError (Phase::backend).
Engine make_engine(Setup& setup, const Profile& profile);

/// The same for a machine that is only written down, by the file of its record. Throws PhaseError
/// (Phase::backend).
Assumed assume_machine(Setup& setup, const std::filesystem::path& record);

}  // namespace da3::host
