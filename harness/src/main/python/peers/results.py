"""Writes rows in the result schema of this project (reports/schema): one JSON object per line."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import os
import platform
import subprocess
import sys
from pathlib import Path

TOOL = "pytorch"
BACKEND = "pytorch"
MODEL = "Spark-TTS-0.5B (synthetic)"
MAX_SAMPLES = 1024


def quantile(ordered: list[int], fraction: float) -> float:
    """Interpolates linearly between the two closest ranks."""
    position = fraction * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def timing(nanos: list[float] | None) -> dict | None:
    """Samples in nanoseconds with their order statistics; None for none."""
    if not nanos:
        return None
    samples = [round(n) for n in nanos[:MAX_SAMPLES]]
    ordered = sorted(samples)
    return {
        "medianNanos": quantile(ordered, 0.5),
        "p25Nanos": quantile(ordered, 0.25),
        "p75Nanos": quantile(ordered, 0.75),
        "minNanos": ordered[0],
        "count": len(samples),
        "samplesNanos": samples,
    }


def row(environment_id: str, device: str, benchmark: str, variant: str, dtype: str, batch: int,
        sequence: int, shape: str, model: str | None = None, status: str = "PASSED",
        message: str | None = None, **figures) -> dict:
    """A row. Its key is spelled as the harness spells it, so that both stand in one table.

    Figures: max_abs_diff, non_finite, reference, wall, device_time and cold (samples in
    nanoseconds), bytes, flops, tokens, clock_before, clock_after, throttled.
    """
    passed = status == "PASSED"
    wall = timing(figures.get("wall")) if passed else None
    device_time = timing(figures.get("device_time")) if passed else None
    time = device_time or wall
    median = time["medianNanos"] if time else None
    of_tokens = wall if benchmark == "decode" else time
    bytes_per_call = figures.get("bytes")
    flops = figures.get("flops")
    tokens = figures.get("tokens")
    return {
        "type": "row",
        "environmentId": environment_id,
        "benchmark": benchmark,
        "backend": BACKEND,
        "device": device,
        "variant": variant,
        "dtype": dtype,
        "batch": batch,
        "sequenceLength": sequence,
        "shape": shape,
        "model": model,
        "status": status,
        "message": message,
        "maxAbsDiff": figures.get("max_abs_diff"),
        "errorInTolerance": None,
        "nonFinite": figures.get("non_finite", 0),
        "reference": figures.get("reference"),
        "wallTime": wall,
        "deviceTime": device_time,
        "bytesPerCall": bytes_per_call,
        "flopsPerCall": flops,
        "gbPerSecond": bytes_per_call / median if median and bytes_per_call else None,
        "tflopPerSecond": flops / median / 1e3 if median and flops else None,
        "percentOfLimit": None,
        "limitKind": None,
        "coldStartMillis": None,
        "allocatedBytesPerCall": None,
        "tokensPerSecond": tokens * 1e9 / of_tokens["medianNanos"] if tokens and of_tokens else None,
        "coldDeviceTime": timing(figures.get("cold")) if passed else None,
        "clockBeforeMegahertz": figures.get("clock_before"),
        "clockAfterMegahertz": figures.get("clock_after"),
        "throttledSamples": figures.get("throttled"),
    }


def limit(kind: str, dtype: str, value: float, unit: str) -> dict:
    """What this machine was measured to do at best."""
    return {"backend": BACKEND, "kind": kind, "dtype": dtype, "value": value, "unit": unit}


def _cores() -> int:
    """As the JVM counts: processors this process may use, within its control group's quota."""
    cores = len(os.sched_getaffinity(0))
    quotas = []
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()[:2]
        quotas.append((quota, period))
    except (OSError, ValueError):
        pass
    try:
        folder = Path("/sys/fs/cgroup/cpu")
        quotas.append(((folder / "cpu.cfs_quota_us").read_text().strip(),
                       (folder / "cpu.cfs_period_us").read_text().strip()))
    except OSError:
        pass
    for quota, period in quotas:
        if quota.isdigit() and int(quota) > 0 and period.isdigit():
            cores = min(cores, math.ceil(int(quota) / int(period)))
    return max(1, cores)


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True,
                              cwd=Path(__file__).parent)
        return done.stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def environment(versions: dict[str, str], gpu: str | None, cuda: str | None, cache_bytes: int,
                notes: list[str]) -> dict:
    """The record of this machine; host, processor and GPU are spelled as the harness does."""
    machine = {"x86_64": "amd64"}.get(platform.machine(), platform.machine())
    host = f"{platform.system()} {platform.release()} {machine}"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    driver = _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    driver = driver.splitlines()[0] if driver else None
    revision = _output("git", "rev-parse", "--short=12", "HEAD")
    dirty = bool(_output("git", "status", "--porcelain", "--untracked-files=no"))
    identity = [TOOL, host, _cpu_model(), _cores(), memory, versions, gpu, driver, cuda, revision, dirty]
    return {
        "type": "environment",
        "id": hashlib.sha256("\n".join(map(str, identity)).encode()).hexdigest()[:12],
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tool": TOOL,
        "host": host,
        "cpuModel": _cpu_model(),
        "cores": _cores(),
        "memoryBytes": memory,
        "lastLevelCacheBytes": cache_bytes,
        "jvm": None,
        "jvmArguments": [],
        "backendVersions": versions,
        "gpu": gpu,
        "driver": driver,
        "cuda": cuda,
        "gitRevision": revision,
        "gitDirty": dirty,
        "limits": [],
        "clocksBefore": None,
        "clocksAfter": None,
        "commandLine": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "notes": notes,
        "seeds": {"inputs": 1},
    }


class ResultFile:
    """Grows line by line, so that a run that is cut off keeps what it had."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def append(self, line: dict) -> None:
        self._file.write(json.dumps(line, allow_nan=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())
