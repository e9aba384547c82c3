# SPDX-License-Identifier: Apache-2.0
"""Makes camera_paths.json: the cameras with which upstream's gs_video calls its renderer, each `step`-th frame of each
trajectory. Needs upstream's source (DA3_UPSTREAM=<checkout>/src), torch, einops, scipy and OpenCV; the renderer itself
(gsplat) is stood in for."""
import json
import os
import sys
import types

import numpy as np
import torch
from scipy.spatial.transform import Rotation

root = os.path.join(os.environ["DA3_UPSTREAM"], "depth_anything_3")


def stand_in(name, **members):
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    return module


# The packages without what they import.
for name in ("", "model", "model.utils", "utils"):
    package = stand_in(".".join(filter(None, ("depth_anything_3", name))))
    package.__path__ = [os.path.join(root, *name.split("."))]

calls = []


def rasterization(viewmats, Ks, width, height, **_):
    calls.append((viewmats, Ks))
    return torch.zeros(len(viewmats), height, width, 4), None, {"radii": torch.zeros(len(viewmats))}


stand_in("gsplat", rasterization=rasterization)
stand_in("tqdm", tqdm=lambda iterable, **_: iterable)
stand_in("depth_anything_3.specs", Gaussians=types.SimpleNamespace)
from depth_anything_3.model.utils.gs_renderer import run_renderer_in_chunk_w_trj_mode

HEIGHT, WIDTH = 28, 42
one = types.SimpleNamespace(
    means=torch.zeros(1, 1, 3).double(), scales=torch.ones(1, 1, 3), rotations=torch.ones(1, 1, 4),
    opacities=torch.ones(1, 1), harmonics=torch.zeros(1, 1, 3, 1))


def cameras(count):
    random, poses = np.random.default_rng(3), []
    for i in range(count):
        pose = np.eye(4)
        angles = [0.25 * i, 0.05 * random.normal(), 0.04 * random.normal()]
        pose[:3, :3] = Rotation.from_euler("yxz", angles).as_matrix()
        pose[:3, 3] = [-0.5 * i, 0.05 * random.normal(), 0.1 * i]
        poses.append(np.linalg.inv(pose))
    intrinsics = [[[40 + i % 5, 0, 21], [0, 39 + i % 3, 14], [0, 0, 1]] for i in range(count)]
    return np.float32(poses), np.float32(intrinsics)


document = {"height": HEIGHT, "width": WIDTH, "paths": []}
for count, trajectories in ((1, ("wander", "dolly_zoom")),
                            (3, ("original", "smooth", "interpolate", "interpolate_smooth", "extend")),
                            (7, ("wobble_inter", "extend", "smooth")), (60, ("interpolate",))):
    poses, intrinsics = cameras(count)
    for trajectory in trajectories:
        calls.clear()
        run_renderer_in_chunk_w_trj_mode(one, torch.from_numpy(poses)[None], torch.from_numpy(intrinsics)[None],
                                         (HEIGHT, WIDTH), chunk_size=4, trj_mode=trajectory, use_sh=True,
                                         color_mode="RGB+ED")
        extrinsics, k = (torch.cat(part).double().numpy() for part in zip(*calls))
        step = max(1, len(extrinsics) // 16)
        document["paths"].append({
            "trajectory": trajectory, "views": poses[:, :3].reshape(count, 12).astype(float).round(7).tolist(),
            "focal": intrinsics[:, [0, 1], [0, 1]].astype(float).tolist(), "frames": len(extrinsics), "step": step,
            "extrinsics": extrinsics[::step, :3].reshape(-1, 12).round(6).tolist(),
            "focals": k[::step][:, [0, 1], [0, 1]].round(4).tolist()})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "camera_paths.json"), "w") as file:
    json.dump(document, file, separators=(",", ":"))
    file.write("\n")
