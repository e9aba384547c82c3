// SPDX-License-Identifier: Apache-2.0
// A run whose tensors are in shared memory. Inputs are copied in; outputs of the host's are copied out;
// outputs of the plugin's stay there until their release.
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "abi_call.hpp"
#include "isolation/proxy.hpp"

namespace da3::detail::isolation {
namespace {

constexpr int32_t kind_input = 2, kind_output = 3;

/// What an output that was made in the worker owns: it outlives the worker.
struct OwnedOutput {
  std::shared_ptr<Segment> segment;
  std::vector<int64_t> shape;
};

void DA3_CALL release_output(da3_tensor* tensor) {
  delete static_cast<OwnedOutput*>(tensor->owner);
  tensor->owner = nullptr;
}

/// A run in the form of a message, and its outputs back.
class RemoteRun {
 public:
  /// with_data: false for an estimate.
  RemoteRun(Worker& worker, const da3_run& run, bool with_data) : worker_(worker), run_(run) {
    body_["in"] = Json::array();
    body_["out"] = Json::array();
    for (uint32_t i = 0; i < run.n_in; ++i) place(*run.in[i], kind_input, i, "in", with_data);
    for (uint32_t i = 0; i < run.n_out; ++i) place(*run.out[i], kind_output, i, "out", with_data);
    body_["options"] = key_values_json(run.opts, run.n_opts);
    body_["run"] = run.id;
    if (!with_data || end_ == 0) return;
    segment_ = worker.pool().take(end_);
    body_["segment"] = segment_->id();
    for (const Place& place : places_)
      if (place.kind == kind_input)
        std::memcpy(segment_->at(place.offset, place.bytes), data_of(*run.in[place.index]), place.bytes);
  }

  Json take_body(uint64_t object) {
    body_["object"] = object;
    body_["watch"] = watch_wishes(run_.watch);
    return std::move(body_);
  }
  std::span<const std::shared_ptr<Segment>> segments() const { return {&segment_, 1}; }

  /// Waits for the outputs. Throws what the plugin or the worker's end says; then no output was touched.
  void finish(Call& call) {
    Json answer = call.wait(run_.watch);
    if (answer.contains("made")) {
      give_memory(answer.at("made"), call);
      call.wait(run_.watch);
    }
    for (const Place& place : places_)
      if (place.kind == kind_output)
        std::memcpy(data_of(*run_.out[place.index]), segment_->at(place.offset, place.bytes), place.bytes);
    hand_over();
  }

 private:
  struct Place {
    int32_t kind;
    uint32_t index;
    uint64_t offset, bytes;
  };

  static void* data_of(const da3_tensor& tensor) {
    return static_cast<char*>(tensor.data) + tensor.byte_offset;
  }

  void place(const da3_tensor& tensor, int32_t kind, uint32_t index, const char* list, bool with_data) {
    // Of an output that the plugin makes only the name is set.
    if (kind == kind_output && !tensor.data) {
      body_[list].push_back({{"name", text_or_empty(tensor.name)}});
      return;
    }
    const TensorFacts facts = tensor_facts(tensor, kind, index);
    const uint64_t bytes = data_bytes(facts, kind, index);
    Json json = to_json(facts);
    if (with_data && tensor.data) {
      end_ = aligned(end_);
      if (bytes > (uint64_t{1} << 62) - end_)
        throw Error(DA3_E_SHAPE, "isolation: the tensors are larger than memory can be; correct their shapes",
                    kind, index);
      json["at"] = end_;
      places_.push_back({kind, index, end_, bytes});
      end_ += std::max<uint64_t>(bytes, 1);
    }
    body_[list].push_back(std::move(json));
  }

  /// The worker says what the plugin made, and waits for shared memory for it.
  void give_memory(const Json& made, const Call& call) {
    Json places = Json::array();
    try {
      take_memory(made);
      for (const auto& segment : given_) places.push_back(segment ? Json(segment->id()) : Json(nullptr));
    } catch (...) {
      worker_.send({{"op", "give"}, {"call", call.id()}, {"into", nullptr}});  // it need not wait any longer
      throw;
    }
    worker_.send({{"op", "give"}, {"call", call.id()}, {"into", std::move(places)}}, given_);
  }

  void take_memory(const Json& made) {
    if (made.size() != run_.n_out)
      throw Error(DA3_E_INTERNAL, "isolation: the worker made other outputs; please report it");
    for (uint32_t i = 0; i < run_.n_out; ++i) {
      made_.emplace_back();
      given_.emplace_back();
      if (run_.out[i]->data || made.at(i).is_null()) continue;
      made_.back() = tensor_facts_of(made.at(i));
      given_.back() = worker_.pool().take(std::max<uint64_t>(data_bytes(made_.back(), kind_output, i), 1));
    }
  }

  void hand_over() {
    std::vector<std::unique_ptr<OwnedOutput>> owned;  // all of them before the first is the caller's
    for (size_t i = 0; i < given_.size(); ++i)
      owned.push_back(given_[i] ? std::make_unique<OwnedOutput>(OwnedOutput{given_[i], made_[i].shape})
                                : nullptr);
    for (size_t i = 0; i < owned.size(); ++i) {
      if (!owned[i]) continue;
      da3_tensor& out = *run_.out[i];
      out.data = owned[i]->segment->at(0, 1);
      out.ndim = static_cast<int32_t>(owned[i]->shape.size());
      out.code = made_[i].code, out.bits = made_[i].bits, out.lanes = made_[i].lanes;
      out.shape = owned[i]->shape.data();
      out.strides = nullptr;
      out.byte_offset = 0;
      out.owner = owned[i].release();
      out.release = release_output;
    }
  }

  Worker& worker_;
  const da3_run& run_;
  Json body_;
  uint64_t end_ = 0;
  std::vector<Place> places_;
  std::shared_ptr<Segment> segment_;
  std::vector<TensorFacts> made_;
  std::vector<std::shared_ptr<Segment>> given_;
};

/// A submitted run: a thread waits for it, so that its watch is looked at and its outputs are fetched.
class Ticket {
 public:
  Ticket(Worker& worker, uint64_t session, const da3_run& run)
      : run_(worker, run, true), call_(worker, "session_submit", run_.take_body(session), run_.segments()) {
    call_.wait(run.watch);  // accepted
    thread_ = std::thread([this] {
      char text[2048] = "";
      auto error = zeroed<da3_error>();
      error.msg = text, error.msg_cap = sizeof text, error.index = -1;
      const int32_t status = remote_guard(&error, [&] { run_.finish(call_); });
      const std::lock_guard lock(mutex_);
      if (status != DA3_OK) failure_.emplace(status, text, error.kind, error.index, error.native);
      done_ = true;
      changed_.notify_all();
    });
  }
  ~Ticket() { thread_.join(); }

  /// False when it is not done in time.
  bool wait(uint64_t milliseconds) {
    std::unique_lock lock(mutex_);
    const auto is_done = [&] { return done_; };
    constexpr uint64_t longest = uint64_t{1} << 40;  // beyond it a sum with the clock overflows
    if (milliseconds >= longest) return changed_.wait(lock, is_done), true;
    return changed_.wait_for(lock, std::chrono::milliseconds(milliseconds), is_done);
  }
  void check() const {
    if (failure_) throw *failure_;
  }

 private:
  RemoteRun run_;
  Call call_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Error> failure_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace

int32_t DA3_CALL proxy_session_run(da3_session* session, da3_run* run, da3_error* error) {
  return remote_guard(error, [&] {
    Remote& object = remote(session);
    RemoteRun remote_run(*object.worker, *run, true);
    Call call(*object.worker, "session_run", remote_run.take_body(object.id), remote_run.segments());
    remote_run.finish(call);
  });
}

int32_t DA3_CALL proxy_session_submit(da3_session* session, da3_run* run, da3_ticket** out,
                                      da3_error* error) {
  *out = nullptr;
  return remote_guard(error, [&] {
    Remote& object = remote(session);
    *out = reinterpret_cast<da3_ticket*>(new Ticket(*object.worker, object.id, *run));
  });
}

int32_t DA3_CALL proxy_ticket_wait(da3_ticket* ticket, uint64_t timeout_ms, da3_error* error) {
  return remote_guard(error, [&] {
    auto* mine = reinterpret_cast<Ticket*>(ticket);
    if (!mine) throw Error(DA3_E_INVALID, "isolation: the ticket is NULL; pass one");
    if (!mine->wait(timeout_ms))
      throw Error(DA3_E_TIMEOUT,
                  "the run is not done after " + std::to_string(timeout_ms) + " ms; wait again");
    const std::unique_ptr<Ticket> owned(mine);
    owned->check();
  });
}

int32_t DA3_CALL proxy_estimate(da3_model* model, const da3_run* run, da3_memory* out, da3_error* error) {
  return remote_guard(error, [&] {
    Remote& object = remote(model);
    RemoteRun remote_run(*object.worker, *run, false);
    const Json answer = Call(*object.worker, "estimate", remote_run.take_body(object.id)).wait();
    fill_struct(out, memory_of(answer.at("memory")));
  });
}

}  // namespace da3::detail::isolation
