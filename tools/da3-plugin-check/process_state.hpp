// SPDX-License-Identifier: Apache-2.0
// What belongs to the whole process and a plugin must leave as it is.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace da3::check {

/// Facts by name: "locale LC_NUMERIC" -> "C", "handler of signal 11" -> "...".
using ProcessState = std::map<std::string, std::string>;
ProcessState process_state();
/// "locale LC_NUMERIC was C and is de_DE", or "".
std::string difference(const ProcessState& before, const ProcessState& after);

size_t thread_count();                    ///< 0: not known on this system
std::vector<std::string> open_files();    ///< targets of /proc/self/fd; empty where not known
bool is_device_file(const std::string&);  ///< of a GPU
size_t internet_sockets();                ///< open ones, connected or not; 0 where not known
uint64_t resident_bytes();                ///< 0: not known
uint64_t written_to_stdout();             ///< bytes, when stdout is a file

}  // namespace da3::check
