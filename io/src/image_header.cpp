// SPDX-License-Identifier: Apache-2.0
#include "image_header.hpp"

#include "byte_reader.hpp"
#include "files.hpp"
#include "image_faults.hpp"
#include "tiff_header.hpp"

#include <da3/error.hpp>
#include <da3/io/image.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <span>
#include <string_view>

namespace da3::io {
namespace {

constexpr int64_t max_side = int64_t{1} << 20;  // OpenCV's own limit

/// Whether the bytes are a file's first ones or all.
enum class Look { head, all };

bool starts_with(std::span<const uint8_t> bytes, std::string_view magic, size_t offset = 0) {
  return bytes.size() >= offset + magic.size() &&
         std::string_view(reinterpret_cast<const char*>(bytes.data()) + offset, magic.size()) == magic;
}

/// PNG (Third edition), 5: chunks of length, type, data, CRC. Keeps those that carry pixels.
ImageHeader inspect_png(std::vector<uint8_t>& bytes, Look look, bool with_orientation) {
  const ByteReader in(bytes, true);
  if (!starts_with(bytes, "IHDR", 12)) throw Damaged("it does not begin with IHDR");
  const ImageHeader header{"PNG", in.u32(16), in.u32(20)};
  if (look == Look::head) return header;
  std::vector<uint8_t> kept(bytes.begin(), bytes.begin() + 8);
  for (uint64_t chunk = 8;;) {
    const uint64_t size = 12 + uint64_t{in.u32(chunk)};
    in.need(chunk, size);
    const auto begin = bytes.begin() + static_cast<int64_t>(chunk);
    const std::string_view type(reinterpret_cast<const char*>(bytes.data()) + chunk + 4, 4);
    if (type == "IHDR" || type == "PLTE" || type == "IDAT" || type == "IEND" ||
        (with_orientation && type == "eXIf"))
      kept.insert(kept.end(), begin, begin + static_cast<int64_t>(size));
    if (type == "IEND") break;
    chunk += size;
  }
  bytes = std::move(kept);
  return header;
}

/// ITU T.81, annex B: segments, and after each scan's header coded data up to the next marker.
ImageHeader inspect_jpeg(const std::vector<uint8_t>& bytes, Look look) {
  const ByteReader in(bytes, true);
  ImageHeader header{"JPEG", 0, 0};
  bool has_scan = false;
  for (uint64_t at = 2;;) {
    // To the next marker, over coded data, fill bytes and restart markers.
    at = static_cast<uint64_t>(std::find(bytes.begin() + static_cast<int64_t>(at), bytes.end(), 0xFF) -
                               bytes.begin());
    const uint8_t marker = in.u8(at + 1);
    if (marker == 0xD9) break;
    if (marker <= 0x01 || marker == 0xFF || (marker >= 0xD0 && marker <= 0xD8)) {
      ++at;
      continue;
    }
    const uint64_t length = in.u16(at + 2);
    in.need(at + 2, length);
    if (length < 2) throw Damaged("a segment is shorter than its length field");
    if (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC) {
      header.height = in.u16(at + 5);
      header.width = in.u16(at + 7);
      if (look == Look::head) return header;
    }
    has_scan = has_scan || marker == 0xDA;
    at += 2 + length;
  }
  if (!has_scan || header.width == 0) throw Damaged("it has no picture data");
  return header;
}

/// WebP container: RIFF size, then VP8 (RFC 6386), VP8L or VP8X.
ImageHeader inspect_webp(const std::vector<uint8_t>& bytes, Look look) {
  const ByteReader in(bytes, false);
  if (look == Look::all) in.need(0, uint64_t{in.u32(4)} + 8);
  if (starts_with(bytes, "VP8X", 12)) {
    if (in.u8(20) & 0x02) throw Unsupported("it is an animated WebP; save one of its pictures by itself");
    return {"WebP", int64_t(in.number(24, 3)) + 1, int64_t(in.number(27, 3)) + 1};
  }
  if (starts_with(bytes, "VP8L", 12)) {
    const uint32_t bits = in.u32(21);
    return {"WebP", int64_t(bits & 0x3FFF) + 1, int64_t(bits >> 14 & 0x3FFF) + 1};
  }
  if (!starts_with(bytes, "VP8 ", 12)) throw Damaged("its first chunk is unknown");
  return {"WebP", in.u16(26) & 0x3FFF, in.u16(28) & 0x3FFF};
}

ImageHeader inspect_bmp(const std::vector<uint8_t>& bytes, Look look) {
  const ByteReader in(bytes, false);
  const uint32_t pixels = in.u32(10);
  const bool old = in.u32(14) == 12;
  ImageHeader header{"BMP", old ? in.u16(18) : static_cast<int32_t>(in.u32(18)),
                     old ? in.u16(20) : static_cast<int32_t>(in.u32(22))};
  if (header.height < 0) header.height = -header.height;  // rows from the top
  const uint32_t compression = old ? 0 : in.u32(30);
  if (compression == 4 || compression == 5)
    throw Unsupported("it is a BMP with JPEG or PNG inside; save it as PNG");
  const bool run_length = compression == 1 || compression == 2;
  if (look == Look::all && !run_length && header.width > 0 && header.width <= max_side &&
      header.height <= max_side) {
    const uint64_t bits = uint64_t(header.width) * in.u16(old ? 24 : 28);
    in.need(pixels, (bits + 31) / 32 * 4 * uint64_t(header.height));
  }
  return header;
}

enum class Kind { foreign, png, jpeg, webp, bmp, tiff };

Kind kind_of(std::span<const uint8_t> bytes) {
  using namespace std::literals;
  if (starts_with(bytes, "\x89PNG\r\n\x1A\n")) return Kind::png;
  if (starts_with(bytes, "\xFF\xD8\xFF")) return Kind::jpeg;
  if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) return Kind::webp;
  if (starts_with(bytes, "BM")) return Kind::bmp;
  for (const auto magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (starts_with(bytes, magic)) return Kind::tiff;
  return Kind::foreign;
}

ImageHeader inspect_any(std::vector<uint8_t>& bytes, Look look, bool with_orientation) {
  switch (kind_of(bytes)) {
    case Kind::png:
      return inspect_png(bytes, look, with_orientation);
    case Kind::jpeg:
      return inspect_jpeg(bytes, look);
    case Kind::webp:
      return inspect_webp(bytes, look);
    case Kind::bmp:
      return inspect_bmp(bytes, look);
    case Kind::tiff:
      return inspect_tiff(bytes, with_orientation);
    case Kind::foreign:
      break;
  }
  throw Foreign("it is not a PNG, JPEG, WebP, BMP or TIFF image; convert it to one of them");
}

/// Makes sentences of what inspecting throws.
template <class Inspect>
auto told(const std::string& what, const Inspect& inspect) try {
  return inspect();
} catch (const EndOfData&) {
  throw Error(DA3_E_INVALID, what + " failed: the file is cut off before its end; copy it again");
} catch (const Damaged& damaged) {
  throw Error(DA3_E_INVALID, what + " failed: the file is damaged: " + damaged.what() + "; copy it again");
} catch (const Foreign& foreign) {
  throw Error(DA3_E_INVALID, what + " failed: " + foreign.what());
} catch (const Unsupported& unsupported) {
  throw Error(DA3_E_UNSUPPORTED, what + " failed: " + unsupported.what());
}

/// By the first bytes of a file that has some; of a TIFF by its directories.
uint64_t most_pixels(std::vector<uint8_t> head, const FilePart& part) {
  constexpr auto most = static_cast<uint64_t>(max_image_pixels);
  if (kind_of(head) == Kind::tiff) return tiff_pixels(head, part, most);
  try {
    const auto [kind, width, height] = inspect_any(head, Look::head, false);
    const bool known = width > 0 && height > 0 && width <= max_side && height <= max_side;
    return known ? std::min(most, static_cast<uint64_t>(width * height)) : most;
  } catch (const EndOfData&) {  // the size is further back, or nowhere
    return most;
  }
}

uint64_t most_bytes(const std::vector<uint8_t>& head, const FilePart& part, const std::string& what) {
  // 16 bits for each of four channels, not packed at all; and what cameras put before and behind a picture.
  constexpr uint64_t each_pixel = 8, others = uint64_t{256} << 20;
  if (head.empty()) return others;  // told by whoever has the whole file
  return told(what, [&] { return most_pixels(head, part); }) * each_pixel + others;
}

}  // namespace

std::vector<uint8_t> read_image_file(const std::filesystem::path& path, const std::string& what,
                                     ImageHeader& header, bool with_orientation) {
  std::vector<uint8_t> bytes = read_file(
      path, what,
      [&](const std::vector<uint8_t>& head, const FilePart& part) { return most_bytes(head, part, what); });
  header = inspect_image(bytes, what, with_orientation);
  return bytes;
}

ImageHeader inspect_image(std::vector<uint8_t>& bytes, const std::string& what, bool with_orientation) {
  if (bytes.empty()) throw Error(DA3_E_INVALID, what + " failed: the file is empty; copy it again");
  const ImageHeader header = told(what, [&] { return inspect_any(bytes, Look::all, with_orientation); });
  if (header.width < 1 || header.height < 1)
    throw Error(DA3_E_INVALID, what + " failed: the file is damaged: its header says " +
                                   std::to_string(header.width) + "x" + std::to_string(header.height) +
                                   " pixels; copy it again");
  if (header.width > max_side || header.height > max_side || header.width * header.height > max_image_pixels)
    throw Error(DA3_E_SHAPE, what + " failed: " + std::to_string(header.width) + "x" +
                                 std::to_string(header.height) + " pixels are more than the limit of " +
                                 std::to_string(max_image_pixels) + "; make the picture smaller first");
  return header;
}

bool is_image(const std::filesystem::path& path) {
  std::array<char, 16> begin{};
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), begin.size());
  return kind_of({reinterpret_cast<const uint8_t*>(begin.data()), static_cast<size_t>(file.gcount())}) !=
         Kind::foreign;
}

}  // namespace da3::io
