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
  const Views views = api.load_views(api.list_inputs({folder / "small.png", folder / "wide.png"}), {56}, {});
  EXPECT_EQ(views.views, 2);
  const TempDir dir;
  api.write_text_atomic(dir / "run.json", "{}");
  EXPECT_TRUE(fs::exists(dir / "run.json"));
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
