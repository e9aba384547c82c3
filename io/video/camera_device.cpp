// SPDX-License-Identifier: Apache-2.0
#include "camera_device.hpp"

#include <da3/error.hpp>

#include <fcntl.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#endif

#include <cerrno>
#include <system_error>

namespace da3::io {
namespace {

const char* advice(int why) {
  switch (why) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return "check that the camera is plugged in, and its name (ls /dev/video*)";
    case EACCES:
    case EPERM:
      return "ask for the group that owns the device (ls -l; often video)";
    case EBUSY:
      return "end the other program that uses it";
    default:
      return "check the device";
  }
}

}  // namespace

void check_camera_device(const std::string& device, const std::string& what) {
#ifdef __linux__
  const int fd = ::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    const int why = errno;
    throw Error(DA3_E_NOT_FOUND, what + std::generic_category().message(why) + "; " + advice(why), 0, -1,
                why);
  }
  v4l2_capability can{};
  const bool is_video = ::ioctl(fd, VIDIOC_QUERYCAP, &can) == 0;
  ::close(fd);
  if (!is_video) throw Error(DA3_E_UNSUPPORTED, what + "it is no video device; name one like /dev/video0");
  const uint32_t caps = (can.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? can.device_caps : can.capabilities;
  if ((caps & V4L2_CAP_VIDEO_CAPTURE) == 0 || (caps & V4L2_CAP_STREAMING) == 0)
    throw Error(DA3_E_UNSUPPORTED,
                what +
                    "the device gives no pictures (cameras have further ones, for data about them); try the "
                    "one before it");
#else
  throw Error(DA3_E_UNSUPPORTED, what + "this system has no V4L2; let another program send the frames of \"" +
                                     device + "\" to --source -");
#endif
}

}  // namespace da3::io
