// SPDX-License-Identifier: Apache-2.0
// Videos that libda3_video writes, as it reads them itself. Others' readers: round_trip_test.cpp.
#include "io/support.hpp"
#include "support/video_files.hpp"

#include <da3/io/open.hpp>

#include <sys/resource.h>

#include <cmath>
#include <csignal>

namespace da3::io {
namespace {

using test::expect_error;
using test::frame_colour;
using test::TempDir;

std::unique_ptr<VideoWriter> create(const fs::path& file, const VideoFormat& format) {
  return open_video_library().create_video(file, format);
}

std::vector<uint8_t> picture(const VideoFormat& format, int number) {
  const auto colour = frame_colour(number);
  std::vector<uint8_t> rgb;
  for (int64_t i = 0; i < format.height * format.width; ++i)
    for (const int value : colour) rgb.push_back(static_cast<uint8_t>(value));
  return rgb;
}

void write_video(const fs::path& file, const VideoFormat& format, int frames) {
  const auto writer = create(file, format);
  for (int n = 0; n < frames; ++n) writer->write(picture(format, n));
  writer->commit();
}

void expect_read_back(const fs::path& file, const VideoFormat& format, int frames) {
  const auto source = open_video_library().open_video(file, {.fps = 0});
  EXPECT_EQ(source->facts().frames, frames);
  EXPECT_NEAR(source->facts().frames_per_second, format.frames_per_second, 1e-3);
  Frame frame;
  int n = 0;
  for (; source->next(frame); ++n) {
    ASSERT_EQ(frame.image.height, format.height + format.height % 2);
    ASSERT_EQ(frame.image.width, format.width + format.width % 2);
    const auto colour = frame_colour(n);
    for (const size_t at : {size_t{0}, frame.image.rgb.size() / 2 / 3 * 3, frame.image.rgb.size() - 3})
      for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(frame.image.rgb[at + c], colour[c], 8) << n;
  }
  EXPECT_EQ(n, frames);
  EXPECT_EQ(source->shortfall(), "");
}

TEST(CreateVideo, what_is_written_is_read_back) {
  const TempDir dir;
  for (const VideoFormat& format :
       {VideoFormat{48, 64, 15}, VideoFormat{28, 84, 24}, VideoFormat{31, 45, 29.97}, VideoFormat{1, 1, 1}}) {
    const fs::path file = dir / "a ü/b/clip.mp4";  // folders are made
    write_video(file, format, 20);
    expect_read_back(file, format, 20);
    EXPECT_THAT(test::files_below(dir.path()), testing::ElementsAre("a ü/b/clip.mp4"));
  }
}

TEST(CreateVideo, the_encoder_is_told) {
  const TempDir dir;
  EXPECT_THAT(create(dir / "a.mp4", {48, 64, 15})->encoder(), testing::AnyOf("H.264", "MPEG-4 part 2"));
}

TEST(CreateVideo, what_is_not_committed_is_removed) {
  const TempDir dir;
  test::write_text(dir / "a.mp4", "old");
  {
    const VideoFormat format{48, 64, 15};
    const auto writer = create(dir / "a.mp4", format);
    writer->write(picture(format, 0));
    EXPECT_EQ(test::files_below(dir.path()).size(), 2u);
  }
  EXPECT_THAT(test::files_below(dir.path()), testing::ElementsAre("a.mp4"));
  EXPECT_EQ(test::read_bytes(dir / "a.mp4").size(), 3u);
}

TEST(CreateVideo, what_is_no_video_is_refused) {
  const TempDir dir;
  for (const VideoFormat& format :
       {VideoFormat{0, 64, 15}, VideoFormat{48, -1, 15}, VideoFormat{48, 16384, 15}})
    expect_error(DA3_E_SHAPE, "a side", [&] { create(dir / "a.mp4", format); });
  for (const double rate : {0.0, -1.0, double{NAN}, double{INFINITY}})
    expect_error(DA3_E_BAD_VALUE, "pictures a second", [&] { create(dir / "a.mp4", {48, 64, rate}); });
  const auto writer = create(dir / "a.mp4", {48, 64, 15});
  expect_error(DA3_E_SHAPE, "not of its size", [&] { writer->write(std::vector<uint8_t>(7)); });
  expect_error(DA3_E_INTERNAL, "not whole", [&] { writer->commit(); });  // without a picture
}

TEST(CreateVideo, a_folder_that_cannot_be_made_is_told) {
  const TempDir dir;
  test::write_text(dir / "file", "");
  expect_error(DA3_E_NOT_FOUND, "file", [&] { create(dir / "file/a.mp4", {48, 64, 15}); });
}

/// A full disk, wherever in the file it comes: FFmpeg itself does not tell.
TEST(CreateVideo, a_file_that_cannot_grow_is_told_and_removed) {
  const TempDir dir;
  const VideoFormat format{48, 64, 15};
  write_video(dir / "whole.mp4", format, 60);
  const auto bytes = static_cast<rlim_t>(fs::file_size(dir / "whole.mp4"));
  fs::remove(dir / "whole.mp4");
  for (const rlim_t most : {rlim_t{0}, rlim_t{20}, bytes / 2, bytes - 1}) {
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit now{most, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
    expect_error(DA3_E_NOT_FOUND, "too large", [&] { write_video(dir / "cut.mp4", format, 60); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_THAT(test::files_below(dir.path()), testing::IsEmpty()) << most;
  }
  write_video(dir / "again.mp4", format, 60);
  expect_read_back(dir / "again.mp4", format, 60);
}

}  // namespace
}  // namespace da3::io
