// SPDX-License-Identifier: Apache-2.0
// Devices.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "checks/checks.hpp"
#include "client.hpp"
#include "process_state.hpp"
#include "stopwatch.hpp"
#include "watched_memory.hpp"

namespace da3::check {
namespace {

constexpr int32_t dl_cpu = 1, dl_cuda = 2;

double timed_probe(const da3_plugin& table, std::vector<DeviceRow>& rows) {
  const Stopwatch watch;
  rows = probe(table);
  return watch.seconds();
}

std::string quick_and_equal(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  std::vector<DeviceRow> cold, warm;
  const double first = timed_probe(plugin.table(), cold);
  double second = timed_probe(plugin.table(), warm);
  for (int i = 0; i < 2; ++i)  // the best of three: the machine may be busy
    second = std::min(second, timed_probe(plugin.table(), warm));
  if (first > 2) fail("the first probe takes " + std::to_string(first) + " s, the limit is 2 s");
  if (second > 0.1) fail("a warm probe takes " + std::to_string(second) + " s, the limit is 0.1 s");
  if (cold != warm) fail("two probes differ in more than the free memory");
  std::vector<std::vector<DeviceRow>> all(8);
  std::vector<std::string> problems(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < all.size(); ++i)
    threads.emplace_back([&, i] {
      try {
        all[i] = probe(plugin.table());
      } catch (const Verdict& verdict) {
        problems[i] = verdict.sentence;
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < all.size(); ++i) {
    if (!problems[i].empty()) fail("of 8 probes at once one failed: " + problems[i]);
    if (all[i] != cold) fail("of 8 probes at once one differs");
  }
  return std::to_string(cold.size()) + (cold.size() == 1 ? " device" : " devices");
}

std::string scores(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const auto rows = probe(plugin.table());
  if (rows.empty())
    fail(
        "probe found nothing and says nothing; report the device that is missing, with score 0 and the "
        "reason");
  std::string found;
  for (const DeviceRow& d : rows) {
    const std::string name =
        "the device " + (d.name.empty() ? std::to_string(d.dl_type) + ":" + std::to_string(d.dl_id) : d.name);
    if (d.score < 0) fail(name + " has the score " + std::to_string(d.score) + ", which is negative");
    if (d.score == 0 && d.reason.empty())
      fail(name + " has score 0 and no reason; say why it cannot be used");
    if (d.score > 0 && d.name.empty()) fail(name + " can be used and has no name");
    const int32_t top = d.dl_type == dl_cpu ? 199 : (d.flags & 2) ? 299 : 999;
    if (d.score > top)
      fail(name + " has the score " + std::to_string(d.score) + ", its class ends at " + std::to_string(top));
    if (d.score > 0 && d.precisions == 0) fail(name + " can be used in no precision");
    if (!valid_utf8(d.name + d.driver + d.arch + d.bus + d.reason))
      fail(name + " has text that is not UTF-8");
    found += (found.empty() ? "" : "; ") + d.name + ": " +
             (d.score ? "score " + std::to_string(d.score) : d.reason);
  }
  return found;
}

std::string hidden_device(Context& context) {
  ::setenv("CUDA_VISIBLE_DEVICES", "", 1);
  TestHost host(context);
  const Plugin plugin(context, host);
  const auto rows = probe(plugin.table());
  bool cuda = false;
  for (const DeviceRow& d : rows) {
    if (d.dl_type != dl_cuda) continue;
    cuda = true;
    if (d.score > 0) fail("with CUDA_VISIBLE_DEVICES=\"\" it still offers " + d.name);
    if (d.reason.empty()) fail("with CUDA_VISIBLE_DEVICES=\"\" it gives no reason");
  }
  if (!cuda) skip("it has no device that an environment variable hides");
  return "";
}

std::string no_device_open(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  probe(plugin.table());
  for (const std::string& file : open_files())
    if (is_device_file(file))
      context.warn("probe leaves " + file +
                   " open: a context may hold memory of the device; probe in a child");
  return "";
}

struct Seen {
  int devices = 0;
};

std::string pointers_die(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const da3_plugin& table = plugin.table();
  Revocable memory(1 << 16);
  auto* seen = new (memory.take(sizeof(Seen))) Seen;
  auto* error = new (memory.take(sizeof(da3_error))) da3_error(zeroed<da3_error>());
  error->msg = static_cast<char*>(memory.take(256));
  error->msg_cap = 256;
  trace("probe");
  const int32_t code =
      table.probe([](void* ctx, const da3_device*) { ++static_cast<Seen*>(ctx)->devices; }, seen, error);
  if (code != DA3_OK) fail("probe failed");
  trace("options");
  table.options([](void* ctx, const da3_option*) { ++static_cast<Seen*>(ctx)->devices; }, seen, error);
  memory.revoke();
  trace("the time after probe and options: a sink's context may have been used again");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  probe(table);
  options(table);
  return "";
}

}  // namespace

std::vector<Check> probe_checks() {
  constexpr const char* written = "plugin.h, da3_plugin.probe";
  return {
      {11, "probe is quick and repeatable",
       "cold under 2 s, warm under 100 ms; two in a row and 8 at once say the same", written, Needs::entry,
       true, quick_and_equal},
      {12, "scores and reasons",
       "score 0 has a reason, another has a name and precisions and lies in the band of its class",
       "plugin.h, da3_device", Needs::entry, true, scores},
      {13, "a hidden device", "without its device probe succeeds with score 0 and a reason",
       "plugin.h, da3_device.reason", Needs::entry, true, hidden_device},
      {14, "probe leaves the device alone", "probe holds no device open afterwards", written, Needs::entry,
       true, no_device_open},
      {15, "pointers die with the call", "nothing that a call was given is used after it has returned",
       "plugin.h, LIFE", Needs::entry, true, pointers_die},
  };
}

}  // namespace da3::check
