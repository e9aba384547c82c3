// SPDX-License-Identifier: Apache-2.0
#include "roofline.hpp"

#include <nlohmann/json.hpp>

#include "document.hpp"
#include "exit_code.hpp"
#include "measure.hpp"
#include "operations.hpp"
#include "process_facts.hpp"
#include "subject.hpp"
#include "tables.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

Case only_case(const Arguments& arguments) {
  const std::vector<Case> cases = cases_of(arguments.sweep);
  if (cases.size() == 1) return cases.front();
  throw host::PhaseError(host::Phase::command_line,
                         Error(DA3_E_INVALID, "roofline: it looks at one case, not " +
                                                  std::to_string(cases.size()) + "; leave out lists"));
}

std::string percent(const Json& share) {
  return share.is_number() ? number(Json(share.get<double>() * 100)) + " %" : "-";
}

}  // namespace

Json roofline(const Arguments& arguments) {
  const Case what = only_case(arguments);
  Ceilings ceilings;
  Operations operations(ceilings);
  bool loading = true, counts = false;
  Subject subject(arguments.common, what, [&](const TraceSpan& span) {
    if (loading)
      ceilings.add(span);
    else if (counts)
      operations.add(span);
  });
  loading = false;
  for (int i = 0; i <= arguments.effort.warmup; ++i) subject.run();  // the first one makes what is kept
  counts = true;
  for (int i = 0; i < arguments.effort.iterations; ++i) operations.end_run(subject.run().milliseconds);
  Json document = new_document("da3.roofline/1", "roofline");
  document["name"] = case_name(what);
  document["case"] = case_json(what);
  document["backend"] = subject.engine().backend();
  document["runtime"] = subject.engine().plugin().runtime_id;
  document["precision"] = subject.engine().value("effective.precision");
  document["threads"] = subject.engine().value("effective.threads");
  document["iterations"] = arguments.effort.iterations;
  document["ceilings"] = ceilings.json();
  document.update(operations.json());
  return document;
}

std::string roofline_markdown(const Json& document) {
  std::string text = machine_line(document) + "\n\n" + document.value("name", "") + ": " +
                     number(document.at("run_ms")) + " ms\n\n";
  if (document.at("operations").empty())
    return text + "The backend reports no operations: nothing is known of their rates.\n";
  for (const auto& [kind, rate] : document.at("ceilings").items())
    text += kind + " at best: " +
            (rate.contains("gb_per_s") ? number(rate["gb_per_s"]) + " GB/s"
                                       : number(rate["gflop_per_s"]) + " GFLOP/s") +
            "\n";
  std::vector<Row> rows{{"operation", "number", "ms", "share", "GFLOP/s", "GB/s", "ceiling", "of it"}};
  for (const Json& one : document.at("operations"))
    rows.push_back({text_at(one, "/kind"), text_at(one, "/count"), number(one["ms"], 2),
                    percent(one["share"]), number(one["gflop_per_s"]), number(one["gb_per_s"]),
                    text_at(one, "/ceiling"), percent(one["of_ceiling"])});
  const Json& rest = document.at("rest");
  rows.push_back({"in no operation", "", number(rest["ms"], 2), percent(rest["share"]), "", "", "", ""});
  return text + "\n" + markdown_table(rows);
}

std::string roofline_csv(const Json& document) {
  std::vector<Row> rows{{"operation", "number", "ms", "share", "gflop", "mb", "gflop_per_s", "gb_per_s",
                         "ceiling", "floor_ms", "of_ceiling"}};
  for (const Json& one : document.at("operations"))
    rows.push_back({text_at(one, "/kind"), text_at(one, "/count"), text_at(one, "/ms"),
                    text_at(one, "/share"), text_at(one, "/gflop"), text_at(one, "/mb"),
                    text_at(one, "/gflop_per_s"), text_at(one, "/gb_per_s"), text_at(one, "/ceiling"),
                    text_at(one, "/floor_ms"), text_at(one, "/of_ceiling")});
  return csv_table(rows);
}

}  // namespace da3::bench
