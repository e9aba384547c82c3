// SPDX-License-Identifier: Apache-2.0
#include "text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <da3/error.hpp>

namespace da3::detail {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

/// Length of the UTF-8 sequence at the start of text, 0 when it is not one.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return length;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& path, uint64_t max_bytes) {
  const std::string name = path.string();
  // O_NONBLOCK: opening a FIFO must not wait for a writer.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (file.fd < 0) {
    const int error = errno;
    throw Error(DA3_E_NOT_FOUND, name + ": cannot be opened: " + std::strerror(error) + "; check the path", 0,
                -1, error);
  }
  struct stat status {};
  if (::fstat(file.fd, &status) != 0 || !S_ISREG(status.st_mode))
    throw Error(DA3_E_NOT_FOUND, name + ": is " +
                                     (S_ISDIR(status.st_mode) ? "a folder" : "not a regular file") +
                                     "; give the path of a file");
  if (static_cast<uint64_t>(status.st_size) > max_bytes)
    throw Error(DA3_E_BAD_VALUE, name + ": is too large: " + std::to_string(status.st_size) +
                                     " bytes, at most " + std::to_string(max_bytes) +
                                     " are read; is it the right file?");
  std::string text;
  char block[16384];
  while (true) {
    const ssize_t got = ::read(file.fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(DA3_E_NOT_FOUND, name + ": cannot be read: " + std::strerror(errno), 0, -1, errno);
    if (got == 0) break;
    text.append(block, static_cast<size_t>(got));
    if (text.size() > max_bytes) throw Error(DA3_E_BAD_VALUE, name + ": grew while it was read; try again");
  }
  return text;
}

size_t find_invalid_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = sequence_length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string quote(std::string_view text) {
  constexpr size_t most = 80;
  std::string out = "\"";
  for (size_t i = 0; i < text.size() && out.size() < most;) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const size_t length = sequence_length(text.substr(i));
    if (length == 0 || c < 0x20 || c == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02X", c);
      out += escaped;
      ++i;
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  if (out.size() >= most) out += "...";
  return out + "\"";
}

}  // namespace da3::detail
