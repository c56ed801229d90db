package io.sparktts.harness.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.Backends;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;

import org.junit.jupiter.api.Test;

import java.util.Arrays;

class KernelReplayTest {
    private static BenchSpec spec(BenchKind kind) {
        return new BenchSpec(
                kind, "vector", "cpu", "cpu", "fused", DType.F16, 2, 3, "2x3", "tiny", null, 1, 1,
                true, null, null);
    }

    @Test
    void longCallsNeedFewerInARecording() {
        assertEquals(KernelReplay.CALLS, KernelReplay.callsFor(2_000));
        assertEquals(KernelReplay.CALLS, KernelReplay.callsFor(5_000_000));
        assertEquals(10, KernelReplay.callsFor(10_000_000));
        assertEquals(1, KernelReplay.callsFor(800_000_000));
        assertEquals(KernelReplay.CALLS, KernelReplay.callsFor(0));
    }

    @Test
    void samplesWarmAndCold() {
        try (Device device = Backends.named("vector").open("cpu");
                KernelCall call = new KernelCall(spec(BenchKind.RMS_NORM), device);
                KernelReplay replay = new KernelReplay(device, call)) {
            Samples samples = new Samples();
            replay.sample(2_000_000, samples);
            assertTrue(samples.device.count() >= 3);
            assertEquals(0, samples.wall.count());
            boolean cached = device.info().lastLevelCacheBytes() > 0;
            assertEquals(cached, samples.cold.count() >= 3);
            assertTrue(Arrays.stream(samples.device.nanos()).allMatch(n -> n > 0));
            assertTrue(call.check().passed());
        }
    }

    @Test
    void callsInPlaceStartAnewBeforeTheyOverflow() {
        try (Device device = Backends.named("vector").open("cpu");
                KernelCall call = new KernelCall(spec(BenchKind.ADD_RMS_NORM), device)) {
            assertTrue(call.check().passed());
            int calls = 0;
            while (!call.full()) {
                call.run();
                calls++;
            }
            assertTrue(calls >= 100, "room for " + calls);
            call.refresh();
            assertTrue(call.hasRoomFor(calls));
        }
    }

    @Test
    void tf32IsNoFloat32() {
        BenchSpec s = spec(BenchKind.MLP);
        BenchSpec tf32 =
                new BenchSpec(
                        s.kind(),
                        "x",
                        "0",
                        "x",
                        "cublasLt-tf32",
                        DType.F32,
                        1,
                        1,
                        "1x1",
                        "tiny",
                        null,
                        1,
                        1,
                        true,
                        null,
                        null);
        assertEquals("tf32", tf32.key().dtype());
        assertEquals("f16", s.key().dtype());
    }
}
