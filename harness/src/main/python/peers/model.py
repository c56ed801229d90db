"""The language model in Hugging Face's code with random weights, and its truth in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class Sizes:
    """Sizes of a Qwen2 model with tied embeddings."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    positions: int = 32768
    epsilon: float = 1e-6
    theta: float = 1e6

    def decode_bytes(self, batch: int, context: int, width: int) -> int:
        """What one decode step has to read at least: weights once, and every sequence's cache."""
        queries, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        layer = self.hidden * (2 * queries + 2 * kv + 3 * self.intermediate)
        weights = layer * self.layers + self.vocabulary * self.hidden
        return width * (weights + 2 * self.layers * kv * (context + 1) * batch)


QWEN2 = Sizes(896, 24, 14, 2, 64, 4864, 166000)
TINY = Sizes(64, 2, 4, 2, 16, 160, 300, positions=256)


def build(sizes: Sizes, attention: str, dtype: torch.dtype, device: str):
    """Qwen2ForCausalLM with matrices scaled by 1/sqrt(fan-in), norms near 1 and small biases."""
    from transformers import Qwen2Config, Qwen2ForCausalLM
    config = Qwen2Config(
        vocab_size=sizes.vocabulary, hidden_size=sizes.hidden, intermediate_size=sizes.intermediate,
        num_hidden_layers=sizes.layers, num_attention_heads=sizes.heads, num_key_value_heads=sizes.kv_heads,
        max_position_embeddings=sizes.positions, rms_norm_eps=sizes.epsilon, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": sizes.theta})
    config._attn_implementation = attention
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            model = Qwen2ForCausalLM(config)
    finally:
        torch.set_default_dtype(before)
    model = model.to(device, dtype).eval()
    random = torch.Generator(device).manual_seed(20250301)
    with torch.no_grad():
        for name, p in model.named_parameters():
            drawn = torch.randn(p.shape, device=device, generator=random)
            if p.dim() == 1:
                p.copy_(0.1 * drawn + (0 if name.endswith("bias") else 1))
            else:
                p.copy_(drawn * p.shape[1] ** -0.5)
    return model


def static_cache(model, sizes: Sizes, batch: int, context: int, room: int):
    """A static cache holding `context` positions, and what sets it back to them."""
    from transformers import StaticCache
    cache = StaticCache(config=model.config, max_cache_len=context + room)
    p = next(model.parameters())
    cache.early_initialization(batch, sizes.kv_heads, sizes.head_dim, p.dtype, p.device)
    for layer in cache.layers:
        layer.keys.normal_()
        layer.values.normal_()

    def rewind() -> None:
        for layer in cache.layers:
            layer.cumulative_length.fill_(context)

    rewind()
    return cache, rewind


def logits_in_float64(model, sizes: Sizes, ids: torch.Tensor) -> torch.Tensor:
    """Logits of all tokens of one sequence, from the model's weights as they are stored."""
    w: Callable[[str], torch.Tensor] = {k: v for k, v in model.state_dict().items()}.__getitem__
    n, d, group = len(ids), sizes.head_dim, sizes.heads // sizes.kv_heads

    def norm(x, weight):
        return w(weight).double() * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + sizes.epsilon)

    def linear(x, name, bias=False):
        return F.linear(x, w(name + ".weight").double(), w(name + ".bias").double() if bias else None)

    # The angles are float32 in the published code, so they are an input here.
    inverse = 1 / sizes.theta ** (torch.arange(0, d, 2, device=ids.device).float() / d)
    angles = torch.arange(n, device=ids.device).float()[:, None] * inverse
    cos, sin = torch.cat([angles.cos()] * 2, -1).double(), torch.cat([angles.sin()] * 2, -1).double()

    def rotate(x):
        first, second = x.chunk(2, -1)
        return x * cos + torch.cat([-second, first], -1) * sin

    def heads(x, count):
        return x.view(n, count, d).transpose(0, 1)

    future = torch.ones(n, n, dtype=torch.bool, device=ids.device).triu(1)
    h = w("model.embed_tokens.weight")[ids].double()
    for i in range(sizes.layers):
        p = f"model.layers.{i}."
        x = norm(h, p + "input_layernorm.weight")
        q = rotate(heads(linear(x, p + "self_attn.q_proj", True), sizes.heads))
        k = rotate(heads(linear(x, p + "self_attn.k_proj", True), sizes.kv_heads)).repeat_interleave(group, 0)
        v = heads(linear(x, p + "self_attn.v_proj", True), sizes.kv_heads).repeat_interleave(group, 0)
        scores = (q @ k.transpose(-1, -2) * d ** -0.5).masked_fill(future, -float("inf"))
        attended = (scores.softmax(-1) @ v).transpose(0, 1).reshape(n, -1)
        h = h + linear(attended, p + "self_attn.o_proj")
        x = norm(h, p + "post_attention_layernorm.weight")
        h = h + linear(F.silu(linear(x, p + "mlp.gate_proj")) * linear(x, p + "mlp.up_proj"), p + "mlp.down_proj")
    return F.linear(norm(h, "model.norm.weight"), w("model.embed_tokens.weight").double())


def divergence(truth: torch.Tensor, actual: torch.Tensor) -> float:
    """The largest Kullback-Leibler divergence of next-token probabilities, in nats."""
    worst = 0.0
    for begin in range(0, len(truth), 64):
        a, b = (t[begin:begin + 64].double().log_softmax(-1) for t in (truth, actual))
        worst = max(worst, float((a.exp() * (a - b)).sum(-1).max()))
    return worst
