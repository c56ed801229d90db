package io.sparktts.backend;

/**
 * Which frames a convolution sees: tap {@code j} of output row {@code t} is input frame {@code t *
 * stride + start + j * dilation}; frames outside the input are zero.
 *
 * @param taps how many frames
 * @param stride input frames between output rows
 * @param dilation input frames between taps
 * @param start the first tap of row 0: minus the padding
 */
public record Window(int taps, int stride, int dilation, int start) {
    public Window {
        if (taps < 1 || stride < 1 || dilation < 1) {
            throw new IllegalArgumentException(
                    "taps, stride and dilation are positive, not "
                            + taps
                            + ", "
                            + stride
                            + ", "
                            + dilation);
        }
    }

    /** The input frame, which may lie outside, of a tap. */
    public int frame(int row, int tap) {
        return row * stride + start + tap * dilation;
    }
}
