// SPDX-License-Identifier: Apache-2.0
#include "loader/file_pages.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace {

using namespace da3;

const char* const kLibrary = DA3_BINARY_DIR "/tests/fakes/good/libda3_cpu_engine.so";

struct Library {
  void* handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  /// In a segment that is only read.
  unsigned char* entry() const { return static_cast<unsigned char*>(::dlsym(handle, "da3_engine_entry")); }
};

#ifdef __linux__
TEST(FilePages, OfOpenedLibrariesGoAndComeBack) {
  const auto before = loader::mapped_files();
  const Library library;
  ASSERT_TRUE(library.handle) << ::dlerror();
  EXPECT_EQ(loader::forget_file_pages(loader::mapped_files()), 0u);  // it is in that list
  unsigned char code[16];
  std::copy_n(library.entry(), sizeof code, code);
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_GE(loader::forget_file_pages(before), page);
  EXPECT_LE(loader::forget_file_pages(before), page);  // its headers, which tell where to look
  EXPECT_TRUE(std::equal(std::begin(code), std::end(code), library.entry()));
  EXPECT_GE(loader::forget_file_pages(before), page);
}

TEST(FilePages, ThatWereWrittenToStay) {
  const Library library;
  ASSERT_TRUE(library.handle) << ::dlerror();
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  void* const at = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(library.entry()) / page * page);
  ASSERT_EQ(::mprotect(at, page, PROT_READ | PROT_WRITE), 0);
  const auto byte = static_cast<unsigned char>(*library.entry() ^ 0xFF);
  *library.entry() = byte;  // as a debugger does for a breakpoint
  ASSERT_EQ(::mprotect(at, page, PROT_READ | PROT_EXEC), 0);
  loader::forget_file_pages({});
  EXPECT_EQ(*library.entry(), byte);
}
#endif

}  // namespace
