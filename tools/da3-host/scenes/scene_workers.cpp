// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_workers.hpp"

#include <algorithm>
#include <da3/option_type.hpp>

#include "exit_code.hpp"
#include "signals.hpp"

namespace da3::host {
namespace {

SceneWorker make_worker(Engine engine, const std::filesystem::path& folder) {
  Watch watch;
  watch.should_cancel = [] { return signals::caught() != 0; };
  Model model = in_phase(Phase::model, [&] { return engine.load_model(folder, watch); });
  Session session = in_phase(Phase::model, [&] { return model.create_session(); });
  return {std::move(engine), std::move(model), std::move(session)};
}

}  // namespace

WantedDevices wanted_devices(const Setup& setup) {
  const Setting said = setup.registry.schema().value(setup.profile, "devices");
  WantedDevices wanted;
  if (said.value == "one") return wanted;
  std::vector<std::string> single{"device"};
  for (const std::string& backend : setup.registry.schema().backends()) single.push_back(backend + ".device");
  for (const std::string& key : single)
    if (const Setting* one = setup.profile.find(key); one && one->value != "auto")
      throw Error(DA3_E_BAD_VALUE, one->origin + ": " + key + ", and " + said.origin +
                                       ": devices say the same thing in two ways; give one of them");
  wanted.all = said.value == "all";
  if (wanted.all) return wanted;
  for (const std::string& text : option_type::parse_list(said.value))
    wanted.indexes.push_back(static_cast<int32_t>(option_type::parse_int(text).value_or(0)));
  if (wanted.indexes.empty())
    throw Error(DA3_E_BAD_VALUE, said.origin + ": devices: the list is empty; write one, all or indexes");
  return wanted;
}

Profile worker_profile(const Setup& setup, const WantedDevices& wanted, std::optional<int32_t> index,
                       const std::string& backend) {
  Profile profile = setup.profile;
  if (!backend.empty()) profile.set(Layer::command_line, "backend", backend, "devices");
  if (!index) return profile;
  profile.set(Layer::command_line, "device", std::to_string(*index), "devices");
  const auto sharing = std::count(wanted.indexes.begin(), wanted.indexes.end(), *index);
  if (sharing < 2) return profile;
  // Each would take every CPU, and they would wait for each other.
  const Schema& schema = setup.registry.schema();
  for (const std::string& name : schema.backends())
    if (schema.backend_value(profile, name, "threads")) return profile;
  const auto share = std::max<uint32_t>(1, cpu_budget().threads / static_cast<uint32_t>(sharing));
  profile.set(Layer::command_line, "threads", std::to_string(share), "devices");
  return profile;
}

std::vector<int32_t> further_devices(const WantedDevices& wanted, const PluginInfo& plugin,
                                     const Device& chosen, size_t most) {
  std::vector<int32_t> indexes;
  if (!wanted.indexes.empty()) indexes.assign(wanted.indexes.begin() + 1, wanted.indexes.end());
  if (wanted.all)
    for (const Device& device : plugin.devices)
      if (device.score > 0 && device.dl_type == chosen.dl_type && device.dl_id != chosen.dl_id)
        indexes.push_back(device.dl_id);
  indexes.resize(std::min(indexes.size(), most));
  return indexes;
}

void add_workers(std::vector<SceneWorker>& workers, const std::vector<int32_t>& devices, bool passed_over,
                 const std::filesystem::path& model, const std::function<Engine(int32_t device)>& open) {
  const std::string backend = workers.front().engine.backend();
  for (const int32_t device : devices) try {
      workers.push_back(make_worker(open(device), model));
    } catch (const PhaseError& error) {
      if (!passed_over || error.code() == DA3_E_CANCELLED) throw;
      log(LogLevel::warn,
          "device " + std::to_string(device) + " of backend " + backend + " is not used: " + error.message());
    }
}

std::vector<SceneContext> worker_contexts(std::vector<SceneWorker>& workers, const SceneContext& shared) {
  std::vector<SceneContext> list;
  for (SceneWorker& worker : workers) {
    SceneContext context = shared;
    context.model = &worker.model;
    context.session = &worker.session;
    context.worker = list.size();
    context.device =
        "device " + std::to_string(worker.engine.device().dl_id) + " (" + worker.engine.device().name + ")";
    list.push_back(std::move(context));
  }
  return list;
}

}  // namespace da3::host
