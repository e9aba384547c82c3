// SPDX-License-Identifier: Apache-2.0
// The checks by topic; each list is in one file of that name.
#pragma once

#include "check.hpp"

namespace da3::check {

std::vector<Check> file_checks();        ///< the library's file, without loading it
std::vector<Check> entry_checks();       ///< loading and da3_plugin_entry
std::vector<Check> table_checks();       ///< the table and the manifest
std::vector<Check> probe_checks();       ///< devices
std::vector<Check> option_checks();      ///< the schema and refused options
std::vector<Check> optimizer_checks();   ///< describe, errors, hosts with less
std::vector<Check> model_checks();       ///< loading models
std::vector<Check> run_checks();         ///< outputs of a run
std::vector<Check> layout_checks();      ///< strides, offsets, alignment
std::vector<Check> refusal_checks();     ///< runs that must be refused
std::vector<Check> control_checks();     ///< progress, cancel, submit and wait
std::vector<Check> sharing_checks();     ///< threads, sessions and optimizers beside each other
std::vector<Check> memory_checks();      ///< estimate, memory, trim, limits, allocation
std::vector<Check> exhaustion_checks();  ///< allocations that fail
std::vector<Check> resource_checks();    ///< leaks
std::vector<Check> process_checks();     ///< what belongs to the process
std::vector<Check> fuzz_checks();        ///< random legal call sequences
std::vector<Check> self_test_checks();   ///< what the plugin tests of its device by itself

}  // namespace da3::check
