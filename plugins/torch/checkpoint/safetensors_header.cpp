// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/safetensors_header.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "checkpoint/printable.hpp"
#include "checkpoint/strict_json.hpp"

namespace da3::checkpoint {
namespace {

constexpr size_t max_rank = 16;
constexpr std::array<std::pair<DType, std::string_view>, 10> type_names{{{DType::f64, "F64"},
                                                                         {DType::f32, "F32"},
                                                                         {DType::f16, "F16"},
                                                                         {DType::bf16, "BF16"},
                                                                         {DType::i64, "I64"},
                                                                         {DType::i32, "I32"},
                                                                         {DType::i16, "I16"},
                                                                         {DType::i8, "I8"},
                                                                         {DType::u8, "U8"},
                                                                         {DType::boolean, "BOOL"}}};

// Receives the header's events one by one: a document tree would drop duplicate keys, and take many times the
// memory of a hostile header.
class HeaderReader {
 public:
  using json = nlohmann::json;

  HeaderReader(Header& header, const std::string& origin) : header_(header), origin_(origin) {}

  bool null() { unexpected("null"); }
  bool boolean(bool) { unexpected("a boolean"); }
  bool number_integer(json::number_integer_t) { negative_or_float(); }
  bool number_float(json::number_float_t, const std::string&) { negative_or_float(); }
  bool binary(json::binary_t&) { unexpected("binary data"); }

  bool number_unsigned(json::number_unsigned_t value) {
    if (depth_ != 3) unexpected("a number");
    if (value > uint64_t(std::numeric_limits<int64_t>::max())) negative_or_float();
    if (key_ == "shape") {
      if (entry().shape.size() == max_rank) bad_checkpoint(origin_, where() + " has more than 16 dimensions");
      entry().shape.push_back(int64_t(value));
    } else {
      if (offsets_ == 2) bad_checkpoint(origin_, where() + " has more than two data_offsets");
      (offsets_++ == 0 ? entry().begin : entry().end) = value;
    }
    return true;
  }

  bool string(std::string& value) {
    if (depth_ != 2) unexpected("a text");
    if (in_metadata_) {
      header_.metadata[key_] = value;
    } else if (key_ == "dtype") {
      set_dtype(value);
    } else {
      unexpected("a text");
    }
    return true;
  }

  bool start_object(size_t) {
    if (depth_ > 1) unexpected("an object");
    if (depth_++ == 0) return true;
    in_metadata_ = key_ == "__metadata__";
    inner_keys_.clear();
    offsets_ = 0;
    if (!in_metadata_) header_.entries.push_back({key_, DType::f32, {}, 0, 0});
    return true;
  }

  bool key(std::string& key) {
    auto& keys = depth_ == 1 ? names_ : inner_keys_;
    if (!keys.insert(key).second)
      bad_checkpoint(origin_, depth_ == 1 ? in_quotes(key) + " occurs twice in its header"
                                          : where() + " has the key " + in_quotes(key) + " twice");
    if (depth_ == 2 && !in_metadata_ && key != "dtype" && key != "shape" && key != "data_offsets")
      bad_checkpoint(origin_, where() + " has an unknown key " + in_quotes(key));
    key_ = key;
    return true;
  }

  bool end_object() {
    if (--depth_ == 1 && !in_metadata_ && inner_keys_.size() != 3)
      bad_checkpoint(origin_, where() + " lacks dtype, shape or data_offsets");
    return true;
  }

  bool start_array(size_t) {
    if (depth_ != 2 || in_metadata_ || key_ == "dtype") unexpected("a list");
    ++depth_;
    return true;
  }

  bool end_array() {
    if (key_ == "data_offsets" && offsets_ != 2)
      bad_checkpoint(origin_, where() + " has not two data_offsets");
    --depth_;
    return true;
  }

  bool parse_error(size_t, const std::string&, const json::exception& error) {
    bad_checkpoint(origin_, "its header is not JSON: " + json_complaint(error));
  }

 private:
  HeaderEntry& entry() { return header_.entries.back(); }

  std::string where() {
    if (in_metadata_) return "__metadata__";
    return header_.entries.empty() ? "its header" : "tensor " + in_quotes(entry().name);
  }

  void set_dtype(const std::string& value) {
    const auto* found = std::find_if(type_names.begin(), type_names.end(),
                                     [&](const auto& pair) { return pair.second == value; });
    if (found == type_names.end())
      bad_checkpoint(origin_, where() + " has the type " + in_quotes(value) +
                                  ", which is none of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL");
    entry().dtype = found->first;
  }

  [[noreturn]] void unexpected(const std::string& what) {
    if (depth_ == 2 && in_metadata_)
      bad_checkpoint(origin_, "__metadata__ holds " + what + " where only texts may be");
    if (depth_ == 1) bad_checkpoint(origin_, in_quotes(key_) + " is " + what + " and not an object");
    bad_checkpoint(origin_, (depth_ == 0 ? "its header" : where() + ", " + in_quotes(key_) + ",") +
                                " holds " + what + " where it may not be");
  }

  [[noreturn]] void negative_or_float() {
    if (depth_ != 3) unexpected("a number");
    bad_checkpoint(origin_, where() + " has a number in " + in_quotes(key_) +
                                " that is no size (negative, fractional or huge)");
  }

  Header& header_;
  const std::string& origin_;
  int depth_ = 0;  // 1 the header, 2 a tensor or __metadata__, 3 a list
  bool in_metadata_ = false;
  int offsets_ = 0;
  std::string key_;
  std::set<std::string> names_, inner_keys_;
};

void check_layout(Header& header, uint64_t data_bytes, const std::string& origin) {
  auto& entries = header.entries;
  for (const HeaderEntry& entry : entries) {
    uint64_t bytes = 0;
    const std::string tensor = "tensor " + in_quotes(entry.name);
    if (!tensor_bytes(entry.dtype, entry.shape, bytes))
      bad_checkpoint(origin, tensor + " has a shape beyond all memory");
    if (entry.end < entry.begin || entry.end - entry.begin != bytes)
      bad_checkpoint(origin, tensor + " needs " + std::to_string(bytes) +
                                 " bytes by its type and shape, but its data_offsets are [" +
                                 std::to_string(entry.begin) + ", " + std::to_string(entry.end) + "]");
  }
  std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t end = 0;
  for (const HeaderEntry& entry : entries) {
    if (entry.begin < end)
      bad_checkpoint(origin, "tensor " + in_quotes(entry.name) + " overlaps the one before it");
    if (entry.begin > end) bad_checkpoint(origin, "there is a hole before tensor " + in_quotes(entry.name));
    end = entry.end;
  }
  if (end != data_bytes)
    bad_checkpoint(origin, "its tensors take " + std::to_string(end) + " bytes, but " +
                               std::to_string(data_bytes) + " follow the header" +
                               (end > data_bytes ? ": it is cut short" : ""));
}

}  // namespace

void bad_checkpoint(const std::string& origin, const std::string& why) {
  throw Error(DA3_E_MODEL, "cannot read " + origin + ": " + why + "; download it or make it again");
}

size_t dtype_size(DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
    case DType::i16:
      return 2;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return 1;
  }
  return 1;
}

std::string_view dtype_name(DType dtype) {
  for (const auto& [type, name] : type_names)
    if (type == dtype) return name;
  return "?";
}

bool tensor_bytes(DType dtype, const std::vector<int64_t>& shape, uint64_t& bytes) {
  constexpr uint64_t limit = uint64_t(std::numeric_limits<int64_t>::max());
  bytes = dtype_size(dtype);
  bool empty = false;  // a zero must not hide an overflow of the other sizes
  for (const int64_t size : shape) {
    if (size < 0) return false;
    if (size == 0) empty = true;
    if (size != 0 && bytes > limit / uint64_t(size)) return false;
    if (size != 0) bytes *= uint64_t(size);
  }
  if (empty) bytes = 0;
  return true;
}

Header parse_header(std::string_view json, uint64_t data_bytes, const std::string& origin) {
  if (!json.starts_with('{'))
    bad_checkpoint(origin, "its header does not start with '{': it is no safetensors file");
  Header header;
  HeaderReader reader(header, origin);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  check_layout(header, data_bytes, origin);
  return header;
}

}  // namespace da3::checkpoint
