# SPDX-License-Identifier: Apache-2.0
"""Upstream's network with the weights of a model folder; DA3_UPSTREAM is the src folder of upstream's checkout."""
import json
import logging
import os
import sys
from pathlib import Path


def load(folder):
    """The DepthAnything3Net of a folder with config.json and model.safetensors, float32, on the CPU."""
    source = os.environ.get("DA3_UPSTREAM")
    if not source:
        raise SystemExit("loading upstream failed: DA3_UPSTREAM is not set; set it to the src folder of upstream's checkout")
    sys.path.insert(0, source)
    logging.disable(logging.INFO)
    import torch
    from safetensors.torch import load_file
    from depth_anything_3.cfg import create_object, load_config
    from depth_anything_3.registry import MODEL_REGISTRY

    name = json.loads(Path(folder, "config.json").read_text())["model_name"]
    net = create_object(load_config(MODEL_REGISTRY[name])).eval()
    stored = {key.removeprefix("model."): value for key, value in load_file(Path(folder, "model.safetensors")).items()}
    unknown = net.load_state_dict(stored, strict=False).unexpected_keys
    if unknown:
        raise SystemExit(f"loading {folder} failed: upstream's {name} has no {unknown[0]}; give a folder of one of its models")
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    return net
