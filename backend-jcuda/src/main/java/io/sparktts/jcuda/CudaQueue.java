package io.sparktts.jcuda;

import io.sparktts.backend.Event;
import io.sparktts.backend.Queue;

import jcuda.driver.CUevent;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

import java.lang.ref.Cleaner;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A CUDA stream. */
final class CudaQueue implements Queue {
    private static final Cleaner CLEANER = Cleaner.create();

    private final CudaDevice device;
    private final CudaStream stream = new CudaStream();

    /** Events that nobody holds any more, for reuse. */
    private final ConcurrentLinkedQueue<CUevent> free = new ConcurrentLinkedQueue<>();

    private boolean open = true;

    CudaQueue(CudaDevice device) {
        this.device = device;
        Cuda.check(
                JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
                "make a stream");
    }

    CudaStream stream() {
        return stream;
    }

    @Override
    public void synchronize() {
        device.forbidWhileRecording("synchronize");
        Cuda.check(JCudaDriver.cuStreamSynchronize(stream), "finish the work of a stream");
    }

    @Override
    public Event mark() {
        CUevent event = free.poll();
        if (event == null) {
            event = new CUevent();
            Cuda.check(JCudaDriver.cuEventCreate(event, 0), "make an event");
        }
        Cuda.check(JCudaDriver.cuEventRecord(event, stream), "mark a stream");
        Mark mark = new Mark(event);
        CUevent reusable = event;
        ConcurrentLinkedQueue<CUevent> pool = free;
        CLEANER.register(mark, () -> pool.add(reusable));
        return mark;
    }

    @Override
    public void waitFor(Event event) {
        Cuda.check(
                JCudaDriver.cuStreamWaitEvent(stream, ((Mark) event).event, 0),
                "wait for an event");
    }

    private static final class Mark implements Event {
        private final CUevent event;

        Mark(CUevent event) {
            this.event = event;
        }

        @Override
        public long nanosSince(Event start) {
            Cuda.check(JCudaDriver.cuEventSynchronize(event), "wait for an event");
            float[] millis = new float[1];
            Cuda.check(
                    JCudaDriver.cuEventElapsedTime(millis, ((Mark) start).event, event),
                    "read the device's clock");
            return Math.round(millis[0] * 1e6);
        }
    }

    @Override
    public void close() {
        if (!open) {
            return;
        }
        open = false;
        for (CUevent e = free.poll(); e != null; e = free.poll()) {
            Cuda.check(JCudaDriver.cuEventDestroy(e), "free an event");
        }
        Cuda.check(JCudaDriver.cuStreamDestroy(stream), "free a stream");
        device.closed(this);
    }
}
