// SPDX-License-Identifier: Apache-2.0
#include "allocations.hpp"

#include <atomic>
#include <cstdlib>

#if defined(__linux__) && defined(__LP64__) && !defined(DA3_SANITIZED) && \
    (defined(__x86_64__) || defined(__aarch64__))
#define DA3_CAN_COUNT_ALLOCATIONS 1
#endif

#ifdef DA3_CAN_COUNT_ALLOCATIONS
#include <elf.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string_view>
#include <utility>
#include <vector>

namespace da3::bench {
namespace {

std::atomic<uint64_t> calls{0};

// Where the program's own slots lead before they are exchanged; the counting functions go on there.
struct Real {
  void* (*malloc)(size_t);
  void* (*calloc)(size_t, size_t);
  void* (*realloc)(void*, size_t);
  int (*posix_memalign)(void**, size_t, size_t);
  void* (*aligned_alloc)(size_t, size_t);
  void* (*memalign)(size_t, size_t);
};
Real real{};

void count() { calls.fetch_add(1, std::memory_order_relaxed); }

void* counted_malloc(size_t size) { return count(), real.malloc(size); }
void* counted_calloc(size_t n, size_t size) { return count(), real.calloc(n, size); }
void* counted_realloc(void* p, size_t size) { return count(), real.realloc(p, size); }
int counted_posix_memalign(void** p, size_t align, size_t size) {
  return count(), real.posix_memalign(p, align, size);
}
void* counted_aligned_alloc(size_t align, size_t size) { return count(), real.aligned_alloc(align, size); }
void* counted_memalign(size_t align, size_t size) { return count(), real.memalign(align, size); }

ElfW(Addr) counting(std::string_view name) {
  if (name == "malloc") return reinterpret_cast<ElfW(Addr)>(&counted_malloc);
  if (name == "calloc") return reinterpret_cast<ElfW(Addr)>(&counted_calloc);
  if (name == "realloc") return reinterpret_cast<ElfW(Addr)>(&counted_realloc);
  if (name == "posix_memalign") return reinterpret_cast<ElfW(Addr)>(&counted_posix_memalign);
  if (name == "aligned_alloc") return reinterpret_cast<ElfW(Addr)>(&counted_aligned_alloc);
  if (name == "memalign") return reinterpret_cast<ElfW(Addr)>(&counted_memalign);
  return 0;
}

bool holds_function(uint64_t relocation_type) {
#ifdef __x86_64__
  return relocation_type == R_X86_64_JUMP_SLOT || relocation_type == R_X86_64_GLOB_DAT;
#else
  return relocation_type == R_AARCH64_JUMP_SLOT || relocation_type == R_AARCH64_GLOB_DAT;
#endif
}

/// One library's tables for the dynamic linker.
struct Tables {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * lists[2]{};  // of functions that are bound at their first call, and of all else
  size_t counts[2]{};
};

Tables tables_of(const dl_phdr_info& library, const ElfW(Dyn) * entry) {
  Tables tables;
  const auto at = [&](const ElfW(Dyn) & of) {  // glibc has added the base already, others have not
    const ElfW(Addr) address = of.d_un.d_ptr;
    return address < library.dlpi_addr ? address + library.dlpi_addr : address;
  };
  for (; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_SYMTAB) tables.symbols = reinterpret_cast<const ElfW(Sym)*>(at(*entry));
    if (entry->d_tag == DT_STRTAB) tables.names = reinterpret_cast<const char*>(at(*entry));
    if (entry->d_tag == DT_JMPREL) tables.lists[0] = reinterpret_cast<const ElfW(Rela)*>(at(*entry));
    if (entry->d_tag == DT_PLTRELSZ) tables.counts[0] = entry->d_un.d_val / sizeof(ElfW(Rela));
    if (entry->d_tag == DT_RELA) tables.lists[1] = reinterpret_cast<const ElfW(Rela)*>(at(*entry));
    if (entry->d_tag == DT_RELASZ) tables.counts[1] = entry->d_un.d_val / sizeof(ElfW(Rela));
  }
  return tables;
}

class Slots {
 public:
  Slots() { dl_iterate_phdr(&Slots::collect, this); }
  void exchange() {
    for (Slot& slot : slots_) {
      if (slot.read_only) protect(slot, PROT_READ | PROT_WRITE);
      slot.other = __atomic_exchange_n(slot.place, slot.other, __ATOMIC_SEQ_CST);
      if (slot.read_only) protect(slot, PROT_READ);
    }
  }

 private:
  struct Slot {
    ElfW(Addr) * place;
    ElfW(Addr) other;  ///< what is to be written there next
    bool read_only;
  };

  static int collect(dl_phdr_info* library, size_t, void* self) {
    const ElfW(Dyn)* dynamic = nullptr;
    std::pair<ElfW(Addr), ElfW(Addr)> read_only{0, 0};
    for (int i = 0; i < library->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = library->dlpi_phdr[i];
      const ElfW(Addr) begin = library->dlpi_addr + segment.p_vaddr;
      if (segment.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn)*>(begin);
      if (segment.p_type == PT_GNU_RELRO) read_only = {begin, begin + segment.p_memsz};
    }
    const std::string_view name = library->dlpi_name ? library->dlpi_name : "";
    // The kernel's page and the linker itself are left alone.
    if (!dynamic || name.find("vdso") != name.npos || name.find("/ld-") != name.npos) return 0;
    static_cast<Slots*>(self)->add(*library, tables_of(*library, dynamic), read_only);
    return 0;
  }

  void add(const dl_phdr_info& library, const Tables& tables,
           const std::pair<ElfW(Addr), ElfW(Addr)>& read_only) {
    if (!tables.symbols || !tables.names) return;
    for (int list = 0; list < 2; ++list)
      for (size_t i = 0; tables.lists[list] && i < tables.counts[list]; ++i) {
        const ElfW(Rela)& relocation = tables.lists[list][i];
        if (!holds_function(ELF64_R_TYPE(relocation.r_info))) continue;
        const ElfW(Sym)& symbol = tables.symbols[ELF64_R_SYM(relocation.r_info)];
        const ElfW(Addr) function = counting(tables.names + symbol.st_name);
        if (function == 0) continue;
        const ElfW(Addr) place = library.dlpi_addr + relocation.r_offset;
        slots_.push_back({reinterpret_cast<ElfW(Addr)*>(place), function,
                          place >= read_only.first && place < read_only.second});
      }
  }

  static void protect(const Slot& slot, int rights) {
    const auto page = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE));
    const ElfW(Addr) begin = reinterpret_cast<ElfW(Addr)>(slot.place) / page * page;
    mprotect(reinterpret_cast<void*>(begin), page, rights);
  }

  std::vector<Slot> slots_;
};

}  // namespace

std::optional<uint64_t> count_allocations(const std::function<void()>& body) {
  real = {&std::malloc, &std::calloc, &std::realloc, &::posix_memalign, &std::aligned_alloc, &::memalign};
  Slots slots;
  slots.exchange();
  calls = 0;
  struct Back {
    Slots& slots;
    ~Back() { slots.exchange(); }
  } back{slots};
  body();
  return calls.load();
}

}  // namespace da3::bench

#else

namespace da3::bench {
std::optional<uint64_t> count_allocations(const std::function<void()>&) { return std::nullopt; }
}  // namespace da3::bench

#endif
