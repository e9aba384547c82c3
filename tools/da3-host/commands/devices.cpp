// SPDX-License-Identifier: Apache-2.0
#include <da3/da3.hpp>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "commands/hardware_facts.hpp"
#include "exit_code.hpp"
#include "settings.hpp"

namespace da3::host {
namespace {

std::vector<std::string> precision_names(uint32_t bits) {
  constexpr std::pair<uint32_t, const char*> names[] = {
      {1, "float32"}, {2, "tf32"}, {4, "float16"}, {8, "bfloat16"}, {16, "int8"}};
  std::vector<std::string> list;
  for (const auto& [bit, name] : names)
    if (bits & bit) list.emplace_back(name);
  return list;
}

std::string device_text(const Device& device) {
  std::string text = device.name.empty() ? "unnamed device" : device.name;
  if (!device.arch.empty()) text += " (" + device.arch + ")";
  if (device.score == 0) return text + ": cannot be used: " + device.reason;
  text += ", score " + std::to_string(device.score);
  if (const std::string total = gigabytes(device.mem_total); !total.empty()) {
    const std::string free = gigabytes(device.mem_free);
    text += ", " + (free.empty() ? "" : free + " free of ") + total;
  }
  std::string precisions;
  for (const std::string& name : precision_names(device.precisions))
    precisions += (precisions.empty() ? "" : " ") + name;
  return precisions.empty() ? text : text + ", " + precisions;
}

std::string plugin_text(const PluginInfo& plugin) {
  std::string head = plugin.name;
  for (const std::string* part : {&plugin.version, &plugin.id, &plugin.runtime_id})
    if (!part->empty()) head += " " + (part == &plugin.version ? *part : "(" + *part + ")");
  std::string text = head + "\n";
  if (!plugin.library.empty())
    text += "  " + plugin.library.string() + ", found by " + plugin.found_by + "\n";
  if (!plugin.reason.empty()) text += "  cannot be used: " + plugin.reason + "\n";
  for (const Device& device : plugin.devices) text += "  " + device_text(device) + "\n";
  return text;
}

nlohmann::ordered_json device_json(const Device& device) {
  nlohmann::ordered_json json;
  json["name"] = device.name;
  json["arch"] = device.arch;
  json["driver"] = device.driver;
  json["score"] = device.score;
  json["precisions"] = precision_names(device.precisions);
  if (device.mem_total != UINT64_MAX) json["memory_total"] = device.mem_total;
  if (device.mem_free != UINT64_MAX) json["memory_free"] = device.mem_free;
  json["reason"] = device.reason;
  return json;
}

nlohmann::ordered_json plugin_json(const PluginInfo& plugin) {
  nlohmann::ordered_json json;
  json["name"] = plugin.name;
  json["id"] = plugin.id;
  json["version"] = plugin.version;
  json["abi"] = plugin.abi;
  json["runtime"] = plugin.runtime_id;
  json["path"] = plugin.library.string();
  json["found_by"] = plugin.found_by;
  json["usable"] = plugin.reason.empty() && plugin.score > 0;
  json["score"] = plugin.score;
  json["reason"] = plugin.reason;
  json["devices"] = nlohmann::ordered_json::array();
  for (const Device& device : plugin.devices) json["devices"].push_back(device_json(device));
  return json;
}

HardwareFacts read_hardware(PluginRegistry& registry) {
  const CpuBudget budget = cpu_budget();
  return {hardware::read_cpu(),   hardware::read_memory(), registry.nvidia_facts(),
          hardware::read_metal(), budget.threads,          budget.reason};
}

std::string devices_json(const HardwareFacts& hardware, const std::vector<PluginInfo>& plugins) {
  nlohmann::ordered_json json;
  json["format"] = "da3.devices/1";
  json["hardware"] = to_json(hardware);
  json["plugins"] = nlohmann::ordered_json::array();
  for (const PluginInfo& plugin : plugins) json["plugins"].push_back(plugin_json(plugin));
  return json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string devices_text(const HardwareFacts& hardware, const std::vector<PluginInfo>& plugins) {
  std::string text = to_text(hardware) + "\n";
  for (const PluginInfo& plugin : plugins) text += plugin_text(plugin);
  return plugins.empty() ? text + "no plugin was found in " + plugin_folder().string() + "\n" : text;
}

}  // namespace

int devices_command(const Arguments& arguments) {
  Setup setup = make_setup(arguments);
  const std::vector<PluginInfo> plugins = setup.registry.devices();
  const HardwareFacts hardware = read_hardware(setup.registry);
  print(arguments.json ? devices_json(hardware, plugins) : devices_text(hardware, plugins));
  return exit_ok;
}

}  // namespace da3::host
