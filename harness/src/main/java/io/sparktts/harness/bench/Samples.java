package io.sparktts.harness.bench;

/** Samples of an iteration, or of a row, on each clock. */
final class Samples {
    final SampleRecorder wall = new SampleRecorder();
    final SampleRecorder device = new SampleRecorder();
    final SampleRecorder cold = new SampleRecorder();

    void clear() {
        wall.clear();
        device.clear();
        cold.clear();
    }

    void addAll(Samples other) {
        wall.addAll(other.wall);
        device.addAll(other.device);
        cold.addAll(other.cold);
    }

    int count() {
        return Math.toIntExact(wall.count() + device.count() + cold.count());
    }
}
