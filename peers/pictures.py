# SPDX-License-Identifier: Apache-2.0
"""Pictures on which errors are compared: views of a scene with their middles enlarged, smooth ones, sharp ones, noise."""
from pathlib import Path

import cv2
import numpy as np

import images

SCENE = Path(__file__).resolve().parent.parent / "models/demo/scene"


def enlarged(pixels, size):
    return np.clip(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_CUBIC), 0, 255)


def photograph(file, size):
    pixels = cv2.imread(str(file))[..., ::-1]
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    return enlarged(pixels[top:top + side, left:left + side], size)


def pictures(size, folders=(SCENE,)):
    """{name: uint8 [size, size, 3], RGB}: the same in every run."""
    found = {}
    for folder in folders:
        for file in sorted(Path(folder).glob("*.png")):
            found[f"{Path(folder).name} {file.stem}"] = photograph(file, size)
    y, x = np.mgrid[0:size, 0:size] / (size - 1)
    found["gradient"] = np.stack([x * 255, y * 255, (1 - x) * 255], -1).astype(np.uint8)
    waves = [127.5 + 127.5 * np.sin(40 * k * np.hypot(x - 0.5, y - 0.4)) for k in (1, 1.3, 1.7)]
    found["rings"] = np.stack(waves, -1).astype(np.uint8)
    numbers = np.random.default_rng(1)
    found["noise"] = numbers.integers(0, 256, (size, size, 3), dtype=np.uint8)
    found["clouds"] = enlarged(numbers.integers(0, 256, (18, 18, 3), dtype=np.uint8), size)
    found["squares"] = images.coloured_squares(1, size, size)[0]
    found["grey"] = np.full((size, size, 3), 120, np.uint8)
    return found
