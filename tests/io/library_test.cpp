// SPDX-License-Identifier: Apache-2.0
// libda3_io as a program sees it: opened, not linked.
#include "io/support.hpp"

#include <da3/io/open.hpp>

#include <array>
#include <cstdio>
#include <iostream>
#include <memory>

namespace da3::io {
namespace {

using test::expect_error;
using test::TempDir;

TEST(Library, opens_beside_the_program_and_works) {
  const Api& api = open();
  EXPECT_EQ(&api, &open());
  EXPECT_THAT(api.libraries, testing::MatchesRegex("OpenCV [0-9.]+.*, libzip [0-9.]+.*"));
  const auto folder = fs::path(DA3_TEST_DATA) / "preprocess";
  const Views views =
      api.load_views(api.list_inputs({folder / "small.png", folder / "wide.png"}), {56}, {}, {});
  EXPECT_EQ(views.views, 2);
  const TempDir dir;
  api.write_text_atomic(dir / "run.json", "{}");
  EXPECT_TRUE(fs::exists(dir / "run.json"));
}

TEST(Library, has_cameras_and_poses) {
  const Api& api = open();
  const auto folder = fs::path(DA3_TEST_DATA);
  const GivenCameras cameras = api.read_cameras(folder / "io" / "colmap" / "binary");
  const auto relative = api.normalise_extrinsics(cameras.extrinsics);
  EXPECT_EQ(relative.size(), cameras.extrinsics.size() * 16);
  EXPECT_NEAR(api.align_poses(cameras.extrinsics, cameras.extrinsics, 1).scale, 1, 1e-9);
  GivenCameras one;
  one.intrinsics = {api.intrinsics_from_fov(60, 480, 640)};
  one.sizes = {{480, 640}};
  const auto picture = folder / "preprocess" / "exact.png";
  const auto size = api.plan_views({picture}, {}).original_sizes[0];
  one.sizes[0] = {size[0] * 2, size[1] * 2};
  EXPECT_EQ(api.cameras_for(one, {picture}).intrinsics[0][0], one.intrinsics[0][0] / 2);
  std::vector<float> predicted(12), depth{1};
  predicted[0] = predicted[5] = predicted[10] = 1;
  EXPECT_EQ(api.align_to_given(predicted, std::span(cameras.extrinsics).first(1), depth, true).scale, 1);
  api.depth_in_metres(depth, 1, 1, 1, std::vector{api.intrinsics_from_focal(600, 1, 1)});
  EXPECT_EQ(depth[0], 2);
}

TEST(Library, its_errors_are_caught_as_da3_error) {
  const Api& api = open();
  const Error error = expect_error(DA3_E_NOT_FOUND, "no such file", [&] { api.list_inputs({"/nowhere"}); });
  EXPECT_EQ(error.native(), ENOENT);
}

TEST(Library, refusals_have_sentences) {
  const TempDir dir;
  expect_error(DA3_E_INVALID, "not absolute", [] { open("libda3_io.so"); });
  expect_error(DA3_E_NOT_FOUND, "DA3_BUILD_IO", [&] { open(dir / "libda3_io.so"); });
  expect_error(DA3_E_NOT_FOUND, "libda3_io.so",
               [&] { open(test::write_text(dir / "libda3_io.so", "not a library")); });
}

TEST(Library, keeps_its_symbols_and_opencvs_out_of_the_program) {
  open();
  EXPECT_EQ(::dlsym(RTLD_DEFAULT, "da3_io_api"), nullptr);
  EXPECT_EQ(::dlsym(RTLD_DEFAULT, "zip_open"), nullptr);
}

#ifdef __linux__
TEST(Library, exports_one_symbol) {
  const std::string command = "nm -D --defined-only '" + default_library().string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  ASSERT_NE(pipe, nullptr);
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    output.append(buffer.data(), got);
  EXPECT_THAT(output, testing::MatchesRegex("[0-9a-f]+ T da3_io_api(@@[^\n]*)?\n"));
}
#endif

TEST(Library, the_programs_own_stderr_still_works) {
  open();
  testing::internal::CaptureStderr();
  std::fprintf(stderr, "C %d\n", 1);
  std::cerr << "C++ " << 2 << std::endl;
  std::perror("perror");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::MatchesRegex("C 1\nC\\+\\+ 2\nperror: [^\n]*\n"));
}

}  // namespace
}  // namespace da3::io
