package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A row-major matrix {@code [outFeatures, inFeatures]}, the rows of all parts stacked. The pitch is
 * padded with zeros to 16 bytes, so that every row can be read with the widest loads and by the
 * copy engine.
 */
final class CudaWeight implements Weight {
    private static final int PITCH_STEP = 8;

    private final WeightRole role;
    private final DType dtype;
    private final int outFeatures;
    private final int inFeatures;
    private final int pitch;
    private final CudaBuffer buffer;

    private CudaWeight(
            WeightRole role,
            DType dtype,
            int outFeatures,
            int inFeatures,
            int pitch,
            CudaBuffer buffer) {
        this.role = role;
        this.dtype = dtype;
        this.outFeatures = outFeatures;
        this.inFeatures = inFeatures;
        this.pitch = pitch;
        this.buffer = buffer;
    }

    static CudaWeight upload(
            CudaContext context, WeightRole role, DType dtype, List<HostTensor> parts) {
        int in = columns(parts.getFirst());
        int out = parts.stream().mapToInt(CudaWeight::rows).sum();
        int pitch = (in + PITCH_STEP - 1) / PITCH_STEP * PITCH_STEP;
        CudaBuffer buffer = new CudaBuffer(context, (long) out * pitch * dtype.bytes());
        try {
            long at = 0;
            for (HostTensor part : parts) {
                copy(part, dtype, pitch, buffer, at);
                at += (long) rows(part) * pitch * dtype.bytes();
            }
        } catch (RuntimeException | Error e) {
            buffer.close();
            throw e;
        }
        return new CudaWeight(role, dtype, out, in, pitch, buffer);
    }

    private static int rows(HostTensor t) {
        return Math.toIntExact(t.dim(0));
    }

    private static int columns(HostTensor t) {
        return Math.toIntExact(t.dim(1));
    }

    private static void copy(
            HostTensor part, DType dtype, int pitch, CudaBuffer buffer, long byteOffset) {
        if (part.dtype() == dtype && pitch == columns(part)) {
            buffer.write(byteOffset, part.data());
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            HostTensor padded = HostTensor.allocate(arena, dtype, rows(part), pitch);
            int columns = columns(part);
            IntStream.range(0, rows(part))
                    .parallel()
                    .forEach(
                            row -> {
                                long from = (long) row * columns;
                                part.copyTo(from, padded, (long) row * pitch, columns);
                            });
            buffer.write(byteOffset, padded.data());
        }
    }

    /** Device address of the first element, a multiple of 256. */
    long address() {
        return buffer.address();
    }

    /** Elements between rows. */
    int pitch() {
        return pitch;
    }

    @Override
    public WeightRole role() {
        return role;
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int outFeatures() {
        return outFeatures;
    }

    @Override
    public int inFeatures() {
        return inFeatures;
    }

    @Override
    public long byteSize() {
        return buffer.byteSize();
    }

    @Override
    public void close() {
        buffer.close();
    }
}
