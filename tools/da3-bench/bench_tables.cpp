// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tables.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

bool measured(const Json& one) { return one.value("ok", false); }

/// Names of stages in the order in which they come first.
std::vector<std::string> stage_names(const Json& document) {
  std::vector<std::string> names;
  for (const Json& one : document.at("cases")) {
    if (!measured(one)) continue;
    const Json stages = at(one, "/ms/stages");
    for (const auto& [name, summary] : stages.items())
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string median_of(const Json& one, const std::string& stage) {
  const Json stages = at(one, "/ms/stages");
  return stages.contains(stage) ? number(stages[stage].at("p50"), 2) : "-";
}

std::vector<Row> times(const Json& document) {
  std::vector<Row> rows{{"case", "precision", "threads", "p50 ms", "p90", "p99", "spread", "images/s",
                         "first ms", "load ms", "start to depth ms"}};
  for (const Json& one : document.at("cases"))
    if (measured(one))
      rows.push_back({one.value("name", ""), text_at(one, "/policy/effective.precision"),
                      text_at(one, "/policy/effective.threads"), number(at(one, "/ms/run/p50"), 2),
                      number(at(one, "/ms/run/p90"), 2), number(at(one, "/ms/run/p99"), 2),
                      number(Json(at(one, "/ms/run/spread").get<double>() * 100)) + " %",
                      number(at(one, "/images_per_second"), 2), number(at(one, "/ms/first")),
                      number(at(one, "/ms/load")), number(at(one, "/ms/start_to_first_depth"), 0)});
  return rows;
}

std::vector<Row> stages(const Json& document) {
  std::vector<Row> rows{{"stage, p50 ms"}};
  const std::vector<std::string> names = stage_names(document);
  for (const std::string& name : names) rows[0].push_back(name);
  for (const Json& one : document.at("cases")) {
    if (!measured(one)) continue;
    rows.push_back({one.value("name", "")});
    for (const std::string& name : names) rows.back().push_back(median_of(one, name));
  }
  return rows;
}

std::vector<Row> memory(const Json& document) {
  std::vector<Row> rows{{"memory, MiB", "resident peak", "resident", "backend's weights", "backend's peak",
                         "minor faults per run", "major", "allocations per run"}};
  for (const Json& one : document.at("cases"))
    if (measured(one))
      rows.push_back({one.value("name", ""), mebibytes(at(one, "/memory/resident_peak")),
                      mebibytes(at(one, "/memory/resident")), mebibytes(at(one, "/memory/weights")),
                      mebibytes(at(one, "/memory/device_peak")), number(at(one, "/per_run/minor_faults")),
                      number(at(one, "/per_run/major_faults")), number(at(one, "/per_run/allocations"), 0)});
  return rows;
}

std::string percent(const Json& ratio) { return number(Json((ratio.get<double>() - 1) * 100)) + " %"; }

std::vector<Row> comparison_rows(const Json& comparison) {
  std::vector<Row> rows{{"case", "A ms", "B ms", "B/A", "95 % interval", "B is"}};
  for (const Json& one : comparison.at("cases"))
    rows.push_back({one.value("name", ""), number(one.at("a_ms"), 2), number(one.at("b_ms"), 2),
                    number(one.at("ratio"), 3), number(one.at("low"), 3) + " .. " + number(one.at("high"), 3),
                    one.value("verdict", "") +
                        (one.value("verdict", "") == "tie" ? "" : " (" + percent(one.at("ratio")) + ")")});
  return rows;
}

}  // namespace

std::string bench_markdown(const Json& document) {
  std::string text = machine_line(document) + "\n";
  if (std::any_of(document.at("cases").begin(), document.at("cases").end(), measured)) {
    text += "\n" + markdown_table(times(document));
    if (!stage_names(document).empty()) text += "\n" + markdown_table(stages(document));
    text += "\n" + markdown_table(memory(document));
  }
  for (const Json& one : document.at("cases"))
    if (!measured(one)) text += "\nfailed: " + one.value("name", "") + ": " + one.value("reason", "") + "\n";
  return text;
}

std::string bench_csv(const Json& document) {
  const std::vector<std::pair<const char*, const char*>> columns = {
      {"name", "/name"},
      {"backend", "/backend"},
      {"device", "/device"},
      {"plugin", "/plugin"},
      {"runtime", "/runtime"},
      {"precision", "/policy/effective.precision"},
      {"threads", "/policy/effective.threads"},
      {"width", "/case/width"},
      {"height", "/case/height"},
      {"views", "/case/views"},
      {"batch", "/case/batch"},
      {"sessions", "/case/sessions"},
      {"samples", "/ms/run/count"},
      {"min_ms", "/ms/run/min"},
      {"mean_ms", "/ms/run/mean"},
      {"p50_ms", "/ms/run/p50"},
      {"p90_ms", "/ms/run/p90"},
      {"p99_ms", "/ms/run/p99"},
      {"max_ms", "/ms/run/max"},
      {"spread", "/ms/run/spread"},
      {"images_per_second", "/images_per_second"},
      {"first_ms", "/ms/first"},
      {"load_ms", "/ms/load"},
      {"start_to_first_depth_ms", "/ms/start_to_first_depth"},
      {"resident_peak", "/memory/resident_peak"},
      {"resident", "/memory/resident"},
      {"device_peak", "/memory/device_peak"},
      {"minor_faults", "/per_run/minor_faults"},
      {"major_faults", "/per_run/major_faults"},
      {"allocations", "/per_run/allocations"},
      {"reason", "/reason"}};
  const std::vector<std::string> names = stage_names(document);
  std::vector<Row> rows(1);
  for (const auto& [name, place] : columns) rows[0].push_back(name);
  for (const std::string& name : names) rows[0].push_back(name + "_ms");
  for (const Json& one : document.at("cases")) {
    rows.emplace_back();
    for (const auto& [name, place] : columns) rows.back().push_back(text_at(one, place));
    for (const std::string& name : names) {
      const Json all = at(one, "/ms/stages");
      rows.back().push_back(all.contains(name) ? all[name].at("p50").dump() : "");
    }
  }
  return csv_table(rows);
}

std::string compare_markdown(const Json& comparison) {
  std::string text = markdown_table(comparison_rows(comparison)) +
                     "\nMedians; a difference under 3 % or an interval that holds 1 is a tie.\n";
  for (const auto& [key, side] : {std::pair{"only_a", "A"}, std::pair{"only_b", "B"}})
    for (const Json& name : comparison.at(key))
      text += std::string("measured only in ") + side + ": " + name.get<std::string>() + "\n";
  return text;
}

std::string compare_csv(const Json& comparison) {
  std::vector<Row> rows{{"name", "a_ms", "b_ms", "ratio", "low", "high", "verdict"}};
  for (const Json& one : comparison.at("cases")) {
    rows.emplace_back();
    for (const std::string& key : Row(rows[0])) rows.back().push_back(text_at(one, ("/" + key).c_str()));
  }
  return csv_table(rows);
}

}  // namespace da3::bench
