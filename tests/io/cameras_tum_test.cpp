// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/cameras.hpp>

#include <gtest/gtest.h>

#include <cmath>

#include "io/support.hpp"
#include "support/temporary_folder.hpp"

namespace da3::io {
namespace {

TEST(CamerasTum, CameraToWorldBecomesWorldToCamera) {
  const test::TemporaryFolder folder;
  // A quarter turn about z, of a quaternion that is not of length 1, at (1, 2, 3).
  folder.write("t.txt", "# a comment\n\n0.0 0 0 0 0 0 0 1\r\n1e9 1 2 3 0 0 2 2\n");
  const GivenCameras cameras = read_cameras(folder.path() / "t.txt");
  ASSERT_EQ(cameras.extrinsics.size(), 2u);
  EXPECT_TRUE(cameras.intrinsics.empty() && cameras.names.empty());
  const Extrinsics want{0, 1, 0, -2, -1, 0, 0, 1, 0, 0, 1, -3, 0, 0, 0, 1};
  for (size_t i = 0; i < 16; ++i) EXPECT_NEAR(cameras.extrinsics[1][i], want[i], 1e-12) << i;
}

TEST(CamerasTum, BadLinesAreNamed) {
  const test::TemporaryFolder folder;
  for (const char* second : {"1 0 0 0 0 0 0 0", "1 0 0 0 0 0 0", "1 0 0 0 0 0 0 1 9", "1 x 0 0 0 0 0 1"}) {
    folder.write("t.txt", std::string("0 0 0 0 0 0 0 1\n") + second + "\n");
    try {
      read_cameras(folder.path() / "t.txt");
      FAIL() << second;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), DA3_E_INVALID);
      EXPECT_NE(error.message().find("line 2"), std::string::npos) << error.message();
    }
  }
}

TEST(CamerasTum, AHugeFileIsRefusedBeforeItIsRead) {
  const test::TemporaryFolder folder;
  folder.write("t.txt", "0 0 0 0 0 0 0 1\n");
  std::filesystem::resize_file(folder.path() / "t.txt", uintmax_t{1} << 31);  // sparse
  const uint64_t before = test::bytes_asked_for();
  test::expect_error(DA3_E_SHAPE, "has 2147483648 bytes", [&] { read_cameras(folder.path() / "t.txt"); });
#ifdef __linux__
  EXPECT_LT(test::bytes_asked_for() - before, 1u << 20);
#else
  static_cast<void>(before);
#endif
}

}  // namespace
}  // namespace da3::io
