// SPDX-License-Identifier: Apache-2.0
#include "live/live_frames.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <da3/io/file_names.hpp>
#include <da3/log.hpp>
#include <deque>
#include <vector>

#include "exit_code.hpp"
#include "live/folder_watch.hpp"
#include "live/live_source.hpp"
#include "scenes/folder_names.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

class FolderFrames : public LiveFrames {
 public:
  FolderFrames(const fs::path& folder, const io::Api& io, bool exif_rotation,
               std::function<bool()> should_stop)
      : io_(io), exif_rotation_(exif_rotation), should_stop_(std::move(should_stop)), watch_(folder) {
    look();
  }

  bool next(LiveFrame& frame) override {
    while (!should_stop_() && ready_.empty()) {
      ::poll(nullptr, 0, pause_);
      look();
    }
    if (should_stop_()) return false;
    read(ready_.front(), frame);
    ready_.pop_front();
    return true;
  }

 private:
  /// A large folder is looked at less often.
  void look() {
    constexpr double shortest = 100, share = 10;
    Stopwatch time;
    const std::vector<fs::path> found = in_phase(Phase::input, [&] { return watch_.look(); });
    ready_.insert(ready_.end(), found.begin(), found.end());
    pause_ = static_cast<int>(std::max(shortest, share * time.lap()));
  }

  void read(const fs::path& file, LiveFrame& frame) {
    Stopwatch time;
    frame = {};
    frame.file = file;
    frame.name = unique_name(file);
    frame.number = number_++;
    frame.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - opened_).count();
    try {
      frame.image = in_phase(Phase::input, [&] { return io_.read_image(file, exif_rotation_); });
    } catch (const PhaseError&) {
      frame.failure = std::current_exception();
    }
    frame.read_ms = time.lap();
  }

  /// Results of a.jpg and a.png do not meet; those of a file that is written again replace the old ones.
  std::string unique_name(const fs::path& file) const {
    std::error_code ignored;
    if (!may_name_a_folder(file.stem().string())) return file.filename().string();
    const fs::path stem = file.parent_path() / file.stem();
    for (const auto other : io::image_extensions) {
      const fs::path candidate = stem.string() + "." + std::string(other);
      if (candidate != file && fs::exists(candidate, ignored)) return file.filename().string();
    }
    return file.stem().string();
  }

  const io::Api& io_;
  bool exif_rotation_;
  std::function<bool()> should_stop_;
  FolderWatch watch_;
  std::deque<fs::path> ready_;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
  int64_t number_ = 0;
  int pause_ = 100;
};

class SourceFrames : public LiveFrames {
 public:
  explicit SourceFrames(std::unique_ptr<io::FrameSource> source) : source_(std::move(source)) {}

  bool next(LiveFrame& frame) override {
    Stopwatch time;
    frame = {};
    io::Frame got;
    try {
      if (!in_phase(Phase::input, [&] { return source_->next(got); })) {
        if (const std::string why = source_->shortfall(); !why.empty()) log(LogLevel::warn, why);
        return false;
      }
      last_ = got.number;
    } catch (const PhaseError& error) {
      // A picture that is damaged is one; where the bytes are no pictures at all, more will not come.
      if (error.code() != DA3_E_INVALID || ++damaged_ > most_damaged) throw;
      frame.failure = std::current_exception();
      got.number = ++last_;
    }
    if (!frame.failure) damaged_ = 0;
    frame.image = std::move(got.image);
    frame.number = got.number;
    frame.seconds = got.seconds;
    char name[32];
    std::snprintf(name, sizeof name, "%06lld", static_cast<long long>(got.number));
    frame.name = name;
    frame.read_ms = time.lap();
    return true;
  }

 private:
  static constexpr int most_damaged = 16;  ///< behind each other
  std::unique_ptr<io::FrameSource> source_;
  int64_t last_ = -1;
  int damaged_ = 0;
};

}  // namespace

std::unique_ptr<LiveFrames> open_live_frames(const LiveArguments& arguments, const io::Api& io,
                                             bool exif_rotation, const std::function<bool()>& should_stop) {
  return in_phase(Phase::input, [&]() -> std::unique_ptr<LiveFrames> {
    if (arguments.follow)
      return std::make_unique<FolderFrames>(*arguments.follow, io, exif_rotation, should_stop);
    return std::make_unique<SourceFrames>(open_source(*arguments.source, io, should_stop));
  });
}

}  // namespace da3::host
