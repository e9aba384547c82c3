// SPDX-License-Identifier: Apache-2.0
// What the worker does for each message but runs.
#include <iterator>
#include <utility>

#include "abi_call.hpp"
#include "isolation/service.hpp"

namespace da3::detail::isolation {

Service::Handler Service::handler_of(const std::string& op) {
  static const auto& handlers =
      *new std::map<std::string, Handler, std::less<>>{{"load", &Service::load},
                                                       {"optimizer_create", &Service::optimizer_create},
                                                       {"optimizer_describe", &Service::optimizer_describe},
                                                       {"optimizer_destroy", &Service::optimizer_destroy},
                                                       {"model_load", &Service::model_load},
                                                       {"model_describe", &Service::model_describe},
                                                       {"model_destroy", &Service::model_destroy},
                                                       {"session_create", &Service::session_create},
                                                       {"session_destroy", &Service::session_destroy},
                                                       {"session_run", &Service::session_run},
                                                       {"session_submit", &Service::session_submit},
                                                       {"estimate", &Service::estimate},
                                                       {"memory", &Service::memory},
                                                       {"trim", &Service::trim}};
  const auto found = handlers.find(op);
  if (found == handlers.end())
    throw Error(DA3_E_INTERNAL, "isolation: the host sent an unknown call; please report it");
  return found->second;
}

Json Service::load(const Json& body, Running&) {
  const std::string host = body.at("version");
  if (body.at("protocol") != protocol || host != DA3_CORE_VERSION)
    throw Error(DA3_E_ABI, "the installed da3-worker is of version " DA3_CORE_VERSION
                           ", this program is of version " +
                               host + "; install matching versions");
  const std::filesystem::path manifest_file = body.at("manifest").get<std::string>();
  std::optional<Manifest> manifest;
  if (!manifest_file.empty()) manifest = Manifest::from_file(manifest_file);
  TrustRules rules;
  rules.trust = body.at("any_owner").get<bool>() ? Trust::any : Trust::system;
  plugin_ = &load_plugin(body.at("library").get<std::string>(), manifest ? &*manifest : nullptr, rules);
  const da3_plugin& t = plugin_->table;
  return {{"facts",
           {text_or_empty(t.name), text_or_empty(t.id), text_or_empty(t.version), text_or_empty(t.vendor),
            text_or_empty(t.license), text_or_empty(t.runtime_id),
            std::to_string(t.abi_major) + "." + std::to_string(t.abi_minor)}},
          {"has",
           {{"submit", t.session_submit && t.ticket_wait},
            {"estimate", t.estimate != nullptr},
            {"memory", t.memory != nullptr},
            {"trim", t.trim != nullptr}}}};
}

Json Service::optimizer_create(const Json& body, Running&) {
  const std::vector<Setting> settings = settings_of(body.at("options"));
  const KeyValues values(settings);
  da3_optimizer* made = nullptr;
  CallError error;
  const int32_t status = table().optimizer_create(values.data(), values.size(), body.at("dl_type"),
                                                  body.at("dl_id"), &made, error.get());
  error.check(status, what("optimizer_create"));
  return add(Kind::optimizer, made, "optimizer_create");
}

Json Service::optimizer_describe(const Json& body, Running&) {
  auto* optimizer = static_cast<da3_optimizer*>(find(body, Kind::optimizer));
  return {{"settings",
           to_json(collect_settings(what("optimizer_describe"), [&](auto sink, void* ctx, da3_error* error) {
             return table().optimizer_describe(optimizer, sink, ctx, error);
           }))}};
}

Json Service::optimizer_destroy(const Json& body, Running&) {
  table().optimizer_destroy(static_cast<da3_optimizer*>(remove(body, Kind::optimizer)));
  return Json::object();
}

Json Service::model_load(const Json& body, Running& call) {
  auto* optimizer = static_cast<da3_optimizer*>(find(body, Kind::optimizer));
  const std::string path = body.at("path");
  da3_model* made = nullptr;
  CallError error;
  const int32_t status = table().model_load(optimizer, path.c_str(), call.watch(), &made, error.get());
  error.check(status, what("model_load"));
  return add(Kind::model, made, "model_load");
}

Json Service::model_describe(const Json& body, Running&) {
  auto* model = static_cast<da3_model*>(find(body, Kind::model));
  return {{"settings",
           to_json(collect_settings(what("model_describe"), [&](auto sink, void* ctx, da3_error* error) {
             return table().model_describe(model, sink, ctx, error);
           }))}};
}

Json Service::model_destroy(const Json& body, Running&) {
  table().model_destroy(static_cast<da3_model*>(remove(body, Kind::model)));
  return Json::object();
}

Json Service::session_create(const Json& body, Running&) {
  auto* model = static_cast<da3_model*>(find(body, Kind::model));
  da3_session* made = nullptr;
  CallError error;
  const int32_t status = table().session_create(model, &made, error.get());
  error.check(status, what("session_create"));
  return add(Kind::session, made, "session_create");
}

Json Service::session_destroy(const Json& body, Running&) {
  table().session_destroy(static_cast<da3_session*>(remove(body, Kind::session)));
  return Json::object();
}

Json Service::memory(const Json& body, Running&) {
  auto* optimizer = static_cast<da3_optimizer*>(find(body, Kind::optimizer));
  auto memory = zeroed<da3_memory>();
  memory.limit = UINT64_MAX;  // of plugins that do not know the field
  CallError error;
  const int32_t status = table().memory(optimizer, &memory, error.get());
  error.check(status, what("memory"));
  return {{"memory", to_json(memory)}};
}

Json Service::trim(const Json& body, Running&) {
  auto* optimizer = static_cast<da3_optimizer*>(find(body, Kind::optimizer));
  uint64_t freed = 0;
  CallError error;
  const int32_t status = table().trim(optimizer, body.at("trim_level"), &freed, error.get());
  error.check(status, what("trim"));
  return {{"freed", freed}};
}

}  // namespace da3::detail::isolation
