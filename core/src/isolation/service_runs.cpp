// SPDX-License-Identifier: Apache-2.0
// Runs in the worker: tensors are places in shared memory; what the plugin allocates is copied there once.
#include <cstring>
#include <deque>

#include "abi_call.hpp"
#include "isolation/service.hpp"

namespace da3::detail::isolation {

constexpr int32_t dl_cpu = 1;
constexpr int32_t kind_input = 2, kind_output = 3;

/// A message as the da3_run that it was.
class ServedRun {
 public:
  ServedRun(const Json& body, std::shared_ptr<Segment> segment, const da3_watch* watch)
      : segment_(std::move(segment)), options_(settings_of(body.at("options"))), values_(options_) {
    for (const Json& tensor : body.at("in")) in_.push_back(&add(tensor, kind_input, in_.size()));
    for (const Json& tensor : body.at("out")) out_.push_back(&add(tensor, kind_output, out_.size()));
    run.in = in_.data(), run.n_in = static_cast<uint32_t>(in_.size());
    run.out = out_.data(), run.n_out = static_cast<uint32_t>(out_.size());
    run.opts = values_.data(), run.n_opts = values_.size();
    run.id = body.at("run");
    run.watch = watch;
    for (const da3_tensor* output : out_) asked_.push_back(output->data == nullptr);
  }
  ServedRun(const ServedRun&) = delete;
  /// What the plugin made is given back, also when it could not be handed over.
  ~ServedRun() {
    for (size_t i = 0; i < out_.size(); ++i)
      if (asked_[i] && succeeded && out_[i]->release) out_[i]->release(out_[i]);
  }

  /// What the plugin made, null for what it did not; nothing where nothing was asked for.
  std::optional<Json> made() const {
    Json list = Json::array();
    bool any = false;
    for (size_t i = 0; i < out_.size(); ++i) {
      any = any || asked_[i];
      const bool is_made = asked_[i] && out_[i]->data;
      list.push_back(is_made ? to_json(tensor_facts(*out_[i], kind_output, static_cast<int64_t>(i)))
                             : Json(nullptr));
    }
    return any ? std::optional<Json>(std::move(list)) : std::nullopt;
  }

  template <class Find>
  void copy_made(const Json& into, Find&& segment_of) {
    if (!into.is_array() || into.size() != out_.size())
      throw Error(DA3_E_NOMEM_HOST, "isolation: there is no shared memory for the outputs; use fewer views");
    for (size_t i = 0; i < out_.size(); ++i) {
      if (into[i].is_null()) continue;
      const TensorFacts facts = tensor_facts(*out_[i], kind_output, static_cast<int64_t>(i));
      const uint64_t bytes = data_bytes(facts, kind_output, static_cast<int64_t>(i));
      const std::shared_ptr<Segment> segment = segment_of(into[i].get<uint64_t>());
      std::memcpy(segment->at(0, bytes), static_cast<const char*>(out_[i]->data) + out_[i]->byte_offset,
                  bytes);
    }
  }

  da3_run run = zeroed<da3_run>();
  bool succeeded = false;

 private:
  da3_tensor& add(const Json& json, int32_t kind, size_t index) {
    da3_tensor& tensor = tensors_.emplace_back(zeroed<da3_tensor>());
    TensorFacts& facts = facts_.emplace_back();
    facts.name = json.at("name");
    if (json.contains("shape")) facts = tensor_facts_of(json);
    tensor.name = facts.name.c_str();
    tensor.dl_type = dl_cpu;
    if (!json.contains("shape")) return tensor;  // the plugin makes it
    tensor.ndim = static_cast<int32_t>(facts.shape.size());
    tensor.code = facts.code, tensor.bits = facts.bits, tensor.lanes = facts.lanes;
    tensor.shape = facts.shape.data();
    if (!json.contains("at")) return tensor;
    if (!segment_) throw Error(DA3_E_INTERNAL, "isolation: a tensor without shared memory; please report it");
    tensor.data = segment_->at(json.at("at"), data_bytes(facts, kind, static_cast<int64_t>(index)));
    return tensor;
  }

  std::shared_ptr<Segment> segment_;
  std::vector<Setting> options_;
  KeyValues values_;
  std::deque<da3_tensor> tensors_;
  std::deque<TensorFacts> facts_;
  std::vector<const da3_tensor*> in_;
  std::vector<da3_tensor*> out_;
  std::vector<bool> asked_;
};

void Service::keep_outputs(ServedRun& run, Running& call) {
  std::optional<Json> made = run.made();
  if (!made) return;
  call.answer({{"made", std::move(*made)}});
  run.copy_made(call.wait_for_memory(), [this](uint64_t id) { return segment(id); });
}

Json Service::session_run(const Json& body, Running& call) {
  auto* session = static_cast<da3_session*>(find(body, Kind::session));
  ServedRun run(body, body.contains("segment") ? segment(body.at("segment")) : nullptr, call.watch());
  CallError error;
  const int32_t status = table().session_run(session, &run.run, error.get());
  error.check(status, what("session_run"));
  run.succeeded = true;
  keep_outputs(run, call);
  return Json::object();
}

Json Service::session_submit(const Json& body, Running& call) {
  auto* session = static_cast<da3_session*>(find(body, Kind::session));
  ServedRun run(body, body.contains("segment") ? segment(body.at("segment")) : nullptr, call.watch());
  da3_ticket* ticket = nullptr;
  {
    CallError error;
    const int32_t status = table().session_submit(session, &run.run, &ticket, error.get());
    error.check(status, what("session_submit"));
  }
  call.answer(Json::object());  // accepted
  CallError error;
  const int32_t status = table().ticket_wait(ticket, UINT64_MAX, error.get());
  error.check(status, what("ticket_wait"));
  run.succeeded = true;
  keep_outputs(run, call);
  return Json::object();
}

Json Service::estimate(const Json& body, Running&) {
  auto* model = static_cast<da3_model*>(find(body, Kind::model));
  const ServedRun run(body, nullptr, nullptr);
  auto memory = zeroed<da3_memory>();
  memory.limit = UINT64_MAX;  // of plugins that do not know the field
  CallError error;
  const int32_t status = table().estimate(model, &run.run, &memory, error.get());
  error.check(status, what("estimate"));
  return {{"memory", to_json(memory)}};
}

}  // namespace da3::detail::isolation
