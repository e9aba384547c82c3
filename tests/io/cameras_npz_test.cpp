// SPDX-License-Identifier: Apache-2.0
#include "io/npz.hpp"
#include "io/scene.hpp"

#include <da3/io/cameras.hpp>
#include <da3/io/export.hpp>

#include <cmath>

namespace da3::io {
namespace {

using test::Bytes;
using test::expect_error;
using test::npy;
using test::npy_file;
using test::TempDir;
using test::write_zip;

const fs::path folder = test::data_dir / "io" / "colmap";
const std::vector<double> identity{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1},
    lens{100, 0, 50, 0, 100, 40, 0, 0, 1};

std::vector<double> repeated(const std::vector<double>& values, int times) {
  std::vector<double> result;
  for (int i = 0; i < times; ++i) result.insert(result.end(), values.begin(), values.end());
  return result;
}

class NumpyFile : public testing::TestWithParam<std::string> {};

TEST_P(NumpyFile, has_the_cameras_of_the_model_that_it_was_made_of) {
  const GivenCameras expected = read_cameras(folder / "binary"), cameras = read_cameras(folder / GetParam());
  EXPECT_TRUE(cameras.names.empty());
  EXPECT_TRUE(cameras.sizes.empty());
  ASSERT_EQ(cameras.extrinsics.size(), expected.extrinsics.size());
  const double tolerance = GetParam() == "stored_f4.npz" ? 1e-6 : 1e-14;
  for (size_t i = 0; i < expected.extrinsics.size(); ++i)
    for (size_t j = 0; j < 16; ++j)
      EXPECT_NEAR(cameras.extrinsics[i][j], expected.extrinsics[i][j], tolerance) << i << " " << j;
  EXPECT_EQ(cameras.intrinsics, expected.intrinsics);
}

INSTANTIATE_TEST_SUITE_P(CamerasNpz, NumpyFile,
                         testing::Values("stored_f4.npz", "fortran_f8.npz", "big_endian.npz"),
                         [](const auto& file) { return file.param.substr(0, file.param.find('.')); });

TEST(CamerasNpz, what_da3_writes_reads_back_with_the_size_of_its_depth) {
  const TempDir dir;
  test::Scene scene;
  const std::vector<float> pose{0, -1, 0, 0.5f, 1, 0, 0, -2, 0, 0, 1, 3}, k{30, 0, 21, 0, 31, 14, 0, 0, 1};
  std::vector<float> poses = pose, lenses = k;
  poses.insert(poses.end(), pose.begin(), pose.end());
  lenses.insert(lenses.end(), k.begin(), k.end());
  scene.prediction.extrinsics = poses;
  scene.prediction.intrinsics = lenses;
  for (const auto& file : export_prediction({"npz", "mini_npz"}, dir.path(), scene.prediction)) {
    const GivenCameras cameras = read_cameras(file);
    ASSERT_EQ(cameras.extrinsics.size(), 2u);
    EXPECT_TRUE(std::equal(pose.begin(), pose.end(), cameras.extrinsics[1].begin()));
    EXPECT_EQ(cameras.extrinsics[1][15], 1);
    EXPECT_TRUE(std::equal(k.begin(), k.end(), cameras.intrinsics[1].begin()));
    EXPECT_THAT(cameras.sizes, testing::Each(std::array<int64_t, 2>{28, 42}));
    EXPECT_THAT(cameras.warnings, testing::IsEmpty());
  }
}

TEST(CamerasNpz, what_da3_cut_reads_back_as_of_the_whole_picture) {
  const TempDir dir;
  const fs::path picture = test::data_dir / "preprocess" / "wide.png";
  const auto [height, width] = plan_views({picture}, {}).original_sizes[0];
  const Intrinsics k{300, 2, static_cast<float>(width) / 2, 0, 310, static_cast<float>(height) / 2, 0, 0, 1};
  for (const std::string method : {"upper_bound_crop", "lower_bound_crop", "upper_bound_resize"}) {
    const Views views = load_views({picture}, {151, method, 1}, {k});
    const std::vector<float> depth(static_cast<size_t>(views.height * views.width), 1.0f);
    Prediction prediction;
    prediction.views = 1, prediction.height = views.height, prediction.width = views.width;
    prediction.depth = depth, prediction.intrinsics = views.intrinsics[0];
    prediction.uncut_sizes = views.uncut_sizes;
    const auto file = export_prediction({"mini_npz"}, dir / method, prediction).at(0);
    const GivenCameras found = cameras_for(read_cameras(file), {picture});
    for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(found.intrinsics[0][i], k[i], 1e-3) << method << " " << i;
  }
}

TEST(CamerasNpz, sizes_that_no_view_was_cut_out_of_are_refused) {
  const TempDir dir;
  const auto refuse = [&](int32_t code, const std::string& shape, const std::vector<double>& sizes) {
    const auto file = write_zip(dir / "bad.npz", {{"intrinsics.npy", npy("<f4", "1, 3, 3", lens)},
                                                  {"depth.npy", npy("<f4", "1, 2, 3", {1, 1, 1, 1, 1, 1})},
                                                  {"uncut_sizes.npy", npy("<f8", shape, sizes)}});
    expect_error(code, "uncut_sizes", [&] { read_cameras(file); });
  };
  refuse(DA3_E_SHAPE, "2, 2", {2, 3, 2, 3});
  refuse(DA3_E_SHAPE, "2,", {2, 3});
  for (const double rows : {1.0, 2.5, 1e300, std::nan("")}) refuse(DA3_E_INVALID, "1, 2", {rows, 3});
}

TEST(CamerasNpz, either_array_is_enough) {
  const TempDir dir;
  const auto poses =
      write_zip(dir / "poses", {{"extrinsics.npy", npy("<f8", "2, 4, 4", repeated(identity, 2))}});
  EXPECT_EQ(read_cameras(poses).extrinsics.size(), 2u);
  EXPECT_TRUE(read_cameras(poses).intrinsics.empty());
  const auto lenses =
      write_zip(dir / "lenses", {{"intrinsics.npy", npy("<f4", "3, 3, 3", repeated(lens, 3))}}, false);
  EXPECT_EQ(read_cameras(lenses).intrinsics.size(), 3u);
  EXPECT_TRUE(read_cameras(lenses).extrinsics.empty());
}

TEST(CamerasNpz, bad_arrays_are_refused) {
  const TempDir dir;
  const auto refuse = [&](int32_t code, const std::string& text, const Bytes& extrinsics) {
    const auto file = write_zip(dir / "bad.npz", {{"extrinsics.npy", extrinsics}});
    expect_error(code, text, [&] { read_cameras(file); });
  };
  const std::vector<double> twelve(12, 0.0), sixteen(16, 0.0);
  refuse(DA3_E_SHAPE, "[3,4]", npy("<f8", "3, 4", twelve));
  refuse(DA3_E_SHAPE, "[1,4,3]", npy("<f8", "1, 4, 3", twelve));
  refuse(DA3_E_SHAPE, "[16]", npy("<f8", "16,", sixteen));
  refuse(DA3_E_SHAPE, "[]", npy("<f8", "", {1}));
  refuse(DA3_E_INVALID, "no cameras", npy("<f8", "0, 4, 4", {}));
  refuse(DA3_E_INVALID, "cut off", npy("<f8", "2, 4, 4", sixteen));
  refuse(DA3_E_SHAPE, "too many values", npy("<f8", "4611686018427387904, 4, 4", sixteen));
  refuse(DA3_E_SHAPE, "must be", npy("<f8", "0, 9223372036854775807, 9223372036854775807, 9", {}));
  refuse(DA3_E_INVALID, "damaged", npy("<f8", "9223372036854775808, 4, 4", sixteen));
  refuse(DA3_E_INVALID, "damaged", npy("<f8", "-1, 4, 4", sixteen));
  for (const std::string type : {"<i8", "<f2", "|O", "<c8", "<U5", "<f16"})
    refuse(DA3_E_UNSUPPORTED, type, npy(type, "1, 4, 4", sixteen));
  refuse(DA3_E_INVALID, "records",
         npy_file("{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (1,), }", nullptr, 0));
  for (const std::string header :
       {"", "{", "{}", "{'descr': '<f8'}", "{'descr': '<f8', 'fortran_order': Maybe, 'shape': (1, 4, 4)}",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': True, 'shape': (1, 4, 4)}",
        "{'descr': '<f8', 'fortran_order': True, 'shape': (1 4 4)}", "{'descr",
        "{'descr': '<f8', 'fortran_order': True,",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 4, 4), 'more': 1}"})
    refuse(DA3_E_INVALID, "damaged", npy_file(header, sixteen.data(), 128));
  refuse(DA3_E_INVALID, "not an .npy", {1, 2, 3});
  refuse(DA3_E_INVALID, "not an .npy", {});
  refuse(DA3_E_INVALID, "cut off", {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
  refuse(DA3_E_INVALID, "cut off", {0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, 255, 255, 255, 255, '{'});
  refuse(DA3_E_INVALID, "version", {0x93, 'N', 'U', 'M', 'P', 'Y', 9, 0, 1, 0, '{'});
}

TEST(CamerasNpz, bad_archives_are_refused) {
  const TempDir dir;
  const auto good = write_zip(dir / "good.npz", {{"extrinsics.npy", npy("<f8", "1, 4, 4", identity)}}, false);
  const Bytes bytes = test::read_bytes(good);
  for (size_t size = 1; size < bytes.size(); size += 7) {
    const auto cut =
        test::write_bytes(dir / "cut.npz", {bytes.begin(), bytes.begin() + static_cast<int64_t>(size)});
    expect_error(DA3_E_INVALID, "failed", [&] { read_cameras(cut); });
  }
  for (size_t at = 0; at < bytes.size(); ++at) {  // no crash; most bytes matter, some do not
    Bytes changed = bytes;
    changed[at] ^= 0x55;
    const auto file = test::write_bytes(dir / "changed.npz", changed);
    try {
      read_cameras(file);
    } catch (const Error& error) {
      EXPECT_NE(error.code(), DA3_E_INTERNAL) << error.message();
    }
  }
  Bytes value = bytes;  // one value of the matrix: only the checksum tells
  value[bytes.size() / 2 - 20] ^= 1;
  EXPECT_THROW(read_cameras(test::write_bytes(dir / "value.npz", value)), Error);
  const auto other = write_zip(dir / "other.npz", {{"exts.npy", {}}, {"notes.txt", {}}});
  expect_error(DA3_E_INVALID, "exts, notes.txt", [&] { read_cameras(other); });
  const auto differ =
      write_zip(dir / "differ.npz", {{"extrinsics.npy", npy("<f8", "1, 4, 4", identity)},
                                     {"intrinsics.npy", npy("<f8", "2, 3, 3", repeated(lens, 2))}});
  expect_error(DA3_E_SHAPE, "1 extrinsics, 2 intrinsics", [&] { read_cameras(differ); });
}

TEST(CamerasNpz, a_bomb_is_not_unpacked) {
  const TempDir dir;
  Bytes zeros = npy("<f8", "1600000000, 4, 4", identity);
  zeros.resize(size_t{32} << 20);
  const auto bomb = write_zip(dir / "bomb.npz", {{"extrinsics.npy", zeros}, {"depth.npy", zeros}});
  ASSERT_LT(fs::file_size(bomb), uintmax_t{1} << 20);
  expect_error(DA3_E_SHAPE, "too many values", [&] { read_cameras(bomb); });
}

}  // namespace
}  // namespace da3::io
