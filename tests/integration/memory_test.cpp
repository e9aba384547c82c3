// SPDX-License-Identifier: Apache-2.0
// What cannot fit is told before a pixel is decoded.
#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class MemoryLimit : public CpuHostTest {
 protected:
  /// The largest size that may be asked for, against a twentieth of the free memory.
  ProgramResult huge(Words words) const {
    words.insert(words.end(), {"--process-res", "16380", "--set", "memory_fraction=0.05", "-q"});
    return cpu(words);
  }
};

TEST_F(MemoryLimit, TheDemoAtSixteenThousandPixelsIsOneSentence) {
  const auto result = huge({});
  EXPECT_ONE_SENTENCE(result, 6);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("does not fit"), HasSubstr("3 views of 16380x12292"), HasSubstr("GB"),
                    HasSubstr("limit"), HasSubstr("--process-res"), HasSubstr("memory_fraction")));
  EXPECT_EQ(result.out, "");
  EXPECT_FALSE(there("da3-out"));
}

TEST_F(MemoryLimit, IsToldBeforeAPixelIsDecoded) {
  write_image(in("a.png"), 480, 640, noise(480, 640).data());
  std::string png = text_of("a.png");
  for (size_t i = png.size() / 2; i < png.size() / 2 + 64; ++i) png[i] = static_cast<char>(~png[i]);
  folder_.write("a.png", png);
  // At a size that fits, the decoder finds the damage.
  const auto decoded = cpu({"a.png", "--process-res", "140", "-q"});
  EXPECT_ONE_SENTENCE(decoded, 4);
  EXPECT_THAT(decoded.err, HasSubstr("a.png"));
  const auto planned = huge({"a.png"});
  EXPECT_ONE_SENTENCE(planned, 6);
  EXPECT_THAT(planned.err, AllOf(HasSubstr("does not fit"), HasSubstr("1 view of 16380x12292")));
  EXPECT_FALSE(there("da3-out"));
}

TEST_F(MemoryLimit, EachOfSeveralScenesIsRefusedAndTheFirstIsTheExitCode) {
  picture("photos/a.png");
  picture("photos/b.png");
  const auto result = huge({"photos", "--mode", "independent", "--set", "batch=8"});
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_FALSE(there("da3-out"));
}

}  // namespace
}  // namespace da3::test
