// SPDX-License-Identifier: Apache-2.0
// --source with cameras and streams, on the null plugin: pictures come from serve_frames.py on this machine.
#include <csignal>
#include <cstdlib>

#include "host_fixture.hpp"
#include "image_files.hpp"
#include "support/video_files.hpp"

namespace da3::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class LiveSource : public HostTest {
 protected:
  static std::string python() {
    const char* given = std::getenv("DA3_TEST_PYTHON");
    const std::string python = given ? given : "/usr/bin/python3";
    return python.find('/') == std::string::npos ? python : std::filesystem::absolute(python).string();
  }
  void SetUp() override {
    if (std::system((python() + " -c 'import socketserver' >/dev/null 2>&1").c_str()) != 0)
      GTEST_SKIP() << "no Python: set DA3_TEST_PYTHON";
    const auto pixels = noise(48, 64);
    write_image(in("frame.jpg"), 48, 64, pixels.data());
  }

  /// da3-host beside a camera that serve_frames.py plays; `serve` are its words, "URL" in `words` the
  /// address.
  ProgramResult host_of(const Words& serve, const Words& words, std::string variable = "NONE=") const {
    Words all{python(), DA3_SOURCE_DIR "/tests/integration/serve_frames.py"};
    all.insert(all.end(), serve.begin(), serve.end());
    all.push_back(DA3_HOST_PROGRAM);
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"--process-res", "56", "-o", "out"});
    return run_program("/usr/bin/env", all,
                       {.environment = {"DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER, "DA3_SET_backend=null",
                                        "DA3_CACHE_DIR=" + in("cache").string(), std::move(variable)},
                        .folder = folder_.path()});
  }
  /// Numbers in the heads of --stream-to's frames; docs/command-line.md.
  static std::vector<int> numbers(const std::string& stream) {
    std::vector<int> found;
    for (size_t at = 0; (at = stream.find("DA3D", at)) != std::string::npos; ++at)
      found.push_back(static_cast<unsigned char>(stream[at + 24]));
    return found;
  }
};

TEST_F(LiveSource, PicturesOverHttp) {
  const auto result = host_of({"mjpeg", "frame.jpg", "4"},
                              {"--source", "URL", "--stream-to", "depth", "--when-behind", "wait"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(numbers(text_of("depth")), testing::ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(result.err, HasSubstr("has ended after 4 frames"));
}

TEST_F(LiveSource, PicturesOverRtsp) {
  const auto result =
      host_of({"rtsp", "frame.jpg", "5"}, {"--source", "URL", "--format", "png16", "--when-behind", "wait"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(there("out/000004/png16/0000.png"));
  EXPECT_EQ(json_of("out/run.json")["scenes"].size(), 5u);
}

TEST_F(LiveSource, AVideoThatIsServed) {
  write_video(in("clip.avi"), 12, 10);
  const auto result = host_of({"clip", "clip.avi", "1"},
                              {"--source", "URL", "--stream-to", "depth", "--when-behind", "wait"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(numbers(text_of("depth")).size(), 12u);
  EXPECT_THAT(result.err, Not(HasSubstr("has ended")));
}

TEST_F(LiveSource, TheOldestAreDroppedWhereTheNetworkIsSlower) {
  const auto result = host_of({"mjpeg", "frame.jpg", "200"},
                              {"--source", "URL", "--stream-to", "depth", "-v"}, "FAULTY_RUN_MS=30");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto seen = numbers(text_of("depth"));
  ASSERT_FALSE(seen.empty());
  EXPECT_LT(seen.size(), 200u);
  EXPECT_EQ(seen.back(), 199);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_THAT(result.err, HasSubstr(std::to_string(200 - seen.size()) + " dropped"));
}

TEST_F(LiveSource, EndsAfterSoManyFramesHoweverManyCome) {
  const auto result = host_of({"stall", "frame.jpg", "3"}, {"--source", "URL", "--stream-to", "depth",
                                                            "--when-behind", "wait", "--frames", "2"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(numbers(text_of("depth")).size(), 2u);
}

TEST_F(LiveSource, CtrlCEndsWhatWaits) {
  auto result = host_of({"--interrupt", "stall", "frame.jpg", "3"}, {"--source", "URL", "--format", "png16"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  result = host_of({"--interrupt", "silent", "", "0"}, {"--source", "URL", "--format", "png16"});
  EXPECT_EQ(result.exit_code, 130) << result.err;
}

TEST_F(LiveSource, WhatIsNoVideoIsToldOnce) {
  folder_.write("page.html", "<html>hello</html>");
  const auto result = host_of({"clip", "page.html", "1"}, {"--source", "URL", "-q"});
  EXPECT_ONE_SENTENCE(result, 4);
}

TEST_F(LiveSource, WhatIsNotThereIsToldBeforeAModelIsLoaded) {
  for (const auto& [source, status] : {std::pair{"v4l2:/dev/da3-none", 4},
                                       {"/dev/da3-none", 4},
                                       {"gopher://127.0.0.1/1", 2},
                                       {"file:///clip.avi", 2}}) {
    const auto result = null({"--source", source, "--model", ".", "--progress", "plain"});
    EXPECT_ONE_SENTENCE(result, status);
    EXPECT_THAT(result.err, HasSubstr(source));
  }
  const auto refused = null({"--source", "rtsp://127.0.0.1:1/", "-q"});
  EXPECT_ONE_SENTENCE(refused, 4);
  EXPECT_THAT(refused.err, HasSubstr("Connection refused"));
}

TEST_F(LiveSource, WhatThisOpenCvLacksIsSaid) {
  const auto result =
      null({"--source", "rtsp://127.0.0.1:1/", "-q"}, {.environment = {"OPENCV_VIDEOIO_PRIORITY_FFMPEG=0"}});
  EXPECT_ONE_SENTENCE(result, 4);
  EXPECT_THAT(result.err, HasSubstr("has no FFmpeg"));
}

}  // namespace
}  // namespace da3::test
