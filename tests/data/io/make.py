# SPDX-License-Identifier: Apache-2.0
"""Makes the files of this folder: small images of every kind that io reads with the pixels PIL gives for them, and
upstream's colours of a depth map. Needs numpy<2 (upstream's precision rules), matplotlib, pillow and opencv-python-headless.
Files were made once and are kept: codecs of another version need not give the same bytes."""
import json
import os

import cv2
import matplotlib
import numpy as np
from PIL import Image

os.chdir(os.path.dirname(os.path.abspath(__file__)))
rng = np.random.default_rng(1)
expected = {}


def note(name, pixels, tolerance=0):
    """First and last row, first 8 pixels of each."""
    pixels = np.asarray(pixels)
    expected[name] = dict(height=pixels.shape[0], width=pixels.shape[1], tolerance=tolerance,
                          first=pixels[0, :8].ravel().tolist(), last=pixels[-1, :8].ravel().tolist())


def keep(name, image, tolerance=0, **options):
    image.save(name, **options)
    note(name, Image.open(name).convert("RGB"), tolerance)


a = rng.integers(0, 256, (6, 8, 4), dtype=np.uint8)
a[..., 3] = np.arange(8) * 36
rgba = Image.fromarray(a)
rgb, grey, large = rgba.convert("RGB"), Image.fromarray(a[..., 0]), rgba.convert("RGB").resize((64, 48))
palette = rgb.quantize(16)
for extension in ("png", "tif", "bmp"):
    keep("rgba." + extension, rgba)
    keep("pal." + extension, palette)
    keep("gray." + extension, grey)
keep("rgb.tif", rgb)
keep("rgb.bmp", rgb)
keep("rgba.webp", rgba, lossless=True, exact=True)
keep("rgb.webp", rgb, lossless=True)
keep("lossy.webp", rgb, 2, quality=90)
rgb.save("anim.webp", save_all=True, append_images=[rgb.rotate(90)], lossless=True)
keep("la.png", Image.fromarray(a[..., [0, 3]]))
keep("palt.png", palette, transparency=3)
keep("bw.png", Image.fromarray(a[..., 0] > 128))
keep("icc.png", rgb, icc_profile=b"x" * 200)
keep("lzw.tif", rgb, compression="tiff_lzw")
keep("multi.tif", rgb, save_all=True, append_images=[rgb.rotate(180)])
Image.fromarray(a[..., 0].astype(np.float32)).save("f32.tif")
orientation = Image.Exif()
orientation[0x112] = 6
keep("rgb.jpg", large, 2, quality=92)
keep("prog.jpg", large, 2, quality=92, progressive=True)
keep("exif.jpg", large, 2, quality=92, exif=orientation)
keep("cmyk.jpg", large.convert("CMYK"), 3, quality=95)
grey16 = rng.integers(0, 65536, (6, 8)).astype(np.uint16)
colour16 = rng.integers(0, 65536, (6, 8, 3)).astype(np.uint16)
for name, pixels, tolerance in (("g16.png", grey16, 0), ("g16.tif", grey16, 1), ("c16.png", colour16, 0), ("c16.tif", colour16, 1)):
    cv2.imwrite(name, pixels)
    note(name, (pixels if pixels.ndim == 2 else pixels[..., ::-1])[..., None if pixels.ndim == 2 else slice(None)].repeat(3 if pixels.ndim == 2 else 1, -1) >> 8, tolerance)
with open("expected.json", "w") as file:
    json.dump(expected, file, separators=(",", ":"))

spectral = matplotlib.colormaps["Spectral"]
(spectral(np.arange(256))[:, :3] * 255.0).astype(np.uint8).tofile("spectral_256x3.u8")


def colour(depth):
    depth, valid = depth.copy(), depth > 0
    depth[valid] = 1 / depth[valid]
    low, high = (np.percentile(depth[valid], q) for q in (2, 98)) if valid.sum() > 10 else (0, 0)
    if low == high:
        low, high = low - 1e-6, high + 1e-6
    return (spectral(1 - ((depth - low) / (high - low)).clip(0, 1))[..., :3] * 255.0).astype(np.uint8)


depth = (np.random.default_rng(3).random((28, 42)) * 5 + 0.3).astype(np.float32)
depth[3, :20] = 0
depth[4, :5] = -1
depth.tofile("depth_28x42.f32")
colour(depth).tofile("depth_28x42.rgb")
