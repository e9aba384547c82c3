// SPDX-License-Identifier: Apache-2.0
#include "npy_header.hpp"

#include "byte_reader.hpp"

#include <charconv>
#include <string_view>

namespace da3::io {
namespace {

/// The header is a Python dictionary of a string, a boolean and a tuple of integers.
class Dictionary {
 public:
  explicit Dictionary(std::string_view text) : text_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !has_descr)
        header.descr = string(), has_descr = true;
      else if (key == "fortran_order" && !has_order)
        header.fortran_order = boolean(), has_order = true;
      else if (key == "shape" && !has_shape)
        header.shape = tuple(), has_shape = true;
      else
        fail();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!has_descr || !has_order || !has_shape) fail();
    return header;
  }

 private:
  [[noreturn]] static void fail() { throw BadNpy("its header is damaged"); }

  void skip_spaces() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_spaces();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  std::string_view string() {
    skip_spaces();
    // A type of several fields is a list, not a string.
    if (text_.starts_with("[")) throw BadNpy("it holds records, not numbers");
    const char quote = text_.empty() ? '\0' : text_[0];
    if (quote != '\'' && quote != '"') fail();
    const size_t end = text_.find(quote, 1);
    if (end == text_.npos) fail();
    const std::string_view value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return value;
  }
  bool boolean() {
    skip_spaces();
    for (const std::string_view word : {"True", "False"})
      if (text_.starts_with(word)) {
        text_.remove_prefix(word.size());
        return word == "True";
      }
    fail();
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> values;
    expect('(');
    while (!accept(')')) {
      int64_t value = 0;
      skip_spaces();
      const auto [end, failed] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (failed != std::errc() || value < 0 || values.size() == 32) fail();
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      values.push_back(value);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return values;
  }

  std::string_view text_;
};

}  // namespace

NpyHeader parse_npy_header(std::span<const uint8_t> bytes) try {
  const ByteReader in(bytes, false);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with("\x93NUMPY")) throw BadNpy("it is not an .npy");
  const uint8_t version = in.u8(6);
  if (version < 1 || version > 3) throw BadNpy("its version of the .npy format is unknown");
  const uint64_t begin = version == 1 ? 10 : 12;
  const uint64_t size = version == 1 ? in.u16(8) : in.u32(8);
  in.need(begin, size);
  NpyHeader header = Dictionary(text.substr(begin, size)).parse();
  header.data = static_cast<size_t>(begin + size);
  return header;
} catch (const EndOfData&) {
  throw BadNpy("it is cut off before its end");
}

}  // namespace da3::io
