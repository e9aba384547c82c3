// SPDX-License-Identifier: Apache-2.0
#include <da3/da3.hpp>

#include "engine_state.hpp"
#include "run_tensors.hpp"

namespace da3 {

const std::vector<Setting>& Model::describe() const { return state_->description; }

std::string Model::value(std::string_view key) const { return detail::find_value(state_->description, key); }

bool Model::has_capability(std::string_view name) const {
  return value("capability." + std::string(name)) == "true";
}

std::vector<std::string> Model::outputs() const {
  constexpr std::string_view prefix = "output.";
  std::vector<std::string> names;
  for (const Setting& setting : state_->description)
    if (setting.key.starts_with(prefix)) names.push_back(setting.key.substr(prefix.size()));
  return names;
}

Session Model::create_session() const {
  const detail::OptimizerState& optimizer = *state_->optimizer;
  auto session = std::make_shared<detail::SessionState>();
  session->model = state_;
  detail::CallError error;
  const int32_t status = optimizer.table->session_create(state_->handle, &session->handle, error.get());
  if (status != DA3_OK) session->handle = nullptr;
  error.check(status, optimizer.call("session_create"));
  if (!session->handle)
    throw Error(DA3_E_INTERNAL,
                optimizer.call("session_create") + " gave no session; report it to the plugin's author");
  return Session(std::move(session));
}

Memory Model::estimate(const RunRequest& request) const {
  const detail::OptimizerState& optimizer = *state_->optimizer;
  if (!optimizer.table->estimate)
    throw Error(DA3_E_UNSUPPORTED,
                "backend " + optimizer.chosen.name + " cannot tell the memory of a run beforehand");
  RunRequest shapes = request;
  shapes.output_memory = OutputMemory::plugin;  // names only: allocate nothing
  detail::RunTensors tensors(*state_, shapes);
  auto memory = detail::zeroed<da3_memory>();
  memory.limit = UINT64_MAX;  // of plugins that do not know the field
  detail::CallError error;
  const int32_t status = optimizer.table->estimate(state_->handle, tensors.get(), &memory, error.get());
  error.check(status, optimizer.call("estimate"));
  return detail::to_memory(memory);
}

}  // namespace da3
