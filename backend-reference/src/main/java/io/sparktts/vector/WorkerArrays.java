package io.sparktts.vector;

/** Float arrays of each worker; each grows to the largest request. */
final class WorkerArrays {
    private final float[][] arrays;

    WorkerArrays(WorkerPool pool) {
        arrays = new float[pool.workers()][0];
    }

    /** At least {@code length} floats that only this worker uses until its next request. */
    float[] get(int worker, int length) {
        float[] a = arrays[worker];
        if (a.length < length) {
            a = new float[length];
            arrays[worker] = a;
        }
        return a;
    }
}
