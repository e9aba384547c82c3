# SPDX-License-Identifier: Apache-2.0
"""Makes colmap/ with pycolmap (4.2): one small model, binary and text, and expected.json, the cameras that pycolmap
itself reads from it; and the same cameras with numpy as colmap/*.npz. Ids are not in order, names have folders and a
space, one image has no points."""
import json
import os

import numpy as np
import pycolmap

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "colmap"))
rng = np.random.default_rng(7)
models = {
    11: ("PINHOLE", 640, 480, [500, 510, 321.5, 239.25]),
    3: ("SIMPLE_PINHOLE", 320, 240, [250, 160, 120]),
    5: ("SIMPLE_RADIAL", 800, 600, [700, 400, 300, -0.05]),
    6: ("OPENCV", 1024, 768, [900, 905, 512, 384, 0, 0, 0, 0]),
    8: ("RADIAL", 800, 600, [710, 401, 302, 0.01, -0.002]),
    9: ("FULL_OPENCV", 800, 600, [720, 721, 403, 304] + [0.001] * 8),
    12: ("OPENCV_FISHEYE", 800, 600, [300, 301, 400, 300, 0, 0, 0, 0]),
}
images = [(4, 11, "left/0001.jpg"), (9, 3, "right/0001.jpg"), (2, 5, "my photo.jpg"), (7, 6, "left/0002.png"),
          (13, 8, "radial.jpg"), (14, 9, "full.jpg"), (1, 11, "left/0003.jpg")]

model = pycolmap.Reconstruction()
for number, (name, width, height, params) in models.items():
    model.add_camera_with_trivial_rig(
        pycolmap.Camera(camera_id=number, model=name, width=width, height=height, params=params))
for number, camera, name in images:
    quaternion = rng.normal(size=4)
    pose = pycolmap.Rigid3d(pycolmap.Rotation3d(quaternion / np.linalg.norm(quaternion)), rng.normal(size=3) * 3)
    points = [] if name == "my photo.jpg" else rng.uniform(0, 200, (3, 2))
    image = pycolmap.Image(name=name, camera_id=camera, image_id=number,
                           points2D=[pycolmap.Point2D(p) for p in points])
    model.add_image_with_trivial_frame(image, pose)
for form, write in (("binary", model.write_binary), ("text", model.write_text)):
    os.makedirs(form, exist_ok=True)
    write(form)

expected = {}
for image in pycolmap.Reconstruction("binary").images.values():
    camera = image.camera
    expected[image.name] = dict(extrinsics=image.cam_from_world().matrix().tolist(),
                                intrinsics=camera.calibration_matrix().tolist(), size=[camera.height, camera.width])
extrinsics, intrinsics = (np.array([expected[image[2]][key] for image in images])
                          for key in ("extrinsics", "intrinsics"))
square = np.concatenate([extrinsics, np.tile([[[0.0, 0, 0, 1]]], (len(images), 1, 1))], 1)
np.savez("stored_f4.npz", extrinsics=extrinsics.astype("f4"), intrinsics=intrinsics.astype("f4"))
np.savez_compressed("fortran_f8.npz", extrinsics=np.asfortranarray(square), intrinsics=np.asfortranarray(intrinsics))
np.savez_compressed("big_endian.npz", extrinsics=square.astype(">f8"), intrinsics=intrinsics.astype(">f4"))
with open("expected.json", "w") as file:
    json.dump(expected, file, indent=1)
