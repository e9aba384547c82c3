// SPDX-License-Identifier: Apache-2.0
// What belongs to the whole process: signals, locale, folders, output, its end.
#include <algorithm>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "process_state.hpp"

namespace da3::check {
namespace {

namespace fs = std::filesystem;

/// Everything that a host does in its life, as far as it can be done here.
void whole_life(Context& context, TestHost& host, const std::function<void(const char*)>& after) {
  const auto entry = open_entry(context);
  (void)entry;
  after("loading it");
  const Plugin plugin(context, host);
  after("entry");
  const auto devices = probe(plugin.table());
  after("probe");
  options(plugin.table());
  after("options");
  if (std::none_of(devices.begin(), devices.end(), [](const DeviceRow& d) { return d.score > 0; })) return;
  Optimizer optimizer(plugin.table(), repeatable(plugin.table()));
  after("optimizer_create");
  describe(plugin.table(), optimizer.get());
  after("optimizer_describe");
  if (context.model.empty()) return;
  Model model(plugin.table(), optimizer.get(), context.model.string());
  after("model_load and model_describe");
  Session session(plugin.table(), model.get());
  Run run(small_image());
  run.plugin_output(model.outputs().at(0));
  expect_ok(run.run(plugin.table(), session.get()));
  run.release();
  after("session_run");
  session.destroy();
  model.destroy();
  optimizer.destroy();
  after("destroying everything");
}

std::string with_or_without_model(const Context& context) {
  return context.model.empty() ? "without a model" : "";
}

std::string state(Context& context) {
  TestHost host(context);
  const ProcessState before = process_state();
  whole_life(context, host, [&](const char* what) {
    if (const std::string text = difference(before, process_state()); !text.empty())
      fail("after " + std::string(what) + " " + text);
  });
  if (const std::string text = difference(before, process_state()); !text.empty())
    fail("after shutdown " + text);
  return with_or_without_model(context);
}

std::string output(Context& context) {
  TestHost host(context);
  const uint64_t before = written_to_stdout();
  whole_life(context, host, [&](const char* what) {
    if (written_to_stdout() != before)
      fail(std::string(what) + " prints on stdout, where results go; use host->log");
  });
  for (const TestHost::Line& line : host.lines()) {
    if (line.level < 0 || line.level > 5) fail("host->log is given the level " + std::to_string(line.level));
    if (!valid_utf8(line.text)) fail("host->log is given text that is not UTF-8");
    if (line.level >= 4) context.note("it logs an error: " + shortened(line.text));
  }
  return with_or_without_model(context);
}

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    files.push_back(fs::relative(entry.path(), folder).string());
  return files;
}

std::string files(Context& context) {
  if (!context.own_process) skip("it needs a child of its own: run without --in-process");
  TestHost host(context);
  const auto model_before = context.model.empty() ? std::vector<std::string>{} : files_in(context.model);
  const size_t sockets = internet_sockets();
  whole_life(context, host, [&](const char* what) {
    if (internet_sockets() > sockets)
      fail(std::string(what) + " leaves a socket of the internet open: a plugin uses no network");
  });
  if (const auto found = files_in(context.scratch); !found.empty())
    fail("with cache_dir NULL it writes " + found.front() + " below HOME, TMPDIR or the working directory");
  fs::create_directories(context.scratch / "cache");
  TestHost with_cache(context);
  with_cache.cache_folder = (context.scratch / "cache").string();
  whole_life(context, with_cache, [](const char*) {});
  for (const std::string& file : files_in(context.scratch))
    if (file != "cache" && !file.starts_with("cache/"))
      fail("it writes " + file + ", which is not in cache_dir");
  if (!context.model.empty() && files_in(context.model) != model_before)
    fail("it writes into the model's folder");
  return with_or_without_model(context);
}

template <class T>
T& leaked(T* object) {
  return *object;
}

std::string leaving(Context& context) {
  auto& host = leaked(new TestHost(context));
  auto& plugin = leaked(new Plugin(context, host));
  const auto devices = probe(plugin.table());
  if (std::none_of(devices.begin(), devices.end(), [](const DeviceRow& d) { return d.score > 0; }))
    return "without a device";
  auto& optimizer = leaked(new Optimizer(plugin.table()));
  if (context.model.empty()) return "without a model";
  auto& model = leaked(new Model(plugin.table(), optimizer.get(), context.model.string()));
  auto& session = leaked(new Session(plugin.table(), model.get()));
  auto& run = leaked(new Run(small_image()));
  run.plugin_output(model.outputs().at(0));
  expect_ok(run.run(plugin.table(), session.get()));
  return "";
}

std::string leaving_after_shutdown(Context& context) {
  auto& host = leaked(new TestHost(context));
  whole_life(context, host, [](const char*) {});
  return with_or_without_model(context);
}

}  // namespace

std::vector<Check> process_checks() {
  constexpr const char* written = "docs/writing-a-plugin.md, rule 21";
  constexpr const char* end_written = "docs/writing-a-plugin.md, rule 17";
  return {
      {48, "the process is not the plugin's",
       "signal handlers, locale, umask, working directory, environment, limits, rounding and alarm are "
       "unchanged after every call",
       written, Needs::entry, true, state},
      {59, "nothing on stdout",
       "a plugin prints nothing on stdout; its messages go through host->log, in UTF-8",
       "docs/writing-a-plugin.md, rule 24", Needs::entry, true, output},
      {46, "files only in cache_dir",
       "nothing is written outside of cache_dir, and nothing at all when it is NULL; no network",
       "plugin.h, da3_host.cache_dir; docs/writing-a-plugin.md, rule 22", Needs::entry, false, files},
      {49, "leaving with everything alive", "a process that ends with live objects ends well", end_written,
       Needs::entry, false, leaving, 0, true},
      {74, "leaving after shutdown", "a process that ends after the last shutdown ends well", end_written,
       Needs::entry, false, leaving_after_shutdown, 0, true},
  };
}

}  // namespace da3::check
