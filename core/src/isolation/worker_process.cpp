// SPDX-License-Identifier: Apache-2.0
#include "isolation/worker_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <da3/error.hpp>
#include <da3/log.hpp>

namespace da3::detail::isolation {
namespace {

using std::chrono::milliseconds;

bool has_input(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, timeout_ms) > 0 && waiting.revents != 0;
}

}  // namespace

std::shared_ptr<WorkerProcess> WorkerProcess::start(const std::filesystem::path& program,
                                                    const std::string& backend) {
  auto [ours, theirs] = socket_pair();
  auto [out, out_end] = pipe_pair();
  auto [err, err_end] = pipe_pair();
  std::shared_ptr<WorkerProcess> process(new WorkerProcess(backend, std::move(ours)));
  process->out_ = std::move(out);
  process->err_ = std::move(err);
  for (const Fd* pipe : {&process->out_, &process->err_}) ::fcntl(pipe->get(), F_SETFL, O_NONBLOCK);
  Ends ends{std::move(theirs), std::move(out_end), std::move(err_end)};
  process->thread_ = std::thread(
      [process, program, moved = std::move(ends)]() mutable { process->live(program, std::move(moved)); });
  std::unique_lock lock(process->mutex_);
  process->changed_.wait(lock, [&] { return process->started_; });
  if (!process->start_failure_) return process;
  lock.unlock();
  process->thread_.join();
  std::rethrow_exception(process->start_failure_);
}

void WorkerProcess::live(const std::filesystem::path& program, Ends ends) {
  // The host's signals are for its own threads.
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  std::string problem;
  try {
    const pid_t pid = spawn(program.string(), {std::to_string(::getpid())}, ends.socket.get(), ends.out.get(),
                            ends.err.get());
    ends = Ends();
    const std::lock_guard lock(mutex_);
    pid_ = pid;
    started_ = true;
    changed_.notify_all();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    start_failure_ = std::current_exception();
    started_ = ended_ = reaped_ = true;
    changed_.notify_all();
    return;
  }
  try {
    read_messages(watch_end(pid_));
  } catch (const std::exception& error) {
    kill(error.what());
  }
  const std::optional<int> status = reap();
  drain();
  set_ended(how_it_ended(status));
}

void WorkerProcess::read_messages(const Fd& end) {
  for (;;) {
    pollfd waiting[] = {
        {channel_.fd(), POLLIN, 0}, {out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}, {end.get(), POLLIN, 0}};
    if (::poll(waiting, 4, -1) < 0) continue;
    if (waiting[1].revents) read_output(out_, true);
    if (waiting[2].revents) read_output(err_, false);
    if (waiting[0].revents) {
      std::optional<Message> message = channel_.receive();
      if (!message) return;
      handle(std::move(message->body));
    } else if (waiting[3].revents) {
      return;  // a child of its own may still hold the socket
    }
  }
}

void WorkerProcess::handle(Json message) {
  if (message.contains("log"))
    return log(static_cast<LogLevel>(message.at("log").get<int>()), message.at("text").get<std::string>());
  const uint64_t id = message.at("id");
  const std::lock_guard lock(mutex_);
  const auto call = calls_.find(id);
  if (call == calls_.end()) return;  // nobody waits any more
  call->second->messages.push_back(std::move(message));
  call->second->ready.notify_all();
}

/// False at the end.
bool WorkerProcess::read_output(Fd& pipe, bool is_stdout) {
  char text[4096];
  const ssize_t got = ::read(pipe.get(), text, sizeof text);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  LastLines& lines = is_stdout ? out_lines_ : err_lines_;
  const auto each = [&](const std::string& line) {
    // What a library says on stderr would be seen without isolation; stdout is for the host's results.
    log(is_stdout ? LogLevel::info : LogLevel::warn, backend_ + (is_stdout ? " (stdout): " : ": ") + line);
  };
  if (got > 0) return lines.add({text, static_cast<size_t>(got)}, each), true;
  lines.flush(each);
  pipe = Fd();
  return false;
}

/// What it said before it ended. A child of its own may hold the pipes open: then not for ever.
void WorkerProcess::drain() {
  const auto until = Clock::now() + milliseconds(200);
  for (Fd* pipe : {&out_, &err_})
    while (*pipe && has_input(pipe->get(), Clock::now() < until ? 20 : 0) &&
           Clock::now() < until + milliseconds(800))
      if (!read_output(*pipe, pipe == &out_)) break;
  for (const bool is_stdout : {true, false})
    (is_stdout ? out_lines_ : err_lines_).flush([&](const std::string& line) {
      log(is_stdout ? LogLevel::info : LogLevel::warn, backend_ + ": " + line);
    });
}

/// Waits for the process; one that only closed its socket is ended. Gives up on one that cannot die.
std::optional<int> WorkerProcess::reap() {
  const auto start = Clock::now();
  for (bool killed = false;;) {
    {
      const std::lock_guard lock(mutex_);
      siginfo_t facts{};
      const int got = ::waitid(P_PID, static_cast<id_t>(pid_), &facts, WEXITED | WNOHANG | WNOWAIT);
      const bool is_unknown = got != 0 && errno != EINTR;
      if (is_unknown || (got == 0 && facts.si_pid == pid_)) {
        // Whatever it has started goes too; as long as it is not waited for, the group's number is its own.
        if (!is_unknown) ::kill(-pid_, SIGKILL);
        int status = 0;
        reaped_ = true;
        if (::waitpid(pid_, &status, is_unknown ? WNOHANG : 0) == pid_) return status;
        return std::nullopt;
      }
    }
    const auto waited = Clock::now() - start;
    if (waited > milliseconds(10000)) return std::nullopt;
    if (waited > milliseconds(2000) && !std::exchange(killed, true))
      kill("it closed its connection and went on");
    std::this_thread::sleep_for(milliseconds(waited < milliseconds(50) ? 1 : 20));
  }
}

void WorkerProcess::set_ended(const std::string& how) {
  const std::lock_guard lock(mutex_);
  death_ = "its worker process " + (killed_because_.empty() ? how : "was ended: " + killed_because_);
  if (!err_lines_.text().empty()) death_ += "; its last lines: \"" + err_lines_.text() + "\"";
  ended_ = true;
  for (auto& [id, replies] : calls_) replies->ready.notify_all();
  changed_.notify_all();
}

void WorkerProcess::add(uint64_t call, Replies* replies) {
  const std::lock_guard lock(mutex_);
  calls_[call] = replies;
}

void WorkerProcess::remove(uint64_t call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
}

std::optional<Json> WorkerProcess::next(Replies& replies, Clock::time_point until) {
  std::unique_lock lock(mutex_);
  replies.ready.wait_until(lock, until, [&] { return ended_ || !replies.messages.empty(); });
  if (replies.messages.empty()) return std::nullopt;
  Json message = std::move(replies.messages.front());
  replies.messages.pop_front();
  return message;
}

bool WorkerProcess::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::string WorkerProcess::death() const {
  const std::lock_guard lock(mutex_);
  return death_;
}

void WorkerProcess::kill(const std::string& why) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    if (reaped_) return;  // the number may be another process's by now
    if (killed_because_.empty()) killed_because_ = why;
    ::kill(pid_, SIGKILL);
  } catch (...) {
    ::kill(pid_, SIGKILL);
  }
}

void WorkerProcess::end(milliseconds limit) noexcept {
  try {
    channel_.send({{"op", "quit"}});
    std::unique_lock lock(mutex_);
    for (const char* why : {"it did not stop when it was told to", "it does not die"}) {
      if (changed_.wait_for(lock, limit, [&] { return ended_; })) break;
      lock.unlock();
      kill(why);
      lock.lock();
    }
    const bool gone = ended_;
    lock.unlock();
    // The last owner may let go in a function that this very thread calls.
    if (gone && thread_.get_id() != std::this_thread::get_id())
      thread_.join();
    else
      thread_.detach();
  } catch (...) {
    kill("it could not be told to stop");
    if (thread_.joinable()) thread_.detach();
  }
}

}  // namespace da3::detail::isolation
