// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "models/models_report.hpp"

namespace da3::host {
namespace {

using checkpoint::Capabilities;

std::string pad(const std::string& text, size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string line(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

/// "34.3 M", "1.69 B".
std::string count_text(int64_t parameters) {
  const auto value = static_cast<double>(parameters);
  char text[32];
  if (value >= 999.5e6)
    std::snprintf(text, sizeof text, "%.2f B", value / 1e9);
  else if (value >= 99.95e6)
    std::snprintf(text, sizeof text, "%.0f M", value / 1e6);
  else if (value >= 999.5e3)
    std::snprintf(text, sizeof text, "%.1f M", value / 1e6);
  else
    std::snprintf(text, sizeof text, "%.0f k", value / 1e3);
  return text;
}

std::string yes(bool value) { return value ? "yes" : "-"; }

std::string poses(const Capabilities& can) {
  if (can.pose && can.pose_input) return "out+in";
  return can.pose ? "out" : can.pose_input ? "in" : "-";
}

std::string metric(const Capabilities& can) {
  return can.metric ? "yes" : can.metric_by_focal ? "focal" : "-";
}

std::string row(const std::vector<std::string>& cells) {
  constexpr size_t widths[] = {23, 8, 6, 5, 7, 5, 6, 7, 4, 0};
  std::string text;
  for (size_t i = 0; i < cells.size(); ++i) text += pad(cells[i], widths[i]);
  return line(text);
}

std::string family_table(const ModelsReport& report) {
  std::string text =
      row({"MODEL", "PARAMS", "DEPTH", "CONF", "POSES", "RAYS", "GAUSS", "METRIC", "SKY", "LICENCE"});
  for (const FamilyEntry& entry : report.family) {
    const Capabilities& can = entry.facts.can;
    const std::string license(entry.published->license);
    text += row({std::string(entry.published->name), count_text(entry.facts.parameters), "yes",
                 yes(can.confidence), poses(can), yes(can.ray), yes(can.gaussians), metric(can), yes(can.sky),
                 license + (entry.published->commercial_use ? "" : " non-commercial")});
  }
  return text +
         "Poses: out, the model estimates them; in, it takes known ones. Metric: depth is metres; focal,\n"
         "after times focal length / 300. Licences: as upstream's README says (model table); read the one\n"
         "beside a model.\n";
}

std::string where_text(const LocalEntry& local) {
  const LocalModel& where = local.where;
  const std::string folder = where.folder.string();
  if (!where.problem.empty()) return "cannot be used: " + where.problem + " (" + folder + ")";
  return folder + (where.note.empty() ? "" : " (" + where.note + ")");
}

std::string published_table(const ModelsReport& report) {
  std::string text = line(pad("MODEL", 23) + pad("PUBLISHED AS", 43) + "HERE"), deprecated;
  for (const FamilyEntry& entry : report.family) {
    const checkpoint::PublishedModel& published = *entry.published;
    text += line(pad(std::string(published.name), 23) + pad(std::string(published.repository), 43) +
                 (entry.local ? where_text(*entry.local) : "no"));
    if (!published.deprecated.empty()) deprecated += "  " + std::string(published.deprecated) + "\n";
  }
  return text + "Upstream calls these deprecated and publishes a -1.1 instead:\n" + deprecated;
}

std::string what_it_gives(const Capabilities& can) {
  std::string text = "depth";
  const auto add = [&](bool has, const char* word) { text += has ? std::string(", ") + word : ""; };
  add(can.confidence, "confidence");
  add(can.pose, "poses");
  add(can.pose_input, "poses in");
  add(can.ray, "rays");
  add(can.gaussians, "gaussians");
  add(can.metric, "metric");
  add(can.metric_by_focal, "metric by focal length");
  add(can.sky, "sky");
  return text;
}

std::string license_text(const ModelFacts& facts) {
  if (!facts.license.empty()) return "licence " + facts.license;
  // Weights of a published network may be somebody's own: the family's licence is a hint and no more.
  for (const auto& published : checkpoint::published_family())
    if (published.name == facts.name)
      return "licence not said (" + facts.name + " is " + std::string(published.license) +
             (published.commercial_use ? ")" : ", non-commercial)");
  return "licence not said";
}

std::string other_models(const ModelsReport& report) {
  std::string text;
  for (const LocalEntry& entry : report.others) {
    const LocalModel& where = entry.where;
    text += "  " + where.name + (where.note.empty() ? "" : " (" + where.note + ")") + "\n";
    text += "      " + where.folder.string() + "\n";
    if (!entry.facts) {
      text += "      cannot be used: " + where.problem + "\n";
      continue;
    }
    const ModelFacts& facts = *entry.facts;
    text += "      " + (facts.name == "unknown" ? "a model without name" : facts.name) + ", " +
            count_text(facts.parameters) + " parameters, " + license_text(facts) +
            (facts.process_res > 0 ? ", made for " + std::to_string(facts.process_res) + " pixels" : "") +
            "\n      " + what_it_gives(facts.can) + "\n";
  }
  return text.empty() ? "" : "Other models here:\n" + text;
}

std::string looked_in(const ModelsReport& report) {
  std::string text = "Looked in:\n";
  const auto add = [&](std::string_view title, const std::string& what) {
    text += "  " + pad(std::string(title), 24) + what + "\n";
  };
  if (report.folders.front().place != Place::model_path) add(place_title(Place::model_path), "(not set)");
  for (const SearchFolder& search : report.folders)
    add(place_title(search.place),
        search.folder.string() + (search.problem.empty()  ? ""
                                  : search.folder.empty() ? search.problem
                                                          : ": " + search.problem));
  return text;
}

bool nothing_usable(const ModelsReport& report) {
  return std::none_of(report.family.begin(), report.family.end(),
                      [](const FamilyEntry& entry) { return entry.local && entry.local->facts; });
}

}  // namespace

std::string models_text(const ModelsReport& report) {
  std::string text = family_table(report) + "\n" + published_table(report) + "\n";
  if (const std::string others = other_models(report); !others.empty()) text += others + "\n";
  text += looked_in(report);
  if (nothing_usable(report))
    text +=
        "\nNo published model is here, and nothing is downloaded for you. Get model.safetensors and\n"
        "config.json of a name under PUBLISHED AS from where upstream publishes them (its page links there:\n"
        "https://github.com/ByteDance-Seed/Depth-Anything-3) into a folder, and name it:\n"
        "  da3-host --model models/da3-base photos/\n"
        "or put the folder into one that DA3_MODEL_PATH lists: then its name is enough.\n";
  return text;
}

}  // namespace da3::host
