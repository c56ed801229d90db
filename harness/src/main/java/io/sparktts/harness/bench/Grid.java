package io.sparktts.harness.bench;

import io.sparktts.backend.DType;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Op;
import io.sparktts.backend.Variants;
import io.sparktts.contract.KernelWorkload;
import io.sparktts.harness.ProbeReport;
import io.sparktts.harness.UserError;
import io.sparktts.harness.bench.Preset.Part;
import io.sparktts.harness.bench.Preset.Shape;
import io.sparktts.model.Qwen2Config;
import io.sparktts.reports.schema.RowKey;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Turns what the user asked for into rows.
 *
 * @param preset where nothing else is said
 * @param kinds benchmarks; empty for the preset's
 * @param dtypes empty for the preset's
 * @param batches empty for the preset's
 * @param sequences lengths; empty for the preset's
 * @param variants texts of {@code --variant}; empty for the baseline and the default
 * @param baseline name of the variant that others are compared with
 * @param devices ids; empty for each backend's first
 * @param model see {@link BenchSpec#model}
 * @param effort how long to measure a row
 */
public record Grid(
        Preset preset,
        List<BenchKind> kinds,
        List<DType> dtypes,
        List<Integer> batches,
        List<Integer> sequences,
        List<String> variants,
        String baseline,
        List<String> devices,
        String model,
        RunPlan.Effort effort) {
    /** Each operation's own default. */
    public static final String DEFAULT = "default";

    public Grid {
        kinds = List.copyOf(kinds);
        dtypes = List.copyOf(dtypes);
        batches = List.copyOf(batches);
        sequences = List.copyOf(sequences);
        variants = List.copyOf(variants);
        devices = List.copyOf(devices);
    }

    /**
     * The rows, of one backend after the other.
     *
     * @throws UserError for names or sizes that do not exist
     */
    public List<BenchSpec> specs(Collection<ProbeReport> reports) {
        Qwen2Config config = Models.config(model);
        checkShapes(config);
        checkVariants(reports);
        checkDevices(reports);
        Map<RowKey, BenchSpec> specs = new LinkedHashMap<>();
        for (ProbeReport report : reports) {
            for (DeviceInfo device : report.devices()) {
                boolean chosen =
                        devices.isEmpty()
                                ? device.equals(report.devices().getFirst())
                                : devices.contains(device.id());
                if (chosen) {
                    addRows(specs, report, device, config);
                }
            }
        }
        return List.copyOf(specs.values());
    }

    private void addRows(
            Map<RowKey, BenchSpec> specs,
            ProbeReport report,
            DeviceInfo device,
            Qwen2Config config) {
        // Slow by design: where nothing else is said, one shape in one dtype shows all there is.
        boolean sample = preset == Preset.QUICK && Estimate.bounded(report.backend());
        boolean oneShape = sample && batches.isEmpty() && sequences.isEmpty();
        boolean oneType = sample && dtypes.isEmpty();
        Set<BenchKind> seen = new HashSet<>();
        for (Part part : parts()) {
            List<Shape> shapes = shapes(part);
            List<DType> types = dtypes.isEmpty() ? part.dtypes() : dtypes;
            if (!seen.add(part.kind()) && oneShape) {
                continue;
            }
            for (Shape shape : oneShape ? shapes.subList(0, 1) : shapes) {
                for (DType type : oneType ? types.subList(0, 1) : types) {
                    boolean ablation =
                            part.ablation()
                                    && shape.equals(shapes.getFirst())
                                    && type == types.getFirst();
                    for (String variant : variants(part.kind(), report, ablation)) {
                        BenchSpec spec =
                                spec(part.kind(), report, device, variant, type, shape, config);
                        modes(spec).forEach(s -> specs.putIfAbsent(s.key(), s));
                    }
                }
            }
        }
    }

    /** Speech is measured in each way of making it. */
    private static Stream<BenchSpec> modes(BenchSpec spec) {
        return spec.kind() == BenchKind.SPEECH
                ? Stream.of(SpeechMode.values()).map(spec::streamed)
                : Stream.of(spec);
    }

    private BenchSpec spec(
            BenchKind kind,
            ProbeReport report,
            DeviceInfo device,
            String variant,
            DType type,
            Shape shape,
            Qwen2Config config) {
        int batch = shape.batch();
        int sequence = shape.sequence();
        double flops = kind.flops(batch, sequence, config);
        BenchSpec spec =
                new BenchSpec(
                        kind,
                        report.backend(),
                        device.id(),
                        label(device),
                        variant,
                        type,
                        batch,
                        sequence,
                        kind.shape(batch, sequence, config),
                        model,
                        kind.wholeModel() ? Models.label(model) : null,
                        flops,
                        Estimate.rowMillis(
                                kind,
                                report.backend(),
                                variant,
                                type,
                                batch,
                                sequence,
                                config,
                                report.asynchronous() ? effort.besideHost() : effort,
                                report.asynchronous()),
                        report.asynchronous(),
                        null,
                        null);
        if (kind == BenchKind.SPEECH && !Models.speaks(model)) {
            return spec.skipped("the model's folder has no BiCodec");
        }
        long largest = kind.largestTensor(batch, sequence, config);
        if (largest > KernelWorkload.MOST_ELEMENTS) {
            return spec.skipped(
                    "a tensor of "
                            + largest
                            + " elements is too large for its inputs and check; at most "
                            + KernelWorkload.MOST_ELEMENTS);
        }
        double work =
                kind == BenchKind.DECODE
                        ? flops + BenchKind.PREFILL.flops(batch, sequence, config)
                        : flops;
        if (Estimate.bounded(report.backend()) && work > Estimate.READABLE_FLOPS) {
            String what = kind == BenchKind.DECODE ? "its prompt and step take " : "it takes ";
            return spec.skipped(
                    String.format(
                            java.util.Locale.ROOT,
                            "%s%.1f GFLOP; %s is timed up to %.0f",
                            what,
                            work / 1e9,
                            report.backend(),
                            Estimate.READABLE_FLOPS / 1e9));
        }
        return spec;
    }

    /** A number says nothing on another machine, so such a device goes by its name. */
    private static String label(DeviceInfo device) {
        return device.id().matches("\\d+") ? device.name() + " #" + device.id() : device.id();
    }

    private List<Part> parts() {
        return kinds.isEmpty()
                ? preset.parts()
                : kinds.stream().flatMap(k -> preset.partsOf(k).stream()).toList();
    }

    private List<Shape> shapes(Part part) {
        if (batches.isEmpty() && sequences.isEmpty()) {
            return part.shapes();
        }
        List<Integer> b = batches.isEmpty() ? List.of(1) : batches;
        List<Integer> s =
                sequences.isEmpty()
                        ? part.shapes().stream().map(Shape::sequence).distinct().toList()
                        : sequences;
        return b.stream()
                .flatMap(batch -> s.stream().map(seq -> new Shape(batch, seq)))
                .distinct()
                .toList();
    }

    private List<String> variants(BenchKind kind, ProbeReport report, boolean ablation) {
        Set<String> chosen = new LinkedHashSet<>();
        if (!variants.isEmpty()) {
            for (String text : variants) {
                if (kind.wholeModel()) {
                    chosen.add(canonical(text));
                } else {
                    ofKernel(text, kind.op(), report.variants(kind.op())).forEach(chosen::add);
                }
            }
            return List.copyOf(chosen);
        }
        if (!kind.wholeModel()) {
            List<String> available = report.variants(kind.op());
            if (available.contains(baseline)) {
                chosen.add(baseline);
            }
            chosen.addAll(
                    preset == Preset.FULL
                            ? available
                            : available.subList(0, Math.min(1, available.size())));
            return List.copyOf(chosen);
        }
        if (BenchKind.MODEL_OPS.stream().anyMatch(op -> report.variants(op).contains(baseline))) {
            chosen.add(baseline);
        }
        chosen.add(defaultLabel(report));
        if (ablation) {
            chosen.addAll(ablations(report));
        }
        return List.copyOf(chosen);
    }

    /** One name if all operations have the same default. */
    private static String defaultLabel(ProbeReport report) {
        List<String> names =
                BenchKind.MODEL_OPS.stream()
                        .map(report::variants)
                        .filter(v -> !v.isEmpty())
                        .map(List::getFirst)
                        .distinct()
                        .toList();
        return names.size() == 1 ? names.getFirst() : DEFAULT;
    }

    /**
     * The baseline with single operations, or inseparable pairs of them, replaced by the default.
     */
    private List<String> ablations(ProbeReport report) {
        List<String> texts = new ArrayList<>();
        for (List<Op> group :
                List.of(
                        List.of(Op.RMS_NORM, Op.ADD_RMS_NORM),
                        List.of(Op.ATTENTION),
                        List.of(Op.MLP))) {
            Variants v = Variants.all(baseline);
            boolean changes = false;
            for (Op op : group) {
                List<String> available = report.variants(op);
                if (available.contains(baseline) && !available.getFirst().equals(baseline)) {
                    v = v.with(op, available.getFirst());
                    changes = true;
                }
            }
            if (changes) {
                texts.add(v.toString());
            }
        }
        return texts;
    }

    /**
     * What a text of {@code --variant} means for one operation; nothing if it does not concern it.
     */
    private static Stream<String> ofKernel(String text, Op op, List<String> available) {
        String name = operations(text).getOrDefault(op, base(text));
        return name.equals(DEFAULT)
                ? available.stream().limit(1)
                : available.stream().filter(name::equals);
    }

    /** The variants of a text of {@code --variant}. */
    static Variants parse(String text) {
        Variants v =
                base(text).isEmpty() || base(text).equals(DEFAULT)
                        ? Variants.DEFAULT
                        : Variants.all(base(text));
        for (Map.Entry<Op, String> e : operations(text).entrySet()) {
            v = v.with(e.getKey(), e.getValue());
        }
        return v;
    }

    private static String canonical(String text) {
        String parsed = parse(text).toString();
        return parsed.isEmpty() ? DEFAULT : parsed;
    }

    private static String base(String text) {
        List<String> bases =
                Stream.of(text.split(",", -1))
                        .map(String::strip)
                        .filter(p -> !p.contains("="))
                        .toList();
        if (bases.size() > 1) {
            throw UserError.usage(
                    "--variant " + text + ": one base variant at most, then OPERATION=VARIANT");
        }
        return bases.isEmpty() ? "" : bases.getFirst();
    }

    private static Map<Op, String> operations(String text) {
        Map<Op, String> overrides = new LinkedHashMap<>();
        for (String part : text.split(",", -1)) {
            int eq = part.indexOf('=');
            if (eq >= 0) {
                try {
                    overrides.put(
                            Op.parse(part.substring(0, eq).strip()),
                            part.substring(eq + 1).strip());
                } catch (IllegalArgumentException e) {
                    throw UserError.usage(String.valueOf(e.getMessage()));
                }
            }
        }
        return overrides;
    }

    private void checkShapes(Qwen2Config config) {
        Stream.of(batches, sequences)
                .flatMap(List::stream)
                .filter(n -> n < 1)
                .findFirst()
                .ifPresent(
                        n -> {
                            throw UserError.usage(
                                    n
                                            + " is no size; valid for --batch and --seq: whole"
                                            + " numbers from 1 on");
                        });
        int longest = sequences.stream().mapToInt(Integer::intValue).max().orElse(1);
        if (longest > config.maxPositions()) {
            throw UserError.usage(
                    "--seq "
                            + longest
                            + " is too long for the model; valid: 1 to "
                            + config.maxPositions());
        }
    }

    private void checkVariants(Collection<ProbeReport> reports) {
        Set<String> names = new LinkedHashSet<>(List.of(DEFAULT));
        reports.forEach(r -> r.variants().values().forEach(names::addAll));
        for (String text : Stream.concat(variants.stream(), Stream.of(baseline)).toList()) {
            String base = base(text);
            boolean isDefaultBaseline = text.equals(baseline) && baseline.equals(Variants.NAIVE);
            if (!base.isEmpty() && !names.contains(base) && !isDefaultBaseline) {
                throw UserError.usage(
                        "unknown variant '" + base + "'; valid: " + String.join(", ", names));
            }
            operations(text)
                    .forEach(
                            (op, name) -> {
                                Set<String> valid = new LinkedHashSet<>();
                                reports.forEach(r -> valid.addAll(r.variants(op)));
                                if (!valid.contains(name)) {
                                    throw UserError.usage(
                                            "unknown variant '"
                                                    + name
                                                    + "' of "
                                                    + op.id()
                                                    + "; valid: "
                                                    + String.join(", ", valid));
                                }
                            });
        }
    }

    private void checkDevices(Collection<ProbeReport> reports) {
        Set<String> ids = new LinkedHashSet<>();
        reports.forEach(r -> r.devices().forEach(d -> ids.add(d.id())));
        for (String id : devices) {
            if (!ids.contains(id)) {
                throw UserError.usage(
                        "unknown device '" + id + "'; valid: " + String.join(", ", ids));
            }
        }
    }
}
