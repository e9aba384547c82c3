# SPDX-License-Identifier: Apache-2.0
"""Reads exported files with other people's readers and compares them with the same arithmetic in numpy.

usage: check_formats.py FORMAT INPUTS OUTPUT [MOST]   (MOST: num_max_points was lower than the points there are)
"""
import json
import pathlib
import sys

import numpy as np

VIEWS, HEIGHT, WIDTH = 3, 28, 42
SIZES = [(280, 400), (56, 84), (300, 450)]
inputs, output = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
most = int(sys.argv[4]) if len(sys.argv) > 4 else None


def read(name, *shape):
    return np.fromfile(inputs / f"{name}.f32", "<f4").reshape(shape)


depth = read("depth", VIEWS, HEIGHT, WIDTH)
conf = read("confidence", VIEWS, HEIGHT, WIDTH)
w2c = read("extrinsics", VIEWS, 3, 4).astype(np.float64)
K = read("intrinsics", VIEWS, 3, 3).astype(np.float64)


def exported_images():
    image = np.fromfile(inputs / "images.u8", "u1").reshape(VIEWS, HEIGHT, WIDTH, 3)
    f4, mean, std = np.float32, np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    normal = (image.astype(f4) / f4(255) - mean.astype(f4)) / std.astype(f4)
    return (np.clip(normal.astype(np.float64) * std + mean, 0, 1) * 255).astype(np.uint8)


def homogeneous(matrix):
    return np.vstack([matrix, [0, 0, 0, 1]])


def points(threshold):
    """Points, colours and (view, x, y) of what is kept."""
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    pixels = np.stack([u, v, np.ones_like(u)], -1)
    xyz, rgb, where = [], [], []
    for i in range(VIEWS):
        camera = np.einsum("ab,hwb->hwa", np.linalg.inv(K[i]), pixels) * depth[i][..., None].astype(np.float64)
        c2w = np.linalg.inv(homogeneous(w2c[i]))
        world = (camera @ c2w[:3, :3].T + c2w[:3, 3]).astype(np.float32)
        keep = np.isfinite(depth[i]) & (depth[i] > 0) & (conf[i] >= np.float32(threshold))
        xyz.append(world[keep])
        rgb.append(exported_images()[i][keep])
        y, x = np.nonzero(keep)
        where.append(np.stack([np.full_like(x, i), x, y], -1))
    return np.concatenate(xyz), np.concatenate(rgb), np.concatenate(where)


def glb_points():
    percentile = lambda q: float(np.percentile(conf, q))
    return points(min(max(1.05, percentile(40)), percentile(90)))


def glb_alignment(xyz):
    to_gltf = np.diag([1.0, -1, -1, 1]) @ homogeneous(w2c[0])
    moved = xyz.astype(np.float64) @ to_gltf[:3, :3].T + to_gltf[:3, 3]
    shift = np.eye(4)
    shift[:3, 3] = -np.median(moved, axis=0)
    return shift @ to_gltf


def apply(matrix, xyz):
    return np.asarray(xyz, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def is_subset_in_order(part, part_rgb, xyz, rgb):
    """Indices of the chosen points among all."""
    where = {(*p.tolist(), *c.tolist()): i for i, (p, c) in enumerate(zip(np.round(xyz, 4), rgb))}
    indices = [where[(*p.tolist(), *c.tolist())] for p, c in zip(np.round(part, 4), part_rgb)]
    assert indices == sorted(set(indices)), "not a subset in order"
    assert max(indices) > 0.9 * len(xyz) and min(indices) < 0.1 * len(xyz), "not spread over all points"


def camera_lines(i, alignment, size):
    corners = np.array([[0, 0, 1], [WIDTH - 1, 0, 1], [WIDTH - 1, HEIGHT - 1, 1], [0, HEIGHT - 1, 1]], float)
    corners = corners @ np.linalg.inv(K[i]).T * size
    world = apply(alignment, apply(np.linalg.inv(homogeneous(w2c[i])), np.vstack([np.zeros(3), corners])))
    c, (a, b, d, e) = world[0], world[1:]
    return np.array([c, a, c, b, c, d, c, e, a, b, b, d, d, e, e, a])


def check_glb():
    import colorsys

    import pygltflib
    import trimesh

    xyz, rgb, _ = glb_points()
    alignment = glb_alignment(xyz)
    expected = apply(alignment, xyz)
    scene = trimesh.load(output / "scene.glb")
    assert len(scene.geometry) == 1 + VIEWS, scene.geometry
    cloud = scene.geometry["geometry_0"]
    if most is None:
        assert np.allclose(cloud.vertices, expected, atol=1e-5)
        assert np.array_equal(np.asarray(cloud.colors)[:, :3], rgb)
    else:
        assert len(cloud.vertices) == most, len(cloud.vertices)
    file = pygltflib.GLTF2().load(str(output / "scene.glb"))
    assert np.allclose(np.array(file.scenes[0].extras["hf_alignment"]), alignment, atol=1e-5)
    assert [mesh.primitives[0].mode for mesh in file.meshes] == [0] + [1] * VIEWS
    assert [node.name for node in file.nodes] == [f"geometry_{i}" for i in range(1 + VIEWS)]
    blob = file.binary_blob()

    def array(index, dtype, columns):
        accessor = file.accessors[index]
        view = file.bufferViews[accessor.bufferView]
        return np.frombuffer(blob, dtype, accessor.count * columns, view.byteOffset).reshape(-1, columns)

    shown = array(file.meshes[0].primitives[0].attributes.POSITION, "<f4", 3)
    diagonal = np.percentile(shown, 95, axis=0) - np.percentile(shown, 5, axis=0)
    for i, mesh in enumerate(file.meshes):
        attributes = mesh.primitives[0].attributes
        position, colour = array(attributes.POSITION, "<f4", 3), array(attributes.COLOR_0, "u1", 4)
        accessor = file.accessors[attributes.POSITION]
        assert np.array_equal(np.float32(accessor.min), position.min(0))
        assert np.array_equal(np.float32(accessor.max), position.max(0))
        assert (colour[:, 3] == 255).all() and file.accessors[attributes.COLOR_0].normalized
        if i > 0:
            assert np.allclose(position, camera_lines(i - 1, alignment, 0.03 * np.linalg.norm(diagonal)), atol=1e-5)
            hsv = colorsys.hsv_to_rgb((i - 1 + 0.5) / VIEWS, 0.85, 0.95)
            assert (colour[:, :3] == (np.array(hsv) * 255).astype(np.uint8)).all()
    if most is not None:
        is_subset_in_order(shown, array(file.meshes[0].primitives[0].attributes.COLOR_0, "u1", 4)[:, :3],
                           expected.astype(np.float32), rgb)


def columns(vertex, names):
    return np.stack([vertex[name] for name in names], -1)


def check_ply():
    from plyfile import PlyData

    xyz, rgb, where = glb_points()
    vertex = PlyData.read(output / "scene.ply")["vertex"]
    assert np.allclose(columns(vertex, ["x", "y", "z"]), xyz, atol=1e-6)
    assert np.array_equal(columns(vertex, ["red", "green", "blue"]), rgb)
    normals = columns(vertex, ["nx", "ny", "nz"])
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    centres = np.array([np.linalg.inv(homogeneous(m))[:3, 3] for m in w2c])[where[:, 0]]
    assert (np.sum(normals * (centres - xyz), axis=1) >= -1e-5).all(), "normals face their cameras"


def check_gs_ply():
    from plyfile import PlyData

    keep = np.zeros((VIEWS, HEIGHT, WIDTH), bool)
    y, x = int(8 / 256 * HEIGHT), int(8 / 256 * WIDTH)
    keep[:, y:HEIGHT - y, x:WIDTH - x] = True
    for i in range(VIEWS):
        keep[i] &= depth[i] <= np.float32(np.quantile(depth[i], 0.9))
    keep = keep.ravel()
    vertex = PlyData.read(output / "gs_ply/0000.ply")["vertex"]
    assert [p.name for p in vertex.properties] == (
        "x y z nx ny nz f_dc_0 f_dc_1 f_dc_2 opacity scale_0 scale_1 scale_2 rot_0 rot_1 rot_2 rot_3".split())
    assert vertex.count == keep.sum()
    assert np.array_equal(columns(vertex, ["x", "y", "z"]), read("means", -1, 3)[keep])
    assert np.array_equal(columns(vertex, ["f_dc_0", "f_dc_1", "f_dc_2"]), read("harmonics", -1, 3, 4)[keep][..., 0])
    opacity = read("opacities", -1)[keep].astype(np.float64)
    assert np.allclose(vertex["opacity"], np.log(opacity / (1 - opacity)), atol=1e-4)
    assert np.allclose(columns(vertex, ["scale_0", "scale_1", "scale_2"]), np.log(read("scales", -1, 3)[keep]), atol=1e-5)
    assert np.array_equal(columns(vertex, ["rot_0", "rot_1", "rot_2", "rot_3"]), read("rotations", -1, 4)[keep])
    assert not np.any(columns(vertex, ["nx", "ny", "nz"]))


def check_colmap():
    import pycolmap

    model = pycolmap.Reconstruction(str(output))
    xyz, rgb, where = points(float(np.percentile(conf, 40)))
    assert (model.num_cameras(), model.num_images(), model.num_points3D()) == (VIEWS, VIEWS, len(xyz))
    for i in range(VIEWS):
        (height, width), camera, image = SIZES[i], model.cameras[i + 1], model.images[i + 1]
        scale = np.array([width / WIDTH, height / HEIGHT])
        assert (camera.width, camera.height) == (width, height) and camera.model.name == "PINHOLE"
        expected = [K[i, 0, 0] * scale[0], K[i, 1, 1] * scale[1], K[i, 0, 2] * scale[0], K[i, 1, 2] * scale[1]]
        assert np.allclose(camera.params, expected, rtol=1e-12)
        assert image.name in (["a.jpg"], ["b.jpg"], ["c d.jpg", "c.jpg"])[i], image.name
        assert image.camera_id == i + 1
        pose = image.cam_from_world() if callable(image.cam_from_world) else image.cam_from_world
        assert np.allclose(pose.matrix(), w2c[i], atol=1e-6)
        mine = where[where[:, 0] == i]
        xy = np.array([p.xy for p in image.points2D])
        assert np.allclose(xy, mine[:, 1:] * scale, rtol=1e-12, atol=1e-9)
    for index, (x, c, (view, _, _)) in enumerate(zip(xyz, rgb, where)):
        point = model.points3D[index + 1]
        assert np.allclose(point.xyz, x, atol=1e-6) and np.array_equal(point.color, c) and point.error == -1
        (element,) = point.track.elements
        assert element.image_id == view + 1
        assert model.images[element.image_id].points2D[element.point2D_idx].point3D_id == index + 1


def check_tracks():
    """The scene is a plane; the second view's left half lies behind it."""
    import pycolmap

    model = pycolmap.Reconstruction(str(output))
    assert model.num_images() == VIEWS and model.num_points3D() > 150, model.num_points3D()
    lengths, seen = [], set()
    for id, point in model.points3D.items():
        assert abs(point.xyz @ [0.1, 0.2, 1] - 3) < 1e-3, point.xyz
        errors = []
        for element in point.track.elements:
            image = model.images[element.image_id]
            point2d = image.points2D[element.point2D_idx]
            assert point2d.point3D_id == id
            errors.append(np.linalg.norm(image.project_point(point.xyz) - point2d.xy))
            height, width = SIZES[element.image_id - 1]
            x, y = point2d.xy * [WIDTH / width, HEIGHT / height]
            i, column, row = element.image_id - 1, int(np.rint(x)), int(np.rint(y))
            assert (i, column, row) not in seen, "a pixel belongs to two points"
            seen.add((i, column, row))
            assert i != 1 or x >= WIDTH // 2 - 1, "seen where the depth disagrees"
            assert conf[i, row, column] >= np.percentile(conf, 40)
        assert len({e.image_id for e in point.track.elements}) == len(errors) >= 2
        assert max(errors) < 0.05 * max(SIZES[0]) / WIDTH, errors
        assert abs(np.mean(errors) - point.error) < 1e-3, (errors, point.error)
        lengths.append(len(errors))
    assert max(lengths) == 3 and min(lengths) == 2
    assert sum(len(image.points2D) for image in model.images.values()) == sum(lengths)


def check_images():
    import cv2
    import imageio.v3 as imageio
    import tifffile

    units = json.loads((output / "png16/units.json").read_text())
    for i in range(VIEWS):
        expected = depth[i]
        assert np.array_equal(np.fromfile(output / f"raw/{i:04}.bin", "<f4").reshape(HEIGHT, WIDTH), expected)
        assert np.array_equal(cv2.imread(str(output / f"tiff32/{i:04}.tiff"), cv2.IMREAD_UNCHANGED), expected)
        assert np.array_equal(tifffile.imread(output / f"tiff32/{i:04}.tiff"), expected)
        assert np.array_equal(cv2.imread(str(output / f"pfm/{i:04}.pfm"), cv2.IMREAD_UNCHANGED), expected)
        lines = (output / f"pfm/{i:04}.pfm").read_bytes()
        assert lines.startswith(b"Pf\n") and np.array_equal(
            np.frombuffer(lines[-4 * HEIGHT * WIDTH:], "<f4").reshape(HEIGHT, WIDTH)[::-1], expected)
        for png in (cv2.imread(str(output / f"png16/{i:04}.png"), cv2.IMREAD_UNCHANGED),
                    imageio.imread(output / f"png16/{i:04}.png")):
            assert png.dtype == np.uint16 and np.array_equal(png == 0, expected == 0)
            back = units["offset"] + units["step"] * png.astype(np.float64)
            assert np.abs(back - expected)[png > 0].max() <= units["step"] * 0.5 + 1e-6
        check_exr(output / f"exr/{i:04}.exr", expected)


def check_exr(path, expected):
    import OpenEXR

    with OpenEXR.File(str(path)) as file:
        assert list(file.channels()) == ["Y"]
        assert np.array_equal(np.squeeze(file.channels()["Y"].pixels), expected)
        assert "z-depth" in file.header()["comments"]


def check_feat_vis():
    """The axes of numpy's SVD; which way an axis points is open."""
    import cv2

    rows, columns = HEIGHT // 14, WIDTH // 14
    features = read("features", VIEWS * rows * columns, 24).astype(np.float64)
    centred = features - features.mean(0)
    parts = centred @ np.linalg.svd(centred, full_matrices=False)[2][:3].T
    low, high = np.quantile(parts, [0.1, 0.9], axis=0)
    colours = (np.clip(parts, low, high) - low) / (high - low) * 255
    found = []
    for i in range(VIEWS):
        picture = cv2.imread(str(output / f"feat_vis/feat_layer_5/{i:06}.jpg"))[..., ::-1].astype(float)
        assert picture.shape == (HEIGHT, 2 * WIDTH, 3)
        luma = [0.299, 0.587, 0.114]  # JPEG keeps it of noise, not the colours
        difference = np.abs(picture[:, :WIDTH] @ luma - exported_images()[i] @ luma)
        assert difference.mean() < 5, difference.mean()
        patches = picture[:, WIDTH:].reshape(rows, 14, columns, 14, 3)[:, 3:11, :, 3:11]
        found.append(patches.mean((1, 3)).reshape(-1, 3))
    found = np.concatenate(found)
    for c in range(3):
        error = min(np.abs(found[:, c] - colours[:, c]).max(), np.abs(255 - found[:, c] - colours[:, c]).max())
        assert error < 8, (c, error)


CHECKS = {"feat_vis": check_feat_vis, "glb": check_glb, "ply": check_ply, "gs_ply": check_gs_ply, "colmap": check_colmap,
          "tracks": check_tracks, "images": check_images}
CHECKS[sys.argv[1]]()
