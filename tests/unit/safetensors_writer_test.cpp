// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <stdexcept>

#include "checkpoint/safetensors.hpp"
#include "unit/checkpoint_files.hpp"

namespace da3::checkpoint {
namespace {

using test::CheckpointFolder;
using test::error_of;
using testing::HasSubstr;
using testing::StartsWith;

TensorSource source(const std::string& name, DType dtype, std::vector<int64_t> shape, int value) {
  return {name, dtype, std::move(shape),
          [value](std::byte* data, size_t bytes) { std::memset(data, value, bytes); }};
}

size_t files_in(const std::filesystem::path& folder) {
  return size_t(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(SafetensorsWriter, ReaderSeesWhatWasWritten) {
  CheckpointFolder folder;
  const std::vector<TensorSource> sources{source("z", DType::f16, {3, 5}, 1), source("a", DType::f64, {}, 2),
                                          source("\"\\\n\u00e9", DType::boolean, {0}, 3),
                                          source("m", DType::i8, {7}, 4)};
  uint64_t last = 0;
  write_safetensors(folder.path / "m", sources, {{"format", "pt"}, {"x", ""}},
                    [&](uint64_t done, uint64_t total) {
                      EXPECT_GE(done, last);
                      EXPECT_EQ(total, 30u + 8 + 7);
                      last = done;
                    });
  EXPECT_EQ(last, 45u);
  const auto file = SafetensorsFile::open(folder.path / "m");
  EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"format", "pt"}, {"x", ""}}));
  ASSERT_EQ(file.tensors().size(), sources.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    const TensorView& view = file.at(sources[i].name);
    EXPECT_EQ(view.dtype, sources[i].dtype);
    EXPECT_EQ(view.shape, sources[i].shape);
    for (size_t k = 0; k < view.bytes; ++k) EXPECT_EQ(view.data[k], std::byte(i + 1));
  }
  EXPECT_LT(file.at("z").data, file.at("a").data) << "the given order";
  EXPECT_EQ(files_in(folder.path), 1u);
}

TEST(SafetensorsWriter, PadsTheHeaderToMultiplesOfEight) {
  CheckpointFolder folder;
  std::string name;
  for (int i = 0; i < 9; ++i) {
    name += 'n';
    write_safetensors(folder.path / "m", {source(name, DType::u8, {1}, 1)});
    const std::string bytes = test::read_bytes(folder.path / "m");
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), 8);
    EXPECT_EQ(header % 8, 0u);
    EXPECT_EQ(bytes.size(), 8 + header + 1);
    EXPECT_NO_THROW(SafetensorsFile::open(folder.path / "m"));
  }
}

TEST(SafetensorsWriter, NoTensorsIsAFileToo) {
  CheckpointFolder folder;
  write_safetensors(folder.path / "m", {});
  EXPECT_TRUE(SafetensorsFile::open(folder.path / "m").tensors().empty());
}

TEST(SafetensorsWriter, AFailureLeavesTheOldFileAndNothingElse) {
  CheckpointFolder folder;
  folder.write("m", "old");
  TensorSource failing{
      "b", DType::u8, {1}, [](std::byte*, size_t) { throw std::runtime_error("no values"); }};
  EXPECT_THROW(write_safetensors(folder.path / "m", {source("a", DType::u8, {9}, 1), failing}),
               std::runtime_error);
  EXPECT_EQ(test::read_bytes(folder.path / "m"), "old");
  EXPECT_EQ(files_in(folder.path), 1u);
}

TEST(SafetensorsWriter, RefusesBadTensors) {
  CheckpointFolder folder;
  const auto write = [&](const std::vector<TensorSource>& tensors) {
    return error_of([&] { write_safetensors(folder.path / "m", tensors); });
  };
  const std::string twice = write({source("a", DType::u8, {1}, 0), source("a", DType::u8, {1}, 0)});
  EXPECT_THAT(twice, StartsWith("DA3_E_INVALID"));
  EXPECT_THAT(twice, HasSubstr("'a': the name is taken"));
  EXPECT_THAT(write({source("__metadata__", DType::u8, {1}, 0)}), HasSubstr("the name is taken"));
  EXPECT_THAT(write({source("a", DType::u8, {-1}, 0)}), HasSubstr("its shape has no size"));
  EXPECT_THAT(write({source("a", DType::f64, {int64_t(1) << 60, 2}, 0)}), HasSubstr("its shape has no size"));
  EXPECT_THAT(write({source("\xff", DType::u8, {1}, 0)}), HasSubstr("not UTF-8"));
  EXPECT_EQ(files_in(folder.path), 0u);
}

TEST(SafetensorsWriter, TellsWhyAFileCannotBeWritten) {
  CheckpointFolder folder;
  folder.write("file", "");
  std::filesystem::create_directory(folder.path / "folder");
  for (const auto& path :
       {folder.path / "missing" / "m", folder.path / "file" / "m", folder.path / "folder"}) {
    try {
      write_safetensors(path, {source("a", DType::u8, {1}, 0)});
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), DA3_E_NOT_FOUND);
      EXPECT_NE(error.native(), 0);
      EXPECT_THAT(error.message(), HasSubstr(path.string()));
      test::expect_sentence(error.message());
    }
  }
  EXPECT_EQ(files_in(folder.path), 2u);
}

TEST(SafetensorsTypes, HaveTheirNamesAndSizes) {
  EXPECT_EQ(dtype_name(DType::bf16), "BF16");
  EXPECT_EQ(dtype_size(DType::bf16), 2u);
  EXPECT_EQ(dtype_name(DType::boolean), "BOOL");
  EXPECT_EQ(dtype_size(DType::boolean), 1u);
  EXPECT_EQ(dtype_name(DType::i64), "I64");
  EXPECT_EQ(dtype_size(DType::i64), 8u);
}

}  // namespace
}  // namespace da3::checkpoint
