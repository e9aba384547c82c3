// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace da3::host::signals {
namespace {

std::atomic<int> first{0}, count{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler needs it");

constexpr char plain[] = "\nda3-host: stopping after the current item; once more stops it now\n";
constexpr char json[] =
    "{\"event\":\"log\",\"level\":\"warn\",\"message\":\"stopping after the current item; once more stops it "
    "now\"}\n";
std::atomic<Announcement> announcement{Announcement::plain};
static_assert(std::atomic<Announcement>::is_always_lock_free, "a signal handler needs it");

void tell() {
  const Announcement how = announcement.load();
  if (how == Announcement::none) return;
  const char* text = how == Announcement::json ? json : plain;
  const size_t size = how == Announcement::json ? sizeof json - 1 : sizeof plain - 1;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, size);
}

// Everything called from here is async-signal-safe.
void handle(int number) {
  const int error = errno;
  if (number == SIGALRM) _exit(128 + first.load());
  const int before = count.fetch_add(1);
  if (before == 0) {
    first.store(number);
    tell();
  } else if (before == 1) {
    ::alarm(2);  // decoding and loading libraries do not ask whether to stop
  } else {
    _exit(128 + first.load());
  }
  errno = error;
}

}  // namespace

void install() {
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGALRM}) {
    struct sigaction now {};
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN && number != SIGALRM) continue;
    sigaction(number, &action, nullptr);
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void announce(Announcement how) noexcept { announcement.store(how); }

int caught() noexcept { return first.load(); }
bool cancel_now() noexcept { return count.load() > 1; }

}  // namespace da3::host::signals
