// SPDX-License-Identifier: Apache-2.0
#include "io/scene.hpp"

#include <da3/io/export.hpp>

#include <sys/resource.h>
#include <zip.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace da3::io {
namespace {

using test::expect_error;
using test::Scene;
using test::TempDir;

struct Member {
  std::string name;
  std::vector<uint8_t> bytes;
  uint16_t method;
};

std::vector<Member> read_zip(const fs::path& path) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code);
  EXPECT_NE(archive, nullptr) << path << " code " << code;
  std::vector<Member> members;
  if (archive == nullptr) return members;
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
    zip_stat_t status;
    zip_stat_index(archive, static_cast<zip_uint64_t>(i), 0, &status);
    Member member{status.name, std::vector<uint8_t>(status.size), status.comp_method};
    zip_file_t* file = zip_fopen_index(archive, static_cast<zip_uint64_t>(i), 0);
    EXPECT_EQ(zip_fread(file, member.bytes.data(), status.size), static_cast<zip_int64_t>(status.size));
    zip_fclose(file);
    members.push_back(std::move(member));
  }
  zip_discard(archive);
  return members;
}

std::vector<std::string> names(const std::vector<Member>& members) {
  std::vector<std::string> result;
  for (const auto& member : members) result.push_back(member.name);
  return result;
}

std::string header(const Member& member) {
  EXPECT_EQ(std::memcmp(member.bytes.data(), "\x93NUMPY\x01\x00", 8), 0);
  const size_t length = member.bytes[8] | size_t{member.bytes[9]} << 8;
  EXPECT_EQ((10 + length) % 64, 0u);
  EXPECT_EQ(member.bytes[9 + length], '\n');
  std::string text(reinterpret_cast<const char*>(member.bytes.data()) + 10, length - 1);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

std::vector<float> floats(const Member& member) {
  const size_t begin = 10 + (member.bytes[8] | size_t{member.bytes[9]} << 8);
  std::vector<float> values((member.bytes.size() - begin) / sizeof(float));
  std::memcpy(values.data(), member.bytes.data() + begin, values.size() * sizeof(float));
  return values;
}

TEST(Npz, has_upstreams_keys_types_and_rounding) {
  const TempDir dir;
  const Scene scene;
  const auto written = export_prediction({"npz", "mini_npz"}, dir.path(), scene.prediction);
  EXPECT_THAT(written,
              testing::ElementsAre(dir / "exports/npz/results.npz", dir / "exports/mini_npz/results.npz"));
  EXPECT_THAT(test::files_below(dir.path()),
              testing::ElementsAre("exports/mini_npz/results.npz", "exports/npz/results.npz"));
  const auto npz = read_zip(written[0]), mini = read_zip(written[1]);
  ASSERT_THAT(names(npz),
              testing::ElementsAre("image.npy", "depth.npy", "conf.npy", "extrinsics.npy", "intrinsics.npy"));
  ASSERT_THAT(names(mini), testing::ElementsAre("depth.npy", "conf.npy", "extrinsics.npy", "intrinsics.npy"));
  for (const auto& member : npz) EXPECT_EQ(member.method, ZIP_CM_DEFLATE);
  EXPECT_EQ(header(npz[0]), "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 28, 42, 3), }");
  EXPECT_EQ(header(npz[1]), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 28, 42), }");
  EXPECT_EQ(header(npz[3]), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }");
  EXPECT_EQ(header(npz[4]), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 3), }");
  const auto depth6 = floats(npz[1]), depth8 = floats(mini[0]), conf = floats(npz[2]);
  for (size_t i = 0; i < scene.depth.size(); ++i) {
    EXPECT_EQ(depth6[i], std::rint(scene.depth[i] * 1e6f) / 1e6f);
    EXPECT_EQ(depth8[i], std::rint(scene.depth[i] * 1e8f) / 1e8f);
  }
  EXPECT_EQ(conf[1],
            1.0f);  // 1.005 in float32 is 1.00499999: times 100 is 100.5 in float32, and half goes to even
  EXPECT_EQ(conf[3], 1.02f);  // 101.5 to even
  EXPECT_EQ(floats(npz[3]), scene.extrinsics);
  EXPECT_EQ(floats(npz[4]), scene.intrinsics);
  const uint8_t* images = npz[0].bytes.data() + npz[0].bytes.size() - scene.images.size();
  for (size_t i = 0; i < scene.images.size(); ++i)
    ASSERT_EQ(images[i], export_table()[i % 3][scene.images[i]]) << i;
}

TEST(Npz, leaves_out_what_the_model_lacks) {
  const TempDir dir;
  Scene scene;
  scene.prediction.confidence = scene.prediction.extrinsics = scene.prediction.intrinsics = {};
  export_prediction({"npz", "mini_npz"}, dir.path(), scene.prediction);
  EXPECT_THAT(names(read_zip(dir / "exports/npz/results.npz")),
              testing::ElementsAre("image.npy", "depth.npy"));
  EXPECT_THAT(names(read_zip(dir / "exports/mini_npz/results.npz")), testing::ElementsAre("depth.npy"));
}

TEST(Npz, same_scene_gives_the_same_bytes) {
  const TempDir dir;
  const Scene scene;
  export_prediction({"npz"}, dir / "a", scene.prediction);
  export_prediction({"npz"}, dir / "b", scene.prediction);
  EXPECT_EQ(test::read_bytes(dir / "a/exports/npz/results.npz"),
            test::read_bytes(dir / "b/exports/npz/results.npz"));
}

/// A Python with numpy: DA3_TEST_PYTHON, else python3. Empty when there is none.
std::string python_with_numpy() {
  const char* given = std::getenv("DA3_TEST_PYTHON");
  const std::string python = given != nullptr ? given : "python3";
  return std::system((python + " -c 'import numpy' 2>/dev/null").c_str()) == 0 ? python : "";
}

TEST(Npz, numpy_reads_it) {
  const std::string python = python_with_numpy();
  if (python.empty()) GTEST_SKIP() << "no Python with numpy (set DA3_TEST_PYTHON)";
  const TempDir dir;
  const Scene scene;
  export_prediction({"npz", "mini_npz"}, dir.path(), scene.prediction);
  test::write_bytes(dir / "depth.f32",
                    {reinterpret_cast<const uint8_t*>(scene.depth.data()),
                     reinterpret_cast<const uint8_t*>(scene.depth.data() + scene.depth.size())});
  test::write_bytes(dir / "conf.f32",
                    {reinterpret_cast<const uint8_t*>(scene.confidence.data()),
                     reinterpret_cast<const uint8_t*>(scene.confidence.data() + scene.depth.size())});
  test::write_bytes(dir / "image.u8", scene.images);
  test::write_text(dir / "check.py", R"(import numpy as np, os
os.chdir(os.path.dirname(__file__))
depth = np.fromfile("depth.f32", "f4").reshape(2, 28, 42)
conf = np.fromfile("conf.f32", "f4").reshape(2, 28, 42)
image = np.fromfile("image.u8", "u1").reshape(2, 28, 42, 3)
mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
f4 = np.float32
normal = ((image.astype(f4) / f4(255)) - mean.astype(f4)) / std.astype(f4)
image = (np.clip(normal * std + mean, 0, 1) * 255).astype(np.uint8)
for name, digits in ("npz", 6), ("mini_npz", 8):
    z = np.load(f"exports/{name}/results.npz")
    assert z.files == ["image", "depth", "conf", "extrinsics", "intrinsics"][name != "npz":], z.files
    assert all(z[k].dtype == (np.uint8 if k == "image" else np.float32) for k in z.files)
    assert np.array_equal(z["depth"], np.round(depth, digits))
    assert np.array_equal(z["conf"], np.round(conf, 2))
    assert z["extrinsics"].shape == (2, 3, 4) and z["intrinsics"].shape == (2, 3, 3)
    if name == "npz": assert np.array_equal(z["image"], image)
)");
  EXPECT_EQ(std::system((python + " " + (dir / "check.py").string()).c_str()), 0);
}

TEST(Export, refuses_what_does_not_fit_before_writing) {
  const TempDir dir;
  const auto refuse = [&](int32_t code, const std::string& text, auto change,
                          std::vector<std::string> formats) {
    Scene scene;
    change(scene.prediction);
    try {
      export_prediction(formats, dir.path(), scene.prediction);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.message();
      EXPECT_THAT(error.message(), testing::HasSubstr(text));
    }
    EXPECT_TRUE(fs::is_empty(dir.path()));
  };
  refuse(DA3_E_BAD_VALUE, "unknown", [](auto&) {}, {"npz", "glbx"});
  refuse(DA3_E_SHAPE, "confidence", [](auto& p) { p.confidence = p.confidence.first(5); }, {"npz"});
  refuse(DA3_E_SHAPE, "views", [](auto& p) { p.views = 0; }, {"npz"});
  refuse(DA3_E_SHAPE, "cannot be written", [](auto& p) { p.height = INT64_MAX; }, {"npz"});
  refuse(DA3_E_INVALID, "no depth", [](auto& p) { p.depth = {}; }, {"mini_npz"});
  refuse(DA3_E_INVALID, "needs the images", [](auto& p) { p.images = {}; }, {"mini_npz", "depth_vis"});
}

/// A limit on file sizes stands in for a full disk: writes fail in the same places.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(Export, a_full_disk_leaves_nothing_behind) {
  const Scene scene;
  for (const std::string format : {"npz", "mini_npz", "depth_vis"}) {
    const TempDir dir;
    Error error(0, "");
    {
      const FileSizeLimit limit(700);
      error = expect_error(DA3_E_NOT_FOUND, "too large",
                           [&] { export_prediction({format}, dir.path(), scene.prediction); });
    }
    EXPECT_EQ(error.native(), EFBIG);
    EXPECT_THAT(test::files_below(dir.path()), testing::IsEmpty()) << format;
  }
}

TEST(Export, a_failed_write_keeps_the_file_that_was_there) {
  const TempDir dir;
  const Scene scene;
  const auto npz = test::write_text(dir / "exports/npz/results.npz", "before");
  const auto text = test::write_text(dir / "run.json", "before");
  {
    const FileSizeLimit limit(700);
    EXPECT_THROW(export_prediction({"npz"}, dir.path(), scene.prediction), Error);
    EXPECT_THROW(write_text_atomic(text, std::string(2000, 'x')), Error);
  }
  EXPECT_EQ(test::read_bytes(npz), (std::vector<uint8_t>{'b', 'e', 'f', 'o', 'r', 'e'}));
  EXPECT_EQ(test::read_bytes(text).size(), 6u);
  EXPECT_EQ(test::files_below(dir.path()).size(), 2u);
}

TEST(Export, no_permission_and_files_in_the_way) {
  const TempDir dir;
  const Scene scene;
  fs::create_directories(dir / "shut");
  fs::permissions(dir / "shut", fs::perms::owner_read | fs::perms::owner_exec);
  fs::permissions(dir.path(), fs::perms::owner_all | fs::perms::others_exec);
  {
    const test::Unprivileged somebody;
    for (const std::string format : {"npz", "depth_vis"}) {
      const Error error = expect_error(DA3_E_NOT_FOUND, "ermission",
                                       [&] { export_prediction({format}, dir / "shut", scene.prediction); });
      EXPECT_EQ(error.native(), EACCES);
    }
  }
  const auto file = test::write_text(dir / "file", "x");
  expect_error(DA3_E_NOT_FOUND, "folder", [&] { export_prediction({"npz"}, file, scene.prediction); });
  fs::create_directories(dir / "depth_vis/0000.jpg");
  fs::create_directories(dir / "exports/npz/results.npz");
  expect_error(DA3_E_NOT_FOUND, "0000.jpg",
               [&] { export_prediction({"depth_vis"}, dir.path(), scene.prediction); });
  expect_error(DA3_E_NOT_FOUND, "results.npz",
               [&] { export_prediction({"npz"}, dir.path(), scene.prediction); });
  EXPECT_THAT(test::files_below(dir.path()), testing::ElementsAre("file"));
}

TEST(WriteTextAtomic, writes_replaces_and_makes_folders) {
  const TempDir dir;
  write_text_atomic(dir / "a/b/run.json", "one");
  write_text_atomic(dir / "a/b/run.json", "");
  EXPECT_EQ(test::read_bytes(dir / "a/b/run.json").size(), 0u);
  write_text_atomic(dir / "a/b/run.json", "two");
  EXPECT_EQ(test::read_bytes(dir / "a/b/run.json").size(), 3u);
  EXPECT_THAT(test::files_below(dir.path()), testing::ElementsAre("a/b/run.json"));
}

}  // namespace
}  // namespace da3::io
