// SPDX-License-Identifier: Apache-2.0
#include "verify/verify_report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "exit_code.hpp"

namespace da3::host {
namespace {

using Json = nlohmann::ordered_json;

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "ok";
    case Verdict::warned:
      return "warning";
    case Verdict::failed:
      return "FAILED";
    case Verdict::skipped:
      return "skipped";
  }
  return "FAILED";
}

const char* json_word(Verdict verdict) { return verdict == Verdict::failed ? "failed" : word(verdict); }

std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size() + 1), ' ');
  return text;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", value);
  return text;
}

std::string measures_text(const Check& check) {
  std::string text;
  for (const Measure& measure : check.measures) {
    text += text.empty() ? "" : ", ";
    text += measure.name + " " + (measure.value == 0 ? "equal" : number(measure.value)) +
            " <= " + number(measure.bound);
  }
  return text;
}

std::string check_line(const Check& check) {
  const std::string measures = measures_text(check);
  return padded(word(check.verdict), 9) + padded(check.name, 26) + check.message +
         (check.message.empty() || measures.empty() ? "" : ": ") + measures + "\n";
}

std::string overall(const VerifyReport& report) {
  const size_t failed = report.count(Verdict::failed), warned = report.count(Verdict::warned);
  if (failed == 0 && warned == 0) return "ok: nothing speaks against this model on this machine";
  if (failed == 0) return "ok, with " + std::to_string(warned) + (warned == 1 ? " warning" : " warnings");
  if (report.exit_status == exit_load) return "damaged: the model cannot be used as it is";
  return std::to_string(failed) + (failed == 1 ? " check" : " checks") + " failed";
}

const char* json_overall(const VerifyReport& report) {
  if (report.count(Verdict::failed) == 0) return report.count(Verdict::warned) == 0 ? "ok" : "warnings";
  return report.exit_status == exit_load ? "damaged" : "failed";
}

/// JSON has no infinity.
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json check_json(const Check& check) {
  Json json;
  json["name"] = check.name;
  json["verdict"] = json_word(check.verdict);
  json["message"] = check.message;
  json["measures"] = Json::array();
  for (const Measure& measure : check.measures)
    json["measures"].push_back(
        {{"name", measure.name}, {"value", finite(measure.value)}, {"bound", measure.bound}});
  json["ms"] = check.milliseconds;
  return json;
}

}  // namespace

size_t VerifyReport::count(Verdict verdict) const {
  return static_cast<size_t>(
      std::count_if(checks.begin(), checks.end(), [&](const Check& c) { return c.verdict == verdict; }));
}

std::string verify_text(const VerifyReport& report) {
  std::string text = "model    ";
  if (report.facts)
    text += report.facts->name + ", " + report.facts->family + ", " +
            std::to_string(report.facts->parameters) + " values, ";
  text += report.model_path.string() + "\n";
  for (const VerifiedFile& file : report.files)
    text += "file     " + file.name + ", " + std::to_string(file.bytes) + " bytes, " +
            (file.sha256.empty() ? "cannot be read" : "sha256 " + file.sha256) + "\n";
  if (!report.backend.empty()) text += "device   " + report.device + ", backend " + report.backend + "\n";
  if (report.views > 0)
    text += "views    " + std::to_string(report.views) + " at " + std::to_string(report.width) + "x" +
            std::to_string(report.height) + "\n";
  text += "\n";
  for (const Check& check : report.checks) text += check_line(check);
  return text + "\nverdict  " + overall(report) + "\n";
}

std::string verify_json(const VerifyReport& report) {
  Json json;
  json["schema"] = "da3.verify/1";
  json["tool"] = report.version;
  json["started"] = report.started;
  json["verdict"] = json_overall(report);
  json["exit_status"] = report.exit_status;
  json["model"]["path"] = report.model_path.string();
  json["model"]["name"] = report.facts ? Json(report.facts->name) : Json();
  json["model"]["family"] = report.facts ? Json(report.facts->family) : Json();
  json["model"]["parameters"] = report.facts ? Json(report.facts->parameters) : Json();
  json["files"] = Json::array();
  for (const VerifiedFile& file : report.files)
    json["files"].push_back({{"name", file.name},
                             {"bytes", file.bytes},
                             {"sha256", file.sha256.empty() ? Json() : Json(file.sha256)}});
  json["backend"] = report.backend.empty() ? Json() : Json(report.backend);
  json["plugin"] = report.plugin.empty() ? Json() : Json(report.plugin);
  json["device"] = report.device.empty() ? Json() : Json(report.device);
  json["policy"] = Json::object();
  for (const Setting& setting : report.policy) json["policy"][setting.key] = setting.value;
  json["views"] = report.views;
  json["height"] = report.height;
  json["width"] = report.width;
  json["checks"] = Json::array();
  for (const Check& check : report.checks) json["checks"].push_back(check_json(check));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace da3::host
