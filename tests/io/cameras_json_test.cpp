// SPDX-License-Identifier: Apache-2.0
// JSON, and what is refused or warned of in every kind of file.
#include "io/support.hpp"

#include <da3/io/cameras.hpp>

namespace da3::io {
namespace {

using test::expect_error;
using test::TempDir;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string rows = "[1,0,0,0.5],[0,1,0,-2],[0,0,1,3e1]", pose = "[" + rows + "]",
                  square = "[" + rows + ",[0,0,0,1]]", lens = "[[100,0,50],[0,110.5,40],[0,0,1]]";
constexpr Extrinsics expected_pose{1, 0, 0, 0.5, 0, 1, 0, -2, 0, 0, 1, 30, 0, 0, 0, 1};
constexpr Intrinsics expected_lens{100, 0, 50, 0, 110.5f, 40, 0, 0, 1};

GivenCameras read(const std::string& text) {
  const TempDir dir;
  return read_cameras(test::write_text(dir / "cameras.json", text));
}

std::string object(const std::string& extrinsics, const std::string& intrinsics) {
  return "{\"extrinsics\":" + extrinsics + ",\"intrinsics\":" + intrinsics + "}";
}

TEST(CamerasJson, every_layout) {
  const std::string list = "[{\"image\":\"a.jpg\",\"extrinsics\":" + pose + ",\"intrinsics\":" + lens +
                           "}, {\"image\":\"b/c.jpg\",\"extrinsics\":" + square + ",\"intrinsics\":" + lens +
                           ",\"note\":1}]";
  const GivenCameras named = read("\xEF\xBB\xBF \n" + list);
  EXPECT_THAT(named.names, ElementsAre("a.jpg", "b/c.jpg"));
  EXPECT_THAT(named.extrinsics, ElementsAre(expected_pose, expected_pose));
  EXPECT_THAT(named.intrinsics, ElementsAre(expected_lens, expected_lens));
  EXPECT_THAT(named.sizes, IsEmpty());
  EXPECT_THAT(named.warnings, IsEmpty());
  const GivenCameras arrays = read(object("[" + pose + "," + square + "]", "[" + lens + "," + lens + "]"));
  EXPECT_THAT(arrays.names, IsEmpty());
  EXPECT_EQ(arrays.extrinsics, named.extrinsics);
  EXPECT_EQ(arrays.intrinsics, named.intrinsics);
  const GivenCameras one = read(object(pose, lens));
  EXPECT_THAT(one.extrinsics, ElementsAre(expected_pose));
  EXPECT_THAT(one.intrinsics, ElementsAre(expected_lens));
  EXPECT_THAT(read("{\"image\":\"x.png\",\"extrinsics\":" + square + "}").names, ElementsAre("x.png"));
  EXPECT_THAT(read("[{\"extrinsics\":" + square + "}]").intrinsics, IsEmpty());
  EXPECT_THAT(read("{\"intrinsics\":" + lens + "}").extrinsics, IsEmpty());
}

TEST(CamerasJson, bad_layouts_are_refused) {
  const auto refuse = [](int32_t code, const std::string& text, const std::string& json) {
    expect_error(code, text, [&] { read(json); });
  };
  refuse(DA3_E_INVALID, "empty", "");
  refuse(DA3_E_INVALID, "neither an .npz nor JSON", "hello");
  refuse(DA3_E_INVALID, "not valid JSON", "{");
  refuse(DA3_E_INVALID, "not valid JSON", object(pose, lens) + "x");
  refuse(DA3_E_INVALID, "not valid JSON", object("[[1e999]]", lens));
  refuse(DA3_E_INVALID, "not valid JSON", object("[[NaN]]", lens));
  refuse(DA3_E_INVALID, "not valid JSON", "[\"\xff\"]");
  for (const std::string nothing : {"[]", "{}", "[{}]", "{\"extrinsics\":[]}", "{\"poses\":[1]}"})
    refuse(DA3_E_INVALID, "neither \"extrinsics\" nor", nothing);
  refuse(DA3_E_INVALID, "no object", "[1]");
  refuse(DA3_E_INVALID, "camera 2 lacks \"intrinsics\"",
         "[" + object(pose, lens) + ",{\"extrinsics\":" + pose + "}]");
  refuse(DA3_E_INVALID, "camera 2 has \"image\"",
         "[{\"extrinsics\":" + pose + "},{\"image\":\"a\",\"extrinsics\":" + pose + "}]");
  refuse(DA3_E_INVALID, "no string", "[{\"image\":1,\"extrinsics\":" + pose + "}]");
  refuse(DA3_E_SHAPE, "3x4 or 4x4", object("[[1,0,0],[0,1,0],[0,0,1]]", lens));
  refuse(DA3_E_SHAPE, "3x4 or 4x4", object("[[1,0,0,0],[0,1,0,0]]", lens));
  refuse(DA3_E_SHAPE, "3x3", object(pose, pose));
  refuse(DA3_E_SHAPE, "3x3", "[" + object(pose, "5") + "]");
  refuse(DA3_E_SHAPE, "\"extrinsics\" of camera 2",
         object("[" + pose + ",[1]]", "[" + lens + "," + lens + "]"));
  refuse(DA3_E_INVALID, "no number", object("[[1,0,0,null],[0,1,0,0],[0,0,1,0]]", lens));
  refuse(DA3_E_SHAPE, "2 extrinsics, 1 intrinsics", object("[" + pose + "," + pose + "]", "[" + lens + "]"));
  refuse(DA3_E_SHAPE, "3 image names", "{\"image\":[\"a\",\"b\",\"c\"],\"extrinsics\":" + pose + "}");
  refuse(DA3_E_INVALID, "nested too deeply", std::string(1000000, '['));
  refuse(DA3_E_SHAPE, "32 MiB", "[" + std::string(33 << 20, ' ') + "]");
  std::string many = "[";
  for (int i = 0; i < 5'000'001; ++i) many += "0,";
  refuse(DA3_E_SHAPE, "too many values", many + "0]");
}

TEST(CheckCameras, numbers_that_are_no_cameras_are_refused) {
  const auto refuse = [](int32_t code, const std::string& text, const std::string& json) {
    expect_error(code, text, [&] { read(json); });
  };
  const std::string row4 = ",[0,0,0,1]]";
  refuse(DA3_E_INVALID, "not finite", "{\"extrinsics\":[[1,0,0,1e39],[0,1,0,0],[0,0,1,0]]}");
  refuse(DA3_E_INVALID, "row 0 0 0 1; write", "{\"extrinsics\":[" + rows + ",[0,0,0,2]]}");
  refuse(DA3_E_INVALID, "transposed", "{\"extrinsics\":[[1,0,0,0],[0,1,0,0],[0,0,1,0],[1,2,3,1]]}");
  refuse(DA3_E_INVALID, "no rotation", "{\"extrinsics\":[[2,0,0,0],[0,2,0,0],[0,0,2,0]]}");
  refuse(DA3_E_INVALID, "no rotation", "{\"extrinsics\":[[0,0,0,0],[0,0,0,0],[0,0,0,0]]}");
  refuse(DA3_E_INVALID, "no rotation", "{\"extrinsics\":[[1,0,0,0],[1,0,0,0],[0,0,1,0]]}");
  refuse(DA3_E_INVALID, "not positive", "{\"intrinsics\":[[0,0,50],[0,100,40],[0,0,1]]}");
  refuse(DA3_E_INVALID, "not positive", "{\"intrinsics\":[[100,0,50],[0,-100,40],[0,0,1]]}");
  refuse(DA3_E_INVALID, "of the form", "{\"intrinsics\":[[100,0,50],[0,100,40],[0,0,2]]}");
  refuse(DA3_E_INVALID, "of the form", "{\"intrinsics\":[[100,0,0],[0,100,0],[50,40,1]]}");
  refuse(DA3_E_INVALID, "camera 2 (\"b\")",
         "[{\"image\":\"a\",\"intrinsics\":" + lens +
             "},{\"image\":\"b\",\"intrinsics\":[[-1,0,0],[0,1,0],[0,0,1]]}]");
  refuse(DA3_E_INVALID, "two cameras are of \"a\"",
         "{\"image\":[\"a\",\"a\"],\"extrinsics\":[" + pose + "," + pose + "]}");
  refuse(DA3_E_INVALID, "empty name", "{\"image\":\"\",\"extrinsics\":" + pose + "}");
}

TEST(CheckCameras, what_looks_wrong_is_warned_of) {
  EXPECT_THAT(read("{\"extrinsics\":[[1,0,0,0],[0,1,0,0],[0,0,-1,0]]}").warnings,
              ElementsAre(HasSubstr("mirror")));
  EXPECT_THAT(read("{\"extrinsics\":[[1.02,0,0,0],[0,1,0,0],[0,0,1,0]]}").warnings,
              ElementsAre(HasSubstr("not quite rotations")));
  EXPECT_THAT(read("{\"extrinsics\":[[1.002,0,0,0],[0,1,0,0],[0,0,1,0]]}").warnings, IsEmpty());
  EXPECT_THAT(read("{\"intrinsics\":[[0.8,0,0.5],[0,1.1,0.5],[0,0,1]]}").warnings,
              ElementsAre(HasSubstr("fractions")));
  EXPECT_THAT(read("{\"intrinsics\":[[800,0,0.5],[0,1100,0.5],[0,0,1]]}").warnings,
              ElementsAre(HasSubstr("fractions")));
  const GivenCameras rounded = read("{\"extrinsics\":[" + rows + ",[1e-9,0,0,0.99999999]]}");
  EXPECT_THAT(rounded.warnings, IsEmpty());
  EXPECT_EQ(rounded.extrinsics[0], expected_pose);
}

TEST(ReadCameras, paths_that_cannot_be_opened) {
  const TempDir dir;
  EXPECT_EQ(expect_error(DA3_E_NOT_FOUND, "check the path", [&] { read_cameras(dir / "none"); }).native(),
            ENOENT);
  expect_error(DA3_E_INVALID, "neither a file nor a folder", [] { read_cameras("/dev/null"); });
  const auto shut = test::write_text(dir / "shut.json", "{}");
  fs::permissions(shut, fs::perms::none);
  fs::permissions(dir.path(), fs::perms::owner_all | fs::perms::others_exec);
  fs::create_directories(dir / "model");
  fs::permissions(dir / "model", fs::perms::none);
  const test::Unprivileged somebody;
  EXPECT_EQ(expect_error(DA3_E_NOT_FOUND, "ermission", [&] { read_cameras(dir / "model"); }).native(),
            EACCES);
  EXPECT_EQ(expect_error(DA3_E_NOT_FOUND, "ermission", [&] { read_cameras(shut); }).native(), EACCES);
}

}  // namespace
}  // namespace da3::io
