// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <da3/log.hpp>
#include <da3/schema.hpp>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::vector<OptionSpec> cpu = {{"threads", "enum{auto}|int[1,64]", "auto", "", Scope::optimizer},
                                     {"cpu.onednn", "bool", "true", "", Scope::optimizer},
                                     {"seed", "int", "0", "", Scope::run}};
const std::vector<OptionSpec> cuda = {
    {"threads", "enum{auto}|int[1,64]|enum{many}", "auto", "", Scope::optimizer},
    {"cuda.graphs", "bool", "false", "", Scope::optimizer},
    {"cuda.old", "bool", "false", "use cuda.graphs", Scope::optimizer, true}};

Schema schema() {
  Schema all;
  all.add_backend("cpu", cpu);
  all.add_backend("cuda", cuda);
  return all;
}

Profile parse(std::string_view yaml) { return Profile::from_text(yaml, "p.yaml"); }
std::string check(std::string_view yaml) {
  return message_of([&] { schema().check(parse(yaml)); });
}

TEST(Schema, AcceptsCommonOverriddenOwnHostAndUnselectedKeys) {
  EXPECT_EQ(check("backend: cpu\nthreads: 8\nseed: 3\ncpu: {threads: 4, onednn: false}\ncuda: {graphs: true, "
                  "threads: 2}\n"
                  "log.level: info\nprocess_res: 504\nplugins: {path: [a, b]}\ninput: x.png\n"),
            "");
}

TEST(Schema, UnknownKeysNameTheirPlaceAndTheNearestKey) {
  EXPECT_EQ(check("thread: 8\n"), "p.yaml:1:1: unknown key \"thread\": did you mean \"threads\"?");
  EXPECT_EQ(check("\ncpu:\n  onedn: true\n"),
            "p.yaml:3:3: unknown key \"cpu.onedn\": did you mean \"cpu.onednn\"?");
  EXPECT_THAT(check("plugins: {paths: x}\n"), HasSubstr("did you mean \"plugins.path\"?"));
  EXPECT_THAT(check("zzzzzzzzzz: 1\n"), HasSubstr("no part of da3 has it"));
  EXPECT_THAT(check("cpu.graphs: true\n"), HasSubstr("unknown key \"cpu.graphs\""));
  Profile profile;
  profile.set_argument("thread=3");
  EXPECT_THAT(message_of([&] { schema().check(profile); }), StartsWith("cli: unknown key"));
}

TEST(Schema, KeysOfABackendNobodyKnowsSaySo) {
  EXPECT_THAT(check("tpu: {cores: 8}\n"), AllOf(StartsWith("p.yaml:1:7: unknown key \"tpu.cores\""),
                                                HasSubstr("no manifest of a backend \"tpu\" was found")));
}

TEST(Schema, ValuesAreCheckedAgainstTheirType) {
  EXPECT_EQ(check("cpu.onednn: off\n"), "p.yaml:1:1: cpu.onednn: \"off\" is not true or false; change it");
  EXPECT_THAT(check("process_res: 3\n"), HasSubstr("\"3\" is not a whole number from 14 to 16384"));
  EXPECT_THAT(check("log: {level: loud}\n"), HasSubstr("is not one of trace, debug, info, warn, error, off"));
  EXPECT_THAT(check("device: -1\n"), HasSubstr("device: \"-1\""));
}

TEST(Schema, ACommonValueMustSuitTheBackendsThatAreNamed) {
  EXPECT_EQ(check("threads: many\n"), "") << "some backend takes it, and auto may choose that one";
  EXPECT_EQ(check("backend: cuda\nthreads: many\n"), "");
  EXPECT_THAT(check("backend: cpu\nthreads: many\n"),
              HasSubstr("threads: \"many\" is not auto, or a whole number"));
  EXPECT_THAT(check("backend: [cuda, cpu]\nthreads: many\n"), HasSubstr("\"many\" is not"));
  EXPECT_THAT(check("threads: lots\n"), HasSubstr("\"lots\" is not"));
}

TEST(Schema, CountsAllProblemsAndReportsTheFirst) {
  const Profile profile = parse("thread: 1\ncpu.onednn: 7\nworkerz: 2\n");
  const auto problems = schema().problems(profile);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].code(), DA3_E_BAD_VALUE);
  EXPECT_EQ(problems[1].code(), DA3_E_UNKNOWN_KEY);
  EXPECT_THAT(message_of([&] { schema().check(profile); }), HasSubstr("(and 2 more)"));
}

TEST(Schema, TheLaterLayerWinsThenTheMoreSpecificKey) {
  const Schema all = schema();
  Profile profile = parse("threads: 8\ncpu.threads: 4\n");
  EXPECT_EQ(all.backend_value(profile, "cpu", "threads")->value, "4");
  EXPECT_EQ(all.backend_value(profile, "cuda", "threads")->value, "8");
  EXPECT_EQ(all.backend_value(profile, "cpu", "seed"), nullptr);
  profile.set_argument("threads=2");
  EXPECT_EQ(all.backend_value(profile, "cpu", "threads")->value, "2");
  profile.set_argument("cpu.threads=3");
  EXPECT_EQ(all.backend_value(profile, "cpu", "threads")->value, "3");
}

TEST(Schema, DeprecatedKeysWarn) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  schema().check(parse("cuda.old: true\n"));
  set_log_sink({});
  EXPECT_THAT(lines, ElementsAre(HasSubstr("cuda.old is deprecated and will be removed; use cuda.graphs")));
}

TEST(Schema, OwnersMustPublishSoundOptions) {
  Schema all;
  const auto add = [&](OptionSpec spec) { return message_of([&] { all.add("tool", std::span(&spec, 1)); }); };
  EXPECT_THAT(add({"x", "integer", "", ""}), HasSubstr("unknown type \"integer\""));
  EXPECT_THAT(add({"x", "int[1,4]", "9", ""}), HasSubstr("has the default \"9\""));
  EXPECT_THAT(add({"backend", "string", "", ""}), HasSubstr("is the core's"));
  EXPECT_EQ(add({"format", "enum{npz}", "npz", ""}), "") << "a tool replaces what hosts share";
  EXPECT_EQ(all.find("format")->owner, "tool");
  EXPECT_EQ(all.value({}, "format").origin, "default");
  EXPECT_EQ(all.value({}, "format").value, "npz");
}

}  // namespace
}  // namespace da3
