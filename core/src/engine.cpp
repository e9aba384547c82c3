// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <da3/da3.hpp>

#include "engine_state.hpp"
#include "isolation/plugin_facts.hpp"
#include "isolation/worker.hpp"
#include "text_file.hpp"

namespace da3 {
namespace {

using detail::OptimizerState;

void open_plugin(PluginRegistry& registry, OptimizerState& state) {
  if (!detail::isolation::is_asked_for(state.settings.profile)) {
    state.table = registry.table(state.chosen.name);
    return;
  }
  for (const PluginInfo& plugin : registry.plugins())
    if (plugin.name == state.chosen.name && !plugin.devices.empty())
      state.worker = detail::isolation::start_worker(plugin, detail::trust_rules(state.settings.profile));
  if (!state.worker)
    throw Error(DA3_E_UNAVAILABLE, "backend " + state.chosen.name + " cannot be used: it is gone");
  state.table = state.worker->table();
}

void create_optimizer(OptimizerState& state) {
  const std::vector<Setting> given = state.settings.given(Scope::optimizer);
  state.run_options = state.settings.given(Scope::run);
  const detail::KeyValues options(given);
  detail::CallError error;
  da3_optimizer* handle = nullptr;
  const Device& device = state.chosen.device;
  const int32_t status = state.worker
                             ? state.worker->optimizer_create(options.data(), options.size(), device.dl_type,
                                                              device.dl_id, &handle, error.get())
                             : state.table->optimizer_create(options.data(), options.size(), device.dl_type,
                                                             device.dl_id, &handle, error.get());
  try {
    error.check(status, state.call("optimizer_create"));
  } catch (const Error& failure) {
    detail::rethrow_with_origin(failure, given);
  }
  if (!handle)
    throw Error(DA3_E_INTERNAL,
                state.call("optimizer_create") + " gave no optimizer; report it to the plugin's author");
  state.handle = handle;
}

/// Asked each time: what a model's load settles (threads that were taken before, kernels) is seen after it.
std::vector<Setting> describe_optimizer(const OptimizerState& state) {
  std::vector<Setting> description{{"effective.backend", state.chosen.name, ""},
                                   {"effective.backend.reason", state.chosen.reason, ""},
                                   {"effective.isolation", state.worker ? "process" : "none", ""}};
  if (state.worker)
    description.push_back(
        {"effective.isolation.reason", "asked for; process " + std::to_string(state.worker->pid()), ""});
  auto own =
      detail::collect_settings(state.call("optimizer_describe"), [&](auto sink, void* ctx, da3_error* error) {
        return state.table->optimizer_describe(state.handle, sink, ctx, error);
      });
  for (Setting& setting : own)
    if (!setting.key.starts_with("effective.backend") && !setting.key.starts_with("effective.isolation"))
      description.push_back(std::move(setting));
  return description;
}

void warn_about_passed_over(const Choice& choice, const Profile& profile) {
  const Setting* backend = profile.find("backend");
  const bool is_list = backend && backend->value != "auto" && choice.may_fall_back;
  for (const Choice::Loser& loser : choice.losers) {
    const bool passed_over =
        is_list && loser.reason != "not asked for" && !loser.reason.starts_with("later in the list");
    log(passed_over ? LogLevel::warn : LogLevel::info,
        "backend " + loser.name + (passed_over ? " cannot be used: " : " is not used: ") + loser.reason +
            (passed_over ? "; falling back to " + choice.candidates.front().name : ""));
  }
}

}  // namespace

Engine::Engine(PluginRegistry& registry, const Profile& profile) {
  registry.schema().check(profile);
  if (profile.find("log.level")) set_log_level(profile.get("log.level"));
  Choice choice = registry.choose(profile);
  warn_about_passed_over(choice, profile);
  const auto plugins = registry.plugins();
  for (size_t i = 0; i < choice.candidates.size(); ++i) {
    auto state = std::make_shared<OptimizerState>();
    state->chosen = choice.candidates[i];
    state->settings = {registry.schema(), profile, state->chosen.name};
    try {
      open_plugin(registry, *state);
      create_optimizer(*state);
      describe_optimizer(*state);  // a backend that cannot say what it does is not used
    } catch (const Error& error) {
      if (!detail::is_device_trouble(error.code()) || i + 1 == choice.candidates.size()) throw;
      log(LogLevel::warn, "backend " + state->chosen.name + " cannot be used: " + error.message() +
                              "; falling back to " + choice.candidates[i + 1].name);
      choice.losers.push_back({state->chosen.name, error.message()});
      continue;
    }
    for (const PluginInfo& plugin : plugins)
      if (plugin.name == state->chosen.name && !plugin.devices.empty()) state->plugin = plugin;
    // The worker loaded it a moment ago; here nobody holds the file that was loaded.
    if (state->worker) state->plugin.file = PinnedFile(state->plugin.library);
    // A backend that was "next" and is now chosen has not lost.
    std::erase_if(choice.losers,
                  [&](const Choice::Loser& loser) { return loser.name == state->chosen.name; });
    state->choice = std::move(choice);
    state_ = std::move(state);
    return;
  }
}

const std::string& Engine::backend() const { return state_->chosen.name; }
const PluginInfo& Engine::plugin() const { return state_->plugin; }
const Device& Engine::device() const { return state_->chosen.device; }
const Choice& Engine::choice() const { return state_->choice; }
std::vector<Setting> Engine::describe() const { return describe_optimizer(*state_); }
std::string Engine::value(std::string_view key) const { return detail::find_value(describe(), key); }

std::vector<PlanEntry> Engine::plan() const { return state_->settings.plan(describe(), state_->run_options); }

Model Engine::load_model(const std::filesystem::path& path, const Watch& watch) const {
  auto model = std::make_shared<detail::ModelState>();
  model->optimizer = state_;
  detail::WatchBridge bridge(watch);
  detail::CallError error;
  da3_model* handle = nullptr;
  const int32_t status =
      state_->table->model_load(state_->handle, path.c_str(), bridge.get(), &handle, error.get());
  if (status == DA3_OK) model->handle = handle;  // owned before anything can throw
  bridge.rethrow();
  error.check(status, state_->call("model_load"));
  if (!handle)
    throw Error(DA3_E_INTERNAL,
                state_->call("model_load") + " gave no model; report it to the plugin's author");
  model->description =
      detail::collect_settings(state_->call("model_describe"), [&](auto sink, void* ctx, da3_error* out) {
        return state_->table->model_describe(model->handle, sink, ctx, out);
      });
  return Model(std::move(model));
}

Memory Engine::memory() const {
  if (!state_->table->memory)
    throw Error(DA3_E_UNSUPPORTED, "backend " + backend() + " does not tell its memory; use another backend");
  auto memory = detail::zeroed<da3_memory>();
  memory.limit = UINT64_MAX;  // of plugins that do not know the field
  detail::CallError error;
  const int32_t status = state_->table->memory(state_->handle, &memory, error.get());
  error.check(status, state_->call("memory"));
  return detail::to_memory(memory);
}

uint64_t Engine::trim(uint32_t level) const {
  if (!state_->table->trim) return 0;
  uint64_t freed = 0;
  detail::CallError error;
  const int32_t status = state_->table->trim(state_->handle, level, &freed, error.get());
  error.check(status, state_->call("trim"));
  return freed;
}

}  // namespace da3
