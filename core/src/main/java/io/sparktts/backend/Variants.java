package io.sparktts.backend;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which variant of each operation to run: a base for all and overrides for single ones, written
 * {@code naive,rmsNorm=fused}. An operation that has no variant of the base's name runs its
 * default.
 */
public final class Variants {
    /** Every operation's default variant. */
    public static final Variants DEFAULT = new Variants("", Map.of());

    /**
     * The name of the baseline: one kernel per elementary step in the label's dtype, as PyTorch
     * eager does.
     */
    public static final String NAIVE = "naive";

    private final String base;
    private final Map<Op, String> overrides;

    private Variants(String base, Map<Op, String> overrides) {
        this.base = base;
        this.overrides = new EnumMap<>(Op.class);
        this.overrides.putAll(overrides);
    }

    /** {@code name} for every operation that has it. */
    public static Variants all(String name) {
        return new Variants(name, Map.of());
    }

    /** This choice with one operation swapped. */
    public Variants with(Op op, String name) {
        EnumMap<Op, String> o = new EnumMap<>(Op.class);
        o.putAll(overrides);
        o.put(op, name);
        return new Variants(base, o);
    }

    /**
     * Parses {@code fused}, {@code rmsNorm=naive,mlp=fused} or {@code naive,rmsNorm=fused}; empty
     * text is the default.
     *
     * @throws IllegalArgumentException for an unknown operation or a second base
     */
    public static Variants parse(String text) {
        Variants v = DEFAULT;
        for (String part : text.split(",", -1)) {
            String p = part.strip();
            int eq = p.indexOf('=');
            if (eq >= 0) {
                v = v.with(Op.parse(p.substring(0, eq).strip()), p.substring(eq + 1).strip());
            } else if (v.base.isEmpty()) {
                v = new Variants(p, v.overrides);
            } else if (!p.isEmpty()) {
                throw new IllegalArgumentException(
                        "two base variants in '" + text + "': " + v.base + " and " + p);
            }
        }
        return v;
    }

    /** The variant asked for by name for this very operation, if any. */
    public Optional<String> override(Op op) {
        return Optional.ofNullable(overrides.get(op));
    }

    /** The variant of {@code op} to run, given those that the device has (default first). */
    public String choose(Op op, java.util.List<String> available) {
        String wanted = overrides.get(op);
        if (wanted != null) {
            if (!available.contains(wanted)) {
                throw new BackendException(
                        op.id()
                                + " has no variant '"
                                + wanted
                                + "' here; valid: "
                                + String.join(", ", available));
            }
            return wanted;
        }
        return available.contains(base) ? base : available.getFirst();
    }

    /** The text that {@link #parse} reads. */
    @Override
    public String toString() {
        String o =
                overrides.entrySet().stream()
                        .map(e -> e.getKey().id() + "=" + e.getValue())
                        .collect(Collectors.joining(","));
        return base.isEmpty() || o.isEmpty() ? base + o : base + "," + o;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Variants v && v.base.equals(base) && v.overrides.equals(overrides);
    }

    @Override
    public int hashCode() {
        return 31 * base.hashCode() + overrides.hashCode();
    }
}
