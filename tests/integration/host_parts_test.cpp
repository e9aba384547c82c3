// SPDX-License-Identifier: Apache-2.0
// The parts of da3-host that can be asked without a process.
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "arguments.hpp"
#include "exit_code.hpp"
#include "host_fixture.hpp"
#include "printable.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "scenes/item_log.hpp"
#include "scenes/scene_list.hpp"
#include "settings.hpp"

namespace da3::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string document(const std::string& name) {
  std::ifstream file(fs::path(DA3_SOURCE_DIR) / "docs" / name);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Cells of the lines "| a | b | c |" whose first cell is a phase.
std::set<std::vector<std::string>> rows(const std::string& text) {
  std::set<std::vector<std::string>> all;
  const std::regex row(R"(\| ([a-z ]+) \| ([A-Za-z0-9_ ]+) \| ([0-9+ a-z]+) \|.*)");
  std::istringstream lines(text);
  std::smatch match;
  for (std::string line; std::getline(lines, line);)
    if (std::regex_match(line, match, row)) all.insert({match[1], match[2], match[3]});
  return all;
}

TEST(ExitCode, TheDocumentIsTheTable) {
  std::set<std::vector<std::string>> expected;
  for (const ExitRule& rule : exit_rules)
    expected.insert({rule.where == ExitRule::Where::anywhere ? "any" : std::string(phase_name(rule.phase)),
                     rule.code == any_code ? "any other" : code_name(rule.code),
                     rule.exit == exit_signal ? "128 + signal" : std::to_string(rule.exit)});
  EXPECT_EQ(rows(document("exit-codes.md")), expected);
}

TEST(ExitCode, FirstRuleThatFits) {
  EXPECT_EQ(exit_code(Phase::backend, DA3_E_UNAVAILABLE), 3);
  EXPECT_EQ(exit_code(Phase::backend, DA3_E_BAD_VALUE), 2);
  EXPECT_EQ(exit_code(Phase::input, DA3_E_NOMEM_HOST), 6);
  EXPECT_EQ(exit_code(Phase::run, DA3_E_CANCELLED), 128);
  EXPECT_EQ(exit_code(Phase::run, -12345), 1);
}

TEST(ExitCode, PhasesStick) {
  try {
    in_phase(Phase::run, [] { in_phase(Phase::input, [] { throw Error(DA3_E_INVALID, "x"); }); });
    FAIL();
  } catch (const PhaseError& error) {
    EXPECT_EQ(error.exit(), 4);
  }
  try {
    in_phase(Phase::run, [] { throw std::bad_alloc(); });
    FAIL();
  } catch (const PhaseError& error) {
    EXPECT_EQ(error.exit(), 6);
    EXPECT_THAT(error.message(), HasSubstr("out of memory"));
  }
}

TEST(CommandLineDocument, NamesEveryOptionAndNoOther) {
  const std::string help = parse_arguments({"--help"}).text + parse_arguments({"plan", "--help"}).text;
  const std::string text = document("command-line.md");
  const std::regex option(R"(--[a-z][a-z-]+)");
  const auto find = [&](const std::string& where) {
    return std::set<std::string>(std::sregex_token_iterator(where.begin(), where.end(), option),
                                 std::sregex_token_iterator());
  };
  EXPECT_EQ(find(help), find(text));
}

/// Names are files as they are; "d/..." folders of two.
std::vector<fs::path> list(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    if (!fs::is_directory(input)) {
      files.push_back(input);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(input)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  }
  return files;
}

TEST(Printable, NamesStayOneLineAndSilent) {
  EXPECT_EQ(printable("a\nb\tc\033[31m\x7f"), "a\\nb\\tc\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\u00fc \u6df1"), "\u00fc \u6df1");
  EXPECT_EQ(padded("\u00fc", 3), "\u00fc  ");
  EXPECT_EQ(padded("abcd", 3), "abcd");
}

TEST(SceneList, ManyInputsAreOneScene) {
  const auto scenes = list_scenes({"a.png", "b.png"}, Mode::multiview, list);
  ASSERT_EQ(scenes.size(), 1u);
  EXPECT_EQ(scenes[0].folder, "");
  EXPECT_THAT(scenes[0].files, ElementsAre("a.png", "b.png"));
}

TEST(SceneList, NamesOfIndependentImagesAreUnique) {
  const auto scenes = list_scenes({"x/a.png", "y/a.jpg", "a-2.png", "A.png", "run.json.png", "..png"},
                                  Mode::independent, list);
  std::vector<std::string> names;
  for (const Scene& scene : scenes) names.push_back(scene.folder.string());
  EXPECT_THAT(names, ElementsAre("a", "a-2", "a-2-2", "A-3", "run.json-2", "image"));
}

TEST(SceneList, FoldersInNaturalOrder) {
  const test::TemporaryFolder folder;
  for (const char* name : {"view10/0.png", "view2/0.png", "view2/1.png", ".hidden/0.png", "notes/a.txt"})
    folder.write(name, "");
  auto scenes = list_scenes({folder.path()}, Mode::multiview, list);
  ASSERT_EQ(scenes.size(), 2u);
  EXPECT_EQ(scenes[0].name, "view2");
  EXPECT_EQ(scenes[1].name, "view10");
  scenes = list_scenes({folder.path()}, Mode::independent, list);
  ASSERT_EQ(scenes.size(), 3u);
  EXPECT_EQ(scenes[1].folder, fs::path("view2") / "1");
  for (const char* name :
       {"run.json/0.png", "A/0.png", "a/0.png", "trace.json/0.png", "run.shard-1-of-2.json/0.png"})
    folder.write(name, "");
  std::vector<std::string> names;
  for (const Scene& scene : list_scenes({folder.path()}, Mode::multiview, list))
    names.push_back(scene.folder.string());
  EXPECT_THAT(names, testing::IsSupersetOf({"run.json-2", "trace.json-2", "image", "view2", "view10"}));
  EXPECT_THAT(names,
              testing::AnyOf(testing::IsSupersetOf({"A", "a-2"}), testing::IsSupersetOf({"a", "A-2"})));
  folder.write("top.png", "");  // a folder with images is one scene, whatever else it holds
  EXPECT_EQ(list_scenes({folder.path()}, Mode::multiview, list).size(), 1u);
}

TEST(ResultSources, AreTheFilesOfModelAndPoses) {
  const test::TemporaryFolder folder;
  const fs::path model = folder.path() / "model", poses = folder.path() / "poses";
  std::set<std::string> seen;
  const auto is_new = [&] { return seen.insert(result_sources(model, poses)).second; };
  EXPECT_TRUE(is_new());
  for (const char* name : {"model/model.safetensors", "model/config.json", "poses/cameras.txt",
                           "poses/sparse/0/images.bin", "poses/sparse/cameras.bin"})
    for (const char* text : {"", "longer"}) {
      folder.write(name, text);
      EXPECT_TRUE(is_new()) << name;
      EXPECT_FALSE(is_new()) << name;
    }
  // Pictures and results beside them are no poses.
  folder.write("poses/images/0.png", "");
  folder.write("poses/items.jsonl", "");
  EXPECT_FALSE(is_new());
  fs::remove_all(poses);
  folder.write("poses", "a file");
  EXPECT_TRUE(is_new());
}

TEST(ProcessResolution, UserThenModelThen504) {
  const auto setting = [](const char* value, const char* origin) {
    return Setting{"process_res", value, origin};
  };
  EXPECT_EQ(process_res(setting("280", "cli"), "168").value, 280);
  EXPECT_EQ(process_res(setting("auto", "default"), "168").value, 168);
  EXPECT_EQ(process_res(setting("auto", "default"), "").value, 504);
  EXPECT_EQ(process_res(setting("auto", "default"), "-3").value, 504);
}

TEST(DepthRange, IsExact) {
  const std::vector<float> odd{5, 1, 4, 2, 3}, even{4, 1, 3, 2}, one{7};
  EXPECT_EQ(depth_range(odd).minimum, 1);
  EXPECT_EQ(depth_range(odd).median, 3);
  EXPECT_EQ(depth_range(odd).maximum, 5);
  EXPECT_EQ(depth_range(even).median, 2);
  EXPECT_EQ(depth_range(even).maximum, 4);
  EXPECT_EQ(depth_range(one).median, 7);
}

TEST(DepthUnit, FollowsTheModel) {
  const auto can = [](bool metric, bool by_focal) {
    checkpoint::Capabilities capabilities;
    capabilities.metric = metric;
    capabilities.metric_by_focal = by_focal;
    return capabilities;
  };
  EXPECT_EQ(depth_unit(can(true, false), false, false), "metres");
  EXPECT_EQ(depth_unit(can(false, true), true, false), "metres");
  EXPECT_EQ(depth_unit(can(true, false), false, true), "the unit of the given poses");
  EXPECT_THAT(depth_unit(can(false, true), false, false), HasSubstr("focal / 300"));
  EXPECT_EQ(depth_unit(can(false, false), true, false), "relative units");
}

std::string written(ProgressMode mode, Terminal terminal) {
  std::FILE* file = std::tmpfile();
  {
    Progress progress(mode, LogLevel::warn, terminal, file);
    progress.begin(1, 2, "hall", "reading");
    progress.advance(1, 2, "backbone");
    progress.log(LogLevel::warn, "careful");
    progress.log(LogLevel::info, "chatter");
    progress.end(12, "3 views", "");
    progress.error("it failed");
    EXPECT_THAT(progress.warnings(), ElementsAre("careful"));
  }
  std::string text(static_cast<size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

TEST(ProgressOutput, LinesWithoutATerminal) {
  EXPECT_EQ(written(ProgressMode::automatic, {}),
            "da3-host: warning: careful\n[1/2] hall: 3 views, 12 ms\nda3-host: error: it failed\n");
  EXPECT_EQ(written(ProgressMode::none, {}), "da3-host: warning: careful\nda3-host: error: it failed\n");
}

TEST(ProgressOutput, ABarOnATerminal) {
  const std::string bar = written(ProgressMode::automatic, {.is_terminal = true, .color = false});
  EXPECT_THAT(bar, HasSubstr("[1/2] hall: backbone 50 %"));
  EXPECT_THAT(bar, HasSubstr("\r\033[Kda3-host: warning: careful\n"));  // the bar is gone before a line comes
  EXPECT_THAT(bar, testing::Not(HasSubstr("\033[3")));
  EXPECT_THAT(written(ProgressMode::automatic, {true, true}), HasSubstr("\033[31merror\033[0m"));
  EXPECT_THAT(written(ProgressMode::plain, {true, false}), testing::Not(HasSubstr("\r")));
}

TEST(ProgressOutput, ABarNeverWraps) {
  std::FILE* file = std::tmpfile();
  {
    Progress progress(ProgressMode::automatic, LogLevel::warn, {true, false}, file);
    progress.begin(1, 1, std::string(300, 'x'), "reading");
  }
  EXPECT_LT(std::ftell(file), 100);
  std::fclose(file);
}

TEST(ProgressOutput, JsonLines) {
  std::istringstream lines(written(ProgressMode::json, {}));
  std::vector<std::string> events;
  for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line)["event"]);
  EXPECT_THAT(events, ElementsAre("begin", "progress", "log", "end", "error"));
}

TEST(ProgressOutput, JsonLinesTellRateAndTimeLeft) {
  std::FILE* file = std::tmpfile();
  {
    Progress progress(ProgressMode::json, LogLevel::warn, {}, file);
    for (const size_t item : {1, 2, 3, 4}) progress.begin(item, 5, "x", "reading");
    progress.skip(5, 5, "x", "done by an earlier run");
    for (const size_t item : {2, 1, 3}) progress.end(item, "x", 1, "1 view", "");
    progress.aside(4, "x", "writing");
    progress.end(4, "x", 1, "1 view", "");
  }
  std::string text(static_cast<size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  std::istringstream lines(text);
  std::vector<bool> told;
  for (std::string line; std::getline(lines, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json["event"] != "end" && json["event"] != "progress") continue;
    told.push_back(json.contains("seconds_left"));
    if (!told.back()) continue;
    // Two are left, then one: by the rate, which is that of those that ended.
    EXPECT_NEAR(json["seconds_left"].get<double>() * json["per_second"].get<double>(),
                told.size() == 2 ? 2 : 1, 1e-6)
        << line;
  }
  EXPECT_THAT(told, ElementsAre(false, true, true, true, false));
}

TEST(RunJson, AnyBytesOfAFileNameGiveValidJson) {
  RunReport report;
  SceneReport scene;
  scene.scene.name = "a\xff\n\"";
  scene.scene.files = {"\xc3\x28.png"};
  report.scenes = {scene};
  EXPECT_EQ(nlohmann::json::parse(run_json(report))["scenes"].size(), 1u);
}

TEST(RunJson, IsLaidOutAsOneDocument) {
  RunReport report;
  for (const size_t scenes : {0, 1, 3}) {
    report.scenes.resize(scenes);
    for (SceneReport& scene : report.scenes)
      scene.scene.name = "\n \"scenes\": null", scene.files = {"a", "b"};
    const std::string text = run_json(report);
    EXPECT_EQ(nlohmann::ordered_json::parse(text).dump(1) + "\n", text);
    EXPECT_EQ(nlohmann::json::parse(text)["scenes"].size(), scenes);
  }
}

}  // namespace
}  // namespace da3::host
