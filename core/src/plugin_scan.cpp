// SPDX-License-Identifier: Apache-2.0
#include "plugin_scan.hpp"

#include <da3/log.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "hardware/child.hpp"
#include "plugin_loader.hpp"
#include "text_file.hpp"

namespace da3 {
namespace {

using json = nlohmann::json;

json device_json(const Device& device) {
  return {{"dl_type", device.dl_type},
          {"dl_id", device.dl_id},
          {"score", device.score},
          {"precisions", device.precisions},
          {"mem_total", device.mem_total},
          {"mem_free", device.mem_free},
          {"uuid", device.uuid},
          {"numa_node", device.numa_node},
          {"flags", device.flags},
          {"name", device.name},
          {"driver", device.driver},
          {"arch", device.arch},
          {"bus", device.bus},
          {"reason", device.reason}};
}

Device device_of(const json& from) {
  Device device;
  from.at("dl_type").get_to(device.dl_type);
  from.at("dl_id").get_to(device.dl_id);
  from.at("score").get_to(device.score);
  from.at("precisions").get_to(device.precisions);
  from.at("mem_total").get_to(device.mem_total);
  from.at("mem_free").get_to(device.mem_free);
  from.at("uuid").get_to(device.uuid);
  from.at("numa_node").get_to(device.numa_node);
  from.at("flags").get_to(device.flags);
  from.at("name").get_to(device.name);
  from.at("driver").get_to(device.driver);
  from.at("arch").get_to(device.arch);
  from.at("bus").get_to(device.bus);
  from.at("reason").get_to(device.reason);
  return device;
}

json option_json(const OptionSpec& option) {
  return {{"key", option.key},
          {"type", option.type},
          {"default", option.default_value},
          {"help", option.help},
          {"run", option.scope == Scope::run},
          {"deprecated", option.deprecated}};
}

OptionSpec option_of(const json& from) {
  OptionSpec option;
  from.at("key").get_to(option.key);
  from.at("type").get_to(option.type);
  from.at("default").get_to(option.default_value);
  from.at("help").get_to(option.help);
  option.scope = from.at("run").get<bool>() ? Scope::run : Scope::optimizer;
  from.at("deprecated").get_to(option.deprecated);
  return option;
}

/// Invalid UTF-8 of a plugin becomes replacement characters.
std::string line_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string text(const char* may_be_null) { return may_be_null ? may_be_null : ""; }

json loaded_json(const detail::LoadedPlugin& plugin) {
  const da3_plugin& table = plugin.table;
  return {{"name", plugin.name},
          {"id", text(table.id)},
          {"version", text(table.version)},
          {"abi", std::to_string(table.abi_major) + "." + std::to_string(table.abi_minor)},
          {"vendor", text(table.vendor)},
          {"license", text(table.license)},
          {"runtime_id", plugin.runtime_id},
          {"devices", json::array()},
          {"options", json::array()}};
}

/// Of libda3_cpu.so: libda3_cpu.plugin.yaml, when there is one.
std::optional<Manifest> manifest_beside(const std::filesystem::path& library) {
  std::filesystem::path file = library;
  file.replace_extension(".plugin.yaml");
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) return std::nullopt;
  return Manifest::from_file(file);
}

void read_result(const json& result, detail::Scan& scan) {
  if (result.contains("reason")) {
    result.at("reason").get_to(scan.reason);
    return;
  }
  PluginInfo& info = scan.info;
  result.at("name").get_to(info.name);
  result.at("id").get_to(info.id);
  result.at("version").get_to(info.version);
  result.at("abi").get_to(info.abi);
  result.at("vendor").get_to(info.vendor);
  result.at("license").get_to(info.license);
  result.at("runtime_id").get_to(info.runtime_id);
  for (const json& device : result.at("devices")) info.devices.push_back(device_of(device));
  for (const json& option : result.at("options")) scan.options.push_back(option_of(option));
}

/// The end of what it printed, quoted: often the very reason.
std::string last_words(const std::string& output) {
  const size_t end = output.find_last_not_of("\n\r\t ");
  if (end == std::string::npos) return "";
  const size_t before = output.find_last_of('\n', end), start = before == std::string::npos ? 0 : before + 1;
  return detail::quote(output.substr(start, end + 1 - start));
}

}  // namespace

void scan_plugin(const std::filesystem::path& library, bool any_owner,
                 const std::function<void(std::string_view)>& say) {
  try {
    say(line_of({{"doing", "while it was loaded"}}));
    detail::TrustRules rules;
    rules.trust = any_owner ? detail::Trust::any : detail::Trust::system;
    const std::optional<Manifest> manifest = manifest_beside(library);
    const detail::LoadedPlugin& plugin = detail::load_plugin(library, manifest ? &*manifest : nullptr, rules);
    json result = loaded_json(plugin);
    say(line_of({{"doing", "in its probe"}}));
    for (const Device& device : detail::probe_devices(plugin))
      result["devices"].push_back(device_json(device));
    say(line_of({{"doing", "when asked for its options"}}));
    for (const OptionSpec& option : detail::read_options(plugin))
      result["options"].push_back(option_json(option));
    say(line_of(result));
  } catch (const Error& error) {
    say(line_of({{"reason", error.message()}}));
  } catch (const std::exception& error) {
    say(line_of({{"reason", std::string("it threw an exception: ") + error.what()}}));
  }
}

namespace detail {

Scan scan_in_child(const std::filesystem::path& helper, const std::filesystem::path& library,
                   const TrustRules& rules, std::chrono::milliseconds limit) {
  const char* ownership = rules.trust == Trust::any ? "any" : "system";
  const hardware::ChildEnd end = hardware::run_child(
      helper, {"plugin", library.string(), std::to_string(limit.count()), ownership}, limit);
  Scan scan;
  if (!end.failure.empty()) {
    scan.reason = "it was not asked: " + helper.string() + " cannot be started (" + end.failure +
                  "); install da3 again";
    return scan;
  }
  const std::string words = last_words(end.output);
  std::string doing = "before it was loaded";
  std::istringstream lines(end.answer);
  try {
    for (std::string line; std::getline(lines, line);) {
      const json said = json::parse(line);
      if (said.contains("doing")) {
        said.at("doing").get_to(doing);
        continue;
      }
      read_result(said, scan);
      if (!words.empty())
        log(LogLevel::info, library.filename().string() + " said while it was asked: " + words);
      return scan;
    }
  } catch (const json::exception&) {  // cut off in the middle of a line, or written by somebody else
    scan = {};
  }
  const std::string trouble = end.trouble(limit);
  scan.reason = "it " + (trouble.empty() ? "ended the process" : trouble) + " " + doing +
                (words.empty() ? "" : ", it said " + words) + "; report it to its author";
  return scan;
}

}  // namespace detail
}  // namespace da3
