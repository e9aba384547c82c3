// SPDX-License-Identifier: Apache-2.0
#include "loader/file_pages.hpp"

#include "loader/mapped_libraries.hpp"

#ifdef __linux__
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#endif

namespace da3::loader {

std::set<std::filesystem::path> mapped_files() {
  std::set<std::filesystem::path> files;
  for (const MappedLibrary& library : mapped_libraries()) files.insert(library.path);
  return files;
}

#ifndef __linux__

uint64_t forget_file_pages(const std::set<std::filesystem::path>&) { return 0; }

#else

namespace {

/// The process's page table, as proc(5) describes /proc/PID/pagemap.
class PageMap {
 public:
  PageMap() : file_(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}
  ~PageMap() {
    if (file_ >= 0) ::close(file_);
  }
  PageMap(const PageMap&) = delete;
  PageMap& operator=(const PageMap&) = delete;

  /// Drops the pages of [begin, end), both multiples of a page, that are of a file; the bytes that went.
  uint64_t forget(uintptr_t begin, uintptr_t end) const {
    std::array<uint64_t, 4096> entries;
    uint64_t bytes = 0;
    while (begin < end) {
      const size_t wanted = std::min<size_t>(entries.size(), (end - begin) / page_);
      const auto offset = static_cast<off_t>(begin / page_ * sizeof entries[0]);
      const ssize_t got = ::pread(file_, entries.data(), wanted * sizeof entries[0], offset);
      const size_t count = got > 0 ? static_cast<size_t>(got) / sizeof entries[0] : 0;
      if (count == 0) break;
      bytes += forget(begin, {entries.data(), count});
      begin += count * page_;
    }
    return bytes;
  }

  uintptr_t page() const { return page_; }

 private:
  struct Entries {
    const uint64_t* first;
    size_t count;
  };

  /// Runs of such pages at once.
  uint64_t forget(uintptr_t begin, Entries entries) const {
    uint64_t bytes = 0;
    for (size_t i = 0; i < entries.count;) {
      size_t end = i;
      while (end < entries.count && of_file(entries.first[end])) ++end;
      if (end > i &&
          ::madvise(reinterpret_cast<void*>(begin + i * page_), (end - i) * page_, MADV_DONTNEED) == 0)
        bytes += (end - i) * page_;
      i = std::max(end, i + 1);
    }
    return bytes;
  }

  static bool of_file(uint64_t entry) {
    constexpr uint64_t present = uint64_t{1} << 63, file_page = uint64_t{1} << 61;
    return (entry & present) && (entry & file_page);
  }

  const int file_;
  const uintptr_t page_ = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
};

struct Search {
  const std::set<std::filesystem::path>& before;
  PageMap pages;
  uint64_t bytes = 0;
};

/// Whether the dynamic linker wrote into segments that are read-only now.
bool has_text_relocations(const dl_phdr_info& library) {
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    if (library.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(library.dlpi_addr + library.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry)
      if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
        return true;
  }
  return false;
}

int forget_library(dl_phdr_info* library, size_t, void* of_search) {
  Search& search = *static_cast<Search*>(of_search);
  if (!library->dlpi_name || !*library->dlpi_name || search.before.contains(library->dlpi_name) ||
      has_text_relocations(*library))
    return 0;
  const uintptr_t page = search.pages.page();
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W)) continue;
    const uintptr_t begin = library->dlpi_addr + segment.p_vaddr, end = begin + segment.p_memsz;
    search.bytes += search.pages.forget(begin / page * page, (end + page - 1) / page * page);
  }
  return 0;
}

}  // namespace

uint64_t forget_file_pages(const std::set<std::filesystem::path>& before) {
  Search search{before, {}, 0};
  dl_iterate_phdr(forget_library, &search);
  return search.bytes;
}

#endif

}  // namespace da3::loader
