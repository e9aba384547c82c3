// SPDX-License-Identifier: Apache-2.0
// --follow, --source, --stream-to and --preview as a user has them, on the null plugin. Nothing here measures
// time: what is waited for is a file, or the program's end.
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "host_fixture.hpp"
#include "image_files.hpp"

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LiveRun : public HostTest {
 protected:
  void SetUp() override { fs::create_directory(in("photos")); }

  /// As many programs do: under another name first.
  void drop(const std::string& name) const {
    picture("waiting/" + name);
    fs::rename(in("waiting/" + name), in("photos/" + name));
  }
  /// Until another thread's program has made it.
  bool wait_for(const path& name) const {
    for (int i = 0; i < 3000 && !there(name); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return there(name);
  }
  /// A shell's command line; "$DA3" is da3-host.
  ProgramResult shell(const std::string& command) const {
    return run_program("/bin/sh", {"-c", command},
                       {.environment = {"DA3=" DA3_HOST_PROGRAM, "DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER,
                                        "DA3_SET_backend=null", "DA3_CACHE_DIR=" + in("cache").string()},
                        .folder = folder_.path()});
  }
  /// JPEGs behind each other.
  void mjpeg(const std::string& name, int frames) const {
    std::ofstream all(in(name), std::ios::binary);
    for (int i = 0; i < frames; ++i) {
      const auto pixels = noise(56, 84);
      write_image(in("frame.jpg"), 56, 84, pixels.data());
      all << text_of("frame.jpg");
    }
  }

  struct Depth {
    uint32_t width, height, metres;
    uint64_t number;
    std::vector<float> values;
  };
  /// As docs/command-line.md describes it.
  static std::vector<Depth> stream(const std::string& bytes) {
    std::vector<Depth> maps;
    for (size_t at = 0; at < bytes.size();) {
      EXPECT_EQ(bytes.compare(at, 4, "DA3D"), 0);
      const auto number = [&](size_t offset, auto value) {
        std::memcpy(&value, bytes.data() + at + offset, sizeof value);
        return value;
      };
      Depth map{
          number(8, uint32_t{}), number(12, uint32_t{}), number(16, uint32_t{}), number(24, uint64_t{}), {}};
      const uint64_t size = number(40, uint64_t{});
      EXPECT_EQ(size, uint64_t{map.width} * map.height * 4);
      at += number(4, uint32_t{});
      if (at + size > bytes.size()) return ADD_FAILURE() << "a frame is cut", maps;
      map.values.resize(size / 4);
      std::memcpy(map.values.data(), bytes.data() + at, size);
      at += size;
      maps.push_back(std::move(map));
    }
    return maps;
  }
};

TEST_F(LiveRun, FollowsAFolder) {
  drop("b.png");
  ProgramResult result;
  std::thread program([&] {
    result = null(
        {"--follow", "photos", "-o", "out", "--format", "mini_npz", "--process-res", "56", "--frames", "3"});
  });
  EXPECT_TRUE(wait_for("out/b/exports/mini_npz/results.npz"));
  drop("a.png");
  EXPECT_TRUE(wait_for("out/a/exports/mini_npz/results.npz"));
  drop("a.jpg");  // another file of that stem
  program.join();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(there("out/a.jpg/exports/mini_npz/results.npz"));
  const auto scenes = json_of("out/run.json")["scenes"];
  ASSERT_EQ(scenes.size(), 3u);
  EXPECT_EQ(scenes[0]["name"], "b");
  EXPECT_EQ(scenes[1]["name"], "a");
  EXPECT_EQ(scenes[1]["inputs"][0]["path"], "photos/a.png");
  EXPECT_THAT(result.err, HasSubstr("[3] a.jpg: done"));
}

TEST_F(LiveRun, ABrokenFileIsToldAndTheNextOneComes) {
  drop("b.png");
  std::ofstream(in("photos/a.png")) << "no picture";
  const auto result = null(
      {"--follow", "photos", "-o", "out", "--format", "mini_npz", "--process-res", "56", "--frames", "2"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_THAT(result.err, HasSubstr("[1] a: failed: "));
  EXPECT_TRUE(there("out/b/exports/mini_npz/results.npz"));
  EXPECT_FALSE(there("out/a"));
  EXPECT_EQ(json_of("out/run.json")["items_failed"], 1);
}

/// The report has the last hundred frames only; that the first was good counts still.
TEST_F(LiveRun, OneOfManyThatWasGoodIsRemembered) {
  const auto bad = [&](int i) { return "photos/b" + std::to_string(i) + ".png"; };
  drop("a.png");
  for (int i = 0; i < 101; ++i) std::ofstream(in(bad(i))) << "no picture";
  const auto result = null(
      {"--follow", "photos", "-o", "out", "--format", "mini_npz", "--process-res", "56", "--frames", "102"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_TRUE(there("out/a/exports/mini_npz/results.npz"));
  EXPECT_EQ(json_of("out/run.json")["exit_status"], 5);
  EXPECT_EQ(json_of("out/run.json")["items_failed"], 101);
  EXPECT_THAT(result.out, HasSubstr("1 done, 101 failed"));
}

TEST_F(LiveRun, TheNameOfTheReportIsNoFoldersName) {
  drop("run.json.png");
  const auto result = null(
      {"--follow", "photos", "-o", "out", "--format", "mini_npz", "--process-res", "56", "--frames", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(there("out/run.json.png/exports/mini_npz/results.npz"));
  EXPECT_EQ(json_of("out/run.json")["exit_status"], 0);
}

TEST_F(LiveRun, CtrlCFinishesTheFrameAndEndsWith130) {
  drop("a.png");
  ProgramOptions options;
  options.signals = {{"\"event\":\"end\",\"item\":1", SIGINT}};
  const auto result = null({"--follow", "photos", "-o", "out", "--format", "mini_npz", "--process-res", "56",
                            "--progress", "json"},
                           options);
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_TRUE(there("out/a/exports/mini_npz/results.npz"));
  EXPECT_EQ(json_of("out/run.json")["exit_status"], 130);
}

TEST_F(LiveRun, AFolderThatIsNotThereIsToldBeforeTheModelIsLoaded) {
  const Words words{"--model", ".", "--progress", "plain", "--follow"};
  const auto with = [&](const std::string& folder) {
    Words all = words;
    all.push_back(folder);
    return null(all);
  };
  std::ofstream(in("file.png")) << "x";
  for (const char* folder : {"none", "file.png"}) {
    const auto result = with(folder);
    EXPECT_ONE_SENTENCE(result, 4);
    EXPECT_THAT(result.err, HasSubstr(folder));
  }
}

TEST_F(LiveRun, JpegsOnStdinBecomeDepthOnStdout) {
  mjpeg("frames.mjpeg", 4);
  const auto result =
      shell("\"$DA3\" --source - --stream-to - --when-behind wait --process-res 84 <frames.mjpeg");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto maps = stream(result.out);
  ASSERT_EQ(maps.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(maps[i].number, i);
    EXPECT_EQ(maps[i].width, 84u);
    EXPECT_EQ(maps[i].height, 56u);
    EXPECT_EQ(maps[i].metres, 0u);
    EXPECT_THAT(maps[i].values, testing::Each(1.0f));  // what the null plugin sees
  }
  EXPECT_FALSE(there("da3-out"));
}

TEST_F(LiveRun, ADamagedFrameIsOneFrame) {
  mjpeg("frames.mjpeg", 3);
  std::string bytes = text_of("frames.mjpeg");
  const size_t second = bytes.find("\xFF\xD9\xFF\xD8") + 2;
  const size_t tables = bytes.find("\xFF\xDB", second);
  bytes[tables + 4] = '\x7F';  // no such precision and number of a table
  std::ofstream(in("frames.mjpeg"), std::ios::binary) << bytes;
  const auto result =
      shell("\"$DA3\" --source - --stream-to - --when-behind wait --process-res 84 <frames.mjpeg");
  EXPECT_EQ(result.exit_code, 5) << result.err;
  const auto maps = stream(result.out);
  ASSERT_EQ(maps.size(), 2u);
  EXPECT_EQ(maps[0].number, 0u);
  EXPECT_EQ(maps[1].number, 2u);
}

TEST_F(LiveRun, RawFramesGoToANamedPipe) {
  const auto result = shell(
      "mkfifo pipe; head -c 42336 /dev/zero | \"$DA3\" --source rgb24:84x56 --stream-to pipe --when-behind "
      "wait "
      "--process-res 84 & cat pipe; wait $!");
  EXPECT_EQ(result.exit_code, 0) << result.err;  // 3 * 84 * 56 * 3
  EXPECT_EQ(stream(result.out).size(), 3u);
}

TEST_F(LiveRun, FramesBecomeFilesWhereFormatsAreNamed) {
  mjpeg("frames.mjpeg", 2);
  const auto result = shell(
      "\"$DA3\" --source - -o out --format png16 --stream-to depth --when-behind wait --process-res 84 "
      "<frames.mjpeg");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(stream(text_of("depth")).size(), 2u);
  EXPECT_TRUE(there("out/000000/png16/0000.png"));
  EXPECT_TRUE(there("out/000001/png16/0000.png"));
}

TEST_F(LiveRun, AReaderThatIsGoneEndsTheRun) {
  mjpeg("frames.mjpeg", 40);
  const auto result = shell(
      "mkfifo pipe; head -c 100 pipe >/dev/null & \"$DA3\" --source - --stream-to pipe --when-behind wait "
      "--process-res 84 "
      "<frames.mjpeg");
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the reader is gone"));
}

TEST_F(LiveRun, WhatIsNoJpegIsToldOnce) {
  const auto result = shell("echo hello | \"$DA3\" --source - --stream-to - -q");
  EXPECT_EQ(result.exit_code, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("no JPEG"));
  EXPECT_EQ(lines(result.err), 1u) << result.err;
}

TEST_F(LiveRun, WhatDoesNotGoTogetherIsRefused) {
  for (const Words& words : {Words{"--follow", "photos", "--source", "-"},
                             {"--stream-to", "-"},
                             {"--frames", "3"},
                             {"--when-behind", "drop"},
                             {"--follow", "photos", "a.png"},
                             {"--follow", "photos", "--resume"},
                             {"--follow", "photos", "--shard", "1/2"},
                             {"--follow", "photos", "--dry-run"},
                             {"--source", "-", "--frames", "0"},
                             {"--source", "-", "--when-behind", "x"},
                             {"--source", "-", "--stream-to", "-", "--format", "raw"},
                             {"--source", "-", "--stream-to", "-", "--preview"}})
    EXPECT_EQ(null(words).exit_code, 2) << testing::PrintToString(words);
  for (const char* source : {"rgb24:640", "rgb24:0x5", "camera", "v4l2:", "rtsp"})
    EXPECT_EQ(null({"--source", source}).exit_code, 2) << source;
  EXPECT_EQ(null({"--source", "v4l2:/dev/none"}).exit_code, 4);
}

/// As where the program before the pipe failed.
TEST_F(LiveRun, ASourceThatGivesNothingIsAnError) {
  const auto result = shell("$DA3 --source - --model . -q </dev/null");
  EXPECT_ONE_SENTENCE(result, 4);
  EXPECT_THAT(result.err, HasSubstr("gave no frame"));
}

TEST_F(LiveRun, PreviewIsDrawnWhereItIsAskedFor) {
  picture("a.png");
  auto result = null({"a.png", "--preview", "blocks", "-o", "out", "-q"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\xE2\x96\x80"));
  EXPECT_LT(result.out.find("\xE2\x96\x80"), result.out.find("device"));  // results come last
  result = null({"--preview", "a.png", "-o", "out", "-q"});               // stdout is no terminal
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.find('\033'), std::string::npos);
}

}  // namespace
}  // namespace da3::test
