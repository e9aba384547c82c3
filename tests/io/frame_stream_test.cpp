// SPDX-License-Identifier: Apache-2.0
#include "io/support.hpp"

#include <da3/io/frame_stream.hpp>

#include <unistd.h>

#include <thread>

namespace da3::io {
namespace {

using test::expect_error;
using Bytes = std::vector<uint8_t>;

/// A source that gets these bytes, few at a time, and then their end.
class Stream {
 public:
  Stream(Bytes bytes, FrameStreamOptions options = {}, size_t piece = 1000) {
    if (::pipe(ends_) != 0) throw std::runtime_error("no pipe");
    source = open_frame_stream(ends_[0], options);
    writer_ = std::thread([this, bytes = std::move(bytes), piece] {
      for (size_t at = 0; at < bytes.size(); at += piece)
        if (::write(ends_[1], bytes.data() + at, std::min(piece, bytes.size() - at)) < 0) break;
      ::close(ends_[1]);
    });
  }
  ~Stream() {
    writer_.join();
    ::close(ends_[0]);
  }
  std::unique_ptr<FrameSource> source;

 private:
  int ends_[2];
  std::thread writer_;
};

Bytes data(const char* name) { return test::read_bytes(test::data_dir / "io" / name); }

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(FrameStream, jpegs_are_the_pictures_of_the_files) {
  // Baseline, progressive (several scans) and one with a preview inside its EXIF, in pieces that cut
  // anywhere.
  const std::vector<const char*> names{"rgb.jpg", "prog.jpg", "exif.jpg", "rgb.jpg"};
  Bytes all;
  for (const char* name : names) all = all + data(name);
  for (const size_t piece : {size_t{1}, size_t{7}, all.size()}) {
    Stream stream(all, {}, piece);
    Frame frame;
    int64_t number = 0;
    for (const char* name : names) {
      ASSERT_TRUE(stream.source->next(frame)) << name;
      EXPECT_EQ(frame.number, number++);
      EXPECT_EQ(frame.image.rgb, read_image(test::data_dir / "io" / name).rgb) << name;
    }
    EXPECT_FALSE(stream.source->next(frame));
    EXPECT_EQ(frame.number, 3);
    EXPECT_EQ(stream.source->shortfall(), "");
  }
}

TEST(FrameStream, a_last_frame_that_is_cut_is_left_out_and_told) {
  Bytes all = data("rgb.jpg") + data("rgb.jpg");
  all.resize(all.size() - 10);
  Stream stream(all);
  Frame frame;
  EXPECT_TRUE(stream.source->next(frame));
  EXPECT_FALSE(stream.source->next(frame));
  EXPECT_THAT(stream.source->shortfall(), testing::HasSubstr("cut short"));
}

TEST(FrameStream, after_a_damaged_frame_the_next_one_comes) {
  Bytes damaged = data("rgb.jpg");
  for (size_t i = 0; i + 1 < damaged.size(); ++i)
    if (damaged[i] == 0xFF && damaged[i + 1] == 0xC0) {
      damaged[i + 4] = 77;  // bits a sample
      break;
    }
  Stream stream(data("rgb.jpg") + damaged + data("prog.jpg"));
  Frame frame;
  EXPECT_TRUE(stream.source->next(frame));
  expect_error(DA3_E_INVALID, "frame 1", [&] { stream.source->next(frame); });
  EXPECT_TRUE(stream.source->next(frame));
  EXPECT_EQ(frame.number, 2);
}

TEST(FrameStream, a_frame_whose_end_is_lost_costs_no_other) {
  Bytes damaged = data("rgb.jpg");
  damaged[2] = 0;  // where a marker should be
  Stream stream(data("rgb.jpg") + damaged + data("prog.jpg"));
  Frame frame;
  EXPECT_TRUE(stream.source->next(frame));
  expect_error(DA3_E_INVALID, "frame 1", [&] { stream.source->next(frame); });
  EXPECT_TRUE(stream.source->next(frame));
  EXPECT_EQ(frame.number, 2);
  EXPECT_EQ(frame.image.rgb, read_image(test::data_dir / "io" / "prog.jpg").rgb);
}

TEST(FrameStream, other_bytes_are_refused) {
  Stream stream(data("gray.png"));
  Frame frame;
  expect_error(DA3_E_UNSUPPORTED, "no JPEG", [&] { stream.source->next(frame); });
}

TEST(FrameStream, raw_frames_are_taken_as_they_are) {
  FrameStreamOptions options;
  options.height = 2, options.width = 3;
  Bytes all(2 * 18 + 5);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  Stream stream(all, options, 4);
  Frame frame;
  ASSERT_TRUE(stream.source->next(frame));
  ASSERT_TRUE(stream.source->next(frame));
  EXPECT_EQ(frame.image.height, 2);
  EXPECT_EQ(frame.image.width, 3);
  EXPECT_EQ(frame.image.rgb, Bytes(all.begin() + 18, all.begin() + 36));
  EXPECT_FALSE(stream.source->next(frame));
  EXPECT_NE(stream.source->shortfall(), "");
}

TEST(FrameStream, stops_while_it_waits) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  FrameStreamOptions options;
  int asked = 0;
  options.should_stop = [&] { return ++asked > 2; };
  const auto source = open_frame_stream(ends[0], options);
  Frame frame;
  EXPECT_FALSE(source->next(frame));
  EXPECT_EQ(source->shortfall(), "");
  ::close(ends[0]), ::close(ends[1]);
}

TEST(FrameStream, odd_sizes_are_refused) {
  for (const auto& [height, width] :
       {std::pair<int64_t, int64_t>{0, 5}, {-1, -1}, {int64_t{1} << 40, 1 << 20}}) {
    FrameStreamOptions options;
    options.height = height, options.width = width;
    expect_error(DA3_E_SHAPE, "width and height", [&] { open_frame_stream(0, options); });
  }
}

}  // namespace
}  // namespace da3::io
