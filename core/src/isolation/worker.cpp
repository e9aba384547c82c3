// SPDX-License-Identifier: Apache-2.0
#include "isolation/worker.hpp"

#include <da3/log.hpp>
#include <da3/paths.hpp>

#include "isolation/proxy.hpp"
#include "isolation/remote_watch.hpp"

namespace da3::detail::isolation {
namespace fs = std::filesystem;
using std::chrono::milliseconds;

fs::path worker_program() {
  // <prefix>/lib or, with multiarch, <prefix>/lib/<arch>.
  const fs::path lib = library_folder();
  const fs::path below = fs::path("libexec") / "da3" / "da3-worker";
  std::error_code ignored;
  for (const fs::path& prefix : {lib.parent_path(), lib.parent_path().parent_path()})
    if (fs::exists(prefix / below, ignored)) return prefix / below;
  return lib.parent_path() / below;
}

Worker::Worker(const WorkerPlan& plan)
    : plan_(plan),
      folder_(fs::current_path()),
      process_(WorkerProcess::start(plan.program.empty() ? worker_program() : plan.program, plan.backend)) {}

Worker::~Worker() { process_->end(plan_.limits.end); }

std::shared_ptr<Worker> Worker::start(const WorkerPlan& plan) {
  std::shared_ptr<Worker> worker(new Worker(plan));
  worker->load();
  return worker;
}

void Worker::load() {
  Call call(*this, "load",
            {{"protocol", protocol},
             {"version", DA3_CORE_VERSION},
             {"library", plan_.library.string()},
             {"manifest", plan_.manifest.string()},
             {"any_owner", plan_.any_owner}});
  const Json answer = call.wait(nullptr, plan_.limits.start);
  const Json& names = answer.at("facts");
  facts_ = {names.at(0), names.at(1), names.at(2), names.at(3), names.at(4), names.at(5), names.at(6)};
  table_ = proxy_table();
  table_.name = facts_.name.c_str();
  table_.id = facts_.id.c_str();
  table_.version = facts_.version.c_str();
  table_.vendor = facts_.vendor.c_str();
  table_.license = facts_.license.c_str();
  table_.runtime_id = facts_.runtime_id.c_str();
  const Json& has = answer.at("has");
  if (!has.at("submit")) table_.session_submit = nullptr, table_.ticket_wait = nullptr;
  if (!has.at("estimate")) table_.estimate = nullptr;
  if (!has.at("memory")) table_.memory = nullptr;
  if (!has.at("trim")) table_.trim = nullptr;
}

void Worker::send(Json body, std::span<const std::shared_ptr<Segment>> segments) {
  std::vector<int> fds;
  Json fresh = Json::array();
  for (const auto& segment : segments) {
    if (!segment || segment->sent) continue;
    segment->sent = true;
    fds.push_back(segment->fd());
    fresh.push_back({segment->id(), segment->size()});
  }
  if (!fds.empty()) body["segments"] = std::move(fresh);
  if (std::vector<uint64_t> dropped = pool_->take_dropped(); !dropped.empty())
    body["dropped"] = std::move(dropped);
  body["level"] = static_cast<int>(log_level());
  if (process_->channel().send(body, fds)) {
    // Mapped on both sides: a descriptor for each segment would be one too many.
    for (const auto& segment : segments)
      if (segment) segment->close_descriptor();
    return;
  }
  // The end is known a moment later than the connection's.
  for (int i = 0; i < 1000 && !process_->ended(); ++i) std::this_thread::sleep_for(milliseconds(10));
}

Error Worker::death(const std::string& call) const {
  return Error(DA3_E_DEVICE_LOST, call + " failed: " + process_->death() + "; make a new Engine to go on");
}

Call::Call(Worker& worker, const char* op, Json body, std::span<const std::shared_ptr<Segment>> segments)
    : worker_(worker), op_(op), id_(worker.next_call()) {
  body["op"] = op;
  body["id"] = id_;
  worker_.process().add(id_, &replies_);
  try {
    worker_.send(std::move(body), segments);
  } catch (...) {
    worker_.process().remove(id_);
    throw;
  }
}

/// Of what is done before there is an object, the caller says whose it is.
std::string Call::what() const {
  if (op_ == "load") return "its load";
  return "backend " + worker_.backend() + ": " + op_;
}

Call::~Call() { worker_.process().remove(id_); }

void Call::poll_cancel(const da3_watch* watch) {
  if (!cancelled_ && wants_to_stop(watch)) {
    worker_.send({{"op", "cancel"}, {"call", id_}});
    cancelled_ = Clock::now();
  }
  if (!cancelled_ || Clock::now() - *cancelled_ < worker_.limits().cancel) return;
  const std::string seconds = std::to_string(worker_.limits().cancel.count() / 1000.0).substr(0, 3) + " s";
  worker_.process().kill("it did not stop within " + seconds + " of being cancelled");
  throw Error(DA3_E_CANCELLED,
              what() + " was cancelled, and its worker process was ended because it did not stop within " +
                  seconds + "; make a new Engine to go on");
}

Json Call::wait(const da3_watch* watch, milliseconds limit) {
  constexpr milliseconds between_polls{25};
  const Clock::time_point start = Clock::now();
  for (;;) {
    const Clock::time_point now = Clock::now();
    const auto patience = watch ? between_polls : limit.count() ? limit : milliseconds(3600000);
    std::optional<Json> message = worker_.process().next(replies_, now + patience);
    if (message && !pass_report(*message, watch)) {
      if (message->contains("error")) throw error_of(message->at("error"));
      return std::move(message->at("answer"));
    }
    if (!message && worker_.process().ended()) throw worker_.death(what());
    if (limit.count() && Clock::now() - start >= limit) {
      const std::string seconds = std::to_string((limit.count() + 999) / 1000) + " s";
      worker_.process().kill("it did not answer within " + seconds);
      throw Error(DA3_E_TIMEOUT, what() + " failed: its worker process did not answer within " + seconds +
                                     " and was ended; make a new Engine to go on");
    }
    poll_cancel(watch);
  }
}

}  // namespace da3::detail::isolation
