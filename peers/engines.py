# SPDX-License-Identifier: Apache-2.0
"""The other runtimes: each loads one model for one shape and gives a function that runs it once.

A loaded engine is (run, facts): run() gives the outputs, depth first; facts are for the report. What is missing (a
package, an exported file, arithmetic of the CPU) is a SystemExit with a sentence.
"""
from pathlib import Path


def exported(path):
    if not Path(path).exists():
        raise SystemExit(f"{path} is not there: make it with export.py")
    return str(path)


def cpu_flags():
    try:
        return set(next(l for l in open("/proc/cpuinfo") if l.startswith("flags")).split())
    except (OSError, StopIteration):
        return set()


def require_bfloat16():
    if not cpu_flags() & {"avx512_bf16", "amx_bf16"}:
        raise SystemExit("this CPU has no bfloat16 arithmetic: not raced")


def eager(model, tag, exports, image, threads, bfloat16=False):
    import torch
    import upstream

    if bfloat16:
        require_bfloat16()
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    net, views = upstream.load(model), torch.from_numpy(image)

    def run():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            out = net(views)
        return [out[key].float().numpy() for key in ("depth", "depth_conf", "extrinsics", "intrinsics")]

    return run, {"version": torch.__version__}


def compiled(model, tag, exports, image, threads):
    """torch.compile with frozen weights, of the form that exporters get: upstream's own has graph breaks."""
    import torch
    import torch._inductor.config
    import upstream
    from portable import Portable

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    torch._inductor.config.freezing = True
    height, width, views = map(int, tag.split("x"))
    net = torch.compile(Portable(upstream.load(model), height, width, views, "sdpa").eval())
    given = torch.from_numpy(image)

    def run():
        with torch.no_grad():
            return [out.float().numpy() for out in net(given)]

    return run, {"version": torch.__version__}


def onnxruntime(model, tag, exports, image, threads, suffix=""):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    # Its threads must not take the CPU from the peer whose turn is next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    file = exported(Path(exports, "onnx", f"{Path(model).name}_{tag}_mha{suffix}.onnx"))
    session = ort.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"image": image}), {"version": ort.__version__}


def openvino(model, tag, exports, image, threads, suffix="", precision="f32"):
    import openvino as ov

    if precision == "bf16":
        require_bfloat16()
    core = ov.Core()
    network = core.read_model(exported(Path(exports, "ov", f"{Path(model).name}_{tag}{suffix}.xml")))
    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(network, "CPU", settings)
    request = compiled.create_infer_request()

    def run():
        out = request.infer({0: image}, share_inputs=True, share_outputs=True)
        return [out[i] for i in range(len(compiled.outputs))]

    return run, {"version": ov.__version__, "threads": compiled.get_property("INFERENCE_NUM_THREADS")}


ENGINES = {
    "eager": eager,
    "eager-bf16": lambda *a: eager(*a, bfloat16=True),
    "compile": compiled,
    "ort": onnxruntime,
    "ort-int8": lambda *a: onnxruntime(*a, suffix="_int8"),
    "openvino": openvino,
    "openvino-bf16": lambda *a: openvino(*a, precision="bf16"),
    "openvino-int8": lambda *a: openvino(*a, suffix="_int8"),
}
