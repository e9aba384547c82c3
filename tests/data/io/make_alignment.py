# SPDX-License-Identifier: Apache-2.0
"""Makes alignment.safetensors: pairs of trajectories, and the similarity that upstream's align_poses_umeyama finds
between them (float64). Needs upstream's source (DA3_UPSTREAM=<checkout>/src), numpy, evo and safetensors; torch is only
imported there, so an empty module stands in for it."""
import os
import sys
from unittest.mock import MagicMock

import numpy as np
from safetensors.numpy import save_file

for name in ("torch", "torch.nn", "torch.nn.functional", "einops"):
    sys.modules.setdefault(name, MagicMock())
sys.path.insert(0, os.environ["DA3_UPSTREAM"])
from depth_anything_3.utils.pose_align import align_poses_umeyama

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rng = np.random.default_rng(11)


def rotation(angle=None):
    axis = rng.normal(size=3)
    axis /= np.linalg.norm(axis)
    angle = rng.uniform(0, np.pi) if angle is None else angle
    k = np.cross(np.eye(3), axis)
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)


def invert(poses):
    out = np.tile(np.eye(4), (len(poses), 1, 1))
    out[:, :3, :3] = poses[:, :3, :3].transpose(0, 2, 1)
    out[:, :3, 3] = -np.einsum("nij,nj->ni", out[:, :3, :3], poses[:, :3, 3])
    return out


def trajectory(views, flat):
    poses = np.tile(np.eye(4), (views, 1, 1))
    angle = np.linspace(0, 4, views)
    poses[:, :3, 3] = np.stack([3 * np.cos(angle), 0 * angle if flat else np.sin(2.3 * angle), 2 * np.sin(angle)], 1)
    poses[:, :3, :3] = [rotation(0.7) for _ in range(views)]
    return poses


tensors = {}
for name, views, noise, outliers, flat in [
        ("exact3", 3, 0, 0, True), ("exact5", 5, 0, 0, False), ("flat8", 8, 0, 0, True), ("noisy4", 4, 0.1, 0, False),
        ("noisy9", 9, 0.1, 0, False), ("outlier9", 9, 0.01, 1, False), ("mirrored6", 6, 0, 0, False),
        ("exact10", 10, 0, 0, False), ("noisy12", 12, 0.05, 0, False), ("outliers12", 12, 0, 3, False),
        ("outliers20", 20, 0.02, 4, False)]:
    reference = trajectory(views, flat)
    if name == "mirrored6":  # the best fit without the condition on the determinant would be a mirror
        estimate = reference.copy()
        estimate[:, 0, 3] *= -1
    else:
        turn, scale, move = rotation(), rng.uniform(0.2, 4), rng.normal(size=3) * 5
        estimate = reference.copy()
        estimate[:, :3, :3] = turn @ reference[:, :3, :3]
        centres = reference[:, :3, 3] + noise * rng.normal(size=(views, 3))
        centres[rng.permutation(views)[:outliers]] += rng.normal(size=(outliers, 3)) * 4
        estimate[:, :3, 3] = scale * (turn @ centres.T).T + move
    reference, estimate = invert(reference), invert(estimate)
    r, t, s, aligned = align_poses_umeyama(reference, estimate, return_aligned=True, ransac=views >= 10, random_state=42)
    for key, value in dict(reference=reference, estimate=estimate, rotation=r, translation=t, scale=np.array([s]),
                           aligned=aligned).items():
        tensors[f"{name}.{key}"] = np.ascontiguousarray(value, dtype=np.float64)
save_file(tensors, "alignment.safetensors")
