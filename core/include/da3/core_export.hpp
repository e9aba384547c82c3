// SPDX-License-Identifier: Apache-2.0
// What libda3_core exports.
#pragma once

#define DA3_CORE_API __attribute__((visibility("default")))
