// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/safetensors.hpp"

#include <sys/stat.h>

#include "unit/checkpoint_files.hpp"

namespace da3::checkpoint {
namespace {

using test::CheckpointFolder;
using test::error_of;
using test::safetensors_bytes;
using testing::HasSubstr;
using testing::StartsWith;

const std::string good_header =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b.c":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},"z":{"dtype":"U8","shape":[0,7],"data_offsets":[26,26]}})";

std::string open_error(const std::filesystem::path& path) {
  return error_of([&] { SafetensorsFile::open(path); });
}

TEST(SafetensorsReader, ReadsNamesTypesShapesAndBytes) {
  CheckpointFolder folder;
  std::string bytes = safetensors_bytes(good_header, 26);
  bytes[bytes.size() - 26] = 1;
  bytes.back() = 2;
  const auto file = SafetensorsFile::open(folder.write("m", bytes));
  ASSERT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.at("a").dtype, DType::f32);
  EXPECT_EQ(file.at("a").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file.at("a").bytes, 24u);
  EXPECT_EQ(file.at("a").data[0], std::byte{1});
  EXPECT_EQ(file.at("b.c").dtype, DType::bf16);
  EXPECT_TRUE(file.at("b.c").shape.empty());
  EXPECT_EQ(file.at("b.c").data[1], std::byte{2});
  EXPECT_EQ(file.at("z").bytes, 0u);
  EXPECT_EQ(file.find("nothing"), nullptr);
  const std::string message = error_of([&] { file.at("no\nthing"); });
  EXPECT_THAT(message, StartsWith("DA3_E_MODEL"));
  EXPECT_THAT(message, HasSubstr("no tensor 'no?thing'"));
}

TEST(SafetensorsReader, CopiesShareTheMappingOfAFileThatIsGone) {
  CheckpointFolder folder;
  std::string bytes =
      safetensors_bytes(R"({"a":{"dtype":"U8","shape":[50000],"data_offsets":[0,50000]}})", 50000);
  std::fill(bytes.end() - 50000, bytes.end(), '\7');
  const auto path = folder.write("m", bytes);
  SafetensorsFile copy = SafetensorsFile::open(path);
  {
    const auto file = SafetensorsFile::open(path);
    copy = file;
  }
  std::filesystem::remove(path);
  EXPECT_EQ(copy.at("a").data[0], std::byte{7});
  EXPECT_EQ(copy.at("a").data[49999], std::byte{7});
}

TEST(SafetensorsReader, RefusesWhatIsNoRegularFile) {
  CheckpointFolder folder;
  std::string message = open_error(folder.path / "missing");
  EXPECT_THAT(message, StartsWith("DA3_E_NOT_FOUND"));
  EXPECT_THAT(message, HasSubstr("No such file"));
  test::expect_sentence(message);
  message = open_error(folder.path);
  EXPECT_THAT(message, StartsWith("DA3_E_MODEL"));
  EXPECT_THAT(message, HasSubstr("it is a folder"));
  ASSERT_EQ(::mkfifo((folder.path / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(open_error(folder.path / "pipe"), HasSubstr("no regular file"));
  EXPECT_THAT(open_error("/dev/null"), HasSubstr("no regular file"));
}

struct BadFile {
  const char* name;
  std::string bytes;
  const char* sentence;
};

std::string tensor(const std::string& members, size_t data = 4) {
  return safetensors_bytes(R"({"a":{)" + members + "}}", data);
}

std::vector<BadFile> bad_files() {
  const std::string length_only(8, '\0');
  std::string huge = safetensors_bytes("{}", 0), past = huge;
  huge[7] = 1;  // 2^56
  past[0] = 3;
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  return {
      {"empty", "", "it has 0 bytes, too few"},
      {"seven bytes", "1234567", "it has 7 bytes, too few"},
      {"empty header", length_only, "does not start with '{'"},
      {"header of exabytes", huge, "more than the format's 100 MB"},
      {"header past the end", past, "runs past the end: it is cut short"},
      {"a picture", "\x89PNG\r\n\x1a\n and so on", "more than the format's 100 MB"},
      {"a list", safetensors_bytes("[]", 0), "does not start with '{'"},
      {"a space first", safetensors_bytes(" {}", 0), "does not start with '{'"},
      {"not JSON", safetensors_bytes("{a}", 0), "its header is not JSON"},
      {"cut JSON", safetensors_bytes(R"({"a":)", 0), "its header is not JSON"},
      {"more after the JSON", safetensors_bytes("{}{}", 0), "its header is not JSON"},
      {"not UTF-8", safetensors_bytes("{\"\xff\":{}}", 0), "its header is not JSON"},
      {"long bad token", safetensors_bytes("{\"" + std::string(100000, 'x') + "\n", 0),
       "its header is not JSON"},
      {"deep lists", safetensors_bytes(R"({"a":{"shape":)" + std::string(50000, '['), 0),
       "where it may not be"},
      {"deep objects", safetensors_bytes(R"({"a":{"shape":{)", 0), "holds an object where it may not be"},
      {"tensor is text", safetensors_bytes(R"({"a":"b"})", 0), "'a' is a text and not an object"},
      {"tensor is null", safetensors_bytes(R"({"a":null})", 0), "'a' is null and not an object"},
      {"tensor is list", safetensors_bytes(R"({"a":[1]})", 0), "'a' is a list and not an object"},
      {"tensor is number", safetensors_bytes(R"({"a":-1})", 0), "'a' is a number and not an object"},
      {"duplicate tensor", safetensors_bytes("{" + a + "," + a + "}", 4), "'a' occurs twice"},
      {"duplicate key", tensor(R"("dtype":"F32","dtype":"F32")"), "tensor 'a' has the key 'dtype' twice"},
      {"unknown key", tensor(R"("dtype":"F32","strides":[1])"), "tensor 'a' has an unknown key 'strides'"},
      {"no dtype", tensor(R"("shape":[1],"data_offsets":[0,4])"), "tensor 'a' lacks dtype"},
      {"unknown type", tensor(R"("dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4])"),
       "has the type 'F8_E4M3', which is none of"},
      {"small letters", tensor(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])"), "has the type 'f32'"},
      {"dtype is number", tensor(R"("dtype":4)"), "tensor 'a', 'dtype', holds a number"},
      {"shape is number", tensor(R"("shape":4)"), "tensor 'a', 'shape', holds a number"},
      {"text in shape", tensor(R"("shape":["4"])"), "holds a text where it may not be"},
      {"boolean in shape", tensor(R"("shape":[true])"), "holds a boolean where it may not be"},
      {"negative size", tensor(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])"), "that is no size"},
      {"fractional size", tensor(R"("dtype":"F32","shape":[1.0],"data_offsets":[0,4])"), "that is no size"},
      {"size beyond int64", tensor(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,4])"),
       "that is no size"},
      {"size beyond uint64", tensor(R"("dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4])"),
       "that is no size"},
      {"product wraps to 4", tensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])"),
       "a shape beyond all memory"},
      {"overflow hidden by 0",
       tensor(R"("dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0])"),
       "a shape beyond all memory"},
      {"17 dimensions",
       tensor(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1])", 1),
       "more than 16 dimensions"},
      {"one offset", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4])"), "has not two data_offsets"},
      {"no offset", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[])"), "has not two data_offsets"},
      {"three offsets", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4,8])"),
       "more than two data_offsets"},
      {"offsets descend", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])"),
       "its data_offsets are [4, 0]"},
      {"offsets too near", tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"),
       "needs 8 bytes by its type and shape"},
      {"hole at the start", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])", 8),
       "a hole before tensor 'a'"},
      {"hole between",
       safetensors_bytes("{" + a + R"(,"b":{"dtype":"U8","shape":[2],"data_offsets":[5,7]}})", 7),
       "a hole before tensor 'b'"},
      {"overlap", safetensors_bytes("{" + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})", 7),
       "tensor 'b' overlaps"},
      {"same bytes",
       safetensors_bytes("{" + a + R"(,"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4),
       "overlaps"},
      {"data missing", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])", 3),
       "but 3 follow the header: it is cut short"},
      {"data left over", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])", 5),
       "take 4 bytes, but 5 follow the header"},
      {"metadata number", safetensors_bytes(R"({"__metadata__":{"a":1}})", 0), "__metadata__ holds a number"},
      {"metadata list", safetensors_bytes(R"({"__metadata__":{"a":[]}})", 0), "__metadata__ holds a list"},
      {"metadata object", safetensors_bytes(R"({"__metadata__":{"a":{}}})", 0),
       "__metadata__ holds an object"},
      {"metadata text", safetensors_bytes(R"({"__metadata__":"a"})", 0), "'__metadata__' is a text"},
      {"metadata twice", safetensors_bytes(R"({"__metadata__":{},"__metadata__":{}})", 0),
       "'__metadata__' occurs twice"},
      {"metadata key twice", safetensors_bytes(R"({"__metadata__":{"a":"b","a":"b"}})", 0),
       "__metadata__ has the key 'a' twice"},
  };
}

TEST(SafetensorsReader, RefusesBadFilesEachWithItsSentence) {
  CheckpointFolder folder;
  for (const BadFile& bad : bad_files()) {
    SCOPED_TRACE(bad.name);
    const std::string message = open_error(folder.write("m", bad.bytes));
    EXPECT_THAT(message, StartsWith("DA3_E_MODEL: "));
    EXPECT_THAT(message, HasSubstr(bad.sentence));
    test::expect_sentence(message);
  }
}

// Opens a damaged file and reads all that it offers: under the sanitizers nothing may be outside the mapping.
std::string open_and_touch(const std::filesystem::path& path) {
  return error_of([&] {
    const auto file = SafetensorsFile::open(path);
    unsigned sum = 0;
    for (const auto& [name, view] : file.tensors())
      for (size_t i = 0; i < view.bytes; ++i) sum += unsigned(view.data[i]);
    EXPECT_EQ(sum, 0u);
  });
}

TEST(SafetensorsReader, AFileThatIsCutWhileItIsReadIsAnError) {
  CheckpointFolder folder;
  const auto path = folder.write(
      "m", safetensors_bytes(R"({"a":{"dtype":"U8","shape":[50000],"data_offsets":[0,50000]}})", 50000));
  const auto file = SafetensorsFile::open(path);
  std::vector<std::byte> bytes(50000);
  file.read(file.at("a"), bytes.data());
  std::filesystem::resize_file(path, 4096);
  EXPECT_THAT(error_of([&] { file.read(file.at("a"), bytes.data()); }),
              testing::AllOf(StartsWith("DA3_E_MODEL"), HasSubstr("became shorter")));
}

TEST(SafetensorsReader, RefusesAFileCutAnywhere) {
  CheckpointFolder folder;
  const std::string bytes = safetensors_bytes(good_header, 26);
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string message = open_and_touch(folder.write("m", bytes.substr(0, length)));
    EXPECT_THAT(message, StartsWith("DA3_E_MODEL: ")) << length;
    test::expect_sentence(message);
  }
}

TEST(SafetensorsReader, SurvivesEveryFlippedBitOfTheHeader) {
  CheckpointFolder folder;
  const std::string bytes = safetensors_bytes(good_header, 26);
  size_t refused = 0;
  for (size_t bit = 0; bit < (8 + good_header.size()) * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = char(damaged[bit / 8] ^ (1 << (bit % 8)));
    const std::string message = open_and_touch(folder.write("m", damaged));
    if (message.empty()) continue;  // another letter in a name, a float32 that became an int32
    ++refused;
    EXPECT_THAT(message, StartsWith("DA3_E_MODEL: ")) << bit;
    test::expect_sentence(message);
  }
  EXPECT_GT(refused, good_header.size() * 5);
}

}  // namespace
}  // namespace da3::checkpoint
