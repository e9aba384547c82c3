// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tables.hpp"
#include "validate.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

std::string exponent(const Json& value) {
  if (!value.is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, value.get<double>() == 0 ? "%.1f" : "%.2e", value.get<double>());
  return text;
}

std::vector<Row> result_rows(const Json& document) {
  std::vector<Row> rows{{"device", "configuration", "result", "precision", "p50 ms", "images/s", "vs cpu",
                         "vs float32", "across runs", "to reference, relative", "MiB before", "peak",
                         "after"}};
  for (const Json& one : document.at("results"))
    rows.push_back(
        {one.value("device", ""), one.value("name", ""), one.value("ok", false) ? "pass" : "FAIL",
         text_at(one, "/policy/effective.precision"), number(at(one, "/ms/p50"), 1),
         number(at(one, "/images_per_second"), 2), number(at(one, "/speedup_against_cpu"), 2),
         number(at(one, "/speedup_against_float32"), 2), exponent(at(one, "/difference_across_runs")),
         exponent(at(one, "/difference_to_reference/largest_relative")), mebibytes(at(one, "/memory/before")),
         mebibytes(at(one, "/memory/peak")), mebibytes(at(one, "/memory/after"))});
  return rows;
}

std::vector<Row> device_rows(const Json& document) {
  std::vector<Row> rows{{"device", "there", "passed", "success rate", "name or reason"}};
  for (const Json& one : document.at("devices")) {
    const bool there = one.value("available", false);
    rows.push_back(
        {one.value("name", ""), there ? "yes" : "no",
         there ? one.at("passed").dump() + " of " + one.at("configurations").dump() : "-",
         there ? number(Json(one.at("success_rate").get<double>() * 100), 0) + " %" : "not counted",
         there ? text_at(one, "/device") : text_at(one, "/reason")});
  }
  return rows;
}

std::vector<Row> batch_rows(const Json& document) {
  std::vector<Row> rows{
      {"device", "batch", "p50 ms", "images/s", "resident peak MiB", "estimated MiB", "limit MiB", "reason"}};
  for (const Json& device : document.at("batching"))
    for (const Json& one : device.at("batches"))
      rows.push_back({device.value("device", ""), one.at("batch").dump(), number(at(one, "/ms/p50"), 1),
                      number(at(one, "/images_per_second"), 2), mebibytes(at(one, "/resident_peak")),
                      mebibytes(at(one, "/estimate")), mebibytes(at(one, "/limit")),
                      one.value("reason", "")});
  return rows;
}

}  // namespace

std::string validate_markdown(const Json& document) {
  std::string text = machine_line(document) + "; " + document.value("model", "") + ", " +
                     document.at("images").dump() + " images of " + document.at("width").dump() + "x" +
                     document.at("height").dump() + ", " + document.at("runs").dump() + " runs\n\n" +
                     markdown_table(device_rows(document));
  if (!document.at("results").empty()) text += "\n" + markdown_table(result_rows(document));
  for (const Json& one : document.at("results")) {
    const std::string name = one.value("device", "") + ", " + one.value("name", "");
    if (!one.value("ok", false)) text += "\nFAIL " + name + ": " + one.value("reason", "") + "\n";
    for (const Json& warning : one.at("warnings"))
      text += "\nwarning " + name + ": " + warning.get<std::string>() + "\n";
  }
  if (!document.at("batching").empty()) text += "\n" + markdown_table(batch_rows(document));
  for (const Json& one : document.at("batching"))
    text += "\n" + one.value("device", "") + ": batch auto is " + text_at(one, "/auto") +
            (text_at(one, "/auto_reason").empty() ? "" : ", " + text_at(one, "/auto_reason")) + "\n";
  return text;
}

std::string validate_csv(const Json& document) {
  std::vector<Row> rows{{"device", "configuration", "ok", "precision", "p50_ms", "images_per_second",
                         "speedup_against_cpu", "speedup_against_float32", "difference_across_runs",
                         "difference_to_reference", "memory_before", "memory_peak", "memory_after",
                         "reason"}};
  for (const Json& one : document.at("results")) {
    rows.emplace_back();
    for (const char* place : {"/device", "/name", "/ok", "/policy/effective.precision", "/ms/p50",
                              "/images_per_second", "/speedup_against_cpu", "/speedup_against_float32",
                              "/difference_across_runs", "/difference_to_reference/largest_relative",
                              "/memory/before", "/memory/peak", "/memory/after", "/reason"})
      rows.back().push_back(text_at(one, place));
  }
  return csv_table(rows);
}

}  // namespace da3::bench
