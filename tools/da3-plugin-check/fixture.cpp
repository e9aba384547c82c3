// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

#include <algorithm>
#include <da3/option_type.hpp>

namespace da3::check {
namespace {

void collect(void* ctx, const da3_kv* kv) {
  if (!DA3_HAS(kv, da3_kv, value)) return;
  static_cast<Values*>(ctx)->emplace_back(kv->key ? kv->key : "", kv->value ? kv->value : "");
}

}  // namespace

Values describe(const da3_plugin& plugin, da3_optimizer* optimizer) {
  Values values;
  expect_ok(call("optimizer_describe",
                 [&](da3_error* e) { return plugin.optimizer_describe(optimizer, collect, &values, e); }));
  return values;
}

Values describe(const da3_plugin& plugin, da3_model* model) {
  Values values;
  expect_ok(call("model_describe",
                 [&](da3_error* e) { return plugin.model_describe(model, collect, &values, e); }));
  return values;
}

const std::string* find(const Values& values, const std::string& key) {
  for (const auto& [name, value] : values)
    if (name == key) return &value;
  return nullptr;
}

Answer create(const da3_plugin& plugin, const DeviceRow& device, const Values& options, da3_optimizer** out) {
  const KeyValues kvs(options);
  *out = poison<da3_optimizer>();
  const Answer answer = call("optimizer_create", [&](da3_error* e) {
    return plugin.optimizer_create(kvs.size() ? kvs.data() : nullptr, kvs.size(), device.dl_type,
                                   device.dl_id, out, e);
  });
  if (!answer.ok() && *out) fail(answer.text() + "; but out is not NULL");
  if (answer.ok() && (!*out || *out == poison<da3_optimizer>()))
    fail("optimizer_create answered DA3_OK and gave no optimizer");
  return answer;
}

Values repeatable(const da3_plugin& plugin) {
  for (const OptionRow& row : options(plugin))
    if (row.key == "deterministic" && row.scope == DA3_SCOPE_OPTIMIZER &&
        option_type::accepts(row.type, "true"))
      return {{"deterministic", "true"}};
  return {};
}

Optimizer::Optimizer(const da3_plugin& plugin, const Values& values) : plugin_(plugin) {
  const Answer answer = create(plugin, usable_device(plugin), values, &optimizer_);
  if (!answer.ok()) throw SetupFailure{22, answer.text()};
}

void Optimizer::destroy() {
  if (optimizer_) call_void("optimizer_destroy", [&] { plugin_.optimizer_destroy(optimizer_); });
  optimizer_ = nullptr;
}

Model::Model(const da3_plugin& plugin, da3_optimizer* optimizer, const std::string& path) : plugin_(plugin) {
  const Answer answer = call("model_load", [&](da3_error* e) {
    return plugin.model_load(optimizer, path.c_str(), nullptr, &model_, e);
  });
  if (!answer.ok()) throw SetupFailure{26, answer.text()};
  if (!model_) throw SetupFailure{26, "model_load answered DA3_OK and gave no model"};
  facts_ = describe(plugin, model_);
  for (const auto& [key, value] : facts_)
    if (key.starts_with("output.")) outputs_.push_back({key.substr(7), value});
}

void Model::destroy() {
  if (model_) call_void("model_destroy", [&] { plugin_.model_destroy(model_); });
  model_ = nullptr;
}

Session::Session(const da3_plugin& plugin, da3_model* model) : plugin_(plugin) {
  const Answer answer =
      call("session_create", [&](da3_error* e) { return plugin.session_create(model, &session_, e); });
  if (!answer.ok()) throw SetupFailure{63, answer.text()};
  if (!session_) throw SetupFailure{63, "session_create answered DA3_OK and gave no session"};
}

void Session::destroy() {
  if (session_) call_void("session_destroy", [&] { plugin_.session_destroy(session_); });
  session_ = nullptr;
}

Bench::Bench(Context& context, Values options, std::function<void(TestHost&)> change_host)
    : host((context)),
      plugin(
          [&]() -> const Context& {
            if (change_host) change_host(host);
            return context;
          }(),
          host) {
  if (options.empty()) options = repeatable(plugin.table());
  optimizer = std::make_unique<Optimizer>(plugin.table(), options);
  model = std::make_unique<Model>(plugin.table(), optimizer->get(), context.model.string());
}

bool Bench::repeats() const {
  const Values told = describe(plugin.table(), optimizer->get());
  const std::string* value = find(told, "effective.deterministic");
  return value && *value == "true";
}

std::vector<OutputSpec> Bench::known_outputs(const Shape& image) const {
  std::vector<OutputSpec> known;
  for (const OutputSpec& output : model->outputs())
    if (!shape_of(output, image).empty()) known.push_back(output);
  return known;
}

void Bench::add_outputs(Run& run, bool host_memory, size_t misalign) const {
  for (const OutputSpec& output : model->outputs()) {
    if (!host_memory)
      run.plugin_output(output);
    else if (!shape_of(output, run.image().shape).empty())
      run.host_output(output, misalign);
  }
}

std::vector<std::vector<float>> Bench::results(da3_session* session, const Shape& image, uint32_t seed,
                                               bool host_memory) {
  Run run(image, seed);
  add_outputs(run, host_memory);
  const Answer answer = run.run(table(), session);
  if (!answer.ok()) throw SetupFailure{63, answer.text()};
  if (const std::string damage = run.damage(); !damage.empty()) throw SetupFailure{35, damage};
  std::vector<std::vector<float>> all;
  for (const auto& box : run.outputs()) all.push_back(box->floats());
  run.release();
  return all;
}

const Shape& small_image() {
  static const Shape shape{1, 2, 28, 42, 3};
  return shape;
}

std::string difference(const std::vector<OutputSpec>& names, const std::vector<std::vector<float>>& a,
                       const std::vector<std::vector<float>>& b) {
  if (a.size() != b.size())
    return "one has " + std::to_string(a.size()) + " outputs, the other " + std::to_string(b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    const std::string name = i < names.size() ? names[i].name : "output " + std::to_string(i);
    if (a[i].size() != b[i].size())
      return name + " has " + std::to_string(a[i].size()) + " and " + std::to_string(b[i].size()) +
             " elements";
    for (size_t k = 0; k < a[i].size(); ++k)
      if (std::memcmp(&a[i][k], &b[i][k], sizeof(float)) != 0)
        return name + " differs at element " + std::to_string(k) + ": " + std::to_string(a[i][k]) + " and " +
               std::to_string(b[i][k]);
  }
  return "";
}

}  // namespace da3::check
