"""Times calls on a GPU: replays of CUDA graphs on the device's clock, and launches on the host's."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass, field
from typing import Callable

import torch

# As the harness: 20 calls in a recording, fewer where they take long; 75 % of the highest clock.
CALLS = 20
LONG_REPLAY_NANOS = 100_000_000
LEAST_CLOCK = 0.75
ROUNDS = 3


class Clock:
    """The GPU's clock in MHz through NVML; None where there is none."""

    SM = 1

    def __init__(self, index: int = 0):
        self.highest = 0
        self._handle = None
        try:
            self._library = ctypes.CDLL("libnvidia-ml.so.1")
            handle = ctypes.c_void_p()
            if self._library.nvmlInit_v2() == 0 and self._library.nvmlDeviceGetHandleByIndex_v2(
                    index, ctypes.byref(handle)) == 0:
                self._handle = handle
        except (OSError, AttributeError):
            pass

    def read(self) -> int | None:
        if self._handle is None:
            return None
        value = ctypes.c_uint()
        if self._library.nvmlDeviceGetClockInfo(self._handle, self.SM, ctypes.byref(value)) != 0:
            return None
        self.highest = max(self.highest, value.value)
        return value.value


@dataclass
class Samples:
    """Nanoseconds per call on each clock."""

    wall: list[float] = field(default_factory=list)
    device_time: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    clock_before: int | None = None
    clock_after: int | None = None
    throttled: int | None = None
    remark: str | None = None

    def figures(self) -> dict:
        return {name: getattr(self, name) for name in
                ("wall", "device_time", "cold", "clock_before", "clock_after", "throttled")}


class Timer:
    """Measures calls; `seconds` is about how long each kind of sample is taken for."""

    def __init__(self, seconds: float = 0.2):
        self.cuda = torch.cuda.is_available()
        self.seconds = seconds
        self.clock = Clock()
        self._flush = None
        if self.cuda:
            cache = torch.cuda.get_device_properties(0).L2_cache_size
            self._flush = torch.zeros(2 * cache // 4, device="cuda")

    def measure(self, call: Callable[[], object], before: Callable[[], None] | None = None,
                cold: bool = True, replay_wall: bool = False) -> Samples:
        """Samples of a call.

        before: brings state back, outside the time, before every replay; then a graph holds one call.
        replay_wall: the host's clock goes around a replay rather than around the launches.
        """
        for _ in range(3):
            if before:
                before()
            call()
        self._synchronize()
        if not self.cuda:
            return self._in_rounds(Samples(), lambda: call(), None, 1, before, cold=False)
        samples = Samples()
        try:
            once = self._capture(call, 1, before)
            nanos = self._events(once.replay, before)
            nanos = min(nanos, self._events(once.replay, before))
            calls = 1 if before else max(1, min(CALLS, int(LONG_REPLAY_NANOS / max(nanos, 1))))
            many = once if calls == 1 else self._capture(call, calls, before)
            host = once.replay if replay_wall else call
            return self._in_rounds(samples, host, (once.replay, many.replay), calls, before, cold)
        except RuntimeError as e:
            if isinstance(e, torch.OutOfMemoryError) or replay_wall:
                raise
            torch.cuda.synchronize()
            samples.remark = "no graph (" + str(e).splitlines()[0][:80] + "): events around launches"
            return self._in_rounds(samples, call, (call, call), 1, before, cold)

    def _in_rounds(self, samples, host, replays, calls, before, cold) -> Samples:
        samples.clock_before = self.clock.read()
        throttled = 0
        for _ in range(ROUNDS):
            part = Samples()
            self._repeat(part.wall, lambda: self._wall(host, before))
            if replays:
                once, many = replays
                self._repeat(part.device_time, lambda: self._events(many, before) / calls)
                if cold and self._flush is not None:
                    self._repeat(part.cold, lambda: self._cold(once, before))
            samples.clock_after = self.clock.read()
            clock = samples.clock_after
            if clock is not None and clock < LEAST_CLOCK * self.clock.highest:
                throttled += len(part.wall) + len(part.device_time) + len(part.cold)
                continue
            samples.wall += part.wall
            samples.device_time += part.device_time
            samples.cold += part.cold
        samples.throttled = None if samples.clock_after is None else throttled
        if not samples.wall:
            raise RuntimeError(f"all samples were taken below 75 % of {self.clock.highest} MHz")
        return samples

    def _repeat(self, into: list[float], sample: Callable[[], float]) -> None:
        end = time.perf_counter() + self.seconds / ROUNDS
        for n in range(40):
            if n >= 4 and time.perf_counter() > end:
                break
            into.append(sample())

    def _synchronize(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()

    def _wall(self, call, before) -> float:
        if before:
            before()
        self._synchronize()
        start = time.perf_counter_ns()
        call()
        self._synchronize()
        return time.perf_counter_ns() - start

    def _events(self, call, before) -> float:
        if before:
            before()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e6

    def _cold(self, once, before) -> float:
        if before:
            before()
        self._flush.add_(self._flush)  # zeros stay zeros
        return self._events(once, None)

    def _capture(self, call, calls: int, before) -> torch.cuda.CUDAGraph:
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):
                if before:
                    before()
                call()
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in range(calls):
                call()
        graph.replay()
        torch.cuda.synchronize()
        return graph
