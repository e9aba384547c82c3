// SPDX-License-Identifier: Apache-2.0
#include "run_checker.hpp"

#include <algorithm>
#include <stdexcept>

namespace da3::test {

std::vector<int> CheckReport::with(const std::vector<std::string>& statuses) const {
  std::vector<int> numbers;
  for (const auto& [number, row] : rows)
    if (std::find(statuses.begin(), statuses.end(), row.status) != statuses.end()) numbers.push_back(number);
  return numbers;
}

std::vector<int> CheckReport::complaints() const {
  std::vector<int> numbers = with({"FAIL", "CRASH", "WARN"});
  const auto timed = [&](int number) {
    const CheckRow& row = rows.at(number);
    return row.status == "WARN" && ((number == 5 && row.reason.find("the limit is") != std::string::npos) ||
                                    (number == 32 && row.reason.find("the aim is") != std::string::npos));
  };
  numbers.erase(std::remove_if(numbers.begin(), numbers.end(), timed), numbers.end());
  return numbers;
}

std::string CheckReport::text() const {
  std::string text;
  for (const auto& [number, row] : rows)
    if (row.status != "PASS") text += std::to_string(number) + " " + row.status + " " + row.reason + "\n";
  return text;
}

CheckReport check_plugin(const std::string& plugin, const std::string& model,
                         const std::vector<std::string>& more) {
  std::vector<std::string> arguments{plugin, "--json"};
  if (!model.empty()) arguments.insert(arguments.end(), {"--model", model});
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProgramResult result = run_program(DA3_PLUGIN_CHECK, arguments);
  CheckReport report;
  report.exit_code = result.exit_code;
  if (result.exit_code != 0 && result.exit_code != 1) throw std::runtime_error(result.err);
  const auto json = nlohmann::json::parse(result.out);
  report.counts = json.at("counts");
  for (const auto& check : json.at("checks"))
    report.rows[check.at("number")] = {check.at("status"), check.at("reason"), check.at("rule"),
                                       check.at("written")};
  return report;
}

nlohmann::json listed_rules() {
  return nlohmann::json::parse(run_program(DA3_PLUGIN_CHECK, {"--list", "--json"}).out);
}

}  // namespace da3::test
