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

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Measures one row in the fork that JMH made for it: cold start, correctness, limits, samples. */
final class RowMeasurement implements AutoCloseable {
    /** Thrown once the row is written though nothing was timed; JMH then goes on with the next. */
    static final class NothingToTime extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NothingToTime(String message) {
            super(message);
        }
    }

    /** Why a row is skipped that a preset with a limit has no time for. */
    private static final Duration SETTLE = Duration.ofMillis(700);

    static final String TIME_OVER = "the preset's time was over; --resume measures it";

    private final RunPlan plan;
    private final BenchSpec spec;
    private final Device device;
    private final Call call;
    private final Queue queue;
    private final RowBuilder row;
    private final LimitMeter limits;
    private final SampleRecorder recorder = new SampleRecorder();
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private boolean recording;
    private boolean failed;
    private long allocated;
    private long allocatedAtStart;

    private RowMeasurement(RunPlan plan, BenchSpec spec, Device device) {
        this.plan = plan;
        this.spec = spec;
        this.device = device;
        this.row = Row.builder(plan.environmentId(), spec.key());
        this.call =
                spec.kind().wholeModel()
                        ? new ModelCall(spec, device)
                        : new KernelCall(spec, device);
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
        if (!spec.kind().wholeModel()) {
            return device.supports(spec.kind().op(), spec.dtype(), spec.variant());
        }
        Variants variants = Grid.parse(spec.variant());
        List<Op> ops = new ArrayList<>(BenchKind.MODEL_OPS);
        if (spec.kind() == BenchKind.DECODE) {
            ops.add(Op.SAMPLE);
        }
        for (Op op : ops) {
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
        settle();
        limits.measure(Duration.ofMillis(plan.effort().limitMillis()));
    }

    /**
     * Calls until compiled code runs: vector code is a thousand times slower before, so that JMH's
     * timed warm-up alone may be over after a few calls.
     */
    private void settle() {
        long end = System.nanoTime() + SETTLE.toNanos();
        call.refresh();
        while (System.nanoTime() < end) {
            time();
        }
    }

    /** Before an iteration of JMH. */
    void startIteration(boolean measured) {
        call.refresh();
        recording = measured;
        allocatedAtStart = threads.getTotalThreadAllocatedBytes();
    }

    /** After an iteration. */
    void endIteration() {
        if (recording) {
            allocated += threads.getTotalThreadAllocatedBytes() - allocatedAtStart;
        }
        recording = false;
    }

    /** One call; its times are kept in measured iterations. */
    void time() {
        try {
            if (call.full()) {
                call.refresh();
            }
            long start = System.nanoTime();
            Event before = queue.mark();
            call.run();
            Event after = queue.mark();
            queue.synchronize();
            long wall = System.nanoTime() - start;
            if (recording) {
                recorder.add(wall, after.nanosSince(before));
            }
        } catch (RuntimeException | Error e) {
            failed = true;
            throw end(plan, spec, Status.ERROR, oneLine(e));
        }
    }

    /** Writes the row. */
    void end() {
        if (failed || recorder.calls() == 0) {
            return;
        }
        limits.measureFastest(Duration.ofMillis(plan.effort().limitMillis()));
        limits.append(Path.of(plan.limits()));
        Timing device = Timing.of(recorder.deviceNanos());
        long bytes = call.bytes();
        row.wallTime(Timing.of(recorder.wallNanos()))
                .deviceTime(device)
                .bytesPerCall(bytes > 0 ? Long.valueOf(bytes) : null)
                .flopsPerCall(call.flops())
                .allocatedBytesPerCall((double) allocated / recorder.calls())
                .rates();
        limits.limit().ifPresent(row::shareOf);
        if (call.tokens() > 0) {
            row.tokensPerSecond(call.tokens() * 1e9 / device.medianNanos());
        }
        Row measured = row.build();
        String message = join(call.remark(), aboveLimit(measured, bytes));
        write(plan, row.message(message.isEmpty() ? null : message).build());
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

    private String unit() {
        return limits.limit().map(Limit::unit).orElse("");
    }

    private static String join(String a, String b) {
        return a.isEmpty() || b.isEmpty() ? a + b : a + "; " + b;
    }

    @Override
    public void close() {
        call.close();
        device.close();
    }
}
