package io.sparktts.backend;

/**
 * Geometry of a convolution over time with zero padding at both ends.
 *
 * @param kernel taps
 * @param stride input frames per output frame
 * @param dilation input frames between taps
 * @param padding zero frames at each end
 */
public record Conv1d(int kernel, int stride, int dilation, int padding) {
    public Conv1d {
        if (kernel < 1 || stride < 1 || dilation < 1 || padding < 0) {
            throw new IllegalArgumentException(
                    "no convolution has kernel "
                            + kernel
                            + ", stride "
                            + stride
                            + ", dilation "
                            + dilation
                            + ", padding "
                            + padding);
        }
    }

    /** Stride 1 and as much padding as keeps the length; {@code kernel} is odd. */
    public static Conv1d same(int kernel, int dilation) {
        return new Conv1d(kernel, 1, dilation, dilation * (kernel - 1) / 2);
    }

    /**
     * Output frames of so many input frames.
     *
     * @throws IllegalArgumentException if the input is shorter than the kernel
     */
    public int frames(int in) {
        int reach = dilation * (kernel - 1) + 1;
        int padded = in + 2 * padding;
        if (padded < reach) {
            throw new IllegalArgumentException(
                    in + " frames are too few for a convolution over " + reach);
        }
        return (padded - reach) / stride + 1;
    }

    /** What each output frame sees. */
    public Window window() {
        return new Window(kernel, stride, dilation, -padding);
    }
}
