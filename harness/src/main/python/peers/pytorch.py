"""What a PyTorch user gets on the grid of `sparktts bench`, written in the schema of its results.

    python3 pytorch.py --out pytorch.jsonl --preset full
    sparktts report RUN pytorch.jsonl --out report

Needs an NVIDIA GPU, PyTorch and (for whole models and Hugging Face's sampling) transformers.
Kernels are judged against float64 on the GPU. True float32 unless a row's dtype says tf32.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

import torch
import torch.nn.functional as F

import results
from model import QWEN2, TINY, Sizes, build, divergence, logits_in_float64, static_cache
from timing import Samples, Timer

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
EPSILON = 1e-6
TEMPERATURE, TOP_K, TOP_P = 0.8, 50, 0.95
JUDGED_ROWS = 34
SECTIONS = ("rmsnorm", "mlp", "attention", "forward", "decode", "sampling", "codec")


@dataclass(frozen=True)
class Key:
    """What identifies a row, but for its variant."""

    benchmark: str
    dtype: str
    batch: int
    sequence: int
    shape: str
    model: str | None = None


@dataclass(frozen=True)
class Job:
    """Rows that share inputs or a compilation; `seconds` is an estimate."""

    section: str
    name: str
    seconds: float
    keys: list[tuple[Key, str]]
    run: Callable[[], None]


def drawn(*shape: int, dtype: torch.dtype, scale: float = 1.0, outliers: bool = True) -> torch.Tensor:
    """Normal numbers of which one in 128 is ten times as large, as the harness draws inputs."""
    x = torch.randn(*shape, device=DEVICE, generator=RANDOM) * scale
    if outliers:
        x = torch.where(torch.rand(*shape, device=DEVICE, generator=RANDOM) < 1 / 128, 10 * x, x)
    return x.to(dtype)


class Bench:
    """Runs jobs until the time is over, and writes their rows."""

    def __init__(self, file: results.ResultFile, environment: dict, device: str, minutes: float,
                 sizes: Sizes):
        self.file, self.environment, self.device, self.sizes = file, environment, device, sizes
        self.deadline = time.monotonic() + 60 * minutes
        self.timer = Timer(seconds=0.15)
        self.done: set[tuple[Key, str]] = set()

    def run(self, jobs: list[Job]) -> None:
        for job in jobs:
            left = self.deadline - time.monotonic()
            if left < job.seconds:
                why = f"{left:.0f} s of --minutes are left and it takes about {job.seconds:.0f}"
                print(f"skipped: {job.name}: {why}", flush=True)
                for key, variant in job.keys:
                    self._write(key, variant, status="SKIPPED", message=why)
                continue
            start = time.monotonic()
            try:
                with torch.no_grad():
                    job.run()
            except Exception as e:  # a peer that fails must not end the others
                if not isinstance(e, (RuntimeError, ImportError, AttributeError, TypeError, ValueError)):
                    traceback.print_exc()
                self._fail(job, e)
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            print(f"  {job.name}: {time.monotonic() - start:.1f} s", flush=True)

    def _fail(self, job: Job, e: Exception) -> None:
        for key, variant in job.keys:
            if (key, variant) not in self.done:
                self._write(key, variant, status="ERROR", message=one_line(e))

    def measure(self, key: Key, variant: str, call: Callable[[], object],
                check: Callable[[torch.Tensor], tuple[float | None, int]] | None = None,
                reference: str | None = None, remark: str | None = None, **more) -> None:
        """Checks and times one variant; whatever it raises becomes the row's reason."""
        timed = {k: more.pop(k) for k in ("before", "cold", "replay_wall") if k in more}
        try:
            difference, non_finite = check(call()) if check else (None, 0)
            if non_finite:
                self._write(key, variant, status="NON_FINITE", message=f"{non_finite} outputs are not finite",
                            non_finite=non_finite, reference=reference)
                return
            samples = self.timer.measure(call, **timed)
            self.record(key, variant, samples, max_abs_diff=difference, reference=reference,
                        message=remark, **more)
        except Exception as e:
            self._write(key, variant, status="ERROR", message=one_line(e))

    def record(self, key: Key, variant: str, samples: Samples, **more) -> None:
        notes = [n for n in (more.pop("message", None), samples.remark) if n]
        self._write(key, variant, message="; ".join(notes) or None, **samples.figures(), **more)

    def _write(self, key: Key, variant: str, **more) -> None:
        self.done.add((key, variant))
        line = results.row(self.environment["id"], self.device, key.benchmark, variant, key.dtype, key.batch,
                           key.sequence, key.shape, key.model, **more)
        self.file.append(line)
        time_of = line["deviceTime"] or line["wallTime"]
        text = f"{time_of['medianNanos'] / 1e3:.1f} us" if time_of else f"{line['status']}: {line['message']}"
        print(f"{key.benchmark} {key.shape} {key.dtype} {variant}: {text}", flush=True)


def one_line(e: Exception) -> str:
    text = str(e).strip()
    return f"{type(e).__name__}: {text.splitlines()[0][:200] if text else ''}"


def compiled(function: Callable, **options) -> Callable:
    """Compiled for the shapes of its first call alone."""
    torch._dynamo.reset()
    return torch.compile(function, **{"dynamic": False, **options})


@contextlib.contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def against(truth: torch.Tensor, rows: torch.Tensor | None = None):
    """Largest difference from a float64 truth, of some rows where it has only those."""

    def check(out: torch.Tensor) -> tuple[float, int]:
        flat = out.reshape(-1, out.shape[-1])
        bad = int((~torch.isfinite(flat)).sum())
        part = flat if rows is None else flat[rows]
        return float((part.double() - truth).abs().nan_to_num().max()), bad

    return check


# RMSNorm

def rms_norm(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """One kernel per step, as Hugging Face's Qwen2RMSNorm computes."""
    wide = x.float()
    return weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + EPSILON)).to(x.dtype)


def rmsnorm_job(b: Bench, batch: int, sequence: int, dtype: str, compile_it: bool) -> Job:
    h = b.sizes.hidden
    key = Key("rmsnorm", dtype, batch, sequence, f"{batch}x{sequence}x{h}")
    variants = ["eager", "F.rms_norm"] + (["compile"] if compile_it else [])

    def run() -> None:
        kind = DTYPES[dtype]
        x, weight = drawn(batch, sequence, h, dtype=kind), drawn(h, dtype=kind)
        wide = x.double().reshape(-1, h)
        truth = weight.double() * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + EPSILON))
        del wide
        calls = {"eager": lambda: rms_norm(x, weight), "F.rms_norm": lambda: F.rms_norm(x, (h,), weight, EPSILON)}
        if compile_it:
            fast = compiled(rms_norm)
            calls["compile"] = lambda: fast(x, weight)
        for variant, call in calls.items():
            b.measure(key, variant, call, against(truth), "float64 on the GPU",
                      bytes=2 * x.numel() * x.element_size() + weight.numel() * x.element_size(),
                      flops=4.0 * x.numel())

    return Job("rmsnorm", f"rmsnorm {key.shape} {dtype}", 4 if compile_it else 2, [(key, v) for v in variants], run)


# MLP

def mlp(x: torch.Tensor, gate: torch.Tensor, up: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)


def mlp_job(b: Bench, batch: int, sequence: int, dtype: str) -> Job:
    h, inner = b.sizes.hidden, b.sizes.intermediate
    key = Key("mlp", dtype, batch, sequence, f"{batch}x{sequence}x{h}x{inner}")
    low = Key("mlp", "tf32", batch, sequence, key.shape)
    keys = [(key, "eager"), (key, "compile")] + ([(low, "tf32"), (low, "compile-tf32")] if dtype == "f32" else [])

    def run() -> None:
        kind = DTYPES[dtype]
        x = drawn(batch, sequence, h, dtype=kind)
        gate, up = (drawn(inner, h, dtype=kind, scale=h ** -0.5, outliers=False) for _ in range(2))
        down = drawn(h, inner, dtype=kind, scale=inner ** -0.5, outliers=False)
        truth = mlp(x.double().reshape(-1, h), gate.double(), up.double(), down.double())
        weights = 3 * gate.numel() * x.element_size()
        cost = {"flops": 6.0 * batch * sequence * h * inner, "bytes": weights + 2 * x.numel() * x.element_size()}
        for row_key, wanted in ((key, False), (low, True))[:2 if dtype == "f32" else 1]:
            with tf32(wanted):
                end = "tf32" if wanted else ""
                b.measure(row_key, end or "eager", lambda: mlp(x, gate, up, down), against(truth), "float64 on the GPU", **cost)
                fast = compiled(mlp)
                b.measure(row_key, "compile-tf32" if wanted else "compile", lambda: fast(x, gate, up, down),
                          against(truth), "float64 on the GPU", **cost)

    return Job("mlp", f"mlp {key.shape} {dtype}", 12 if dtype == "f32" else 5, keys, run)


# Attention

def attention_truth(q, k, v, rows: torch.Tensor, group: int) -> torch.Tensor:
    """Causal attention of some positions in float64: [rows, heads * headDim]."""
    wide_k, wide_v = (t[0].double().repeat_interleave(group, 0) for t in (k, v))
    scores = q[0][:, rows].double() @ wide_k.transpose(-1, -2) * q.shape[-1] ** -0.5
    future = torch.arange(k.shape[2], device=q.device)[None] > rows[:, None]
    out = torch.softmax(scores.masked_fill(future, -float("inf")), -1) @ wide_v
    return out.transpose(0, 1).reshape(len(rows), -1)


def attention_job(b: Bench, sequence: int, dtype: str) -> Job:
    heads, kv, d = b.sizes.heads, b.sizes.kv_heads, b.sizes.head_dim
    group = heads // kv
    key = Key("attention", dtype, 1, sequence, f"1x{sequence}x{heads}/{kv}x{d}")
    fused = ["sdpa-efficient"] if dtype == "f32" else ["sdpa-flash", "sdpa-cudnn"]
    variants = fused + (["eager"] if sequence <= 4096 else [])

    def run() -> None:
        from torch.nn.attention import SDPBackend, sdpa_kernel
        kind = DTYPES[dtype]
        q = drawn(1, heads, sequence, d, dtype=kind, outliers=False)
        k, v = (drawn(1, kv, sequence, d, dtype=kind, outliers=False) for _ in range(2))
        rows = torch.randint(0, sequence, (min(JUDGED_ROWS, sequence),), device=DEVICE, generator=RANDOM)
        rows[0], rows[-1] = 0, sequence - 1
        check = against(attention_truth(q, k, v, rows, group), rows)
        mask = torch.full((sequence, sequence), -float("inf"), device=DEVICE, dtype=kind).triu(1) \
            if "eager" in variants else None

        def flat(out):
            return out.transpose(1, 2).reshape(sequence, heads * d)

        def scaled(backend, repeat: bool):
            def call():
                with sdpa_kernel(backend):
                    if repeat:
                        return F.scaled_dot_product_attention(
                            q, k.repeat_interleave(group, 1), v.repeat_interleave(group, 1), is_causal=True)
                    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            return call

        def eager():
            scores = q @ k.repeat_interleave(group, 1).transpose(-1, -2) * d ** -0.5 + mask
            return torch.softmax(scores, -1, dtype=torch.float32).to(kind) @ v.repeat_interleave(group, 1)

        calls = {"sdpa-flash": scaled(SDPBackend.FLASH_ATTENTION, False),
                 "sdpa-cudnn": scaled(SDPBackend.CUDNN_ATTENTION, False),
                 "sdpa-efficient": scaled(SDPBackend.EFFICIENT_ATTENTION, True), "eager": eager}
        pairs = sequence * (sequence + 1) / 2
        for variant in variants:
            b.measure(key, variant, calls[variant], lambda out: check(flat(out)),
                      f"float64 on the GPU, {len(rows)} rows",
                      flops=4.0 * pairs * heads * d, bytes=2 * (q.numel() + k.numel()) * q.element_size())

    return Job("attention", f"attention {key.shape} {dtype}", 3, [(key, v) for v in variants], run)


# The model

MODELS: dict = {}


def model_for(b: Bench, attention: str, dtype: str):
    if (attention, dtype) not in MODELS:
        MODELS.clear()
        gc.collect()
        MODELS[attention, dtype] = build(b.sizes, attention, DTYPES[dtype], DEVICE)
    return MODELS[attention, dtype]


def model_key(benchmark: str, dtype: str, batch: int, sequence: int) -> Key:
    return Key(benchmark, dtype, batch, sequence, f"{batch}x{sequence}", results.MODEL)


def forward_job(b: Bench, variant: str, dtype: str, lengths: list[int], seconds: float) -> Job:
    keys = [(model_key("forward", dtype, 1, n), variant) for n in lengths]

    def run() -> None:
        model = model_for(b, "eager" if variant == "eager" else "sdpa", dtype)
        forward = compiled(model, dynamic=True) if variant == "compile" else model
        for key, _ in keys:
            n = key.sequence
            ids = torch.randint(0, b.sizes.vocabulary, (1, n), device=DEVICE, generator=RANDOM)

            def call():
                return forward(ids, use_cache=False).logits

            check, remark, reference = None, None, None
            if n == lengths[0]:
                with contextlib.suppress(torch.OutOfMemoryError):
                    truth = logits_in_float64(model, b.sizes, ids[0])
                    difference = divergence(truth, call()[0])
                    check, reference = against(truth), "float64 on the GPU, all layers"
                    remark = f"next-token divergence {difference:.2g} nats"
            b.measure(key, variant, call, check, reference, remark, cold=False, tokens=n)

    return Job("forward", f"forward {dtype} {variant} {lengths}", seconds, keys, run)


def draw(logits: torch.Tensor) -> torch.Tensor:
    """Temperature, top-k, top-p and the draw, over the k largest only: no sort of the vocabulary."""
    values, indices = torch.topk(logits.float() / TEMPERATURE, TOP_K, dim=-1)
    p = values.softmax(-1)
    p = p * ((p.cumsum(-1) - p) < TOP_P)
    # The largest of log p + Gumbel noise is a draw from p, without a host round trip.
    noise = -torch.empty_like(p).exponential_().log()
    return indices.gather(-1, (p.log() + noise).argmax(-1, keepdim=True))


def decode_job(b: Bench, variant: str, batch: int, context: int, seconds: float) -> Job:
    key = model_key("decode", "bf16", batch, context)
    modes = {"graph-eager": None, "graph-compile": "default", "graph-max-autotune": "max-autotune-no-cudagraphs"}

    def run() -> None:
        model = model_for(b, "sdpa", "bf16")
        cache, rewind = static_cache(model, b.sizes, batch, context, room=64)
        ids = torch.randint(0, b.sizes.vocabulary, (batch, 1), device=DEVICE, generator=RANDOM)
        positions = torch.full((batch, 1), context, device=DEVICE)
        mask = torch.zeros(batch, 1, 1, context + 64, device=DEVICE, dtype=torch.bfloat16)
        mask[..., context + 1:] = torch.finfo(torch.bfloat16).min
        mode = modes[variant]
        forward = compiled(model.forward, mode=mode) if mode else model.forward

        def step():
            out = forward(input_ids=ids, position_ids=positions, attention_mask=mask, past_key_values=cache,
                          use_cache=True, logits_to_keep=1)
            ids.copy_(draw(out.logits[:, -1]))

        b.measure(key, variant, step, before=rewind, cold=False, replay_wall=True, tokens=batch,
                  bytes=b.sizes.decode_bytes(batch, context, 2))

    return Job("decode", f"decode {key.shape} {variant}", seconds, [(key, variant)], run)


def generate_job(b: Bench, batch: int, context: int) -> Job:
    key = model_key("decode", "bf16", batch, context)
    count = 17

    def run() -> None:
        model = model_for(b, "sdpa", "bf16")
        ids = torch.randint(1, b.sizes.vocabulary, (batch, context), device=DEVICE, generator=RANDOM)

        def seconds(tokens: int) -> float:
            b.timer._synchronize()
            start = time.perf_counter()
            model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, min_new_tokens=tokens,
                           do_sample=True, temperature=TEMPERATURE, top_k=TOP_K, top_p=TOP_P, pad_token_id=0)
            b.timer._synchronize()
            return time.perf_counter() - start

        seconds(2)
        samples = Samples(wall=[max(1.0, (seconds(count) - seconds(1)) / (count - 1) * 1e9) for _ in range(3)])
        b.record(key, "generate", samples, tokens=batch,
                 message=f"{count - 1} tokens of Hugging Face's generate, first token left out")

    return Job("decode", f"decode {key.shape} generate", 8, [(key, "generate")], run)


# Sampling

def sampling_job(b: Bench, batch: int, dtype: str) -> Job:
    vocabulary = b.sizes.vocabulary
    key = Key("sampling", dtype, batch, 1, f"{batch}x1x{vocabulary}")
    variants = ["hf-processors", "top-k-first", "compile"]

    def run() -> None:
        from transformers.generation.logits_process import (
            TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)
        logits = drawn(batch, vocabulary, dtype=DTYPES[dtype], scale=3, outliers=False)
        warpers = [TemperatureLogitsWarper(TEMPERATURE), TopKLogitsWarper(TOP_K), TopPLogitsWarper(TOP_P)]

        def processors():
            scores = logits.float()
            for warper in warpers:
                scores = warper(None, scores)
            return torch.multinomial(scores.softmax(-1), 1)

        fast = compiled(draw)
        cost = {"bytes": logits.numel() * logits.element_size() + 36 * batch, "flops": 8.0 * logits.numel()}
        for variant, call in zip(variants, (processors, lambda: draw(logits), lambda: fast(logits))):
            b.measure(key, variant, call, **cost)

    return Job("sampling", f"sampling {key.shape} {dtype}", 5, [(key, v) for v in variants], run)


# The codec

def codec_job(b: Bench, label: str, frames: int) -> Job:
    """BiCodec's decoder, eager and compiled; `label` is f32, tf32 or bf16. Wall: launches and synchronise."""
    dtype = "f32" if label == "tf32" else label
    key = Key("codec", dtype, 1, frames, f"1x{frames}")
    mark = "-tf32" if label == "tf32" else ""
    variants = ["eager" + mark, "compile" + mark]

    def run() -> None:
        import bicodec
        with tf32(label == "tf32"):
            torch.backends.cudnn.allow_tf32 = label == "tf32"
            model, speaker, norms = bicodec.build(DEVICE, DTYPES[dtype])
            ids = torch.randint(0, bicodec.CODEBOOK, (1, frames), device=DEVICE, generator=RANDOM)
            fast = compiled(model)
            cost = {"flops": 2.0 * frames * bicodec.MULTIPLY_ADDS_PER_FRAME, "tokens": frames, "cold": False}
            for variant, call in zip(variants, (model, fast)):
                b.measure(key, variant, lambda call=call: call(ids, speaker, norms), **cost)

    return Job("codec", f"codec {frames} {label}", 30, [(key, v) for v in variants], run)


# The grid

def jobs(b: Bench, preset: str) -> list[Job]:
    """The most telling first, since the time may end."""
    if preset == "smoke":
        return [rmsnorm_job(b, 2, 5, "bf16", False), attention_job(b, 33, "f32"),
                forward_job(b, "sdpa", "f32", [9, 12], 1), forward_job(b, "eager", "bf16", [9], 1),
                decode_job(b, "graph-eager", 2, 10, 1), generate_job(b, 2, 10), sampling_job(b, 2, "bf16")]
    if preset == "quick":
        return [rmsnorm_job(b, 1, 512, "bf16", True), rmsnorm_job(b, 8, 512, "bf16", True),
                mlp_job(b, 1, 512, "bf16"), attention_job(b, 500, "bf16"), attention_job(b, 2500, "bf16"),
                sampling_job(b, 1, "bf16"), forward_job(b, "sdpa", "bf16", [500], 10),
                decode_job(b, "graph-eager", 1, 500, 10), forward_job(b, "compile", "bf16", [500], 40)]
    norms = [(1, 512), (8, 512), (32, 2048), (1, 1000), (4, 1024), (1, 2048), (2, 2048)]
    mlps = [(1, 512), (4, 512), (8, 2048)]
    attended = [2500, 500, 1000, 1500, 2000, 4096, 16384]
    lengths = [500, 1000, 1500, 2000, 2500]
    return [
        *[rmsnorm_job(b, *s, t, True) for t in ("bf16", "f16") for s in norms[:3]],
        *[mlp_job(b, *s, t) for t in ("bf16", "f16") for s in mlps], mlp_job(b, 1, 512, "f32"),
        *[attention_job(b, n, "bf16") for n in attended],
        sampling_job(b, 1, "bf16"),
        *[codec_job(b, label, 50) for label in ("bf16", "tf32", "f32")],
        forward_job(b, "compile", "bf16", lengths, 40),
        decode_job(b, "graph-max-autotune", 1, 500, 45), decode_job(b, "graph-max-autotune", 32, 500, 45),
        *[decode_job(b, "graph-compile", n, 500, 25) for n in (8, 32, 1)],
        decode_job(b, "graph-max-autotune", 8, 500, 45),
        forward_job(b, "sdpa", "bf16", lengths, 12),
        *[generate_job(b, n, 500) for n in (1, 8, 32)],
        *[rmsnorm_job(b, *s, t, True) for t in ("bf16", "f16") for s in norms[3:]],
        *[rmsnorm_job(b, *s, "f32", True) for s in norms],
        *[attention_job(b, n, "f16") for n in attended],
        forward_job(b, "eager", "bf16", lengths, 12),
        *[mlp_job(b, *s, "f32") for s in mlps[1:]],
        *[sampling_job(b, 1, t) for t in ("f16", "f32")],
        *[attention_job(b, n, "f32") for n in attended],
        decode_job(b, "graph-eager", 1, 500, 8),
        *[forward_job(b, "sdpa", t, lengths, 14) for t in ("f16", "f32")],
        *[forward_job(b, "compile", t, lengths, 40) for t in ("f16", "f32")],
    ]


def limits(b: Bench) -> list[dict]:
    """What this GPU does at best in PyTorch's own kernels."""
    if not b.timer.cuda:
        return []
    found = []
    with contextlib.suppress(RuntimeError), torch.no_grad():
        one = torch.empty(2 ** 28, device=DEVICE).uniform_()
        two = torch.empty_like(one)
        size = one.numel() * 4

        def best(call) -> float:
            return min(b.timer.measure(call, cold=False).device_time)

        found.append(results.limit("copy", "f32", 2 * size / best(lambda: two.copy_(one)), "GB/s"))
        found.append(results.limit("read", "f32", size / best(lambda: one.sum()), "GB/s"))
        del one, two
        for name in ("bf16", "f32"):
            m = torch.randn(8192, 8192, device=DEVICE, dtype=DTYPES[name])
            found.append(results.limit("fma", name, 2 * 8192 ** 3 / best(lambda: m @ m), "GFLOP/s"))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="result file (JSON lines) to append to")
    parser.add_argument("--preset", choices=("quick", "full", "smoke"), default="full",
                        help="smoke: tiny sizes, also without a GPU, to see that this script runs")
    parser.add_argument("--only", default="", help="sections, by comma: " + ", ".join(SECTIONS))
    parser.add_argument("--minutes", type=float, help="jobs that would end later are skipped (default: quick 1.5, full 5)")
    arguments = parser.parse_args()
    only = [s for s in arguments.only.split(",") if s]
    for section in only:
        if section not in SECTIONS:
            parser.error(f"unknown section '{section}'; valid: {', '.join(SECTIONS)}")
    smoke = arguments.preset == "smoke"
    if not torch.cuda.is_available() and not smoke:
        print("no NVIDIA GPU that this PyTorch can use; run it where torch.cuda.is_available()", file=sys.stderr)
        return 3
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    versions = {"pytorch": torch.__version__}
    with contextlib.suppress(ImportError):
        import transformers
        versions["transformers"] = transformers.__version__
    with contextlib.suppress(ImportError):
        import triton
        versions["triton"] = triton.__version__
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    notes = ["inputs and weights are drawn from the distributions of the harness (not the same numbers): standard"
             " normal, one in 128 ten times as large; weights scaled by 1/sqrt(fan-in)",
             "device time: replay of a CUDA graph of 20 calls (fewer where they take long) over their number, caches"
             " warm; wall time: launches from Python and synchronise; decode: one graph per step on both clocks",
             "forward compile is compiled once with dynamic=True for all lengths"]
    cache = torch.cuda.get_device_properties(0).L2_cache_size if gpu else 0
    environment = results.environment(versions, gpu, torch.version.cuda, cache, notes)
    file = results.ResultFile(arguments.out)
    minutes = arguments.minutes or {"quick": 1.5, "full": 5, "smoke": 5}[arguments.preset]
    b = Bench(file, environment, f"{gpu} #0" if gpu else "cpu", minutes, TINY if smoke else QWEN2)
    clock = b.timer.clock.read()
    environment["clocksBefore"] = f"{clock} MHz" if clock else None
    file.append(environment)
    b.run([j for j in jobs(b, arguments.preset) if not only or j.section in only])
    clock = b.timer.clock.read()
    environment["clocksAfter"] = f"{clock} MHz" if clock else None
    environment["limits"] = limits(b)
    file.append(environment)
    return 0


DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RANDOM = torch.Generator(DEVICE).manual_seed(1)

if __name__ == "__main__":
    sys.exit(main())
