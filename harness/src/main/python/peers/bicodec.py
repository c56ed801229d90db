"""BiCodec's decoder in PyTorch with random weights of the published shapes: what a PyTorch user runs.

Channels first, weight norm folded, as one would write it for inference. The speaker's scale and shift of the
adaptive norms are inputs: they are computed once per voice.
"""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F

DIM, INNER, BLOCKS, LATENT, CODEBOOK = 384, 2048, 12, 1024, 8192
CHANNELS, RATES, KERNELS = 1536, (8, 5, 4, 2), (16, 11, 8, 4)
MULTIPLY_ADDS_PER_FRAME = 587_700_000


class Snake(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.alpha = nn.Parameter(1 + 0.1 * torch.randn(1, channels, 1))

    def forward(self, x):
        return x + (self.alpha + 1e-9).reciprocal() * torch.sin(self.alpha * x).pow(2)


class ConvNext(nn.Module):
    def __init__(self, adaptive: bool):
        super().__init__()
        self.depthwise = nn.Conv1d(DIM, DIM, 7, padding=3, groups=DIM)
        self.norm = nn.LayerNorm(DIM, eps=1e-6, elementwise_affine=not adaptive)
        self.up, self.down = nn.Linear(DIM, INNER), nn.Linear(INNER, DIM)
        self.gamma = nn.Parameter(torch.full((DIM,), 1 / 12))

    def forward(self, x, scale=None, shift=None):
        y = self.norm(self.depthwise(x).transpose(1, 2))
        y = y if scale is None else y * scale + shift
        return x + (self.gamma * self.down(F.gelu(self.up(y)))).transpose(1, 2)


class Backbone(nn.Module):
    def __init__(self, blocks: int, adaptive: bool):
        super().__init__()
        self.embed = nn.Conv1d(DIM, DIM, 7, padding=3)
        self.norm = nn.LayerNorm(DIM, eps=1e-6, elementwise_affine=not adaptive)
        self.blocks = nn.ModuleList(ConvNext(adaptive) for _ in range(blocks))
        self.final = nn.LayerNorm(DIM, eps=1e-6)

    def forward(self, x, norms=None):
        y = self.norm(self.embed(x).transpose(1, 2))
        y = (y if norms is None else y * norms[0] + norms[1]).transpose(1, 2)
        for i, block in enumerate(self.blocks):
            y = block(y) if norms is None else block(y, norms[2 * i + 2], norms[2 * i + 3])
        return self.final(y.transpose(1, 2)).transpose(1, 2)


class ResidualUnit(nn.Module):
    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.layers = nn.Sequential(
            Snake(channels), nn.Conv1d(channels, channels, 7, dilation=dilation, padding=3 * dilation),
            Snake(channels), nn.Conv1d(channels, channels, 1))

    def forward(self, x):
        return x + self.layers(x)


class Decoder(nn.Module):
    """Semantic tokens, speaker vector and adaptive norms to a waveform."""

    def __init__(self):
        super().__init__()
        self.codes = nn.Embedding(CODEBOOK, LATENT)
        self.enter, self.leave = nn.Linear(LATENT, DIM), nn.Linear(DIM, LATENT)
        self.stages = nn.ModuleList(Backbone(2, False) for _ in range(2))
        self.backbone = Backbone(BLOCKS, True)
        layers: list[nn.Module] = [nn.Conv1d(LATENT, CHANNELS, 7, padding=3)]
        channels = CHANNELS
        for rate, kernel in zip(RATES, KERNELS):
            layers += [Snake(channels),
                       nn.ConvTranspose1d(channels, channels // 2, kernel, rate, (kernel - rate) // 2)]
            channels //= 2
            layers += [ResidualUnit(channels, d) for d in (1, 3, 9)]
        self.generator = nn.Sequential(*layers, Snake(channels), nn.Conv1d(channels, 1, 7, padding=3), nn.Tanh())

    def forward(self, ids, speaker, norms):
        x = self.enter(self.codes(ids)).transpose(1, 2)
        for stage in self.stages:
            x = stage(3 * x)
        x = self.leave(self.backbone(x, norms).transpose(1, 2)) + speaker
        return self.generator(x.transpose(1, 2))


def build(device: str, dtype: torch.dtype):
    """A decoder and inputs but for the tokens: speaker vector and adaptive norms."""
    with torch.device(device):
        model = Decoder().to(dtype).eval()
        speaker = torch.randn(1, 1, LATENT).to(dtype)
        norms = list((1 + 0.1 * torch.randn(2 * BLOCKS + 2, DIM)).to(dtype).unbind(0))
    return model, speaker, norms
