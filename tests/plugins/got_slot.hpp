// SPDX-License-Identifier: Apache-2.0
// Which library a mapped library's call of a symbol goes to: reads its relocations and the address in the GOT
// slot.
#pragma once

#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <string>

namespace da3::test {

struct GotQuery {
  std::string library;  ///< beginning of its file name: "libtorch_cpu.so"
  std::string symbol;
  std::string found_in;  ///< file of the library that the slot points into; "" when there is no such slot
};

inline int find_got_slot(dl_phdr_info* info, size_t, void* arg) {
  auto& query = *static_cast<GotQuery*>(arg);
  const std::string path = info->dlpi_name;
  if (path.substr(path.find_last_of('/') + 1).rfind(query.library, 0) != 0) return 0;
  const ElfW(Dyn)* dynamic = nullptr;
  for (int i = 0; i < info->dlpi_phnum; ++i)
    if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
      dynamic = reinterpret_cast<const ElfW(Dyn)*>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
  const char* strings = nullptr;
  const ElfW(Sym)* symbols = nullptr;
  const ElfW(Rela) * tables[2] = {nullptr, nullptr};
  size_t sizes[2] = {0, 0};
  for (; dynamic && dynamic->d_tag != DT_NULL; ++dynamic) {
    const ElfW(Addr) at = dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_STRTAB) strings = reinterpret_cast<const char*>(at);
    if (dynamic->d_tag == DT_SYMTAB) symbols = reinterpret_cast<const ElfW(Sym)*>(at);
    if (dynamic->d_tag == DT_JMPREL) tables[0] = reinterpret_cast<const ElfW(Rela)*>(at);
    if (dynamic->d_tag == DT_PLTRELSZ) sizes[0] = at;
    if (dynamic->d_tag == DT_RELA) tables[1] = reinterpret_cast<const ElfW(Rela)*>(at);
    if (dynamic->d_tag == DT_RELASZ) sizes[1] = at;
  }
  for (int t = 0; t < 2; ++t)
    for (size_t i = 0; tables[t] && i < sizes[t] / sizeof(ElfW(Rela)); ++i) {
      const ElfW(Rela)& r = tables[t][i];
      const size_t index = ELF64_R_SYM(r.r_info);
      if (index == 0 || query.symbol != strings + symbols[index].st_name) continue;
      void* target = *reinterpret_cast<void**>(info->dlpi_addr + r.r_offset);
      Dl_info where{};
      if (dladdr(target, &where)) query.found_in = where.dli_fname;
      return 1;
    }
  return 0;
}

/// "" when the library is not mapped or does not call the symbol through its GOT.
inline std::string where_landed(const std::string& library, const std::string& symbol) {
  GotQuery query{library, symbol, {}};
  dl_iterate_phdr(find_got_slot, &query);
  return query.found_in;
}

}  // namespace da3::test
