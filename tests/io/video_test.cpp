// SPDX-License-Identifier: Apache-2.0
// libda3_video as a program sees it, on videos that are made here.
#include "io/support.hpp"
#include "support/video_files.hpp"

#include <da3/io/open.hpp>

#include <cmath>

namespace da3::io {
namespace {

using test::cut_file;
using test::expect_error;
using test::frame_colour;
using test::TempDir;
using test::write_video;

struct Read {
  std::vector<int64_t> numbers;
  std::vector<double> seconds;
  std::string shortfall;
};

/// Also looks at each frame's pixels.
Read read_all(const fs::path& file, const FrameSelection& selection) {
  const auto source = open_video_library().open_video(file, selection);
  Read read;
  Frame frame;
  while (source->next(frame)) {
    read.numbers.push_back(frame.number);
    read.seconds.push_back(frame.seconds);
    EXPECT_EQ(frame.image.height, test::video_height);
    EXPECT_EQ(frame.image.width, test::video_width);
    const auto colour = frame_colour(static_cast<int>(frame.number));
    const size_t middle = (24 * 64 + 32) * 3;
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(frame.image.rgb.at(middle + c), colour[c], 8) << frame.number;
  }
  EXPECT_FALSE(source->next(frame));
  read.shortfall = source->shortfall();
  return read;
}

FrameSelection selection(double fps, double start = 0, double end = INFINITY) { return {fps, start, end}; }

class Video : public testing::TestWithParam<std::string> {};

TEST_P(Video, gives_every_nth_frame_with_its_time) {
  const TempDir dir;
  const fs::path file = dir / ("clip ü" + GetParam());
  write_video(file, 35, 10);
  const Read one = read_all(file, selection(1));
  EXPECT_THAT(one.numbers, testing::ElementsAre(0, 10, 20, 30));
  for (size_t i = 0; i < one.seconds.size(); ++i) EXPECT_NEAR(one.seconds[i], static_cast<double>(i), 1e-3);
  EXPECT_EQ(one.shortfall, "");
  EXPECT_EQ(read_all(file, selection(0)).numbers.size(), 35u);
  EXPECT_EQ(read_all(file, selection(100)).numbers.size(), 35u);  // more than there are
  EXPECT_THAT(read_all(file, selection(3)).numbers,               // int(10 / 3), as upstream
              testing::ElementsAre(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33));
  EXPECT_THAT(read_all(file, selection(2, 1.05, 2.65)).numbers, testing::ElementsAre(11, 16, 21, 26));
  EXPECT_THAT(read_all(file, selection(0.25)).numbers, testing::ElementsAre(0));
  EXPECT_THAT(read_all(file, selection(1, 99)).numbers, testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Containers, Video, testing::Values(".avi", ".mp4", ".mkv"));

TEST(Video, facts_are_the_files) {
  const TempDir dir;
  write_video(dir / "a.avi", 12, 8);
  const auto source = open_video_library().open_video(dir / "a.avi", {});
  EXPECT_EQ(source->facts().frames, 12);
  EXPECT_EQ(source->facts().frames_per_second, 8);
  EXPECT_EQ(source->facts().name, (dir / "a.avi").string());
  EXPECT_FALSE(source->facts().live);
}

TEST(Video, of_one_that_is_cut_the_frames_before_are_given) {
  const TempDir dir;
  for (const char* name : {"a.avi", "a.mkv"}) {
    write_video(dir / name, 60, 10);
    cut_file(dir / name, 0.5);
    testing::internal::CaptureStderr();
    const auto source = open_video_library().open_video(dir / name, selection(0));
    Frame frame;
    int64_t count = 0;
    while (source->next(frame)) ++count;
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << name;  // FFmpeg's complaints
    EXPECT_GT(count, 1) << name;
    EXPECT_LT(count, 59) << name;
    EXPECT_THAT(source->shortfall(), testing::HasSubstr("of 60 frames")) << name;
  }
}

TEST(Video, what_cannot_be_read_is_told) {
  const TempDir dir;
  const auto open = [&](const fs::path& file, const FrameSelection& selection) {
    open_video_library().open_video(file, selection);
  };
  expect_error(DA3_E_NOT_FOUND, "No such file", [&] { open(dir / "none.mp4", {}); });
  expect_error(DA3_E_NOT_FOUND, "no file", [&] { open(dir.path(), {}); });
  expect_error(DA3_E_INVALID, "no video", [&] { open(test::write_text(dir / "a.mp4", "hello"), {}); });
  write_video(dir / "b.mp4", 20, 10);
  cut_file(dir / "b.mp4", 0.5);  // its index is at the end
  expect_error(DA3_E_INVALID, "b.mp4", [&] { open(dir / "b.mp4", {}); });
  write_video(dir / "c.avi", 3, 10);
  for (const FrameSelection& bad : {selection(-1), selection(1, -1), selection(1, 2, 2), selection(NAN)})
    expect_error(DA3_E_BAD_VALUE, "no frame can be chosen", [&] { open(dir / "c.avi", bad); });
}

TEST(Video, the_library_keeps_its_symbols_to_itself) {
  open_video_library();
  EXPECT_EQ(::dlsym(RTLD_DEFAULT, "da3_video_api"), nullptr);
  expect_error(DA3_E_NOT_FOUND, "install the video part",
               [] { open_video_library("/nowhere/libda3_video.so"); });
}

}  // namespace
}  // namespace da3::io
