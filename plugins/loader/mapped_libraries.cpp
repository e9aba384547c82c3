// SPDX-License-Identifier: Apache-2.0
#include "loader/mapped_libraries.hpp"

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#else
#include <link.h>
#endif

namespace da3::loader {

#if defined(__APPLE__)

std::vector<MappedLibrary> mapped_libraries() {
  std::vector<MappedLibrary> libraries;
  for (uint32_t i = 0; i < _dyld_image_count(); ++i) {
    const char* name = _dyld_get_image_name(i);
    if (name) libraries.push_back({name, std::filesystem::path(name).filename().string()});
  }
  return libraries;
}

#else

namespace {

/// The SONAME in a mapped dynamic section, or "".
std::string mapped_soname(const dl_phdr_info& info) {
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    ElfW(Addr) strings = 0, soname = 0;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + info.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_STRTAB) strings = entry->d_un.d_ptr;
      if (entry->d_tag == DT_SONAME) soname = entry->d_un.d_val;
    }
    if (!strings || !soname) return {};
    if (strings < info.dlpi_addr)
      strings += info.dlpi_addr;  // glibc relocates the entry, musl and the vdso do not
    return reinterpret_cast<const char*>(strings + soname);
  }
  return {};
}

int collect(dl_phdr_info* info, size_t, void* list) {
  if (!info->dlpi_name || !*info->dlpi_name) return 0;  // the program itself
  MappedLibrary library{info->dlpi_name, mapped_soname(*info)};
  if (library.soname.empty()) library.soname = library.path.filename().string();
  static_cast<std::vector<MappedLibrary>*>(list)->push_back(std::move(library));
  return 0;
}

}  // namespace

std::vector<MappedLibrary> mapped_libraries() {
  std::vector<MappedLibrary> libraries;
  dl_iterate_phdr(collect, &libraries);
  return libraries;
}

#endif

}  // namespace da3::loader
