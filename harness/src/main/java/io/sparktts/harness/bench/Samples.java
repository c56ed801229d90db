package io.sparktts.harness.bench;

import io.sparktts.reports.schema.Timing;
import io.sparktts.speech.Speech;

import java.util.ArrayList;
import java.util.List;

/** Samples of an iteration, or of a row, on each clock. */
final class Samples {
    final SampleRecorder wall = new SampleRecorder();
    final SampleRecorder device = new SampleRecorder();
    final SampleRecorder cold = new SampleRecorder();

    final List<Speech.Timings> speech = new ArrayList<>();

    void clear() {
        wall.clear();
        device.clear();
        cold.clear();
        speech.clear();
    }

    void addAll(Samples other) {
        wall.addAll(other.wall);
        device.addAll(other.device);
        cold.addAll(other.cold);
        speech.addAll(other.speech);
    }

    /** Nanoseconds of a call on the device's clock, or the host's where it has none. */
    double median() {
        return Timing.of((device.count() > 0 ? device : wall).nanos()).medianNanos();
    }

    int count() {
        return Math.toIntExact(wall.count() + device.count() + cold.count());
    }
}
