# SPDX-License-Identifier: Apache-2.0
# Writes lenses.json: where pycolmap's camera models show rays. Needs numpy and pycolmap (4.2.1 wrote what is here).
import json
import pathlib

import numpy as np
import pycolmap

WIDTH, HEIGHT = 640, 480
# Focal lengths and principal point, then the lens: strong ones, and one of each model that does nothing.
CAMERAS = [
    ("SIMPLE_PINHOLE", [500, 322, 239]),
    ("PINHOLE", [500, 510, 322, 239]),
    ("SIMPLE_RADIAL", [500, 322, 239, -0.12]),
    ("SIMPLE_RADIAL", [500, 322, 239, 0.1]),
    ("RADIAL", [500, 322, 239, -0.2, 0.05]),
    ("OPENCV", [500, 510, 322, 239, -0.2, 0.05, 0.003, -0.002]),
    ("FULL_OPENCV", [500, 510, 322, 239, 0.3, 0.05, 0.003, -0.002, 0.01, 0.4, 0.02, 0.003]),
    ("FOV", [500, 510, 322, 239, 0.9]),
    ("FOV", [500, 510, 322, 239, 0.0]),
    ("OPENCV_FISHEYE", [500, 510, 322, 239, 0.05, -0.02, 0.01, -0.003]),
    ("SIMPLE_RADIAL_FISHEYE", [500, 322, 239, -0.05]),
    ("RADIAL_FISHEYE", [500, 322, 239, -0.05, 0.02]),
    ("THIN_PRISM_FISHEYE", [500, 510, 322, 239, 0.05, -0.02, 0.003, -0.002, 0.01, -0.003, 0.004, -0.005]),
]

rng = np.random.default_rng(8)
rays = np.concatenate([[[0.0, 0.0], [1e-10, 0.0]], rng.uniform([-0.65, -0.5], [0.65, 0.5], (30, 2))])
cameras = []
for model, parameters in CAMERAS:
    camera = pycolmap.Camera(model=model, width=WIDTH, height=HEIGHT, params=parameters)
    pixels = camera.img_from_cam(np.column_stack([rays, np.ones(len(rays))]))
    cameras.append({"model": model, "parameters": parameters, "pixels": np.asarray(pixels).tolist()})
data = {"width": WIDTH, "height": HEIGHT, "rays": rays.tolist(), "cameras": cameras}
(pathlib.Path(__file__).parent / "lenses.json").write_text(json.dumps(data) + "\n")
