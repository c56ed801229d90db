package io.sparktts.jcuda;

import io.sparktts.backend.DType;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

/** The {@code naive} variant of sampling, composed of the kernels of {@code NaiveSampling.cu}. */
final class NaiveSampling {
    private static final String MODULE = "NaiveSampling";
    private static final int THREADS = 256;
    private static final int SUM_THREADS = 1024;

    /** Keys that a block sorts by one digit. */
    private static final int TILE = 2048;

    private static final int DIGIT_BITS = 8;
    private static final int DIGITS = 1 << DIGIT_BITS;

    private final CudaContext context;
    private final NaiveSteps steps;

    NaiveSampling(CudaContext context, NaiveSteps steps) {
        this.context = context;
        this.steps = steps;
    }

    /** See {@link Kernels#samplingProbabilities}. */
    void probabilities(
            Kernels kernels, CUstream stream, Tensor out, Tensor logits, Sampling sampling) {
        int rows = logits.rows();
        int n = logits.columns();
        if (rows == 0) {
            return;
        }
        Tensor x = kernels.scratch("naiveSampling.logits", DType.F32, rows, n);
        each(
                stream,
                "scale_" + logits.dtype().id(),
                x,
                CudaBuffer.address(x),
                CudaBuffer.address(logits),
                x.elements(),
                (float) sampling.temperature());
        boolean topK = sampling.topK() > 0 && sampling.topK() < n;
        if (topK || sampling.topP() < 1) {
            cut(kernels, stream, x, topK ? sampling.topK() : 0, sampling.topP());
        }
        steps.softmax(kernels, stream, out, x);
    }

    /** See {@link Kernels#sample}. */
    void sample(
            Kernels kernels,
            CUstream stream,
            Tensor tokens,
            Tensor logits,
            Sampling sampling,
            Tensor random) {
        int rows = logits.rows();
        int n = logits.columns();
        if (rows == 0) {
            return;
        }
        Tensor p = kernels.scratch("naiveSampling.probabilities", DType.F32, rows, n);
        Tensor sum = kernels.scratch("naiveSampling.sum", DType.F32, rows, n);
        probabilities(kernels, stream, p, logits, sampling);
        cumulativeSum(stream, sum, p);
        launch(
                stream,
                "draw",
                rows,
                THREADS,
                CudaBuffer.address(tokens),
                CudaBuffer.address(random),
                CudaBuffer.address(p),
                CudaBuffer.address(sum),
                n);
    }

    /** Top-k ({@code k = 0} for none), then top-p: {@code -inf} for what they cut. */
    private void cut(Kernels kernels, CUstream stream, Tensor x, int k, double topP) {
        int rows = x.rows();
        int n = x.columns();
        Tensor keys = kernels.scratch("naiveSampling.keys", DType.I32, rows, n);
        Tensor order = kernels.scratch("naiveSampling.order", DType.I32, rows, n);
        sort(kernels, stream, keys, order, x);
        long at = CudaBuffer.address(x);
        long ordered = CudaBuffer.address(order);
        if (k > 0) {
            each(stream, "keepTopK", x, at, CudaBuffer.address(keys), x.elements(), n, k);
        }
        if (topP < 1) {
            Tensor sum = kernels.scratch("naiveSampling.sum", DType.F32, rows, n);
            long sums = CudaBuffer.address(sum);
            each(stream, "gather", x, sums, at, ordered, x.elements(), n);
            steps.softmax(kernels, stream, sum, sum);
            cumulativeSum(stream, sum, sum);
            each(stream, "cutTail", x, at, sums, ordered, x.elements(), n, (float) (1 - topP));
        }
    }

    /** Keys of each row ascending, equal ones in index order, and their indices. */
    private void sort(Kernels kernels, CUstream stream, Tensor keys, Tensor order, Tensor x) {
        int rows = x.rows();
        int n = x.columns();
        int tiles = Math.ceilDiv(n, TILE);
        int tilesOfAll = Math.multiplyExact(rows, tiles);
        long key = CudaBuffer.address(keys);
        long index = CudaBuffer.address(order);
        long otherKey =
                CudaBuffer.address(kernels.scratch("naiveSampling.otherKeys", DType.I32, rows, n));
        long otherIndex =
                CudaBuffer.address(kernels.scratch("naiveSampling.otherOrder", DType.I32, rows, n));
        long counts =
                CudaBuffer.address(
                        kernels.scratch("naiveSampling.counts", DType.I32, tilesOfAll, DIGITS));
        each(stream, "keys", x, key, index, CudaBuffer.address(x), x.elements(), n);
        // An even number of passes: what is sorted ends where it began.
        for (int shift = 0; shift < 32; shift += DIGIT_BITS) {
            launch(stream, "countDigits", tilesOfAll, THREADS, counts, key, n, tiles, shift);
            launch(stream, "placeDigits", rows, THREADS, counts, tiles);
            launch(
                    stream,
                    "moveKeys",
                    tilesOfAll,
                    THREADS,
                    otherKey,
                    otherIndex,
                    key,
                    index,
                    counts,
                    n,
                    tiles,
                    shift);
            long k = key;
            key = otherKey;
            otherKey = k;
            long i = index;
            index = otherIndex;
            otherIndex = i;
        }
    }

    private void cumulativeSum(CUstream stream, Tensor out, Tensor x) {
        launch(
                stream,
                "cumulativeSum",
                x.rows(),
                SUM_THREADS,
                CudaBuffer.address(out),
                CudaBuffer.address(x),
                x.columns());
    }

    /** A thread per element of {@code x}. */
    private void each(CUstream stream, String entry, Tensor x, Object... arguments) {
        int blocks = Math.toIntExact(Math.ceilDiv(x.elements(), (long) THREADS));
        launch(stream, entry, blocks, THREADS, arguments);
    }

    private void launch(
            CUstream stream, String entry, int blocks, int threads, Object... arguments) {
        context.function(MODULE, entry).launch(stream, blocks, 1, 1, threads, 0, arguments);
    }
}
