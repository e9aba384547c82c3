# SPDX-License-Identifier: Apache-2.0
"""Reads exported videos with OpenCV's own FFmpeg and compares them with what they are made of.

usage: check_videos.py feat_vis|gs_video INPUTS OUTPUT
"""
import pathlib
import sys

import cv2
import numpy as np

VIEWS, HEIGHT, WIDTH = 3, 28, 42
output = pathlib.Path(sys.argv[3])


def read(file):
    """Frames [N,H,W,3] and pictures a second."""
    video = cv2.VideoCapture(str(file))
    assert video.isOpened(), file
    codec = int(video.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little")
    assert codec in (b"h264", b"avc1", b"mp4v", b"FMP4"), codec
    announced, rate, frames = video.get(cv2.CAP_PROP_FRAME_COUNT), video.get(cv2.CAP_PROP_FPS), []
    while (frame := video.read())[0]:
        frames.append(frame[1])
    assert len(frames) == announced, (len(frames), announced)
    return np.stack(frames), rate


def check_feat_vis():
    frames, rate = read(output / "feat_vis/feat_layer_5.mp4")
    assert frames.shape == (VIEWS, HEIGHT, 2 * WIDTH, 3) and rate == 15, (frames.shape, rate)
    luma = [0.114, 0.587, 0.299]
    for i, frame in enumerate(frames):
        picture = cv2.imread(str(output / f"feat_vis/feat_layer_5/{i:06}.jpg"))
        # The right half: the left one is noise, of which codecs keep little.
        difference = np.abs(frame.astype(float) @ luma - picture.astype(float) @ luma)[:, WIDTH:]
        assert difference.mean() < 8, difference.mean()


def check_gs_video():
    frames, rate = read(output / "gs_video/0000_interpolate.mp4")
    assert frames.shape == (47, HEIGHT, 2 * WIDTH + 8, 3) and rate == 24, (frames.shape, rate)
    assert frames[:, :, WIDTH + 3:WIDTH + 5].min() > 200, "white between colours and depth"
    assert frames[:, :, :WIDTH].std() > 10, "a picture"


{"feat_vis": check_feat_vis, "gs_video": check_gs_video}[sys.argv[1]]()
