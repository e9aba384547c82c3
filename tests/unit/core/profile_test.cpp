// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <da3/profile.hpp>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Profile parse(std::string_view yaml) { return Profile::from_text(yaml, "p.yaml"); }

TEST(Profile, NestedMapsBecomeDottedKeysWithTheirPlace) {
  const Profile profile = parse("backend: cpu\ncpu:\n  threads: 4\n  own: {deep: yes}\n");
  EXPECT_EQ(profile.get("backend"), "cpu");
  EXPECT_EQ(profile.find("cpu.threads")->origin, "p.yaml:3:3");
  EXPECT_EQ(profile.get("cpu.threads"), "4");
  EXPECT_EQ(profile.get("cpu.own.deep"), "yes");
  EXPECT_EQ(profile.settings().size(), 3u);
}

TEST(Profile, ListsBecomeTextAndPaths) {
  TemporaryFolder folder;
  const Profile profile =
      Profile::from_file(folder.write("a/p.yaml", "input: [x.png, /y.png]\nmodel: m\nnone: []\n"));
  EXPECT_EQ(profile.get("input"), "[x.png, /y.png]");
  EXPECT_EQ(profile.get("none"), "[]");
  const auto paths = profile.get_paths("input");
  ASSERT_EQ(paths.size(), 2u);
  EXPECT_EQ(paths[0], folder.path() / "a/x.png");
  EXPECT_EQ(paths[1], "/y.png");
  EXPECT_EQ(profile.get_path("model"), folder.path() / "a/m");
}

TEST(Profile, AnEmptyTextIsAnEmptyProfile) {
  EXPECT_TRUE(parse("").settings().empty());
  EXPECT_TRUE(parse("# only a comment\n").settings().empty());
  EXPECT_TRUE(parse("---\n").settings().empty());
}

TEST(Profile, NullMeansUnsetAndQuotedEmptyIsEmptyText) {
  const Profile profile = parse("threads:\nworkers: ~\nmodel: \"\"\n");
  EXPECT_EQ(profile.find("threads"), nullptr);
  EXPECT_EQ(profile.find("workers"), nullptr);
  ASSERT_NE(profile.find("model"), nullptr);
  EXPECT_EQ(profile.get("model", "x"), "");
}

TEST(Profile, LayersWinInTheirOrderWhateverTheOrderOfCalls) {
  const char* environment[] = {"PATH=/bin", "DA3_SET_threads=2", "DA3_SET_CPU__OneDNN=false",
                               "DA3_PLUGIN_PATH=/x", nullptr};
  Profile profile;
  profile.set_argument("workers=9");
  profile.apply_environment(environment);
  profile.set(Layer::profile, "threads", "1", "p.yaml:1:1");
  EXPECT_EQ(profile.get("threads"), "2");
  EXPECT_EQ(profile.find("threads")->origin, "environment");
  EXPECT_EQ(profile.get("cpu.onednn"), "false");
  profile.set_argument("threads = 3");
  EXPECT_EQ(profile.get("threads"), "3");
  EXPECT_EQ(profile.find("threads")->origin, "cli");
  profile.set_argument("threads=");  // back to the default, over every layer
  EXPECT_EQ(profile.find("threads"), nullptr);
  EXPECT_EQ(profile.settings().size(), 2u);
}

TEST(Profile, BadArgumentsAndVariablesAreRefused) {
  Profile profile;
  EXPECT_THAT(message_of([&] { profile.set_argument("threads"); }), HasSubstr("has no \"=\""));
  EXPECT_THAT(message_of([&] { profile.set_argument("=3"); }), HasSubstr("has no key"));
  EXPECT_THAT(message_of([&] { profile.set_argument("a=\xff"); }), HasSubstr("UTF-8"));
  const char* twice[] = {"DA3_SET_threads=2", "DA3_SET_THREADS=3", nullptr};
  EXPECT_THAT(message_of([&] { profile.apply_environment(twice); }), HasSubstr("both set \"threads\""));
  const char* unnamed[] = {"DA3_SET_=2", nullptr};
  EXPECT_THAT(message_of([&] { profile.apply_environment(unnamed); }), HasSubstr("names no key"));
}

TEST(Profile, IncludesAreRelativeLaterWinsIncluderWins) {
  TemporaryFolder folder;
  folder.write("base/a.yaml", "x: a\ny: a\nz: a\nw: a\ngroup: {one: 1, two: 2}\n");
  folder.write("base/b.yaml", "include: ../c.yaml\ny: b\nz: b\n");
  folder.write("c.yaml", "q: c\ny: c\n");
  const Profile profile = Profile::from_file(
      folder.write("main.yaml", "z: main\nw: ~\ngroup: ~\ninclude: [base/a.yaml, base/b.yaml]\n"));
  EXPECT_EQ(profile.get("x"), "a");
  EXPECT_EQ(profile.get("y"), "b");
  EXPECT_EQ(profile.get("z"), "main");
  EXPECT_EQ(profile.get("q"), "c");
  EXPECT_EQ(profile.find("w"), nullptr) << "null drops what an included file said";
  EXPECT_EQ(profile.find("group.one"), nullptr);
  EXPECT_EQ(profile.find("y")->origin, (folder.path() / "base/b.yaml").string() + ":2:1");
  EXPECT_EQ(profile.find("include"), nullptr);
}

TEST(Profile, IncludeCyclesAndMissingFilesAreRefusedWithTheirPlace) {
  TemporaryFolder folder;
  const auto main = folder.write("main.yaml", "x: 1\ninclude: b.yaml\n");
  folder.write("b.yaml", "include: [main.yaml]\n");
  EXPECT_THAT(
      message_of([&] { Profile::from_file(main); }),
      StartsWith((folder.path() / "b.yaml").string() + ":1:11: include \"main.yaml\" leads back to itself"));
  const auto missing = folder.write("missing.yaml", "\n  \ninclude: nowhere.yaml\n");
  EXPECT_THAT(message_of([&] { Profile::from_file(missing); }),
              StartsWith(missing.string() + ":3:1: include: "));
  EXPECT_THAT(message_of([&] { Profile::from_file(missing); }), HasSubstr("No such file"));
  const auto map = folder.write("map.yaml", "include: {a: b}\n");
  EXPECT_THAT(message_of([&] { Profile::from_file(map); }), HasSubstr("a path or a list of paths"));
  for (int i = 0; i < 20; ++i)
    folder.write("deep" + std::to_string(i) + ".yaml", "include: deep" + std::to_string(i + 1) + ".yaml\n");
  folder.write("deep20.yaml", "x: 1\n");
  EXPECT_THAT(message_of([&] { Profile::from_file(folder.path() / "deep0.yaml"); }),
              HasSubstr("levels of include"));
}

struct Refused {
  const char* yaml;
  const char* message;  ///< how it begins
};

class RefusedYaml : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedYaml, WithItsPlace) {
  try {
    parse(GetParam().yaml);
    FAIL() << "accepted: " << GetParam().yaml;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_BAD_VALUE);
    EXPECT_THAT(error.message(), StartsWith(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Profile, RefusedYaml,
    ::testing::Values(Refused{"a: 1\nb: 2\na: 3\n", "p.yaml:3:1: the key \"a\" is given twice"},
                      Refused{"c: {t: 1, t: 2}\n", "p.yaml:1:11: the key \"t\" is given twice"},
                      Refused{"c: {t: 1}\nc.t: 2\n", "p.yaml:2:1: the key \"c.t\" is given twice"},
                      Refused{"a: 1\n---\nb: 2\n", "p.yaml:2:1: a second document"},
                      Refused{"a: &x {b: *x}\n", "p.yaml:1:11: an alias refers to what it is part of"},
                      Refused{"a: &x [1, *x]\n", "p.yaml:1:11: an alias refers to what it is part of"},
                      Refused{"a: *nowhere\n", "p.yaml:1:4: is not YAML"},
                      Refused{"b: &x {c: 1}\na:\n  <<: *x\n", "p.yaml:3:3: merge keys (<<)"},
                      Refused{"[a, b]: 1\n", "p.yaml:1:1: a key is a list or a map"},
                      Refused{"? {a: 1}\n: 2\n", "p.yaml:1:3: a key is a list or a map"},
                      Refused{"~: 1\n", "p.yaml:1:1: a key is empty"},
                      Refused{"k: &x v\n*x : 1\n", "p.yaml:2:1: an alias stands for a key"},
                      Refused{"- a\n- b\n", "p.yaml:1:1: must be a map"},
                      Refused{"just text\n", "p.yaml:1:1: must be a map"},
                      Refused{"a: [b, [c]]\n", "p.yaml:1:8: the list \"a\" may hold only plain values"},
                      Refused{"a: [b, {c: d}]\n", "p.yaml:1:8: the list \"a\""},
                      Refused{"a: [b, ~]\n", "p.yaml:1:8: the list \"a\""},
                      Refused{"a: [\"b,c\"]\n", "p.yaml:1:5: an item of the list \"a\" holds a comma"},
                      Refused{"a: !!python/object x\n", "p.yaml:1:4: "},
                      Refused{"a: !mine x\n", "p.yaml:1:4: the tag"}, Refused{"a: \"unfinished\n", "p.yaml:"},
                      Refused{"a: 'x\nb: 3\n# c\n\n", "p.yaml:"}, Refused{"a: b: c\n", "p.yaml:1:"},
                      Refused{"\ta: 1\n", "p.yaml:"},
                      Refused{"a: 1\nb: \xff\xfe\n", "p.yaml:2:4: is not UTF-8"},
                      Refused{"a: \xed\xa0\x80\n", "p.yaml:1:4: is not UTF-8"},
                      Refused{"a: \xc0\x80\n", "p.yaml:1:4: is not UTF-8"}));

TEST(Profile, DepthIsLimitedAlsoThroughAliases) {
  std::string deep, end;
  for (int i = 0; i < 40; ++i) deep += "{a: ", end += "}";
  EXPECT_THAT(message_of([&] { parse("k: " + deep + "1" + end); }), HasSubstr("more than 32 levels"));
  std::string brackets(100000, '[');
  EXPECT_THAT(message_of([&] { parse("k: " + brackets); }), StartsWith("p.yaml:"));
  EXPECT_THAT(message_of([&] { parse("k: " + std::string(40, '[') + std::string(40, ']')); }),
              HasSubstr("more than 32 levels"));
  std::string chain = "k0: &a0 {x: 1}\n";
  for (int i = 1; i < 5000; ++i)
    chain += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " {x: *a" + std::to_string(i - 1) + "}\n";
  EXPECT_THAT(message_of([&] { parse(chain); }), HasSubstr("more than 32 levels"));
}

TEST(Profile, LeavesAreLimitedAlsoThroughAliases) {
  std::string many;
  for (int i = 0; i < 10001; ++i) many += "k" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(message_of([&] { parse(many); }), HasSubstr("more than 10000 values"));
  std::string bomb = "a0: &a0 {x: 1, y: 2, z: 3}\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {x: " + before + ", y: " + before +
            ", z: " + before + "}\n";
  }
  EXPECT_THAT(message_of([&] { parse(bomb); }), HasSubstr("more than 40000 values"));
}

TEST(Profile, AliasesThatAreNoCycleWork) {
  const Profile profile = parse("a: &x {t: 4}\nb: *x\n");
  EXPECT_EQ(profile.get("b.t"), "4");
}

TEST(Profile, FilesThatAreNoProfiles) {
  TemporaryFolder folder;
  EXPECT_THAT(message_of([&] { Profile::from_file(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(message_of([&] { Profile::from_file(folder.path() / "no.yaml"); }), HasSubstr("No such file"));
  const auto fifo = folder.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(message_of([&] { Profile::from_file(fifo); }), HasSubstr("not a regular file"));
  const auto large = folder.write("large.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_THAT(message_of([&] { Profile::from_file(large); }), HasSubstr("too large"));
  const auto utf16 = folder.write("utf16.yaml", std::string_view("\xff\xfe"
                                                                 "a\0:\0",
                                                                 6));
  EXPECT_THAT(message_of([&] { Profile::from_file(utf16); }),
              StartsWith(utf16.string() + ":1:1: is not UTF-8"));
}

}  // namespace
}  // namespace da3
