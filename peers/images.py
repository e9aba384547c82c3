# SPDX-License-Identifier: Apache-2.0
"""The images of da3-bench, as the networks take them."""
import numpy as np


def coloured_squares(views, height, width):
    """uint8 [views, height, width, 3]: the formula of tools/da3-bench/synthetic.hpp."""
    rows, columns = height // 14, width // 14
    square = np.arange(views * rows * columns, dtype=np.uint64).reshape(views, rows, columns, 1)
    number = np.uint64(1) + np.arange(3, dtype=np.uint64) + np.uint64(3) * square
    colour = ((number * np.uint64(2654435761) & np.uint64(0xFFFFFFFF)) >> np.uint64(24)).astype(np.uint8)
    return colour.repeat(14, 1).repeat(14, 2)


def normalised(pixels):
    """float32 [1, views, 3, height, width] with ImageNet's mean and deviation."""
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    return np.ascontiguousarray(((pixels.astype(np.float32) / 255 - mean) / deviation).transpose(0, 3, 1, 2)[None])
