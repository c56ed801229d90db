package io.sparktts.vector;

import io.sparktts.backend.DType;
import io.sparktts.backend.Philox;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;
import io.sparktts.host.HostDevice;

import org.jspecify.annotations.Nullable;

/** Sampling, one row of logits per chunk. */
final class SamplingKernel implements AutoCloseable {
    private enum Kind {
        PROBABILITIES,
        SAMPLE,
        ARGMAX
    }

    private final WorkerPool pool;
    private final @Nullable TokenSelector[] selectors;
    private final WorkerPool.Task task = this::row;

    private Kind kind = Kind.ARGMAX;
    private boolean naive;
    private Sampling sampling = Sampling.GREEDY;
    private long logits;
    private DType dtype = DType.F32;
    private int n;
    private long out;
    private long random;

    SamplingKernel(WorkerPool pool) {
        this.pool = pool;
        this.selectors = new TokenSelector[pool.workers()];
    }

    void probabilities(Tensor o, Tensor x, Sampling s, boolean naiveVariant) {
        if (o.dtype() != DType.F32 || o.elements() != x.elements()) {
            throw new IllegalArgumentException("samplingProbabilities: " + o + " of " + x);
        }
        run(Kind.PROBABILITIES, o, x, s, naiveVariant);
    }

    void sample(Tensor tokens, Tensor x, Sampling s, Tensor state, boolean naiveVariant) {
        random = HostDevice.address(state);
        run(Kind.SAMPLE, tokens, x, s, naiveVariant);
    }

    void argmax(Tensor tokens, Tensor x) {
        run(Kind.ARGMAX, tokens, x, Sampling.GREEDY, false);
    }

    private void run(Kind k, Tensor o, Tensor x, Sampling s, boolean naiveVariant) {
        kind = k;
        naive = naiveVariant;
        sampling = s;
        logits = HostDevice.address(x);
        dtype = x.dtype();
        n = x.columns();
        out = HostDevice.address(o);
        pool.run(task, x.rows());
    }

    private TokenSelector selector(int worker) {
        TokenSelector s = selectors[worker];
        if (s == null || s.vocabulary() != n) {
            if (s != null) {
                s.close();
            }
            s = new TokenSelector(n);
            selectors[worker] = s;
        }
        return s;
    }

    private void row(int r, int worker) {
        TokenSelector s = selector(worker);
        Convert.widen(logits + (long) r * n * dtype.bytes(), dtype, s.floats(), n);
        if (kind == Kind.ARGMAX || sampling.greedy()) {
            int best = TokenSelector.argmax(s.floats(), n);
            if (kind == Kind.PROBABILITIES) {
                clear(r);
                Lanes.putFloat(out + 4L * ((long) r * n + best), 1);
            } else {
                choose(r, best);
            }
            return;
        }
        s.select(sampling, naive);
        if (kind == Kind.PROBABILITIES) {
            clear(r);
            for (int i = 0; i < s.count(); i++) {
                Lanes.putFloat(out + 4L * ((long) r * n + s.token(i)), (float) s.probability(i));
            }
        } else {
            long state = random + 16L * r;
            choose(
                    r,
                    s.draw(
                            Philox.uniform(
                                    Lanes.getInt(state),
                                    Lanes.getInt(state + 4),
                                    Lanes.getInt(state + 8),
                                    Lanes.getInt(state + 12))));
        }
    }

    private void choose(int r, int token) {
        Lanes.putInt(out + 4L * r, token);
        if (kind == Kind.SAMPLE) {
            long position = random + 16L * r + 12;
            Lanes.putInt(position, Lanes.getInt(position) + 1);
        }
    }

    private void clear(int r) {
        Lanes.ALL.asSlice(out + 4L * r * n, 4L * n).fill((byte) 0);
    }

    @Override
    public void close() {
        for (TokenSelector s : selectors) {
            if (s != null) {
                s.close();
            }
        }
    }
}
