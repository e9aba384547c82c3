// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

std::string escaped(const std::string& cell) {
  std::string text;
  for (const char c : cell) text += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
  return text;
}

size_t width_of(const std::string& text) {  // characters of UTF-8
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string markdown_table(const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  std::vector<Row> cells = rows;
  for (Row& row : cells)
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = escaped(row[i]);
      if (i >= widths.size()) widths.push_back(3);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  std::string text;
  for (size_t r = 0; r < cells.size(); ++r) {
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string cell = i < cells[r].size() ? cells[r][i] : "";
      text += "| " + cell + std::string(widths[i] - width_of(cell) + 1, ' ');
    }
    text += "|\n";
    if (r > 0) continue;
    for (const size_t width : widths) text += "|" + std::string(width + 2, '-');
    text += "|\n";
  }
  return text;
}

std::string csv_table(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool plain = row[i].find_first_of(",\"\r\n") == std::string::npos;
      std::string quoted;
      for (const char c : row[i]) quoted += c == '"' ? "\"\"" : std::string(1, c);
      text += (i > 0 ? "," : "") + (plain ? row[i] : "\"" + quoted + "\"");
    }
    text += "\n";
  }
  return text;
}

Json at(const Json& value, const char* pointer) {
  const Json::json_pointer place(pointer);
  return value.contains(place) ? value.at(place) : Json();
}

std::string text_at(const Json& value, const char* pointer) {
  const Json found = at(value, pointer);
  return found.is_string() ? found.get<std::string>() : found.is_null() ? "" : found.dump();
}

std::string number(const Json& value, int digits) {
  if (!value.is_number()) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value.get<double>());
  return text;
}

std::string mebibytes(const Json& bytes) {
  return bytes.is_number() ? number(Json(bytes.get<double>() / (1 << 20)), 0) : "-";
}

std::string machine_line(const Json& document) {
  const Json& machine = document.at("machine");
  std::string sets;
  for (const Json& set : machine.at("instruction_sets"))
    sets += (sets.empty() ? "" : " ") + set.get<std::string>();
  return machine.value("cpu", "") + ", " + std::to_string(machine.value("threads", 1)) + " of " +
         std::to_string(machine.value("cpus", 1)) + " CPUs" + (sets.empty() ? "" : " (" + sets + ")") + ", " +
         machine.value("system", "") + "; da3-bench " + document.at("tool").value("version", "") +
         ", load average " + number(machine.at("load_average"), 2);
}

}  // namespace da3::bench
