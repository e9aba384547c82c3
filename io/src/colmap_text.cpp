// SPDX-License-Identifier: Apache-2.0
#include "camera_readers.hpp"
#include "colmap.hpp"
#include "files.hpp"

#include <da3/error.hpp>

#include <cerrno>
#include <fstream>
#include <limits>
#include <locale>
#include <optional>
#include <sstream>

namespace da3::io {
namespace {

namespace fs = std::filesystem;

constexpr size_t max_line = 16384;

class Lines {
 public:
  Lines(const fs::path& file, const std::string& what) : name_(file.filename().string()) {
    errno = 0;
    in_.open(file, std::ios::binary);
    if (!in_) throw_file_error(what, errno != 0 ? errno : EACCES);
  }

  /// The next line that is neither empty nor a comment.
  std::optional<std::string> next() {
    while (in_.peek() != std::ifstream::traits_type::eof()) {
      std::string line = read();
      const size_t first = line.find_first_not_of(" \t");
      if (first != line.npos && line[first] != '#') return line;
    }
    return std::nullopt;
  }
  /// The rest of the line, however long.
  void skip_line() {
    in_.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    ++number_;
  }
  [[noreturn]] void fail(const std::string& why) const {
    throw BadColmap(DA3_E_INVALID, "line " + std::to_string(number_) + " of " + name_ + " " + why +
                                       "; export the model again");
  }

 private:
  std::string read() {
    ++number_;
    std::string line;
    for (int c = in_.get(); c != '\n' && c != std::ifstream::traits_type::eof(); c = in_.get()) {
      line += static_cast<char>(c);
      if (line.size() > max_line) fail("is too long");
    }
    if (line.ends_with('\r')) line.pop_back();
    return line;
  }

  std::string name_;
  std::ifstream in_;
  size_t number_ = 0;
};

std::istringstream fields_of(const std::string& line) {
  std::istringstream fields(line);
  fields.imbue(std::locale::classic());
  return fields;
}

std::map<int64_t, ColmapCamera> read_cameras_txt(const fs::path& file, const std::string& what) {
  Lines lines(file, what);
  std::map<int64_t, ColmapCamera> cameras;
  while (const auto line = lines.next()) {
    auto fields = fields_of(*line);
    int64_t id = 0;
    ColmapCamera camera;
    if (!(fields >> id >> camera.model >> camera.width >> camera.height))
      lines.fail("is not CAMERA_ID MODEL WIDTH HEIGHT PARAMS");
    for (double value = 0; fields >> value;) camera.parameters.push_back(value);
    if (!fields.eof()) lines.fail("has a parameter that is no number");
    for (const ColmapModel& model : colmap_models())
      if (model.name == camera.model && model.parameters != camera.parameters.size())
        lines.fail("has " + std::to_string(camera.parameters.size()) + " parameters, and " + camera.model +
                   " has " + std::to_string(model.parameters));
    if (!cameras.emplace(id, std::move(camera)).second) lines.fail("has a camera that was there before");
    check_camera_count(cameras.size(), what);
  }
  return cameras;
}

std::vector<ColmapImage> read_images_txt(const fs::path& file, const std::string& what) {
  Lines lines(file, what);
  std::vector<ColmapImage> images;
  while (const auto line = lines.next()) {
    auto fields = fields_of(*line);
    int64_t id = 0;
    ColmapImage image;
    auto& [q, t, camera, name] = image;
    fields >> id >> q[0] >> q[1] >> q[2] >> q[3] >> t[0] >> t[1] >> t[2] >> camera >> std::ws;
    // Names may have spaces.
    if (!fields || !std::getline(fields, name))
      lines.fail("is not IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME");
    name.erase(name.find_last_not_of(" \t") + 1);
    lines.skip_line();  // the image's points
    images.push_back(std::move(image));
    check_camera_count(images.size(), what);
  }
  return images;
}

}  // namespace

ColmapFiles read_colmap_text(const fs::path& folder, const std::string& what) {
  return {read_cameras_txt(folder / "cameras.txt", what), read_images_txt(folder / "images.txt", what)};
}

}  // namespace da3::io
