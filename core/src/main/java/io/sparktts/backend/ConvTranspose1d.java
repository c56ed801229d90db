package io.sparktts.backend;

/**
 * Geometry of a transposed convolution: input frame {@code i} adds to output frames {@code i *
 * stride - padding + tap}. Equivalently, row {@code i} of {@code stride} adjacent output frames,
 * from {@code i * stride - padding} on, sees the {@link #taps} input frames up to {@code i}: a
 * matrix product, whose first and last rows are cut.
 *
 * @param kernel taps of the published weight
 * @param stride output frames per input frame
 * @param padding output frames cut at each end
 */
public record ConvTranspose1d(int kernel, int stride, int padding) {
    public ConvTranspose1d {
        if (stride < 1 || kernel < stride || padding < 0 || padding >= kernel) {
            throw new IllegalArgumentException(
                    "no transposed convolution has kernel "
                            + kernel
                            + ", stride "
                            + stride
                            + ", padding "
                            + padding);
        }
    }

    /** Output frames of so many input frames. */
    public int frames(int in) {
        return (in - 1) * stride - 2 * padding + kernel;
    }

    /** Input frames that a row sees. */
    public int taps() {
        return (kernel + stride - 1) / stride;
    }

    /** Rows that cover all output frames, those that are cut included. */
    public int rows(int in) {
        return (frames(in) + padding + stride - 1) / stride;
    }

    /** What each row sees, the oldest frame first. */
    public Window window() {
        return new Window(taps(), 1, 1, 1 - taps());
    }
}
