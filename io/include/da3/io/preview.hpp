// SPDX-License-Identifier: Apache-2.0
// A picture as the bytes that make a terminal show it.
#pragma once

#include <da3/io/image.hpp>
#include <da3/io/prediction.hpp>

#include <string>

namespace da3::io {

/// How a terminal is given pictures.
enum class PreviewKind {
  kitty,    ///< kitty's graphics protocol: a PNG in base64
  sixel,    ///< DEC's sixels; where libsixel was there at build time
  blocks,   ///< half blocks in two colours: any terminal with UTF-8
  letters,  ///< brightness as characters: any terminal
};

/// What the terminal is like.
struct PreviewOptions {
  PreviewKind kind = PreviewKind::blocks;
  int columns = 80, rows = 24;            ///< that the picture may take, in cells
  int cell_width = 10, cell_height = 20;  ///< pixels; kitty, sixel
  bool true_colour = true;                ///< blocks: 24 bits; false: the 256 colours of xterm
  std::string colormap = "spectral";      ///< of depth
};

/// Whether this build writes sixels.
bool has_sixel();

/// The picture, as large as it can be in its own proportions, and the end of the line below it; colours are
/// put back. Throws Error: DA3_E_UNSUPPORTED for sixel without libsixel, DA3_E_SHAPE for a picture that is
/// none.
std::string preview_image(const Image& image, const PreviewOptions& options);

/// The depth maps of the first views, up to four, beside each other.
std::string preview(const Prediction& prediction, const PreviewOptions& options);

}  // namespace da3::io
