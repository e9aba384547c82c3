// SPDX-License-Identifier: Apache-2.0
#include "elf_file.hpp"

#if __has_include(<elf.h>)
#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

namespace da3::check {
namespace {

[[noreturn]] void damaged(const char* what) {
  throw std::runtime_error(std::string("it is damaged: ") + what);
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    if (!file.good() && bytes_.empty()) throw std::runtime_error("it cannot be read");
  }

  template <class T>
  T at(uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T))
      damaged("a structure lies beyond its end");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  std::string text(uint64_t offset) const {
    if (offset >= bytes_.size()) damaged("a name lies beyond its end");
    const size_t end = bytes_.find('\0', offset);
    if (end == std::string::npos) damaged("a name has no end");
    return bytes_.substr(offset, end - offset);
  }

  /// Virtual address to offset in the file.
  uint64_t offset_of(uint64_t address) const {
    for (const Elf64_Phdr& p : segments)
      if (p.p_type == PT_LOAD && address >= p.p_vaddr && address - p.p_vaddr < p.p_filesz)
        return p.p_offset + (address - p.p_vaddr);
    damaged("an address lies in no segment");
  }

  std::vector<Elf64_Phdr> segments;

 private:
  std::string bytes_;
};

struct Dynamic {
  uint64_t strings = 0, symbols = 0, hash = 0, gnu_hash = 0;
  std::vector<uint64_t> needed;
  std::optional<uint64_t> soname, runpath, rpath;
};

void read_segments(Reader& file, ElfFile& out) {
  const auto header = file.at<Elf64_Ehdr>(0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) throw std::runtime_error("it is no ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    throw std::runtime_error("it is not 64-bit little-endian ELF");
  if (header.e_type != ET_DYN) throw std::runtime_error("it is ELF, but no shared library");
  for (uint16_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = file.at<Elf64_Phdr>(header.e_phoff + uint64_t{i} * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_GNU_STACK) out.executable_stack = (segment.p_flags & PF_X) != 0;
    if (segment.p_type == PT_GNU_RELRO) out.relro = true;
    file.segments.push_back(segment);
  }
}

Dynamic read_dynamic(const Reader& file, ElfFile& out) {
  Dynamic dynamic;
  for (const Elf64_Phdr& segment : file.segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    for (uint64_t i = 0; i < segment.p_filesz / sizeof(Elf64_Dyn); ++i) {
      const auto entry = file.at<Elf64_Dyn>(segment.p_offset + i * sizeof(Elf64_Dyn));
      const uint64_t value = entry.d_un.d_val;
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_STRTAB) dynamic.strings = value;
      if (entry.d_tag == DT_SYMTAB) dynamic.symbols = value;
      if (entry.d_tag == DT_HASH) dynamic.hash = value;
      if (entry.d_tag == DT_GNU_HASH) dynamic.gnu_hash = value;
      if (entry.d_tag == DT_NEEDED) dynamic.needed.push_back(value);
      if (entry.d_tag == DT_SONAME) dynamic.soname = value;
      if (entry.d_tag == DT_RUNPATH) dynamic.runpath = value;
      if (entry.d_tag == DT_RPATH) dynamic.rpath = value;
      if (entry.d_tag == DT_TEXTREL || (entry.d_tag == DT_FLAGS && (value & DF_TEXTREL)))
        out.text_relocations = true;
      if (entry.d_tag == DT_BIND_NOW || (entry.d_tag == DT_FLAGS && (value & DF_BIND_NOW)) ||
          (entry.d_tag == DT_FLAGS_1 && (value & DF_1_NOW)))
        out.bind_now = true;
    }
  }
  if (!dynamic.strings || !dynamic.symbols) damaged("it has no dynamic section");
  return dynamic;
}

/// The number of dynamic symbols is only in the hash tables.
uint64_t symbol_count(const Reader& file, const Dynamic& dynamic) {
  if (dynamic.hash) return file.at<uint32_t>(file.offset_of(dynamic.hash) + 4);
  if (!dynamic.gnu_hash) damaged("it has no hash table of symbols");
  const uint64_t table = file.offset_of(dynamic.gnu_hash);
  const uint32_t buckets = file.at<uint32_t>(table), first = file.at<uint32_t>(table + 4),
                 bloom = file.at<uint32_t>(table + 8);
  const uint64_t bucket_at = table + 16 + uint64_t{bloom} * 8, chain_at = bucket_at + uint64_t{buckets} * 4;
  uint64_t last = 0;
  for (uint32_t i = 0; i < buckets; ++i)
    last = std::max<uint64_t>(last, file.at<uint32_t>(bucket_at + uint64_t{i} * 4));
  if (last < first) return first;
  while ((file.at<uint32_t>(chain_at + (last - first) * 4) & 1) == 0) ++last;
  return last + 1;
}

void read_symbols(const Reader& file, const Dynamic& dynamic, ElfFile& out) {
  const uint64_t count = symbol_count(file, dynamic), symbols = file.offset_of(dynamic.symbols),
                 strings = file.offset_of(dynamic.strings);
  // The GNU table leaves out what is undefined, but those come first.
  for (uint64_t i = 1; i < count; ++i) {
    const auto symbol = file.at<Elf64_Sym>(symbols + i * sizeof(Elf64_Sym));
    const unsigned binding = ELF64_ST_BIND(symbol.st_info), type = ELF64_ST_TYPE(symbol.st_info);
    if (binding != STB_GLOBAL && binding != STB_WEAK && binding != STB_GNU_UNIQUE) continue;
    if (type == STT_SECTION || type == STT_FILE) continue;
    const std::string name = file.text(strings + symbol.st_name);
    const unsigned visible = ELF64_ST_VISIBILITY(symbol.st_other);
    if (symbol.st_shndx == SHN_UNDEF)
      out.imports.push_back(name);
    else if (symbol.st_shndx != SHN_ABS && (visible == STV_DEFAULT || visible == STV_PROTECTED))
      out.exports.push_back(name);
  }
}

}  // namespace

ElfFile ElfFile::read(const std::filesystem::path& path) {
  Reader file(path);
  ElfFile out;
  read_segments(file, out);
  const Dynamic dynamic = read_dynamic(file, out);
  const uint64_t strings = file.offset_of(dynamic.strings);
  for (uint64_t name : dynamic.needed) out.needed.push_back(file.text(strings + name));
  if (dynamic.soname) out.soname = file.text(strings + *dynamic.soname);
  if (dynamic.runpath) out.runpath = file.text(strings + *dynamic.runpath);
  if (dynamic.rpath) out.rpath = file.text(strings + *dynamic.rpath);
  read_symbols(file, dynamic, out);
  return out;
}

}  // namespace da3::check

#else

#include <stdexcept>

namespace da3::check {
ElfFile ElfFile::read(const std::filesystem::path&) {
  throw std::runtime_error("this system has no ELF files");
}
}  // namespace da3::check

#endif
