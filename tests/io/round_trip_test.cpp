// SPDX-License-Identifier: Apache-2.0
// What is written is read by other people's readers and compared with numpy: check_formats.py.
#include "io/every_format.hpp"

#include <da3/io/export.hpp>

#include <cstdlib>

namespace da3::io {
namespace {

using test::OrbitScene;
using test::TempDir;

/// DA3_TEST_PYTHON, else the environment that scripts/setup.sh makes; empty when the modules are not there.
std::string python_with(const std::string& modules) {
  const char* given = std::getenv("DA3_TEST_PYTHON");
  const std::string python = given ? given : DA3_SOURCE_DIR "/build/deps/test-python/bin/python";
  return std::system((python + " -c 'import " + modules + "' >/dev/null 2>&1").c_str()) == 0 ? python : "";
}

class RoundTrip : public testing::Test {
 protected:
  void check(const std::string& format, const std::string& modules, const std::vector<std::string>& formats,
             const ExportOptions& options = {}, const std::string& more = "",
             const std::string& script = "check_formats.py") {
    const std::string python = python_with(modules);
    if (python.empty())
      GTEST_SKIP() << "no Python with " << modules << ": run scripts/setup.sh or set DA3_TEST_PYTHON";
    scene_.save(dir_ / "in");
    export_prediction(formats, dir_ / "out", scene_.prediction, options);
    const std::string command = python + " " DA3_SOURCE_DIR "/tests/io/" + script + " " + format + " " +
                                (dir_ / "in").string() + " " + (dir_ / "out").string() + " " + more;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

  TempDir dir_;
  OrbitScene scene_;
};

TEST_F(RoundTrip, glb) { check("glb", "trimesh, pygltflib", {"glb"}); }

TEST_F(RoundTrip, glb_of_fewer_points) {
  ExportOptions options;
  options.num_max_points = 500;
  check("glb", "trimesh, pygltflib", {"glb"}, options, "500");
}

TEST_F(RoundTrip, ply) {
  ExportOptions options;
  options.normals = true;
  check("ply", "plyfile", {"ply"}, options);
}

TEST_F(RoundTrip, gs_ply) { check("gs_ply", "plyfile", {"gs_ply"}); }

TEST_F(RoundTrip, colmap) { check("colmap", "pycolmap", {"colmap"}); }

TEST_F(RoundTrip, colmap_text) {
  scene_.prediction.files.back() = "/photos/c.jpg";  // a space would end the name
  check("colmap", "pycolmap", {"colmap_text"});
}

TEST_F(RoundTrip, colmap_tracks) {
  scene_.see_a_plane();
  scene_.prediction.files.back() = "/photos/c.jpg";
  ExportOptions options;
  options.colmap_tracks = true;
  for (const std::string format : {"colmap", "colmap_text"}) {
    fs::remove_all(dir_ / "out");
    check("tracks", "pycolmap", {format}, options);
  }
}

TEST_F(RoundTrip, depth_images) {
  check("images", "cv2, imageio, tifffile, OpenEXR", {"png16", "exr", "pfm", "tiff32", "raw"});
}

TEST_F(RoundTrip, metric_depth_is_millimetres_in_png16) {
  scene_.prediction.is_metric = true;
  check("images", "cv2, imageio, tifffile, OpenEXR", {"png16", "exr", "pfm", "tiff32", "raw"});
}

TEST_F(RoundTrip, feat_vis) {
  scene_.add_features(5);
  check("feat_vis", "cv2, numpy", {"feat_vis"});
}

#ifdef DA3_HAS_VIDEO
TEST_F(RoundTrip, feat_vis_as_a_video) {
  scene_.add_features(5);
  check("feat_vis", "cv2, numpy", {"feat_vis"}, test::options_with_videos(), "", "check_videos.py");
}

TEST_F(RoundTrip, gs_video) {
  ExportOptions options = test::options_with_videos();
  options.gs_trajectory = "interpolate";
  check("gs_video", "cv2, numpy", {"gs_video"}, options, "", "check_videos.py");
}
#endif

}  // namespace
}  // namespace da3::io
