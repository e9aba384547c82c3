# SPDX-License-Identifier: Apache-2.0
"""Upstream's forward for one shape in a form that exporters take: upstream's own modules and weights, with the tables
that depend only on the shape (position embeddings, rotary tables) computed once by upstream's code and kept as constants,
and the reference view chosen by index_select. One scene, no given poses; the ray branch is not an output, so exporters
drop it.
"""
import torch
import torch.nn.functional as F
from torch import nn


class Portable(nn.Module):
    def __init__(self, net, height, width, views, attention):
        """attention: "sdpa", or "mha" for ONNX Runtime's fused operator."""
        super().__init__()
        self.net, self.height, self.width, self.views, self.attention = net, height, width, views, attention
        backbone = net.backbone.pretrained
        self.heads = backbone.num_heads
        self.head_width = backbone.embed_dim // self.heads
        with torch.no_grad():
            self.keep_backbone_tables(backbone)
            self.keep_head_tables()
        for parameter in self.parameters():
            parameter.requires_grad_(False)

    def keep_backbone_tables(self, backbone):
        rows, columns = self.height // 14, self.width // 14
        tokens = torch.zeros(1, 1 + rows * columns, backbone.embed_dim)
        self.register_buffer("position", backbone.interpolate_pos_encoding(tokens, self.height, self.width).clone())
        local, everywhere = backbone._prepare_rope(1, 1, self.height, self.width, "cpu")
        for name, places in (("local", local[0, 0]), ("global", everywhere[0, 0])):
            tables = backbone.rope._compute_frequency_components(self.head_width // 2, int(places.max()) + 1,
                                                                 torch.device("cpu"), torch.float32)
            for kind, table in zip(("cos", "sin"), tables):
                table = torch.cat([table[places[:, 0]], table[places[:, 1]]], -1)
                if name == "global":
                    table = table.repeat(self.views, 1)
                self.register_buffer(f"{name}_{kind}", table[None, :, None].clone())
        camera = backbone.camera_token
        others = camera[:, 1:].expand(1, self.views - 1, -1)
        self.register_buffer("camera", torch.cat([camera[:, :1], others], 1)[0].unsqueeze(1).clone())

    def keep_head_tables(self):
        """The head adds an embedding of the pixel's place; its value depends on the map's size alone."""
        head = self.net.head
        original = type(head)._add_pos_embed

        def add_kept(x, width, height, ratio=0.1):
            name = f"place_{x.shape[1]}_{int(x.shape[2])}_{int(x.shape[3])}"
            if name not in self._buffers:
                nothing = torch.zeros(1, int(x.shape[1]), int(x.shape[2]), int(x.shape[3]))
                self.register_buffer(name, original(head, nothing, width, height, ratio).clone())
            return x + self._buffers[name]

        head._add_pos_embed = add_kept
        rows, columns = self.height // 14, self.width // 14
        channels = head.scratch.output_conv1.out_channels
        sizes = [(project.out_channels, rows, columns) for project in head.projects]
        for size in sizes + [(channels, self.height, self.width), (channels, 8 * rows, 8 * columns)]:
            head._add_pos_embed(torch.zeros(1, *size), self.width, self.height)

    def rotate(self, x, cos, sin):
        a, b, c, d = x.split(self.head_width // 4, -1)
        return x * cos + torch.cat([-b, a, -d, c], -1) * sin

    def block(self, block, x, kind):
        batch, tokens, channels = x.shape
        q, k, v = block.attn.qkv(block.norm1(x)).reshape(batch, tokens, 3, self.heads, self.head_width).unbind(2)
        q, k = block.attn.q_norm(q), block.attn.k_norm(k)
        if block.attn.rope is not None:
            cos, sin = self._buffers[kind + "_cos"], self._buffers[kind + "_sin"]
            q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
        if self.attention == "mha":
            flat = [t.reshape(batch, tokens, channels) for t in (q, k, v)]
            mixed = torch.onnx.ops.symbolic("com.microsoft::MultiHeadAttention", flat, dict(num_heads=self.heads),
                                            dtype=x.dtype, shape=(batch, tokens, channels), version=1)
        else:
            mixed = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (q, k, v))).transpose(1, 2)
            mixed = mixed.reshape(batch, tokens, channels)
        x = x + block.ls1(block.attn.proj(mixed))
        return x + block.ls2(block.mlp(block.norm2(x)))

    def reference_order(self, x):
        """Upstream's saddle_balanced: index vectors that bring the reference view to the front, and back."""
        first = x[:, 0]
        norm = (first * first).sum(-1).sqrt()
        unit = first / norm[:, None]
        similarity = (unit @ unit.t() - torch.eye(self.views)).sum(-1) / (self.views - 1)
        centred = unit - unit.mean(-1, keepdim=True)
        variance = (centred * centred).sum(-1) / (unit.shape[-1] - 1)
        score = 0
        for quality in (similarity, norm, variance):
            low, high = quality.amin(0, keepdim=True), quality.amax(0, keepdim=True)
            score = score + ((quality - low) / (high - low + 1e-8) - 0.5).abs()
        best, place = score.argmin(0, keepdim=True), torch.arange(self.views)
        there = torch.where(place == 0, best, torch.where(place <= best, place - 1, place))
        back = torch.where(place == best, torch.zeros_like(place), torch.where(place < best, place + 1, place))
        return there, back

    def backbone(self, image):
        """Token maps of the head's layers, and the camera tokens."""
        backbone = self.net.backbone.pretrained
        x = backbone.patch_embed.proj(image[0]).flatten(2).transpose(1, 2)
        x = torch.cat([backbone.cls_token.expand(self.views, -1, -1), x], 1) + self.position
        tokens, channels = x.shape[1], x.shape[2]
        local, layers, back, cameras = x, [], None, None
        for i, block in enumerate(backbone.blocks):
            if i == backbone.alt_start - 1 and self.views >= 3:
                there, back = self.reference_order(x)
                x, local = x.index_select(0, there), local.index_select(0, there)
            if i == backbone.alt_start:
                x = torch.cat([self.camera, x[:, 1:]], 1)
            if i >= backbone.alt_start and i % 2 == 1:
                joined = self.block(block, x.reshape(1, self.views * tokens, channels), "global")
                x = joined.reshape(self.views, tokens, channels)
            else:
                x = local = self.block(block, x, "local")
            if i in self.net.backbone.out_layers:
                layer = torch.cat([local, backbone.norm(x)], -1)
                cameras = torch.cat([local[:, 0], x[:, 0]], -1)
                if back is not None:
                    layer, cameras = layer.index_select(0, back), cameras.index_select(0, back)
                layers.append(layer[:, 1:])
        return layers, cameras

    def pose(self, cameras):
        encoded = self.net.cam_dec(cameras[None])[0]
        x, y, z, w = encoded[:, 3:7].unbind(1)
        s = 2.0 / (encoded[:, 3:7] * encoded[:, 3:7]).sum(-1)
        rotation = torch.stack([1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w),
                                s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w),
                                s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)], -1)
        inverse = rotation.reshape(self.views, 3, 3).transpose(1, 2)
        extrinsics = torch.cat([inverse, -inverse @ encoded[:, :3, None]], -1)
        focal_y = self.height / 2.0 / torch.clamp(torch.tan(encoded[:, 7] / 2), min=1e-6)
        focal_x = self.width / 2.0 / torch.clamp(torch.tan(encoded[:, 8] / 2), min=1e-6)
        none = torch.zeros_like(focal_x)
        one = none + 1
        intrinsics = torch.stack([focal_x, none, one * (self.width / 2), none, focal_y, one * (self.height / 2), none, none,
                                  one], -1)
        return extrinsics, intrinsics.reshape(self.views, 3, 3)

    def forward(self, image):  # [1, views, 3, height, width]
        layers, cameras = self.backbone(image)
        maps = self.net.head._forward_impl(layers, self.height, self.width, 0)
        return (maps["depth"], maps["depth_conf"], *self.pose(cameras))
