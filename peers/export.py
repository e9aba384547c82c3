#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes what ONNX Runtime and OpenVINO race with: export.py --model models/da3-base --out exports 504x504x1 [...]

Shapes are height x width x views. For each: onnx/<model>_<shape>_mha.onnx and the same _int8 (dynamic, per channel, of
the matrix products), ov/<model>_<shape>.xml; where nncf is installed also ov/..._int8.xml. Float32 weights throughout.
Each file is checked against upstream's own forward on the images of the race.
"""
import argparse
from pathlib import Path

import numpy as np
import torch

import images
import upstream
from portable import Portable

OUTPUTS = ["depth", "depth_conf", "extrinsics", "intrinsics"]


def export_onnx(module, image, file):
    """Weights lie beside the file: ONNX files end at 2 GB."""
    torch.onnx.export(module, (image,), str(file), dynamo=True, opset_version=20, input_names=["image"],
                      output_names=OUTPUTS, external_data=True)


def quantize_onnx(file, target):
    """Seven bits of weights: without VNNI sums of two products of eight bits saturate."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(file)
    del model.graph.value_info[:]  # shapes from before the exporter's fusions
    quantize_dynamic(model, str(target), op_types_to_quantize=["MatMul"], per_channel=True, reduce_range=True,
                     weight_type=QuantType.QInt8, use_external_data_format=True,
                     extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})


def export_openvino(module, image, file):
    import openvino as ov

    with torch.no_grad():
        model = ov.convert_model(torch.export.export(module, (image,)))
    for output, name in zip(model.outputs, OUTPUTS):
        output.get_tensor().set_names({name})
    ov.save_model(model, str(file), compress_to_fp16=False)


def quantize_openvino(file, image, target):
    """Weights and activations, with the steps that the race's own images ask for. False without nncf."""
    try:
        import nncf
    except ImportError:
        print(f"not made: {target}: nncf is not installed")
        return False
    import openvino as ov

    model = ov.Core().read_model(str(file))
    data = nncf.Dataset([image.numpy()])
    ov.save_model(nncf.quantize(model, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=1), str(target),
                  compress_to_fp16=False)
    return True


def check(name, depth, expected, largest=0.2):
    off, mean = (float(of(np.abs(depth - expected)) / np.abs(expected).mean()) for of in (np.max, np.mean))
    print(f"{name}: difference of depth to upstream {off:.2e} at most, {mean:.2e} in the mean")
    if not off < largest:
        raise SystemExit(f"exporting {name} failed: its depth is another one; do not race with it")


def run_onnx(file, image):
    import onnxruntime as ort

    return ort.InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(None, {"image": image.numpy()})[0]


def run_openvino(file, image):
    import openvino as ov

    return ov.Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([image.numpy()])[0]


def make(folder, out, shape):
    height, width, views = map(int, shape.split("x"))
    name = f"{Path(folder).resolve().name}_{shape}"
    image = torch.from_numpy(images.normalised(images.coloured_squares(views, height, width)))
    net = upstream.load(folder)
    with torch.inference_mode():
        expected = net(image)["depth"].float().numpy().reshape(views, height, width)
    plain, fused = out / "ov" / f"{name}.xml", out / "onnx" / f"{name}_mha.onnx"
    for file in (plain, fused):
        file.parent.mkdir(parents=True, exist_ok=True)
    export_openvino(Portable(net, height, width, views, "sdpa").eval(), image, plain)
    check(plain.name, run_openvino(plain, image), expected)
    quantized = plain.with_name(f"{name}_int8.xml")
    if quantize_openvino(plain, image, quantized):
        # Steps of activations that are fixed for all images err more than those made at run time.
        check(quantized.name, run_openvino(quantized, image), expected, largest=0.5)
    # A fresh network: the one before has the other's tables.
    export_onnx(Portable(upstream.load(folder), height, width, views, "mha").eval(), image, fused)
    check(fused.name, run_onnx(fused, image), expected)
    quantized = fused.with_name(f"{name}_mha_int8.onnx")
    quantize_onnx(str(fused), quantized)
    check(quantized.name, run_onnx(quantized, image), expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder with config.json and model.safetensors")
    parser.add_argument("--out", default="exports", help="folder for the files (default: exports)")
    parser.add_argument("shapes", nargs="+", metavar="HxWxS")
    options = parser.parse_args()
    for shape in options.shapes:
        make(options.model, Path(options.out), shape)


if __name__ == "__main__":
    main()
