// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace da3::io {

/// Looks at a camera's device before OpenCV does, which does not say what it dislikes: throws Error as
/// open_live documents. what: the beginning of the sentence.
void check_camera_device(const std::string& device, const std::string& what);

}  // namespace da3::io
