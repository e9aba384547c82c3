// SPDX-License-Identifier: Apache-2.0
// What every backend decides on every machine, mode and precision, against tests/data/plans/<backend>.txt.
// DA3_WRITE_PLANS=1 in the environment writes those files anew (docs/machines.md).
#include <gtest/gtest.h>
#include <da3/assume.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace da3 {
namespace {

namespace fs = std::filesystem;

/// Lines of one plan, "precision = bfloat16 (why)", by their key.
using Lines = std::map<std::string, std::string>;

constexpr const char* modes[] = {"balanced", "minimal", "max"};
constexpr const char* precisions[] = {"auto", "off", "bfloat16", "float16", "int8"};

std::vector<fs::path> records() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(DA3_SOURCE_DIR "/configs/machines"))
    if (entry.path().extension() == ".yaml") all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

Profile machine(const fs::path& record) {
  Profile machine = Profile::from_file(record);
  // What this build carries code for is its builder's choice.
  if (machine.find("nvidia.devices.0.name") && !machine.find("nvidia.built_for"))
    machine.set(Layer::profile, "nvidia.built_for", "7.5 8.0 8.6 9.0 10.0 12.0", "test");
  return machine;
}

class Warnings {
 public:
  Warnings() {
    set_log_sink([this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warn) lines_.emplace_back(text);
    });
  }
  ~Warnings() { set_log_sink({}); }
  std::vector<std::string> take() { return std::exchange(lines_, {}); }

 private:
  std::vector<std::string> lines_;
};

class Plans {
 public:
  Plans(std::string backend, const fs::path& plugin) : backend_(std::move(backend)) {
    SearchOptions search;
    search.plugin_files = {plugin};
    search.use_environment = search.use_installed = false;
    registry_.emplace(Profile(), search);
  }

  std::string text() {
    std::ostringstream out;
    out << "# What the backend " << backend_
        << " decides; written by machine_plans_test, see docs/machines.md.\n"
        << "# The first plan of a machine is whole, the others tell what differs: in another mode from the\n"
        << "# first, with another precision from the same mode's auto.\n";
    for (const fs::path& record : records()) add_machine(out, record);
    return out.str();
  }

 private:
  Lines plan(const Profile& machine, const char* mode, const char* precision) {
    Profile profile;
    profile.set(Layer::profile, "backend", backend_, "test");
    profile.set(Layer::profile, "performance_mode", mode, "test");
    profile.set(Layer::profile, "mixed_precision", precision, "test");
    Lines lines;
    try {
      const Assumed assumed = assume(*registry_, profile, machine);
      lines["(score)"] = std::to_string(assumed.device.score);
      for (const PlanEntry& entry : assumed.plan)
        if (entry.key.starts_with("effective.") && entry.key != "effective.backend")
          lines[entry.key.substr(10)] =
              entry.value + (entry.reason.empty() ? "" : "   (" + entry.reason + ")");
    } catch (const Error& error) {
      lines["(refused)"] = error.message();
    }
    int number = 0;
    for (const std::string& warning : warnings_.take())
      lines["(warning " + std::to_string(++number) + ")"] = warning;
    return lines;
  }

  static void tell(std::ostringstream& out, const Lines& lines, const Lines& known) {
    const bool refused = lines.contains("(refused)");
    std::string differences;
    for (const auto& [key, value] : lines) {
      const auto before = known.find(key);
      if (before == known.end() || before->second != value) differences += "  " + key + " = " + value + '\n';
    }
    for (const auto& [key, value] : known)
      if (!refused && !lines.contains(key)) differences += "  " + key + " is not said\n";
    out << (differences.empty() ? ": the same\n" : "\n" + differences);
  }

  void add_machine(std::ostringstream& out, const fs::path& record) {
    const Profile facts = machine(record);
    const Lines first = plan(facts, modes[0], precisions[0]);
    out << "\n== " << record.stem().string() << ": " << facts.get("about");
    tell(out, first, {});
    if (first.contains("(refused)")) return;
    for (const char* mode : modes) {
      const Lines automatic = plan(facts, mode, precisions[0]);
      for (const char* precision : precisions) {
        if (mode == modes[0] && precision == precisions[0]) continue;
        out << "-- " << mode << ", " << precision;
        if (precision == precisions[0])
          tell(out, automatic, first);
        else
          tell(out, plan(facts, mode, precision), automatic);
      }
    }
  }

  std::string backend_;
  std::optional<PluginRegistry> registry_;
  Warnings warnings_;
};

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The first line that differs, with the machine and plan that it belongs to.
std::string difference(const std::string& is, const std::string& was) {
  std::istringstream now(is), before(was);
  std::string machine, plan, a, b;
  for (int number = 1;; ++number) {
    const bool has_a = !!std::getline(now, a), has_b = !!std::getline(before, b);
    if (!has_a && !has_b) return "";
    if (a.starts_with("== ")) machine = a, plan.clear();
    if (a.starts_with("-- ")) plan = a;
    if (has_a != has_b || a != b)
      return "line " + std::to_string(number) + ", " + machine + ' ' + plan + "\n now: " + a + "\n was: " + b;
  }
}

class MachinePlans : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(MachinePlans, AreAsWritten) {
  const auto& [backend, plugin] = GetParam();
  const fs::path file = fs::path(DA3_TEST_DATA) / "plans" / (std::string(backend) + ".txt");
  const std::string text = Plans(backend, plugin).text();
  if (std::getenv("DA3_WRITE_PLANS")) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  const std::string what = difference(text, read(file));
  EXPECT_EQ(what, "") << "if this is meant: DA3_WRITE_PLANS=1 and look at git diff " << file;
}

INSTANTIATE_TEST_SUITE_P(Shipped, MachinePlans,
                         testing::Values(std::pair{"cpu", DA3_CPU_PLUGIN}, std::pair{"cuda", DA3_CUDA_PLUGIN},
                                         std::pair{"mps", DA3_MPS_PLUGIN}),
                         [](const auto& one) { return std::string(one.param.first); });

}  // namespace
}  // namespace da3
