// SPDX-License-Identifier: Apache-2.0
// Documents as Markdown and CSV.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace da3::bench {

using Row = std::vector<std::string>;

/// A Markdown table whose columns line up; the first row is the head. Bars within cells are escaped.
std::string markdown_table(const std::vector<Row>& rows);

/// RFC 4180: cells with commas, quotes or line ends are quoted; lines end with \n.
std::string csv_table(const std::vector<Row>& rows);

/// What is at a place, null where there is none; as text, "" for null.
nlohmann::ordered_json at(const nlohmann::ordered_json& value, const char* pointer);
std::string text_at(const nlohmann::ordered_json& value, const char* pointer);

/// A number with so many digits behind the point; "-" for null.
std::string number(const nlohmann::ordered_json& value, int digits = 1);
/// Bytes as MiB; "-" for null.
std::string mebibytes(const nlohmann::ordered_json& bytes);

/// "Intel ..., 2 threads (avx2 fma), Linux 6.1": one line.
std::string machine_line(const nlohmann::ordered_json& document);

/// Of a da3.bench/1 document: machine, times, stages, memory; cases that failed with their reasons.
std::string bench_markdown(const nlohmann::ordered_json& document);
/// A line for each case, stages as columns; failed cases have empty numbers and a reason.
std::string bench_csv(const nlohmann::ordered_json& document);

/// Of what compare() made.
std::string compare_markdown(const nlohmann::ordered_json& comparison);
std::string compare_csv(const nlohmann::ordered_json& comparison);

}  // namespace da3::bench
