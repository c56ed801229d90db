package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What measures the limits of GPUs, in float32. */
public final class Probes {
    /** Sums a buffer. */
    public static final KernelCode READ = KernelCode.of(Probes.class, "read", Probes::read);

    /** Writes a buffer times a factor to another. */
    public static final KernelCode SCALE = KernelCode.of(Probes.class, "scale", Probes::scale);

    /** Multiplies and adds in registers. */
    public static final KernelCode MULTIPLY_ADD =
            KernelCode.of(Probes.class, "multiplyAdd", Probes::multiplyAdd);

    /** Elements that a work-item of {@link #SCALE} makes. */
    public static final int SCALED = 4;

    /** Multiply-adds of a turn of {@link #MULTIPLY_ADD}. */
    public static final int CHAINS = 8;

    private Probes() {}

    /** p: elements, work-items; out, x. */
    public static void read(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        int n = p.get(0);
        int step = p.get(1);
        float sum = 0f;
        for (int i = c.globalIdx; i < n; i += step) {
            sum += x.get(i);
        }
        out.set(c.globalIdx, sum);
    }

    /** p: work-items; out, x. s: factor. Four loads before the first store. */
    public static void scale(
            KernelContext c, FloatArray out, FloatArray x, IntArray p, FloatArray s) {
        int i = c.globalIdx;
        int step = p.get(0);
        float x0 = x.get(i);
        float x1 = x.get(i + step);
        float x2 = x.get(i + 2 * step);
        float x3 = x.get(i + 3 * step);
        out.set(i, x0 * s.get(0));
        out.set(i + step, x1 * s.get(0));
        out.set(i + 2 * step, x2 * s.get(0));
        out.set(i + 3 * step, x3 * s.get(0));
    }

    /** p: turns; out, x. Chains that do not wait for each other. */
    public static void multiplyAdd(KernelContext c, FloatArray out, FloatArray x, IntArray p) {
        float m = x.get(0);
        float b = x.get(1);
        float s0 = x.get(2);
        float s1 = x.get(3);
        float s2 = x.get(4);
        float s3 = x.get(5);
        float s4 = x.get(6);
        float s5 = x.get(7);
        float s6 = x.get(8);
        float s7 = x.get(9);
        int turns = p.get(0);
        for (int i = 0; i < turns; i++) {
            s0 = s0 * m + b;
            s1 = s1 * m + b;
            s2 = s2 * m + b;
            s3 = s3 * m + b;
            s4 = s4 * m + b;
            s5 = s5 * m + b;
            s6 = s6 * m + b;
            s7 = s7 * m + b;
        }
        out.set(c.globalIdx, s0 + s1 + (s2 + s3) + (s4 + s5 + (s6 + s7)));
    }
}
