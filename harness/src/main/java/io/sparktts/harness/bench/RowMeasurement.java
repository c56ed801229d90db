package io.sparktts.harness.bench;

import com.sun.management.ThreadMXBean;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.Backends;
import io.sparktts.backend.Device;
import io.sparktts.backend.Event;
import io.sparktts.backend.Op;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Support;
import io.sparktts.backend.Variants;
import io.sparktts.contract.Comparison;
import io.sparktts.reports.schema.Limit;
import io.sparktts.reports.schema.ResultFile;
import io.sparktts.reports.schema.Row;
import io.sparktts.reports.schema.RowBuilder;
import io.sparktts.reports.schema.Status;
import io.sparktts.reports.schema.Timing;
import io.sparktts.speech.Speech;

import org.jspecify.annotations.Nullable;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/** Measures one row in the fork that JMH made for it: cold start, correctness, limits, samples. */
final class RowMeasurement implements AutoCloseable {
    /** Thrown once the row is written though nothing was timed; JMH then goes on with the next. */
    static final class NothingToTime extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NothingToTime(String message) {
            super(message);
        }
    }

    private static final Duration SETTLE = Duration.ofMillis(700);

    /** On a device of its own clock only the few methods that launch have to be compiled. */
    private static final Duration SETTLE_LAUNCHES = Duration.ofMillis(150);

    /** Samples taken while the clock was below this share of the highest one are left out. */
    private static final double LEAST_CLOCK = 0.75;

    /** Why a row is skipped that a preset with a limit has no time for. */
    static final String TIME_OVER = "the preset's time was over; --resume measures it";

    private final RunPlan plan;
    private final BenchSpec spec;
    private final Device device;
    private final Call call;
    private final Queue queue;
    private final RowBuilder row;
    private final LimitMeter limits;
    private final Samples samples = new Samples();
    private final Samples iteration = new Samples();
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private @Nullable KernelReplay replay;
    private boolean recording;
    private boolean failed;
    private OptionalInt clockBefore = OptionalInt.empty();
    private OptionalInt clockNow = OptionalInt.empty();
    private int highestClock;
    private int throttled;
    private long calls;
    private long allocated;
    private long allocatedAtStart;

    private RowMeasurement(RunPlan plan, BenchSpec spec, Device device) {
        this.plan = plan;
        this.spec = spec;
        this.device = device;
        this.row = Row.builder(plan.environmentId(), spec.key());
        this.call = Call.of(spec, device);
        this.queue = call.queue();
        this.limits = new LimitMeter(spec, device, call.bytes(), call.flops());
    }

    /**
     * Makes everything ready for timing.
     *
     * @throws NothingToTime once a row is written that says why nothing is timed
     */
    static RowMeasurement begin(RunPlan plan, BenchSpec spec) {
        if (plan.deadlineEpochMillis() > 0
                && System.currentTimeMillis() + spec.estimateMillis()
                        > plan.deadlineEpochMillis()) {
            throw end(plan, spec, Status.SKIPPED, TIME_OVER);
        }
        try {
            Device device = Backends.named(spec.backend()).open(spec.deviceId());
            Support support = support(spec, device);
            if (!support.supported()) {
                throw end(plan, spec, Status.UNSUPPORTED, support.reason());
            }
            RowMeasurement m = new RowMeasurement(plan, spec, device);
            m.checkAndProbe();
            return m;
        } catch (NothingToTime e) {
            throw e;
        } catch (RuntimeException | OutOfMemoryError | LinkageError e) {
            NothingToTime nothing = end(plan, spec, Status.ERROR, oneLine(e));
            nothing.initCause(e);
            throw nothing;
        }
    }

    private static NothingToTime end(RunPlan plan, BenchSpec spec, Status status, String why) {
        write(plan, Row.builder(plan.environmentId(), spec.key()).failed(status, why).build());
        return new NothingToTime(spec.label() + ": " + status + ": " + why);
    }

    private static void write(RunPlan plan, Row row) {
        ResultFile.append(Path.of(plan.results()), row);
    }

    private static String oneLine(Throwable e) {
        String message = e.getMessage();
        String text =
                message == null
                        ? e.getClass().getSimpleName()
                        : message.lines().findFirst().orElse("");
        return e instanceof BackendException ? text : e.getClass().getSimpleName() + ": " + text;
    }

    private static Support support(BenchSpec spec, Device device) {
        boolean audio = spec.kind() == BenchKind.CODEC || spec.kind() == BenchKind.SPEECH;
        if (audio && spec.batch() > 1) {
            return Support.no("the codec decodes one utterance at a time");
        }
        if (!spec.kind().wholeModel()) {
            return device.supports(spec.kind().op(), spec.dtype(), spec.variant());
        }
        Variants variants = Grid.parse(spec.variant());
        for (Op op : spec.kind().ops()) {
            List<String> available = device.variants(op);
            if (variants.override(op).isPresent()
                    && !available.contains(variants.override(op).orElseThrow())) {
                return Support.no(
                        op.id() + " has no variant " + variants.override(op).orElseThrow());
            }
            Support s = device.supports(op, spec.dtype(), variants.choose(op, available));
            if (!s.supported()) {
                return s;
            }
        }
        return Support.YES;
    }

    private void checkAndProbe() {
        long start = System.nanoTime();
        call.run();
        queue.synchronize();
        row.coldStartMillis((System.nanoTime() - start) / 1e6);
        Comparison c = call.check();
        row.maxAbsDiff(c.maxAbsDiff())
                .errorInTolerance(c.worstInTolerance())
                .nonFinite(c.nonFinite())
                .reference(call.truth());
        if (!c.passed()) {
            Status status = c.nonFinite() > 0 ? Status.NON_FINITE : Status.INCORRECT;
            write(plan, row.failed(status, c.message()).build());
            throw new NothingToTime(spec.label() + ": " + status + ": " + c.message());
        }
        if (device.asynchronous() && call instanceof KernelCall kernel) {
            replay = new KernelReplay(device, kernel);
        }
        settle();
        limits.measure(Duration.ofMillis(plan.effort().limitMillis()));
    }

    /**
     * Calls until compiled code runs: vector code is a thousand times slower before, so that JMH's
     * timed warm-up alone may be over after a few calls.
     */
    private void settle() {
        Duration settle = device.asynchronous() ? SETTLE_LAUNCHES : SETTLE;
        long end = System.nanoTime() + settle.toNanos();
        call.refresh();
        while (System.nanoTime() < end) {
            time();
        }
    }

    /** Before an iteration of JMH. */
    void startIteration(boolean measured) {
        call.refresh();
        recording = measured;
        iteration.clear();
        if (measured) {
            limits.startRound(besideRound());
        }
        if (measured && clockBefore.isEmpty()) {
            clockBefore = clock();
        }
        allocatedAtStart = threads.getTotalThreadAllocatedBytes();
    }

    /** After an iteration. */
    void endIteration() {
        clockNow = clock();
        if (recording && !failed) {
            allocated += threads.getTotalThreadAllocatedBytes() - allocatedAtStart;
            calls += iteration.wall.count();
            try {
                sampleReplays();
                keepUnlessThrottled();
            } catch (RuntimeException | Error e) {
                failed = true;
                throw end(plan, spec, Status.ERROR, oneLine(e));
            }
        }
        recording = false;
    }

    private void sampleReplays() {
        if (replay != null) {
            long budget = Duration.ofMillis(plan.effort().roundMillis()).toNanos() / 3;
            replay.sample(budget, iteration);
            clockNow = lower(clockNow, clock());
        }
    }

    private void keepUnlessThrottled() {
        if (clockNow.isPresent() && clockNow.getAsInt() < LEAST_CLOCK * highestClock) {
            throttled += iteration.count();
        } else {
            samples.addAll(iteration);
            limits.endRound(iteration.median(), besideRound());
        }
    }

    private Duration besideRound() {
        return Duration.ofMillis(plan.effort().limitMillis() / 4);
    }

    private OptionalInt clock() {
        OptionalInt clock = device.clockMegahertz();
        highestClock = Math.max(highestClock, clock.orElse(0));
        return clock;
    }

    private static OptionalInt lower(OptionalInt a, OptionalInt b) {
        return b.isEmpty() || (a.isPresent() && a.getAsInt() < b.getAsInt()) ? a : b;
    }

    /** One call; its times are kept in measured iterations. */
    void time() {
        try {
            if (call.full()) {
                call.refresh();
            }
            if (replay != null) {
                timeReplay(replay);
            } else {
                timeCall();
            }
        } catch (RuntimeException | Error e) {
            failed = true;
            throw end(plan, spec, Status.ERROR, oneLine(e));
        }
    }

    private void timeReplay(KernelReplay r) {
        long start = System.nanoTime();
        r.run();
        queue.synchronize();
        long wall = System.nanoTime() - start;
        if (recording) {
            iteration.wall.add(wall);
        }
    }

    private void timeCall() {
        long start = System.nanoTime();
        Event before = queue.mark();
        call.run();
        Event after = queue.mark();
        queue.synchronize();
        long wall = System.nanoTime() - start;
        if (recording) {
            iteration.wall.add(wall);
            Speech.Timings timings = call.timings();
            if (timings == null) {
                iteration.device.add(after.nanosSince(before));
            } else {
                iteration.speech.add(timings);
            }
        }
    }

    /** Writes the row. */
    void end() {
        if (failed || calls == 0) {
            return;
        }
        row.clocksMegahertz(boxed(clockBefore), boxed(clockNow));
        if (clockNow.isPresent()) {
            row.throttledSamples(throttled);
        }
        if (samples.wall.count() == 0) {
            String why =
                    "all samples were taken below "
                            + Math.round(LEAST_CLOCK * 100)
                            + " % of the highest clock, "
                            + highestClock
                            + " MHz";
            write(plan, row.failed(Status.ERROR, why).build());
            return;
        }
        limits.append(Path.of(plan.limits()));
        Timing wall = Timing.of(samples.wall.nanos());
        Timing device = timing(samples.device);
        long bytes = call.bytes();
        row.wallTime(wall)
                .deviceTime(device)
                .coldDeviceTime(timing(samples.cold))
                .bytesPerCall(bytes > 0 ? Long.valueOf(bytes) : null)
                .flopsPerCall(call.flops() > 0 ? Double.valueOf(call.flops()) : null)
                .allocatedBytesPerCall((double) allocated / calls)
                .rates();
        limits.limit()
                .ifPresent(l -> limits.share().ifPresent(s -> row.shareOf(l.kind(), 100 * s)));
        if (call instanceof SpeechCall utterance) {
            row.speech(utterance.times(samples.speech));
        }
        if (call.tokens() > 0) {
            // Whoever waits for a token waits for its launch as well.
            Timing time = spec.kind() == BenchKind.DECODE || device == null ? wall : device;
            row.tokensPerSecond(call.tokens() * 1e9 / time.medianNanos());
        }
        Row measured = row.build();
        String message = join(call.remark(), aboveLimit(measured, bytes));
        write(plan, row.message(message.isEmpty() ? null : message).build());
    }

    private static @Nullable Timing timing(SampleRecorder times) {
        return times.count() == 0 ? null : Timing.of(times.nanos());
    }

    /** A share above 100 % says that the probe met another bottleneck than the row. */
    private String aboveLimit(Row measured, long bytes) {
        Double percent = measured.percentOfLimit();
        if (percent == null || percent <= 100) {
            return "";
        }
        long cache = device.info().lastLevelCacheBytes();
        boolean inCache = !Limit.GFLOP_PER_SECOND.equals(unit()) && cache > 0 && bytes < cache;
        return inCache
                ? String.format(
                        Locale.ROOT,
                        "above the memory limit: its %.1f MB stay in the cache",
                        bytes / 1e6)
                : "above the measured limit: do not trust the limit";
    }

    private static @Nullable Integer boxed(OptionalInt value) {
        return value.isPresent() ? (Integer) value.getAsInt() : null;
    }

    private String unit() {
        return limits.limit().map(Limit::unit).orElse("");
    }

    private static String join(String a, String b) {
        return a.isEmpty() || b.isEmpty() ? a + b : a + "; " + b;
    }

    @Override
    public void close() {
        if (replay != null) {
            replay.close();
        }
        call.close();
        device.close();
    }
}
