package io.sparktts.jcuda;

import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/** Device time of work on a stream, between two events. */
final class CudaTimer implements AutoCloseable {
    private final CudaStream stream;
    private final CUevent start = new CUevent();
    private final CUevent end = new CUevent();

    CudaTimer(CudaStream stream) {
        this.stream = stream;
        Cuda.check(JCudaDriver.cuEventCreate(start, 0), "make an event");
        Cuda.check(JCudaDriver.cuEventCreate(end, 0), "make an event");
    }

    void start() {
        Cuda.check(JCudaDriver.cuEventRecord(start, stream), "mark a stream");
    }

    /** Waits for the work since {@link #start}. */
    double millis() {
        Cuda.check(JCudaDriver.cuEventRecord(end, stream), "mark a stream");
        Cuda.check(JCudaDriver.cuEventSynchronize(end), "wait for an event");
        float[] millis = new float[1];
        Cuda.check(JCudaDriver.cuEventElapsedTime(millis, start, end), "read the device's clock");
        return millis[0];
    }

    @Override
    public void close() {
        Cuda.check(JCudaDriver.cuEventDestroy(start), "free an event");
        Cuda.check(JCudaDriver.cuEventDestroy(end), "free an event");
    }
}
