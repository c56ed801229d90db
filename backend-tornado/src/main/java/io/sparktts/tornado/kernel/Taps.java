package io.sparktts.tornado.kernel;

/** Which taps of a convolution's window, see {@link io.sparktts.backend.Window}, are frames. */
public final class Taps {
    private Taps() {}

    /**
     * The first tap that is no frame before the input.
     *
     * @param frame of tap 0
     */
    public static int first(int frame, int dilation, int taps) {
        return Math.min(taps, (Math.max(0, -frame) + dilation - 1) / dilation);
    }

    /**
     * One past the last tap that is no frame after the input.
     *
     * @param frame of tap 0
     */
    public static int end(int frame, int dilation, int taps, int frames) {
        return Math.min(taps, (Math.max(0, frames - frame) + dilation - 1) / dilation);
    }
}
