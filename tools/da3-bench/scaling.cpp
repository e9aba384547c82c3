// SPDX-License-Identifier: Apache-2.0
#include "scaling.hpp"

#include <algorithm>
#include <cstdlib>
#include <da3/error.hpp>
#include <nlohmann/json.hpp>

#include "tables.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;
using Points = std::vector<std::pair<int, double>>;

int threads_of(const Json& one) {
  const std::string text = one.at("policy").value("effective.threads", "");
  return text.empty() ? 0 : std::atoi(text.c_str());
}

/// The case without its number of threads.
Json without_threads(const Json& one) {
  Json what = one.at("case");
  if (what.contains("settings")) what["settings"].erase("threads");
  return what;
}

std::string name_without_threads(const std::string& name) {
  const size_t begin = name.find(", threads=");
  if (begin == std::string::npos) return name;
  return name.substr(0, begin) + name.substr(std::min(name.find(',', begin + 1), name.size()));
}

struct Group {
  Json what;
  std::vector<const Json*> cases;  ///< by threads
};

std::vector<Group> groups_of(const Json& cases) {
  std::vector<Group> groups;
  for (const Json& one : cases) {
    if (!one.value("ok", false) || threads_of(one) < 1) continue;
    Json what = without_threads(one);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.what == what; });
    if (group == groups.end()) group = groups.insert(groups.end(), {std::move(what), {}});
    group->cases.push_back(&one);
  }
  for (Group& group : groups)
    std::stable_sort(group.cases.begin(), group.cases.end(),
                     [](const Json* a, const Json* b) { return threads_of(*a) < threads_of(*b); });
  std::erase_if(groups, [](const Group& group) {
    return threads_of(*group.cases.front()) == threads_of(*group.cases.back());
  });
  return groups;
}

Json stage_entries(const Group& group) {
  Json stages = Json::array();
  for (const auto& [name, summary] : group.cases.front()->at("ms").at("stages").items()) {
    Points points;
    for (const Json* one : group.cases) {
      const Json& all = one->at("ms").at("stages");
      if (all.contains(name)) points.emplace_back(threads_of(*one), all.at(name).at("p50").get<double>());
    }
    if (points.size() < group.cases.size()) continue;
    const AmdahlFit fit = fit_amdahl(points);
    stages.push_back({{"name", name},
                      {"serial_ms", fit.serial},
                      {"parallel_ms", fit.parallel},
                      {"serial_share", fit.serial + fit.parallel > 0 ? Json(fit.serial_share()) : Json()}});
  }
  return stages;
}

Json entry_of(const Group& group) {
  const Json& first = *group.cases.front();
  Json threads = Json::array();
  Points points;
  const auto time = [](const Json& one) { return one.at("ms").at("run").at("p50").get<double>(); };
  for (const Json* one : group.cases) {
    const double speedup = time(first) / time(*one);
    points.emplace_back(threads_of(*one), time(*one));
    threads.push_back({{"threads", threads_of(*one)},
                       {"ms", time(*one)},
                       {"speedup", speedup},
                       {"efficiency", speedup * threads_of(first) / threads_of(*one)}});
  }
  return {{"name", name_without_threads(first.value("name", ""))},
          {"threads", std::move(threads)},
          {"serial_share", fit_amdahl(points).serial_share()},
          {"stages", stage_entries(group)}};
}

std::string percent(const Json& share) {
  return share.is_number() ? number(Json(share.get<double>() * 100)) + " %" : "-";
}

}  // namespace

AmdahlFit fit_amdahl(const Points& points) {
  double n = 0, x = 0, t = 0, xx = 0, xt = 0;
  for (const auto& [threads, milliseconds] : points) {
    const double share = 1.0 / std::max(threads, 1);
    n += 1, x += share, t += milliseconds, xx += share * share, xt += share * milliseconds;
  }
  const double determinant = n * xx - x * x;
  if (n < 2 || determinant < 1e-12)
    throw Error(DA3_E_INVALID,
                "telling serial from parallel work failed: there is one number of threads; measure several");
  AmdahlFit fit;
  fit.parallel = (n * xt - x * t) / determinant;
  fit.serial = (t - fit.parallel * x) / n;
  if (fit.parallel < 0) fit = {t / n, 0};
  if (fit.serial < 0) fit = {0, xt / xx};
  return fit;
}

std::vector<std::string> thread_counts(int n) {
  std::vector<std::string> counts;
  for (int threads = 1; threads < n; threads *= 2) counts.push_back(std::to_string(threads));
  counts.push_back(std::to_string(std::max(n, 1)));
  return counts;
}

Json scaling_of(const Json& cases) {
  Json scaling = Json::array();
  for (const Group& group : groups_of(cases)) scaling.push_back(entry_of(group));
  return scaling;
}

std::string scaling_markdown(const Json& scaling) {
  if (scaling.empty())
    return "\nno case was measured with two numbers of threads: nothing is known of its scaling\n";
  std::vector<Row> times{{"scaling", "threads", "p50 ms", "speed-up", "efficiency"}};
  std::vector<Row> stages{{"stage", "of", "serial ms", "parallel ms", "serial part"}};
  for (const Json& one : scaling) {
    for (const Json& at : one.at("threads"))
      times.push_back({one.value("name", ""), at.at("threads").dump(), number(at.at("ms"), 2),
                       number(at.at("speedup"), 2), percent(at.at("efficiency"))});
    for (const Json& stage : one.at("stages"))
      stages.push_back({stage.value("name", ""), one.value("name", ""), number(stage.at("serial_ms"), 2),
                        number(stage.at("parallel_ms"), 2), percent(stage.at("serial_share"))});
    stages.push_back({"all", one.value("name", ""), "", "", percent(one.at("serial_share"))});
  }
  return "\n" + markdown_table(times) + "\n" + markdown_table(stages);
}

std::string scaling_csv(const Json& scaling) {
  std::vector<Row> rows{{"name", "threads", "ms", "speedup", "efficiency", "serial_share"}};
  for (const Json& one : scaling)
    for (const Json& at : one.at("threads"))
      rows.push_back({one.value("name", ""), at.at("threads").dump(), at.at("ms").dump(),
                      at.at("speedup").dump(), at.at("efficiency").dump(), one.at("serial_share").dump()});
  return csv_table(rows);
}

}  // namespace da3::bench
