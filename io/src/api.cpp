// SPDX-License-Identifier: Apache-2.0
// The one exported symbol.
#include <da3/plugin.h>
#include <da3/io/api.hpp>

#include "quiet.hpp"

#include <zip.h>
#include <opencv2/core/version.hpp>

#include <string>

extern "C" __attribute__((visibility("default"))) const da3::io::Api* da3_io_api() {
  using namespace da3::io;
  static const std::string libraries = std::string("OpenCV " CV_VERSION ", libzip ") + zip_libzip_version();
  static const Api api{sizeof(Api),           DA3_IO_BUILD,       libraries.c_str(), &list_inputs,
                       &read_image,           &load_views,        &prepare_views,    &export_prediction,
                       &write_text_atomic,    &plan_views,        &read_cameras,     &cameras_for,
                       &normalise_extrinsics, &align_poses,       &align_to_given,   &intrinsics_from_focal,
                       &intrinsics_from_fov,  &open_frame_stream, &preview,          &has_sixel,
                       &depth_in_metres,      &is_image,          &write_image,      &gaussian_extrinsics};
  set_up_codecs();
  return &api;
}
