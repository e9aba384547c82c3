// SPDX-License-Identifier: Apache-2.0
#include "library_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace da3::detail {
namespace {

// The few facts of the ELF format that are needed, so that this compiles without <elf.h>.
constexpr size_t elf_header_size = 64, program_header_size = 56;
constexpr uint16_t elf_shared_object = 3, machine_x86_64 = 62, machine_aarch64 = 183;
constexpr uint32_t segment_load = 1;

template <class Number>
Number number_at(const unsigned char* bytes, size_t offset) {
  Number value;  // host and file are both little-endian: checked before
  std::memcpy(&value, bytes + offset, sizeof value);
  return value;
}

bool read_exactly(int fd, unsigned char* out, size_t size, uint64_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd, out + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

std::string machine_name(uint16_t machine) {
  if (machine == machine_x86_64) return "x86_64";
  if (machine == machine_aarch64) return "aarch64";
  return "another processor (ELF machine " + std::to_string(machine) + ")";
}

/// A segment that lies beyond the end of the file would kill the process when it is touched.
bool segments_lie_in_file(int fd, const unsigned char* header, uint64_t file_size) {
  const uint64_t table = number_at<uint64_t>(header, 32);
  const uint16_t entry_size = number_at<uint16_t>(header, 54), count = number_at<uint16_t>(header, 56);
  if (entry_size != program_header_size || count == 0) return false;
  for (uint16_t i = 0; i < count; ++i) {
    unsigned char segment[program_header_size];
    if (table > file_size ||
        !read_exactly(fd, segment, sizeof segment, table + uint64_t{i} * program_header_size))
      return false;
    if (number_at<uint32_t>(segment, 0) != segment_load) continue;
    const uint64_t offset = number_at<uint64_t>(segment, 8), size = number_at<uint64_t>(segment, 32);
    if (offset > file_size || size > file_size - offset) return false;
  }
  return true;
}

std::string elf_problem(int fd, uint64_t file_size) {
  unsigned char header[elf_header_size];
  if (!read_exactly(fd, header, 4, 0) || std::memcmp(header,
                                                     "\x7F"
                                                     "ELF",
                                                     4) != 0)
    return "is not a library (no ELF file)";
  if (!read_exactly(fd, header, sizeof header, 0)) return "is truncated (shorter than an ELF header)";
  if (header[4] != 2) return "is 32-bit code, this program is 64-bit";
  if (header[5] != 1) return "is big-endian code";
  const uint16_t machine = number_at<uint16_t>(header, 18);
  if (const std::string here = this_arch(); here != "other" && machine_name(machine) != here)
    return "is built for " + machine_name(machine) + ", this machine is " + here;
  if (number_at<uint16_t>(header, 16) != elf_shared_object) return "is ELF, but not a shared library";
  if (!segments_lie_in_file(fd, header, file_size)) return "is truncated (parts of it lie beyond its end)";
  return "";
}

std::string macho_problem(int fd) {
  unsigned char magic[4];
  if (!read_exactly(fd, magic, sizeof magic, 0)) return "is truncated";
  const bool thin = std::memcmp(magic, "\xCF\xFA\xED\xFE", 4) == 0,
             fat = std::memcmp(magic, "\xCA\xFE\xBA\xBE", 4) == 0;
  return thin || fat ? "" : "is not a library (no 64-bit Mach-O file)";
}

}  // namespace

std::string this_os() {
#if defined(__APPLE__)
  return "macos";
#else
  return "linux";
#endif
}

std::string this_arch() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "other";
#endif
}

std::string library_file_problem(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return std::string("cannot be opened: ") + std::strerror(errno);
  struct stat status {};
  std::string problem;
  if (::fstat(fd, &status) != 0)
    problem = std::string("cannot be examined: ") + std::strerror(errno);
  else if (S_ISDIR(status.st_mode))
    problem = "is a folder";
  else if (!S_ISREG(status.st_mode))
    problem = "is not a regular file";
  else if (status.st_size == 0)
    problem = "is empty";
  else
    problem =
        this_os() == "macos" ? macho_problem(fd) : elf_problem(fd, static_cast<uint64_t>(status.st_size));
  ::close(fd);
  return problem;
}

}  // namespace da3::detail
