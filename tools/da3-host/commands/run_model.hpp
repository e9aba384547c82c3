// SPDX-License-Identifier: Apache-2.0
// The model of a run: where it is, and its load.
#pragma once

#include <da3/da3.hpp>
#include <da3/file_hash.hpp>
#include <filesystem>
#include <functional>

#include "backend.hpp"
#include "profile/run_profile.hpp"
#include "progress.hpp"
#include "report.hpp"

namespace da3::host {

/// The folder of the model that the settings name, else the demo's; with a warning where it is to see
/// pictures that are not the demo's. Throws PhaseError (model).
std::filesystem::path model_of_run(const Setup& setup, bool demo_inputs);

/// Loads report.model_path and tells the report what the load gave. profile: may be nullptr. file: the
/// weights as they were loaded; untouched where they were replaced meanwhile. A signal cancels it. begun:
/// called whenever it goes on, first when LibTorch is in the process and weights begin to be read. Throws
/// PhaseError (model).
Model load_model(const Engine& engine, RunReport& report, Progress& progress, RunProfile* profile,
                 PinnedFile& file, const std::function<void()>& begun);

}  // namespace da3::host
