// SPDX-License-Identifier: Apache-2.0
// Cameras and streams of libda3_video that are not there or say nothing. Those that give pictures:
// tests/integration/live_sources_test.cpp.
#include "io/support.hpp"

#include <da3/io/open.hpp>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace da3::io {
namespace {

using test::expect_error;
using testing::HasSubstr;

/// A port of this machine. Whoever connects to one that listens gets no answer.
class Port {
 public:
  enum class Kind { silent, closed };
  explicit Port(Kind kind) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, plain, size) != 0 || (kind == Kind::silent && ::listen(socket_, 8) != 0) ||
        ::getsockname(socket_, plain, &size) != 0)
      throw std::runtime_error("no port");
    number_ = ntohs(address.sin_port);
  }
  ~Port() { ::close(socket_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  std::string address(const std::string& before) const {
    return before + "127.0.0.1:" + std::to_string(number_) + "/1";
  }

 private:
  int socket_, number_ = 0;
};

std::unique_ptr<FrameSource> open(LiveVideo::Kind kind, const std::string& address, int milliseconds = 60000,
                                  std::function<bool()> should_stop = {}) {
  return open_video_library().open_live({kind, address, milliseconds, milliseconds, std::move(should_stop)});
}

TEST(LiveVideo, a_host_where_nobody_listens_is_told) {
  const Port port(Port::Kind::closed);
  for (const char* scheme : {"rtsp://", "http://", "tcp://"}) {
    testing::internal::CaptureStderr();
    const Error error = expect_error(DA3_E_NOT_FOUND, "Connection refused",
                                     [&] { open(LiveVideo::Kind::stream, port.address(scheme)); });
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << scheme;
    EXPECT_THAT(error.message(), HasSubstr(port.address(scheme))) << scheme;
    EXPECT_THAT(error.message(), HasSubstr("; check the address"));
  }
}

TEST(LiveVideo, a_host_that_does_not_answer_is_told) {
  const Port port(Port::Kind::silent);
  for (const char* scheme : {"rtsp://", "http://"})
    expect_error(DA3_E_NOT_FOUND, "no pictures came within 1 second",
                 [&] { open(LiveVideo::Kind::stream, port.address(scheme), 300); });
}

/// With a limit of an hour: it would be noticed.
TEST(LiveVideo, whoever_waits_can_stop) {
  const Port port(Port::Kind::silent);
  int asked = 0;
  const auto source =
      open(LiveVideo::Kind::stream, port.address("http://"), 3600000, [&] { return ++asked > 2; });
  Frame frame;
  EXPECT_FALSE(source->next(frame));
  EXPECT_EQ(source->shortfall(), "");
  EXPECT_TRUE(source->facts().live);
}

TEST(LiveVideo, passwords_stay_secret) {
  const Port port(Port::Kind::closed);
  const Error error = expect_error(DA3_E_NOT_FOUND, "rtsp://me:***@127", [&] {
    open(LiveVideo::Kind::stream, port.address("rtsp://me:sec@ret@"));
  });
  EXPECT_THAT(error.message(), testing::Not(HasSubstr("ret")));
  const Error parameter = expect_error(DA3_E_NOT_FOUND, "?***", [&] {
    open(LiveVideo::Kind::stream, port.address("http://") + "/video?user=me&password=secret");
  });
  EXPECT_THAT(parameter.message(), testing::Not(HasSubstr("secret")));
}

#ifdef __linux__
TEST(LiveVideo, cameras_that_are_none_are_told) {
  const auto camera = [](const std::string& name) { return [name] { open(LiveVideo::Kind::camera, name); }; };
  EXPECT_EQ(expect_error(DA3_E_NOT_FOUND, "No such file", camera("/dev/da3-none")).native(), ENOENT);
  expect_error(DA3_E_UNSUPPORTED, "no video device", camera("/dev/null"));
  const test::TempDir dir;
  expect_error(DA3_E_UNSUPPORTED, "no video device", camera(test::write_text(dir / "file", "x")));
  fs::permissions(dir.path(), fs::perms::all);
  fs::permissions(dir / "file", fs::perms::none);
  const test::Unprivileged somebody;
  EXPECT_THAT(expect_error(DA3_E_NOT_FOUND, "Permission denied", camera(dir / "file")).message(),
              HasSubstr("group"));
}
#endif

}  // namespace
}  // namespace da3::io
