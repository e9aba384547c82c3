// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <da3/da3.hpp>
#include <da3/option_type.hpp>

#include "engine_state.hpp"
#include "isolation/plugin_facts.hpp"
#include "isolation/worker.hpp"
#include "text_file.hpp"

namespace da3 {
namespace {

using detail::OptimizerState;

/// What the profile says about a backend's options of one scope, under the schema's keys.
std::vector<Setting> options_given(const OptimizerState& state, Scope scope) {
  std::vector<Setting> given;
  for (const OptionSpec& spec : state.schema.backend_options(state.chosen.name)) {
    if (spec.scope != scope) continue;
    const Setting* set = state.schema.backend_value(state.profile, state.chosen.name, spec.key);
    if (!set) continue;
    // With auto, the check of the profile could not know whose type counts.
    if (!option_type::accepts(spec.type, set->value))
      throw Error(DA3_E_BAD_VALUE,
                  set->origin + ": " + set->key + ": " + detail::quote(set->value) + " is not " +
                      option_type::in_words(spec.type) + " (backend " + state.chosen.name + "); change it",
                  1);
    given.push_back(*set);
    given.back().key = spec.key;
  }
  return given;
}

/// Puts the place of the setting in front of the plugin's sentence, where it is not there.
[[noreturn]] void rethrow_with_origin(const Error& error, const std::vector<Setting>& given) {
  if (error.kind() != 1 || error.index() < 0 || static_cast<size_t>(error.index()) >= given.size())
    throw error;
  const std::string& origin = given[static_cast<size_t>(error.index())].origin;
  if (origin.empty() || error.message().find(origin) != std::string::npos) throw error;
  throw Error(error.code(), origin + ": " + error.message(), error.kind(), error.index(), error.native());
}

void open_plugin(PluginRegistry& registry, OptimizerState& state) {
  if (!detail::isolation::is_asked_for(state.profile)) {
    state.table = registry.table(state.chosen.name);
    return;
  }
  for (const PluginInfo& plugin : registry.plugins())
    if (plugin.name == state.chosen.name && !plugin.devices.empty())
      state.worker = detail::isolation::start_worker(plugin, detail::trust_rules(state.profile));
  if (!state.worker)
    throw Error(DA3_E_UNAVAILABLE, "backend " + state.chosen.name + " cannot be used: it is gone");
  state.table = state.worker->table();
}

void create_optimizer(OptimizerState& state) {
  const std::vector<Setting> given = options_given(state, Scope::optimizer);
  state.run_options = options_given(state, Scope::run);
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
    rethrow_with_origin(failure, given);
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

/// Whether another backend may be tried: the machine is at fault, not the profile.
bool is_device_trouble(int32_t code) {
  return code == DA3_E_UNAVAILABLE || code == DA3_E_ABI || code == DA3_E_DEVICE_LOST ||
         code == DA3_E_NOMEM_DEVICE || code == DA3_E_NOMEM_HOST || code == DA3_E_TIMEOUT ||
         code == DA3_E_BUSY || code == DA3_E_INTERNAL;
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
    state->profile = profile;
    state->schema = registry.schema();
    state->chosen = choice.candidates[i];
    try {
      open_plugin(registry, *state);
      create_optimizer(*state);
      describe_optimizer(*state);  // a backend that cannot say what it does is not used
    } catch (const Error& error) {
      if (!is_device_trouble(error.code()) || i + 1 == choice.candidates.size()) throw;
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

std::vector<PlanEntry> Engine::plan() const {
  std::vector<PlanEntry> plan;
  for (const OptionSpec& spec : state_->schema.host_side()) {
    const Setting setting = state_->schema.value(state_->profile, spec.key);
    plan.push_back({spec.key, setting.value, setting.origin, "", spec.owner});
  }
  const std::vector<Setting> description = describe();
  for (const Setting& setting : description) {
    if (setting.key.ends_with(".reason")) continue;
    const bool is_core = setting.key == "effective.backend" || setting.key == "effective.isolation";
    std::string origin = setting.origin.empty() ? "effective" : setting.origin;
    // A plugin need not tell where a value came from: the profile knows.
    if (setting.origin.empty())
      if (const Setting* said =
              state_->schema.backend_value(state_->profile, state_->chosen.name, setting.key))
        origin = said->origin;
    plan.push_back({setting.key, setting.value, std::move(origin),
                    detail::find_value(description, setting.key + ".reason"),
                    is_core ? "core" : state_->chosen.name});
  }
  for (const OptionSpec& spec : state_->schema.backend_options(state_->chosen.name)) {
    if (spec.scope != Scope::run) continue;
    const auto set = std::find_if(state_->run_options.begin(), state_->run_options.end(),
                                  [&](const Setting& s) { return s.key == spec.key; });
    const bool is_set = set != state_->run_options.end();
    plan.push_back({spec.key, is_set ? set->value : spec.default_value, is_set ? set->origin : "default", "",
                    state_->chosen.name});
  }
  return plan;
}

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
