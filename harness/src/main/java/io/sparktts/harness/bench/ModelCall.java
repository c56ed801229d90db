package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.contract.Comparison;
import io.sparktts.model.Qwen2;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Qwen2Session;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** A pass of the whole model: a prompt from an empty cache, or one decode step. */
final class ModelCall implements Call {
    /** Decode steps that fit before the cache is filled anew, where filling it takes long. */
    private static final int ROOM = 512;

    /** And where it does not: rows of a context's length should be near that length. */
    private static final int LITTLE_ROOM = 64;

    private final BenchSpec spec;
    private final Device device;
    private final int room;
    private final Variants variants;
    private final Qwen2Config config;
    private final Qwen2 model;
    private final Qwen2Session session;
    private final List<int[]> prompts = new ArrayList<>();
    private final @Nullable Tensor allLogits;
    private ModelCheck.@Nullable Result checked;
    private long cachedPositions;
    private long steps;

    ModelCall(BenchSpec spec, Device device) {
        this.spec = spec;
        this.device = device;
        room = device.asynchronous() ? LITTLE_ROOM : ROOM;
        variants = Grid.parse(spec.variant());
        config = Models.config(spec.model());
        model = Models.load(spec.model(), device, spec.dtype());
        int capacity =
                spec.kind() == BenchKind.DECODE
                        ? Math.min(spec.sequenceLength() + room, config.maxPositions())
                        : spec.sequenceLength();
        session = model.session(variants, spec.batch(), capacity, Sampling.SPARK_TTS);
        Random random = new Random(Models.SEED);
        for (int b = 0; b < spec.batch(); b++) {
            prompts.add(random.ints(spec.sequenceLength(), 0, config.vocabSize()).toArray());
        }
        allLogits =
                spec.kind() == BenchKind.FORWARD
                        ? device.allocate(
                                spec.dtype(),
                                (long) spec.batch() * spec.sequenceLength(),
                                config.vocabSize())
                        : null;
        refresh();
    }

    @Override
    public Queue queue() {
        return session.queue();
    }

    @Override
    public void refresh() {
        if (spec.kind() == BenchKind.DECODE
                && (session.length(0) == 0 || session.length(0) >= refillAt())) {
            refill();
        }
    }

    /** Half of the room, so that an iteration seldom meets a full cache. */
    private int refillAt() {
        return Math.min(spec.sequenceLength() + room / 2, config.maxPositions());
    }

    private void refill() {
        session.reset();
        session.append(prompts);
        session.start(Models.SEED);
    }

    @Override
    public void run() {
        switch (spec.kind()) {
            case FORWARD -> {
                session.reset();
                session.appendForAllLogits(prompts, java.util.Objects.requireNonNull(allLogits));
            }
            case PREFILL -> {
                session.reset();
                session.append(prompts);
            }
            default -> {
                cachedPositions += session.length(0) + 1;
                steps++;
                session.queueStep();
            }
        }
    }

    @Override
    public boolean full() {
        return spec.kind() == BenchKind.DECODE
                && session.length(0)
                        >= Math.min(spec.sequenceLength() + room, config.maxPositions());
    }

    @Override
    public Comparison check() {
        ModelCheck.Result result =
                ModelCheck.run(device, config, spec.dtype(), variants, spec.variant());
        checked = result;
        return result.comparison();
    }

    @Override
    public String truth() {
        return checked == null ? "" : checked.truth();
    }

    @Override
    public String remark() {
        return checked == null
                ? ""
                : String.format(
                        Locale.ROOT, "next-token divergence %.2g nats", checked.divergence());
    }

    @Override
    public long bytes() {
        long weights = model.weights().decodeBytes();
        if (spec.kind() != BenchKind.DECODE) {
            return 0;
        }
        DType type = spec.dtype();
        long position = 2L * config.layers() * config.kvHeads() * config.headDim() * type.bytes();
        long cached = steps == 0 ? spec.sequenceLength() : cachedPositions / steps;
        return weights + position * cached * spec.batch();
    }

    @Override
    public double flops() {
        return spec.flops();
    }

    @Override
    public int tokens() {
        return spec.kind() == BenchKind.DECODE
                ? spec.batch()
                : spec.batch() * spec.sequenceLength();
    }

    @Override
    public void close() {
        if (allLogits != null) {
            allLogits.close();
        }
        session.close();
        model.close();
    }
}
