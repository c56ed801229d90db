package io.sparktts.backend;

import java.util.Arrays;

/**
 * A dense row-major tensor in device memory: dtype, shape, and a place in a buffer. A view shares
 * the buffer and is contiguous too.
 */
public final class Tensor implements AutoCloseable {
    private final DType dtype;
    private final long[] shape;
    private final DeviceBuffer buffer;
    private final long offset;
    private final long elements;
    private final boolean owner;

    private Tensor(DType dtype, long[] shape, DeviceBuffer buffer, long offset, boolean owner) {
        this.dtype = dtype;
        this.shape = shape;
        this.buffer = buffer;
        this.offset = offset;
        this.owner = owner;
        this.elements = HostTensor.elements(shape);
        if (offset < 0 || (offset + elements) * dtype.bytes() > buffer.byteSize()) {
            throw new IllegalArgumentException(
                    "a view of "
                            + elements
                            + " elements at "
                            + offset
                            + " leaves its buffer of "
                            + buffer.byteSize()
                            + " bytes");
        }
    }

    /** For backends: a tensor that owns {@code buffer} and frees it on {@link #close}. */
    public static Tensor owning(DType dtype, DeviceBuffer buffer, long... shape) {
        return new Tensor(dtype, shape.clone(), buffer, 0, true);
    }

    /**
     * A contiguous view.
     *
     * @param elementOffset first element, relative to this tensor
     */
    public Tensor view(long elementOffset, long... viewShape) {
        Tensor v = new Tensor(dtype, viewShape.clone(), buffer, offset + elementOffset, false);
        if (elementOffset < 0 || elementOffset + v.elements > elements) {
            throw new IllegalArgumentException(
                    "a view of "
                            + v.elements
                            + " elements at "
                            + elementOffset
                            + " leaves its tensor of "
                            + elements);
        }
        return v;
    }

    /** Element type. */
    public DType dtype() {
        return dtype;
    }

    /** Extents, outermost first. */
    public long[] shape() {
        return shape.clone();
    }

    /** Extent of dimension {@code i}. */
    public long dim(int i) {
        return shape[i];
    }

    /** Number of elements. */
    public long elements() {
        return elements;
    }

    /** Extent of the last dimension. */
    public int columns() {
        return Math.toIntExact(shape[shape.length - 1]);
    }

    /** Elements over {@link #columns}: all outer dimensions as one. */
    public int rows() {
        return columns() == 0 ? 0 : Math.toIntExact(elements / columns());
    }

    /** The buffer, in the backend's own form. */
    public DeviceBuffer buffer() {
        return buffer;
    }

    /** First element's index in the buffer. */
    public long offset() {
        return offset;
    }

    /** Size of the live part in bytes. */
    public long byteSize() {
        return elements * dtype.bytes();
    }

    /** Frees the buffer; a view frees nothing. */
    @Override
    public void close() {
        if (owner) {
            buffer.close();
        }
    }

    @Override
    public String toString() {
        return dtype.id() + Arrays.toString(shape);
    }
}
