// SPDX-License-Identifier: Apache-2.0
#include "isolation/service.hpp"

#include <da3/log.hpp>
#include <da3/worker_main.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "abi_call.hpp"

namespace da3::detail::isolation {

void Running::give(Json into) {
  const std::lock_guard lock(mutex_);
  given_ = std::move(into);
  changed_.notify_all();
}

Json Running::wait_for_memory() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return given_.has_value(); });
  return std::move(*given_);
}

int Service::serve() {
  set_log_sink([this](LogLevel level, std::string_view line) {
    channel_.send({{"log", static_cast<int>(level)}, {"text", std::string(line)}});
  });
  while (std::optional<Message> message = channel_.receive())
    if (!handle(std::move(*message))) {
      if (plugin_ && plugin_->table.shutdown) plugin_->table.shutdown();
      std::fflush(nullptr);
      return 0;
    }
  return 1;  // the host is gone
}

bool Service::handle(Message message) {
  take_segments(message);
  Json& body = message.body;
  const std::string op = body.at("op");
  if (body.contains("level")) set_log_level(static_cast<LogLevel>(body.at("level").get<int>()));
  if (op == "quit") return false;
  if (op == "cancel" || op == "give") {
    const std::lock_guard lock(mutex_);
    const auto call = calls_.find(body.at("call").get<uint64_t>());
    if (call == calls_.end()) return true;  // it is over
    if (op == "cancel")
      call->second->cancel();
    else
      call->second->give(body.at("into"));
    return true;
  }
  const uint64_t id = body.at("id");
  auto call = std::make_shared<Running>(id, body.value("watch", Json::object()), channel_);
  {
    const std::lock_guard lock(mutex_);
    calls_[id] = call;
  }
  threads_.run([this, call, handler = handler_of(op), moved = std::move(body)]() mutable {
    perform(handler, std::move(moved), call);
  });
  return true;
}

void Service::take_segments(Message& message) {
  const std::lock_guard lock(mutex_);
  if (message.body.contains("segments")) {
    const Json& fresh = message.body.at("segments");
    for (size_t i = 0; i < fresh.size(); ++i) {
      const uint64_t id = fresh.at(i).at(0);
      auto mapped = std::make_shared<Segment>(id, std::move(message.fds.at(i)), fresh.at(i).at(1));
      mapped->close_descriptor();
      segments_[id] = std::move(mapped);
    }
  }
  if (message.body.contains("dropped"))
    for (const Json& id : message.body.at("dropped")) segments_.erase(id.get<uint64_t>());
}

void Service::perform(Handler handler, Json body, const std::shared_ptr<Running>& call) {
  Json answer;
  try {
    answer["answer"] = (this->*handler)(body, *call);
  } catch (const Error& error) {
    answer["error"] = to_json(error);
  } catch (const std::bad_alloc&) {
    answer["error"] =
        to_json(Error(DA3_E_NOMEM_HOST,
                      "out of host memory: an allocation failed in the worker process; use fewer "
                      "views, a smaller process_res or more memory"));
  } catch (const std::exception& error) {
    answer["error"] = to_json(Error(DA3_E_INTERNAL, error.what()));
  }
  answer["id"] = call->id();
  {
    const std::lock_guard lock(mutex_);
    calls_.erase(call->id());
  }
  if (!channel_.send(answer)) ::_exit(1);  // nobody can hear us any more
}

const da3_plugin& Service::table() const {
  if (!plugin_) throw Error(DA3_E_INVALID, "isolation: no plugin is loaded; please report it");
  return plugin_->table;
}

Json Service::add(Kind kind, void* pointer, const char* function) {
  if (!pointer)
    throw Error(DA3_E_INTERNAL,
                what(function) + " succeeded and gave nothing; report it to the plugin's author");
  const std::lock_guard lock(mutex_);
  objects_[next_object_] = {kind, pointer};
  return {{"object", next_object_++}};
}

void* Service::find(const Json& body, Kind kind) {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(body.at("object").get<uint64_t>());
  if (found == objects_.end() || found->second.kind != kind)
    throw Error(DA3_E_INVALID, "isolation: there is no such object; please report it");
  return found->second.pointer;
}

void* Service::remove(const Json& body, Kind kind) {
  void* pointer = find(body, kind);
  const std::lock_guard lock(mutex_);
  objects_.erase(body.at("object").get<uint64_t>());
  return pointer;
}

std::shared_ptr<Segment> Service::segment(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = segments_.find(id);
  if (found == segments_.end())
    throw Error(DA3_E_INTERNAL,
                "isolation: shared memory " + std::to_string(id) + " is not known; please report it");
  return found->second;
}

}  // namespace da3::detail::isolation

namespace da3 {

int worker_main(int argc, char** argv) {
  using namespace detail::isolation;
  const std::string_view parent = argc == 2 ? argv[1] : "";
  if (parent.empty() || parent.find_first_not_of("0123456789") != std::string_view::npos ||
      !is_socket(worker_socket)) {
    std::fputs("da3-worker: started by da3 itself for isolation: process; it does nothing else\n", stderr);
    return 2;
  }
  end_with(static_cast<pid_t>(std::atol(argv[1])));
  std::signal(SIGINT, SIG_IGN);  // the host decides
  std::signal(SIGPIPE, SIG_IGN);
  close_in_children(worker_socket);
  // stdout is a pipe: whole lines shall come out at once, as on a terminal.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  static auto& service = *new Service(Fd(worker_socket));  // its threads go on to the very end
  int status = 1;
  try {
    status = service.serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "da3-worker: %s\n", error.what());
  }
  // No destructors of libraries: what they guard is gone with the process, and some of them crash.
  ::_exit(status);
}

}  // namespace da3
