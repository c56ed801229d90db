package io.sparktts.contract;

import io.sparktts.backend.DType;
import io.sparktts.backend.Op;
import io.sparktts.backend.Variants;

/**
 * How far a kernel may be from the truth: the one table of tolerances. An element of truth {@code
 * t} in an output of typical magnitude {@code scale} may be off by
 *
 * <pre>
 * e(out) * (elementUnits * |t| + scaleUnits * scale)  +  e(acc) * reductionUnits * sqrt(K) * scale
 * </pre>
 *
 * where {@code e(out)} is the epsilon of the output's dtype (a correct rounding costs half of it),
 * {@code e(acc)} that of the accumulator (F32; F64 for F64) and {@code K} the length of the
 * reduction: rounding errors of a sum behave like a random walk. The first term judges each element
 * by its own size, so that an element dropped from a sum shows in the small elements even where the
 * dtype is coarse. Margins are about 2 to 4 over what a correct kernel with a float32 accumulator
 * shows; one that accumulates in bfloat16 is outside.
 *
 * <p>The truth comes from the inputs as rounded to the dtype, so their rounding is not in here.
 *
 * @param elementUnits roundings of the result itself
 * @param scaleUnits roundings of intermediate values, which do not shrink with the element
 * @param reductionUnits accumulation and elementary functions in float32
 */
public record Tolerance(double elementUnits, double scaleUnits, double reductionUnits) {
    /** Copies, indices, look-ups: nothing is rounded. */
    public static final Tolerance EXACT = new Tolerance(0, 0, 0);

    /** One correctly rounded addition is half a unit. */
    static final Tolerance ADD = new Tolerance(1, 0, 0);

    /**
     * Two products and a sum in float32, rounded once; a cancelling pair leaves the products'
     * error.
     */
    static final Tolerance ROTARY = new Tolerance(1, 0, 3);

    /** As {@link #ROTARY}, but cosine, both products and the sum are each rounded to the dtype. */
    static final Tolerance ROTARY_NAIVE = new Tolerance(1, 3, 3);

    /**
     * Two roundings by definition (before and after the weight); the statistics' error is common to
     * the row.
     */
    static final Tolerance RMS_NORM = new Tolerance(1.5, 0, 1);

    /** As {@link #RMS_NORM}, of a residual that is rounded itself. */
    static final Tolerance ADD_RMS_NORM = new Tolerance(2.25, 0, 1);

    /** One rounding of a float32 dot product. */
    static final Tolerance LINEAR = new Tolerance(1, 0, 3);

    /** The product is rounded before the bias is added. */
    static final Tolerance LINEAR_NAIVE = new Tolerance(1, 1, 3);

    /** One rounding; exp in float32 is good to a few units, less so at large arguments. */
    static final Tolerance SILU_MUL = new Tolerance(1, 0, 4);

    /** Activation and product are rounded separately. */
    static final Tolerance SILU_MUL_NAIVE = new Tolerance(2.5, 0, 4);

    /** The default body rounds gate and up, which a variant need not. */
    static final Tolerance SWI_GLU = new Tolerance(2, 1, 4);

    /**
     * As {@link #SWI_GLU}; the inner activation's rounding errors then average over the second
     * reduction.
     */
    static final Tolerance MLP = new Tolerance(1, 1.5, 4);

    /** One rounding; exp and the sum in float32. */
    static final Tolerance SOFTMAX = new Tolerance(1, 0, 4);

    /** Difference, exponential, sum and quotient are rounded to the dtype. */
    static final Tolerance SOFTMAX_NAIVE = new Tolerance(3, 1, 4);

    /** One rounding of the output; weights may be rounded to the dtype for the matrix unit. */
    static final Tolerance ATTENTION = new Tolerance(1, 1, 4);

    /**
     * Scores are rounded to the dtype before the softmax (an error in the exponent), the weights
     * after it.
     */
    static final Tolerance ATTENTION_NAIVE = new Tolerance(1, 6, 4);

    /** Probabilities are F32 whatever the logits are. */
    static final Tolerance PROBABILITIES = new Tolerance(4, 4, 4);

    /** One rounding; mean and variance in float32 leave an error of the row's own size. */
    static final Tolerance LAYER_NORM = new Tolerance(1, 0, 3);

    /** One rounding; exponential, error function or sine good to a few units of float32. */
    static final Tolerance ELEMENTARY = new Tolerance(1, 0, 8);

    /** The default body rounds what the last step reads. */
    static final Tolerance GEGLU = new Tolerance(2, 0, 8);

    /** A product and a sum in float32, rounded once. */
    static final Tolerance AFFINE = new Tolerance(1, 0, 2);

    /** Four or five roundings in a row, each passed on by a product. */
    static final Tolerance CODEC_BLOCK = new Tolerance(1, 4, 16);

    /** One decoder layer: some ten roundings in a row, on a residual of this size. */
    static final Tolerance LAYER = new Tolerance(1, 6, 32);

    /**
     * A whole model: roundings of all layers pass through all later ones. PyTorch in bfloat16 is
     * off by 6 units of the largest logit on two layers, in float32 by 22.
     */
    public static final Tolerance MODEL = new Tolerance(0, 16, 256);

    /** TF32 rounds both factors to 10 bits; only a variant that carries the name may. */
    private static final double TF32_EPSILON = 0x1p-10;

    /** The row for an operation's variant. */
    public static Tolerance of(Op op, String variant) {
        boolean naive = variant.equals(Variants.NAIVE);
        return switch (op) {
            case EMBEDDING,
                    CACHE_WRITE,
                    GATHER_ROWS,
                    SAMPLE,
                    ARGMAX,
                    ADVANCE,
                    COPY_COLUMNS,
                    UNFOLD ->
                    EXACT;
            case ADD -> ADD;
            case ROTARY -> naive ? ROTARY_NAIVE : ROTARY;
            case RMS_NORM -> RMS_NORM;
            case ADD_RMS_NORM -> ADD_RMS_NORM;
            case LINEAR -> tf32(naive ? LINEAR_NAIVE : LINEAR, variant);
            case SILU_MUL -> naive ? SILU_MUL_NAIVE : SILU_MUL;
            case SWI_GLU -> tf32(SWI_GLU, variant);
            case MLP -> tf32(MLP, variant);
            case SOFTMAX -> naive ? SOFTMAX_NAIVE : SOFTMAX;
            case ATTENTION -> tf32(naive ? ATTENTION_NAIVE : ATTENTION, variant);
            case SAMPLING_PROBABILITIES -> PROBABILITIES;
            case LAYER_NORM -> LAYER_NORM;
            case ACTIVATION, SNAKE -> ELEMENTARY;
            case GEGLU -> GEGLU;
            case AFFINE -> AFFINE;
            case COLUMN_MEAN, DEPTHWISE_CONV1D -> LINEAR;
            case BIDIRECTIONAL_ATTENTION -> tf32(ATTENTION, variant);
            case CONV1D, CONV_TRANSPOSE1D -> tf32(LINEAR, variant);
            case RESIDUAL_UNIT, CONV_NEXT_BLOCK -> tf32(CODEC_BLOCK, variant);
            case DECODER_LAYER -> tf32(LAYER, variant);
            case FORWARD, DECODE_STEP -> tf32(MODEL, variant);
        };
    }

    /**
     * The bound on a sample of a whole codec's wave in (-1, 1): some forty layers round, and pass
     * on what those before them rounded. Kernels that are right each were off by 31 (vector) and 35
     * (jcuda) units in f16, 30 in TF32 and 19 in bf16; the golden files' float32 by 6e-5.
     */
    public static double wave(DType dtype, Variants variants) {
        double epsilon = isTf32(variants.toString()) ? TF32_EPSILON : dtype.epsilon();
        return Math.max(GoldenCodec.WAVE, 48 * epsilon);
    }

    private static boolean isTf32(String variant) {
        return variant.toLowerCase(java.util.Locale.ROOT).contains("tf32");
    }

    private static Tolerance tf32(Tolerance t, String variant) {
        double factor = TF32_EPSILON / DType.F32.epsilon();
        return isTf32(variant)
                ? new Tolerance(
                        t.elementUnits, t.scaleUnits, Math.max(t.reductionUnits, 2 * factor))
                : t;
    }

    /**
     * The bound on one element's error.
     *
     * @param out dtype of the output
     * @param truth the element
     * @param scale magnitude of the elements around it
     * @param k length of the reduction
     */
    public double bound(DType out, double truth, double scale, long k) {
        double accumulator =
                Math.min(DType.F32.epsilon(), out == DType.F64 ? DType.F64.epsilon() : 1);
        double bound =
                out.epsilon() * (elementUnits * Math.abs(truth) + scaleUnits * scale)
                        + accumulator * reductionUnits * Math.sqrt((double) k) * scale;
        return this.equals(EXACT) ? 0 : bound + underflow(out);
    }

    /** Below the normal numbers the spacing is constant; float32 units may flush to zero. */
    private static double underflow(DType dtype) {
        return switch (dtype) {
            case F16 -> 0x1p-24;
            case F32, BF16 -> 0x1p-126;
            case F64, I32 -> 0;
        };
    }
}
