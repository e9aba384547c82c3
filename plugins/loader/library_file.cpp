// SPDX-License-Identifier: Apache-2.0
#include "loader/library_file.hpp"

#if defined(__linux__)
#include <link.h>

#include <cstring>
#include <fstream>
#endif

namespace da3::loader {

#if defined(__linux__)

namespace {

namespace fs = std::filesystem;
using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Dynamic = ElfW(Dyn);

constexpr size_t most_bytes =
    1 << 20;  // of a string table or of notes; a real one has a few hundred kilobytes

template <class Item>
std::vector<Item> read_items(std::ifstream& file, uint64_t offset, size_t count) {
  if (count * sizeof(Item) > 64 * most_bytes) return {};
  std::vector<Item> items(count);
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(items.data()), static_cast<std::streamsize>(count * sizeof(Item)));
  if (!file) items.clear();
  return items;
}

std::vector<Segment> segments(std::ifstream& file) {
  const auto header = read_items<Header>(file, 0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0 ||
      header[0].e_phentsize != sizeof(Segment) ||
      header[0].e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32))
    return {};
  return read_items<Segment>(file, header[0].e_phoff, header[0].e_phnum);
}

/// Where in the file an address lies; 0 for an address of no segment.
uint64_t file_offset(const std::vector<Segment>& all, uint64_t address) {
  for (const Segment& s : all)
    if (s.p_type == PT_LOAD && address >= s.p_vaddr && address - s.p_vaddr < s.p_filesz)
      return address - s.p_vaddr + s.p_offset;
  return 0;
}

void add_run_path(const std::string& text, const fs::path& origin, std::vector<fs::path>& folders) {
  size_t start = 0;
  while (start <= text.size()) {
    const size_t end = std::min(text.find(':', start), text.size());
    std::string folder = text.substr(start, end - start);
    for (const char* token : {"${ORIGIN}", "$ORIGIN"})
      if (const size_t at = folder.find(token); at != std::string::npos)
        folder.replace(at, std::strlen(token), origin.string());
    if (!folder.empty()) folders.push_back(fs::path(folder).lexically_normal());
    start = end + 1;
  }
}

}  // namespace

LibraryFile read_library(const fs::path& path) {
  LibraryFile result;
  std::ifstream file(path, std::ios::binary);
  const auto all = segments(file);
  for (const Segment& s : all) {
    if (s.p_type != PT_DYNAMIC) continue;
    const auto entries = read_items<Dynamic>(file, s.p_offset, s.p_filesz / sizeof(Dynamic));
    uint64_t address = 0, size = 0;
    for (const Dynamic& e : entries) {
      if (e.d_tag == DT_STRTAB) address = e.d_un.d_ptr;
      if (e.d_tag == DT_STRSZ) size = e.d_un.d_val;
    }
    if (size == 0 || size > 64 * most_bytes) return result;
    auto strings = read_items<char>(file, file_offset(all, address), size);
    if (strings.empty()) return result;
    strings.back() = '\0';
    for (const Dynamic& e : entries) {
      if (e.d_tag == DT_NULL) break;
      if (e.d_un.d_val >= strings.size()) continue;
      const char* text = strings.data() + e.d_un.d_val;
      if (e.d_tag == DT_NEEDED) result.needed.emplace_back(text);
      if (e.d_tag == DT_RUNPATH || e.d_tag == DT_RPATH)
        add_run_path(text, path.parent_path(), result.run_path);
    }
  }
  return result;
}

std::string build_id(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  for (const Segment& s : segments(file)) {
    if (s.p_type != PT_NOTE || s.p_filesz > most_bytes) continue;
    const auto bytes = read_items<unsigned char>(file, s.p_offset, s.p_filesz);
    const auto padded = [](uint64_t n) { return (n + 3) & ~uint64_t{3}; };
    for (uint64_t at = 0; at + sizeof(ElfW(Nhdr)) <= bytes.size();) {
      ElfW(Nhdr) note;
      std::memcpy(&note, bytes.data() + at, sizeof note);
      const uint64_t name = at + sizeof note, text = name + padded(note.n_namesz), end = text + note.n_descsz;
      if (end > bytes.size()) break;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
          std::memcmp(bytes.data() + name, "GNU", 4) == 0) {
        std::string hex;
        for (uint64_t i = text; i < end; ++i) {
          hex += "0123456789abcdef"[bytes[i] >> 4];
          hex += "0123456789abcdef"[bytes[i] & 15];
        }
        return hex;
      }
      at = text + padded(note.n_descsz);
    }
  }
  return {};
}

#else

LibraryFile read_library(const std::filesystem::path&) { return {}; }

std::string build_id(const std::filesystem::path&) { return {}; }

#endif

}  // namespace da3::loader
