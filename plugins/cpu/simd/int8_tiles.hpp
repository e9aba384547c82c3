// SPDX-License-Identifier: Apache-2.0
// The kinds of products that int8_products() chooses from; nullptr where this machine does not have them.
#pragma once

#include "cpu/simd/int8_products.hpp"

namespace da3::cpu::simd {

const Int8Products* avx512_vnni_products();
const Int8Products* avx_vnni_products();
const Int8Products* avx2_products();
const Int8Products* portable_products();

}  // namespace da3::cpu::simd
