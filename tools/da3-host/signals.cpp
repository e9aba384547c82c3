// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>

namespace da3::host::signals {
namespace {

std::atomic<int> first{0}, count{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler needs it");

constexpr char message[] = "\nda3-host: stopping after the current item; once more stops it now\n";

// Everything called from here is async-signal-safe.
void handle(int number) {
  if (number == SIGALRM) _exit(128 + first.load());
  const int before = count.fetch_add(1);
  if (before == 0) {
    first.store(number);
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message, sizeof message - 1);
  } else if (before == 1) {
    ::alarm(2);  // decoding and loading libraries do not ask whether to stop
  } else {
    _exit(128 + first.load());
  }
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
}

int caught() noexcept { return first.load(); }
bool cancel_now() noexcept { return count.load() > 1; }

}  // namespace da3::host::signals
