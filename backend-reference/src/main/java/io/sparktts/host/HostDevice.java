package io.sparktts.host;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Program;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * A device that is the host: memory segments, synchronous kernels, recording as plain re-execution.
 */
public abstract class HostDevice implements Device {
    private boolean recording;

    /** The live part of a tensor. */
    public static MemorySegment segment(Tensor t) {
        return ((HostBuffer) t.buffer())
                .segment()
                .asSlice(t.offset() * t.dtype().bytes(), t.byteSize());
    }

    /** Absolute address of a tensor's first element. */
    public static long address(Tensor t) {
        return ((HostBuffer) t.buffer()).segment().address() + t.offset() * t.dtype().bytes();
    }

    final void forbidWhileRecording(String what) {
        if (recording) {
            throw new BackendException(what + " is not allowed while a program is recorded");
        }
    }

    @Override
    public Tensor allocate(DType dtype, long... shape) {
        forbidWhileRecording("allocate");
        return Tensor.owning(dtype, new HostBuffer(dtype.bytesOf(shape)), shape);
    }

    @Override
    public void write(Tensor target, MemorySegment source) {
        forbidWhileRecording("write");
        segment(target).copyFrom(source);
    }

    @Override
    public void read(Tensor source, MemorySegment target) {
        forbidWhileRecording("read");
        target.copyFrom(segment(source));
    }

    @Override
    public Queue newQueue() {
        return new HostQueue(this);
    }

    @Override
    public Program record(Queue queue, Variants variants, Consumer<Kernels> body) {
        forbidWhileRecording("record");
        Kernels kernels = kernels(queue, variants);
        body.accept(kernels);
        return new Program() {
            @Override
            public void replay() {
                recording = true;
                try {
                    body.accept(kernels);
                } finally {
                    recording = false;
                }
            }

            @Override
            public void close() {}
        };
    }
}
