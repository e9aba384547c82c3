// SPDX-License-Identifier: Apache-2.0
// Colour maps by name (colormaps in da3/io/settings.hpp) as tables of 256 colours.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace da3::io {

using Colour = std::array<uint8_t, 3>;  ///< RGB
using ColourMap = std::array<Colour, 256>;

/// From near (entry 0) to far. Throws Error(DA3_E_BAD_VALUE) for an unknown name.
const ColourMap& colour_map(std::string_view name);

}  // namespace da3::io
