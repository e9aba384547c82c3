// SPDX-License-Identifier: Apache-2.0
// --export-feat, against upstream's features (tiny-feats).
#include "camera_files.hpp"
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

using testing::HasSubstr;

class Features : public CpuHostTest {
 protected:
  static std::string file_of(int block) {
    return "exports/features/feat_layer_" + std::to_string(block) + ".npy";
  }
};

TEST_F(Features, AreUpstreams) {
  const GoldenCase golden("tiny-feats");
  write_views(golden);
  const auto result = cpu(words_for(golden), {"-o", "out", "--export-feat", "5,1,3,1"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto outputs = json_of("out/run.json")["scenes"][0]["outputs"];
  EXPECT_EQ(outputs.size(), 4u) << outputs;  // and results.npz: none twice
  for (const int block : {1, 3, 5}) {
    const auto& want = golden.at("output.aux.feat_layer_" + std::to_string(block));
    const NpzArray got = read_npy(in("out") / file_of(block));
    EXPECT_EQ(got.shape, want.shape) << block;
    expect_dense(got.values, golden.floats("output.aux.feat_layer_" + std::to_string(block)), file_of(block));
    EXPECT_THAT(result.out, HasSubstr("\nout/" + file_of(block) + "\n"));
    EXPECT_THAT(outputs, testing::Contains(file_of(block)));
  }
  expect_dense(values("out", "depth"), golden.floats("output.depth"), "depth");
}

TEST_F(Features, OfEachSceneOfABatchAreItsOwn) {
  const GoldenCase golden("tiny-feats");
  write_views(golden);
  const Words independent{"--mode", "independent", "--export-feat", "3"};
  for (const char* batch : {"1", "2"}) {
    Words words = independent;
    words.insert(words.end(), {"-o", batch, "--set", std::string("batch=") + batch});
    const auto result = cpu(words_for(golden), words);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  EXPECT_EQ(json_of("2/run.json")["scenes"][1]["batch"], 2);
  for (const path view : {"0", "1"}) {
    const NpzArray alone = read_npy(in("1") / view / file_of(3)),
                   both = read_npy(in("2") / view / file_of(3));
    EXPECT_EQ(both.shape, (std::vector<int64_t>{1, 5, 7, 64}));
    EXPECT_LT(deviation(both.values, alone.values).largest, 1e-5) << view;
  }
  EXPECT_GT(
      deviation(read_npy(in("2/0") / file_of(3)).values, read_npy(in("2/1") / file_of(3)).values).largest,
      1e-2);
}

}  // namespace
}  // namespace da3::test
