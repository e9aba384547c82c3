"""Runs upstream's network with the demo checkpoint on the evaluation scenes, with given poses and with poses from rays,
and writes the mean errors: upstream_posed.json.

usage: DA3_UPSTREAM=<upstream checkout>/src python make_posed.py <folder of the demo checkpoint>
Needs torch, numpy, safetensors and what upstream's network needs (omegaconf, addict, einops, evo).

"posed": cameras of the scene are given. What upstream's program does around the network is done here by its own
functions and by the same arithmetic: first view to identity and translations over their median before, Umeyama after.
  absrel, delta1: after median scaling, as in metrics.py; absrel_unscaled: depth in the given poses' scale, as it comes
  rot_deg, trans_rel, fov_deg: of the network's own cameras
  scale: mean of the scale that Umeyama finds
"ray": cameras from rays, without given poses. Upstream's search is random: torch.manual_seed(0) before each scene.
"""
import json
import os
import sys

import numpy as np
import torch
from safetensors.torch import load_file

sys.path.insert(0, os.environ["DA3_UPSTREAM"])
from depth_anything_3.model.cam_dec import CameraDec
from depth_anything_3.model.cam_enc import CameraEnc
from depth_anything_3.model.da3 import DepthAnything3Net
from depth_anything_3.model.dinov2.vision_transformer import DinoVisionTransformer
from depth_anything_3.model.dualdpt import DualDPT
from depth_anything_3.utils.pose_align import align_poses_umeyama

import metrics

HERE = os.path.dirname(os.path.abspath(__file__))


class Backbone(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.out_layers = c["out_layers"]
        keys = ("embed_dim", "depth", "num_heads", "alt_start", "qknorm_start", "rope_start", "cat_token")
        self.pretrained = DinoVisionTransformer(img_size=518, patch_size=14, mlp_ratio=4, **{k: c[k] for k in keys})

    def forward(self, x, **kw):
        return self.pretrained.get_intermediate_layers(x, self.out_layers, **kw)


def load(folder):
    config = json.load(open(os.path.join(folder, "config.json")))["config"]
    head = dict(config["head"])
    head.pop("name", None)
    net = DepthAnything3Net(Backbone(config["net"]), DualDPT(**head), cam_enc=CameraEnc(**config["cam_enc"]),
                            cam_dec=CameraDec(**config["cam_dec"]))
    holder = torch.nn.Module()
    holder.model = net
    stored = {k: v.float() for k, v in load_file(os.path.join(folder, "model.safetensors")).items()}
    missing, unexpected = holder.load_state_dict(stored, strict=False)
    assert not unexpected and all("output_conv2_aux" in k for k in missing), (missing, unexpected)
    return net.eval()


def normalised(e):
    e = e @ torch.linalg.inv(e[:1])
    median = torch.linalg.inv(e)[:, :3, 3].norm(dim=-1).median().clamp(min=0.1)
    e[:, :3, 3] /= median
    return e


def homogeneous(e):
    return torch.cat([e, torch.tensor([[[0.0, 0, 0, 1]]]).expand(len(e), 1, 4)], 1)


def main(folder):
    net = load(folder)
    data = load_file(os.path.join(HERE, "eval.safetensors"))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    results = {"posed": [], "ray": []}
    for image, depth, e, k in zip(data["image"], data["depth"].float(), data["extrinsics"], data["intrinsics"]):
        x = ((image.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)[None]
        truth = depth.numpy(), e.numpy(), k.numpy()
        given = homogeneous(e)
        with torch.inference_mode():
            o = net(x, extrinsics=normalised(given.clone())[None], intrinsics=k[None])
            p, pe, pk = (o[n][0].numpy() for n in ("depth", "extrinsics", "intrinsics"))
            one = metrics.scene(p, truth[0], pe, truth[1], pk, truth[2])
            _, _, scale = align_poses_umeyama(pe, given.numpy())
            mask = (truth[0] > 0) & (truth[0] < 15)
            one["absrel_unscaled"] = (np.abs(p / scale - truth[0])[mask] / truth[0][mask]).mean()
            one["scale"] = scale
            results["posed"].append(one)
            torch.manual_seed(0)
            o = net(x, use_ray_pose=True, ref_view_strategy="first")
            p, pe, pk = (o[n][0].numpy() for n in ("depth", "extrinsics", "intrinsics"))
            results["ray"].append(metrics.scene(p, truth[0], pe, truth[1], pk, truth[2]))
    means = {n: {k: float(np.mean([s[k] for s in r])) for k in r[0]} for n, r in results.items()}
    with open(os.path.join(HERE, "upstream_posed.json"), "w") as file:
        json.dump(means, file, indent=1)
        file.write("\n")
    print(json.dumps(means, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
