// SPDX-License-Identifier: Apache-2.0
// da3.bench/1: what a measurement leaves behind. docs/benchmarks.md says what is in it.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace da3::bench {

/// The head of a document: schema, tool, time, machine. command: "latency".
nlohmann::ordered_json new_document(const std::string& schema, const std::string& command);

/// The text of a document, indented by one space; text that is not UTF-8 is replaced.
std::string to_text(const nlohmann::ordered_json& document);

/// Reads a da3.bench/1 document. Throws host::PhaseError (Phase::input) for a file that is none.
nlohmann::ordered_json read_document(const std::filesystem::path& file);

}  // namespace da3::bench
