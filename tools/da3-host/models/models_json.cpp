// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "models/models_report.hpp"

namespace da3::host {
namespace {

using Json = nlohmann::ordered_json;

Json facts_json(const ModelFacts& facts) {
  Json json;
  json["name"] = facts.name;
  json["family"] = facts.family;
  json["license"] = facts.license;
  json["parameters"] = facts.parameters;
  json["process_res"] = facts.process_res > 0 ? Json(facts.process_res) : Json();
  for (const std::string_view name : capability_names())
    json["capabilities"][std::string(name)] = can_do(facts.can, name);
  json["feature_blocks"] = facts.can.feature_blocks;
  return json;
}

Json local_json(const LocalEntry& entry) {
  Json json;
  json["name"] = entry.where.name;
  json["path"] = entry.where.folder.string();
  json["place"] = place_name(entry.where.place);
  json["usable"] = entry.facts.has_value();
  json["reason"] = entry.where.problem;
  json["note"] = entry.where.note;
  json["model"] = entry.facts ? facts_json(*entry.facts) : Json();
  return json;
}

Json family_json(const FamilyEntry& entry) {
  Json json = facts_json(entry.facts);
  json["license"] = entry.published->license;
  json["license_source"] = "as upstream's README says (model table)";
  json["commercial_use"] = entry.published->commercial_use;
  json["published_as"] = entry.published->repository;
  json["deprecated"] = entry.published->deprecated.empty() ? Json() : Json(entry.published->deprecated);
  json["local"] = entry.local ? local_json(*entry.local) : Json();
  return json;
}

}  // namespace

std::string models_json(const ModelsReport& report) {
  Json json;
  json["schema"] = "da3.models/1";
  json["family"] = Json::array();
  for (const FamilyEntry& entry : report.family) json["family"].push_back(family_json(entry));
  json["others"] = Json::array();
  for (const LocalEntry& entry : report.others) json["others"].push_back(local_json(entry));
  json["looked_in"] = Json::array();
  for (const SearchFolder& search : report.folders) {
    Json one;
    one["place"] = place_name(search.place);
    one["path"] = search.folder.string();
    one["reason"] = search.problem;
    json["looked_in"].push_back(std::move(one));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace da3::host
