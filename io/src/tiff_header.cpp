// SPDX-License-Identifier: Apache-2.0
#include "tiff_header.hpp"

#include "byte_reader.hpp"
#include "image_faults.hpp"

#include <string>

namespace da3::io {
namespace {

/// Where a TIFF's first directory is, and how its parts are laid out: TIFF 6.0 or BigTIFF.
struct TiffLayout {
  explicit TiffLayout(const std::vector<uint8_t>& head) : big_endian(head[0] == 'M') {
    const ByteReader in(head, big_endian);
    big_tiff = in.u16(2) == 43;
    directory = big_tiff ? in.u64(8) : in.u32(4);
    entry_size = big_tiff ? 20 : 12;
    count_size = big_tiff ? 8 : 2;
  }
  bool big_endian, big_tiff = false;
  uint64_t directory = 0, entry_size = 0, count_size = 0;
};

/// One entry; its value is that of the first of its values, where they fit into it.
struct TiffEntry {
  uint16_t tag, type;
  uint64_t values, at;
  int64_t value;
};

uint64_t entries_of(const ByteReader& in, const TiffLayout& layout, uint64_t directory) {
  const uint64_t count = layout.big_tiff ? in.u64(directory) : in.u16(directory);
  if (count > 65535) throw Damaged("its directory has too many entries");
  return count;
}

/// each(entry) for those of the directory at an offset. Returns the offset behind them.
template <class Each>
uint64_t each_tiff_entry(const ByteReader& in, const TiffLayout& layout, uint64_t directory,
                         const Each& each) {
  const bool big = layout.big_tiff;
  const uint64_t count = entries_of(in, layout, directory);
  const uint64_t first = directory + layout.count_size, end = first + count * layout.entry_size;
  in.need(first, count * layout.entry_size);
  for (uint64_t entry = first; entry < end; entry += layout.entry_size) {
    const uint64_t at = entry + (big ? 12 : 8);
    const uint16_t type = in.u16(entry + 2);
    each(TiffEntry{in.u16(entry), type, big ? in.u64(entry + 4) : in.u32(entry + 4), at,
                   int64_t(type == 3    ? in.u16(at)
                           : type == 16 ? in.u64(at)
                                        : in.u32(at))});
  }
  return end;
}

/// The first of an entry's shorts, which lie elsewhere in the file where they do not fit into it.
uint16_t first_short(const ByteReader& in, const TiffLayout& layout, const TiffEntry& entry) {
  const uint64_t room = layout.big_tiff ? 8 : 4;
  if (entry.values <= room / 2) return in.u16(entry.at);
  return in.u16(layout.big_tiff ? in.u64(entry.at) : in.u32(entry.at));
}

constexpr uint16_t tiff_width = 256, tiff_height = 257;
constexpr int most_pages = 1000;  ///< that are looked at: they may lead in a circle

}  // namespace

ImageHeader inspect_tiff(std::vector<uint8_t>& bytes, bool with_orientation) {
  const TiffLayout layout(bytes);
  const bool big_endian = layout.big_endian;
  ImageHeader header{"TIFF", 0, 0};
  const ByteReader in(bytes, big_endian);
  each_tiff_entry(in, layout, layout.directory, [&](const TiffEntry& entry) {
    const auto [tag, type, values, at, value] = entry;
    if (tag == tiff_width) header.width = value;
    if (tag == tiff_height) header.height = value;
    constexpr int unassociated = 2, associated = 1;
    if (tag == 338 && type == 3 && values == 1 && value == unassociated)
      bytes[static_cast<size_t>(at + (big_endian ? 1 : 0))] = associated;
    constexpr int upright = 1;
    if (tag == 274 && type == 3 && values == 1 && !with_orientation)
      bytes[static_cast<size_t>(at)] = big_endian ? 0 : upright,
      bytes[static_cast<size_t>(at + 1)] = big_endian ? upright : 0;
    constexpr int floating_point = 3;  // one value for each channel, all the same
    if (tag == 339 && type == 3 && first_short(in, layout, entry) == floating_point)
      throw Unsupported("it is a TIFF of floating point numbers; save it with 8 or 16 bits per channel");
  });
  return header;
}

uint64_t tiff_pixels(const std::vector<uint8_t>& head, const FilePart& part, uint64_t most) {
  TiffLayout layout(head);
  uint64_t pixels = 0;
  for (int page = 0; layout.directory != 0; ++page) {
    const std::vector<uint8_t> count = part(layout.directory, layout.count_size);
    const uint64_t entries = entries_of(ByteReader(count, layout.big_endian), layout, 0);
    const size_t pointer_size = layout.big_tiff ? 8 : 4;  // to the next directory; decoders do without it too
    const std::vector<uint8_t> bytes =
        part(layout.directory, layout.count_size + entries * layout.entry_size + pointer_size);
    const ByteReader in(bytes, layout.big_endian);
    int64_t width = 0, height = 0;
    const uint64_t end = each_tiff_entry(in, layout, 0, [&](const TiffEntry& entry) {
      if (entry.tag == tiff_width) width = entry.value;
      if (entry.tag == tiff_height) height = entry.value;
    });
    if (width < 1 || height < 1)
      throw Damaged("its header says " + std::to_string(width) + "x" + std::to_string(height) + " pixels");
    const auto room = static_cast<int64_t>(most - pixels);
    if (page == most_pages || height > room / width) return most;
    pixels += static_cast<uint64_t>(width * height);
    layout.directory =
        in.size() < end + pointer_size ? 0 : in.number(end, static_cast<unsigned>(pointer_size));
  }
  return pixels;
}

}  // namespace da3::io
