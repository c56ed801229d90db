package io.sparktts.harness.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.LimitKind;

import org.junit.jupiter.api.Test;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalDouble;

class LimitMeterTest {
    private static final Duration BRIEF = Duration.ofMillis(1);

    /** Bytes per second that the probe finds, one after the other. */
    private final Deque<Double> rates = new ArrayDeque<>();

    private final List<LimitKind> asked = new ArrayList<>();

    private LimitMeter meter(BenchKind kind, long bytes, double flops) {
        Device device =
                (Device)
                        Proxy.newProxyInstance(
                                Device.class.getClassLoader(),
                                new Class<?>[] {Device.class},
                                (proxy, method, arguments) -> {
                                    assertEquals("measureLimit", method.getName());
                                    asked.add((LimitKind) arguments[0]);
                                    return rates.isEmpty()
                                            ? OptionalDouble.empty()
                                            : OptionalDouble.of(rates.removeFirst());
                                });
        BenchSpec spec =
                new BenchSpec(
                        kind, "vector", "cpu", "cpu", "fused", DType.F32, 2, 3, "2x3", "tiny", null,
                        1, 1, true, null, null);
        return new LimitMeter(spec, device, bytes, flops);
    }

    @Test
    void comparesEachRoundWithItsNeighbours() {
        rates.addAll(List.of(40e9, 50e9));
        LimitMeter meter = meter(BenchKind.RMS_NORM, 1_000_000, 1);
        meter.measure(BRIEF);
        assertEquals("scale", meter.limit().orElseThrow().kind());
        assertTrue(meter.share().isEmpty());
        // The machine's speed halves between the first round and the third.
        rates.addAll(List.of(50e9, 50e9, 30e9, 20e9));
        meter.startRound(BRIEF);
        meter.endRound(1e6 / 40, BRIEF);
        meter.startRound(BRIEF);
        meter.endRound(1e6 / 28, BRIEF);
        meter.startRound(BRIEF);
        meter.endRound(1e6 / 25, BRIEF);
        assertEquals(0.8, meter.share().orElseThrow(), 1e-12);
        assertEquals(
                List.of(
                        LimitKind.COPY,
                        LimitKind.SCALE,
                        LimitKind.SCALE,
                        LimitKind.SCALE,
                        LimitKind.SCALE,
                        LimitKind.SCALE),
                asked);
        assertEquals(50, meter.limit().orElseThrow().value());
    }

    @Test
    void readsAreTheLimitOfWhatWritesLittle() {
        rates.add(60e9);
        LimitMeter meter = meter(BenchKind.SAMPLING, 1_000_000, 1);
        meter.measure(BRIEF);
        assertEquals(List.of(LimitKind.READ), asked);
    }

    @Test
    void withoutAProbeThereIsNoShare() {
        LimitMeter meter = meter(BenchKind.MLP, 10, 1e9);
        meter.measure(BRIEF);
        meter.startRound(BRIEF);
        meter.endRound(1, BRIEF);
        assertTrue(meter.share().isEmpty());
        assertTrue(meter.limit().isEmpty());
    }
}
