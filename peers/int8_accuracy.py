#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How far int8 is from float32, for da3-host and for other runtimes, each against its own float32, on the same pictures:

  int8_accuracy.py --model models/da3-small --exports exports
  int8_accuracy.py --model models/da3-small --views 5 --programs da3,ort

Of depth: the mean relative difference (AbsRel), the share of pixels within a quarter (delta), the worst pixel; of poses:
the largest difference of an entry, the angle, the relative difference of the focal length. README.md says what to
install; export.py makes the other runtimes' models.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

import images
from pictures import pictures

HERE = Path(__file__).resolve().parent
OUTPUTS = ("depth", "extrinsics", "intrinsics")
MEASURES = ("AbsRel %", "delta < 1.25", "worst %", "entry", "degrees", "focal %")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder with config.json and model.safetensors")
    parser.add_argument("--size", type=int, default=504, help="pixels of a side (default: 504)")
    parser.add_argument("--views", type=int, default=1, help="pictures of a scene: each with those after it (default: 1)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--programs", default="da3,ort,openvino", help="of da3, ort, openvino (default: all)")
    parser.add_argument("--photographs", action="append", default=[], metavar="DIR", help="PNG files to use as well; repeatable")
    parser.add_argument("--host", default=str(HERE.parent / "build/release/bin/da3-host"), help="the da3-host program")
    parser.add_argument("--exports", default=str(HERE / "exports"), help="what export.py wrote")
    parser.add_argument("--output", help="FILE.json for all figures")
    return parser.parse_args()


def by_da3(options, scenes, precision):
    """All scenes by one run of da3-host, each a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for number, scene in enumerate(scenes):
            place = Path(folder, "in", f"{number:03}")
            place.mkdir(parents=True)
            for view, pixels in enumerate(scene):
                cv2.imwrite(str(place / f"{view:02}.png"), pixels[..., ::-1])
        out = Path(folder, "out")
        words = [options.host, "-q", "--model", options.model, "--backend", "cpu", "--format", "mini_npz", "--output", str(out),
                 "--process-res", str(options.size), "--set", f"mixed_precision={precision}", "--set",
                 f"threads={options.threads}"]
        done = subprocess.run(words + [str(Path(folder, "in"))], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr.strip() or f"da3-host left with exit status {done.returncode}")
        files = [Path(out, f"{n:03}" if len(scenes) > 1 else "", "exports/mini_npz/results.npz") for n in range(len(scenes))]
        return [[np.load(file)[name].astype(np.float64) for name in OUTPUTS] for file in files]


def by_engine(engine, options, scenes):
    import engines

    tag = f"{options.size}x{options.size}x{options.views}"
    # An engine keeps the array that it is given: each scene is written into it.
    given = images.normalised(scenes[0])
    run, _ = engines.ENGINES[engine](options.model, tag, options.exports, given, options.threads)
    results = []
    for scene in scenes:
        given[...] = images.normalised(scene)
        depth, _, extrinsics, intrinsics = (np.array(value, np.float64) for value in run())
        views = options.views
        results.append([depth.reshape(views, options.size, options.size), extrinsics.reshape(views, -1, 4)[:, :3],
                        intrinsics.reshape(views, 3, 3)])
    return results


def degrees(got, want):
    """By the difference of the matrices, which small angles do not vanish in."""
    squares = ((got[:, :, :3] - want[:, :, :3]) ** 2).sum((1, 2))
    return float(np.degrees(2 * np.arcsin(np.minimum(1, np.sqrt(squares / 8)))).max())


def measures(got, want):
    (depth, poses, cameras), (true_depth, true_poses, true_cameras) = got, want
    ratio = depth / true_depth
    return [float(value) for value in (
        100 * np.abs(ratio - 1).mean(), (np.maximum(ratio, 1 / ratio) < 1.25).mean(), 100 * np.abs(ratio - 1).max(),
        np.abs(poses - true_poses).max(), degrees(poses, true_poses),
        100 * np.abs(cameras[:, [0, 1], [0, 1]] / true_cameras[:, [0, 1], [0, 1]] - 1).max())]


def row(name, values):
    absrel, delta, worst, entry, angle, focal = values
    return f"| {name} | {absrel:.2f} % | {delta:.4f} | {worst:.1f} % | {entry:.4f} | {angle:.2f} | {focal:.2f} % |"


def report(figures):
    head = "| {} | AbsRel | delta < 1.25 | worst pixel | entry | degrees | focal |\n|---|---|---|---|---|---|---|"
    for program, scenes in figures.items():
        print(f"\n{head.format(program)}")
        for name, values in scenes.items():
            print(row(name, values))
        print(row("**median**", np.median(list(scenes.values()), 0)))
        table = np.array(list(scenes.values()))
        print(row("**worst**", [*table[:, :1].max(0), table[:, 1].min(), *table[:, 2:].max(0)]))
    for other in [name for name in figures if name != "da3" and "da3" in figures]:
        ours, theirs = (np.array(list(figures[name].values())) for name in ("da3", other))
        shares = [f"{MEASURES[i].split(' ')[0]} {np.median(ours[:, i]) / np.median(theirs[:, i]):.2f} (median), "
                  f"{ours[:, i].max() / theirs[:, i].max():.2f} (worst), "
                  f"{np.exp(np.log(ours[:, i] / theirs[:, i]).mean()):.2f} (geometric mean over scenes)"
                  for i in (0, 3, 4)]
        print(f"\nda3's errors as shares of {other}'s: " + "; ".join(shares))


def main():
    options = arguments()
    every = pictures(options.size, [HERE.parent / "models/demo/scene", *options.photographs])
    names, pixels = list(every), np.stack(list(every.values()))
    scenes = [pixels[(np.arange(options.views) + first) % len(pixels)] for first in range(len(pixels))]
    figures = {}
    for program in options.programs.split(","):
        runs = ([by_da3(options, scenes, precision) for precision in ("off", "int8")] if program == "da3" else
                [by_engine(engine, options, scenes) for engine in (program, program + "-int8")])
        figures[program] = {name: measures(low, exact) for name, exact, low in zip(names, *runs)}
    print(f"{Path(options.model).name}, {options.views} x {options.size}x{options.size}, int8 against float32 of the same program")
    report(figures)
    if options.output:
        Path(options.output).write_text(json.dumps({"schema": "da3.int8_accuracy/1", "model": Path(options.model).name,
                                                    "size": options.size, "views": options.views, "measures": MEASURES,
                                                    "figures": figures}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
