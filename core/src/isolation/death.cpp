// SPDX-License-Identifier: Apache-2.0
#include "isolation/death.hpp"

#include <sys/wait.h>

#include <csignal>

namespace da3::detail::isolation {
namespace {

std::string signal_text(int signal) {
  switch (signal) {
    case SIGABRT:
      return "SIGABRT (it aborted)";
    case SIGBUS:
      return "SIGBUS (a bad address, or memory ran out)";
    case SIGFPE:
      return "SIGFPE (bad arithmetic)";
    case SIGHUP:
      return "SIGHUP";
    case SIGILL:
      return "SIGILL (an instruction that this processor lacks)";
    case SIGINT:
      return "SIGINT";
    case SIGKILL:
      return "SIGKILL (by somebody, or the system ran out of memory)";
    case SIGPIPE:
      return "SIGPIPE";
    case SIGSEGV:
      return "SIGSEGV (a bad address)";
    case SIGTERM:
      return "SIGTERM (by somebody)";
    case SIGTRAP:
      return "SIGTRAP (it aborted)";
    case SIGXCPU:
      return "SIGXCPU (its limit of processor time)";
    default:
      return "signal " + std::to_string(signal);
  }
}

}  // namespace

std::string how_it_ended(std::optional<int> status) {
  if (!status) return "ended, how is not known (this process does not wait for its children by itself)";
  if (WIFSIGNALED(*status)) return "was ended by " + signal_text(WTERMSIG(*status));
  return "exited with code " + std::to_string(WEXITSTATUS(*status));
}

void LastLines::keep(const std::string& line) {
  kept_ += (kept_.empty() ? "" : " | ") + line;
  if (kept_.size() <= most_kept) return;
  // The end counts most; whole lines, or what fits of the last one.
  const size_t next = kept_.find(" | ", kept_.size() - most_kept);
  size_t cut = next == std::string::npos ? kept_.size() - most_kept : next + 3;
  while (cut < kept_.size() && (static_cast<unsigned char>(kept_[cut]) & 0xC0) == 0x80) ++cut;
  kept_.erase(0, cut);
}

}  // namespace da3::detail::isolation
