package io.sparktts.vector;

import static io.sparktts.vector.Lanes.ALL;
import static io.sparktts.vector.Lanes.L;
import static io.sparktts.vector.Lanes.PANEL;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;
import io.sparktts.host.HostBuffer;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A matrix packed in panels of {@link Lanes#PANEL} output features, so that decode reads memory as
 * one sequential stream and prefill finds whole vectors. Within a panel, for each input feature: in
 * F32 the panel's values; in 16-bit types one int per lane, which holds feature {@code i} in its
 * low and {@code i + L} in its high half, so that a shift and a mask widen two vectors.
 *
 * <p>Gate and up panels alternate, so that one thread has both halves of a SwiGLU at hand. The last
 * panel of a part is padded with zeros.
 */
final class PanelWeight implements Weight {
    /** Input features that are packed at a time: their part of a panel is 16 KiB or less. */
    private static final int BLOCK = 128;

    private final WeightRole role;
    private final DType dtype;
    private final int outFeatures;
    private final int inFeatures;
    private final int panels;
    private final HostBuffer buffer;

    private PanelWeight(WeightRole role, DType dtype, int outFeatures, int inFeatures, int panels) {
        this.role = role;
        this.dtype = dtype;
        this.outFeatures = outFeatures;
        this.inFeatures = inFeatures;
        this.panels = panels;
        this.buffer = new HostBuffer((long) panels * PANEL * inFeatures * dtype.bytes());
    }

    static PanelWeight pack(WorkerPool pool, WeightRole role, DType dtype, List<HostTensor> parts) {
        int in = Math.toIntExact(parts.getFirst().dim(1));
        int out = 0;
        for (HostTensor p : parts) {
            if (p.dim(1) != in) {
                throw new IllegalArgumentException(
                        "parts of one weight differ in width: " + in + ", " + p.dim(1));
            }
            out += Math.toIntExact(p.dim(0));
        }
        boolean pair = role == WeightRole.GATE_UP;
        if (parts.size() != (pair ? 2 : role == WeightRole.QKV ? 3 : 1)
                || (pair && parts.get(0).dim(0) != parts.get(1).dim(0))) {
            throw new IllegalArgumentException(
                    role + " cannot be made of " + parts.size() + " such parts");
        }
        int panels = pair ? 2 * ((out / 2 + PANEL - 1) / PANEL) : (out + PANEL - 1) / PANEL;
        PanelWeight w = new PanelWeight(role, dtype, out, in, panels);
        // Rows of a joined matrix: where each part starts.
        int[] starts = new int[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            starts[i + 1] = starts[i] + Math.toIntExact(parts.get(i).dim(0));
        }
        try (WorkerScratch runs = new WorkerScratch(pool)) {
            pool.run(
                    (p, worker) -> w.packPanel(p, parts, starts, runs.get(worker, 8L * BLOCK)),
                    panels);
        }
        return w;
    }

    /**
     * A block of input features after the other, so that what is written stays in the first-level
     * cache: neighbours in a row go to places a whole vector or two apart.
     */
    private void packPanel(int panel, List<HostTensor> parts, int[] starts, long scratch) {
        long step = (long) PANEL * dtype.bytes();
        for (int from = 0; from < inFeatures; from += BLOCK) {
            int n = Math.min(BLOCK, inFeatures - from);
            long to = address(panel) + from * step;
            if (dtype == DType.F32) {
                for (int r = 0; r < PANEL; r++) {
                    long row = run(panel, r, parts, starts, from, n, scratch);
                    for (int k = 0; k < n; k++) {
                        int bits = ALL.get(Lanes.INT, row + 4L * k);
                        ALL.set(Lanes.INT, to + k * step + 4L * r, bits);
                    }
                }
            } else {
                for (int r = 0; r < L; r++) {
                    long low = run(panel, r, parts, starts, from, n, scratch);
                    long high = run(panel, r + L, parts, starts, from, n, scratch + 4L * BLOCK);
                    for (int k = 0; k < n; k++) {
                        int bits = ALL.get(Lanes.SHORT, low + 2L * k) & 0xffff;
                        bits |= ALL.get(Lanes.SHORT, high + 2L * k) << 16;
                        ALL.set(Lanes.INT, to + k * step + 4L * r, bits);
                    }
                }
            }
        }
    }

    /**
     * Address of {@code n} elements of a panel's row {@code r} from {@code from} on, in the
     * weight's dtype: where the source has them, or in {@code scratch}, which rows that are padding
     * fill with zeros.
     */
    private long run(
            int panel, int r, List<HostTensor> parts, int[] starts, int from, int n, long scratch) {
        if (r >= live(panel)) {
            ALL.asSlice(scratch, (long) n * dtype.bytes()).fill((byte) 0);
            return scratch;
        }
        int row = column(panel) + r;
        int part = 0;
        while (row >= starts[part + 1]) {
            part++;
        }
        HostTensor source = parts.get(part);
        long offset = (long) (row - starts[part]) * inFeatures + from;
        long address = source.data().address() + offset * source.dtype().bytes();
        if (source.dtype() == dtype) {
            return address;
        }
        // Plain loops: vector code runs for seconds before it is compiled, and this runs once.
        if (source.dtype() == DType.F32 && dtype == DType.BF16) {
            for (int k = 0; k < n; k++) {
                short bits = DType.floatToBf16(Lanes.getFloat(address + 4L * k));
                ALL.set(Lanes.SHORT, scratch + 2L * k, bits);
            }
        } else {
            for (int k = 0; k < n; k++) {
                put(scratch + (long) k * dtype.bytes(), (float) source.get(offset + k));
            }
        }
        return scratch;
    }

    private void put(long address, float value) {
        switch (dtype) {
            case F32 -> Lanes.putFloat(address, value);
            case BF16 -> ALL.set(Lanes.SHORT, address, DType.floatToBf16(value));
            case F16 -> ALL.set(Lanes.SHORT, address, Float.floatToFloat16(value));
            default -> throw new IllegalArgumentException("weights are not kept in " + dtype);
        }
    }

    /** Where a panel starts in memory. */
    private long address(int panel) {
        return buffer.segment().address() + offset(panel);
    }

    /** All panels. */
    MemorySegment memory() {
        return buffer.segment();
    }

    /** Byte offset of a panel in {@link #memory}. */
    long offset(int panel) {
        return (long) panel * PANEL * inFeatures * dtype.bytes();
    }

    int panels() {
        return panels;
    }

    /** The first output column of a panel. */
    int column(int panel) {
        return role == WeightRole.GATE_UP
                ? panel % 2 * (outFeatures / 2) + panel / 2 * PANEL
                : panel * PANEL;
    }

    /** How many of a panel's columns are not padding. */
    int live(int panel) {
        int end = role == WeightRole.GATE_UP && panel % 2 == 0 ? outFeatures / 2 : outFeatures;
        return Math.min(PANEL, end - column(panel));
    }

    /** Unpacks one row to floats at {@code dst}. */
    void row(int row, long dst) {
        int r = row % PANEL;
        long base = address(row / PANEL);
        long step = (long) PANEL * dtype.bytes();
        long lane = base + (dtype == DType.F32 ? 4L * r : 4L * (r % L) + 2L * (r / L));
        switch (dtype) {
            case F32 -> {
                for (int k = 0; k < inFeatures; k++) {
                    Lanes.putFloat(dst + 4L * k, Lanes.getFloat(lane + k * step));
                }
            }
            case BF16 -> {
                for (int k = 0; k < inFeatures; k++) {
                    Lanes.putFloat(
                            dst + 4L * k, DType.bf16ToFloat(ALL.get(Lanes.SHORT, lane + k * step)));
                }
            }
            default -> {
                for (int k = 0; k < inFeatures; k++) {
                    Lanes.putFloat(
                            dst + 4L * k,
                            Float.float16ToFloat(ALL.get(Lanes.SHORT, lane + k * step)));
                }
            }
        }
    }

    @Override
    public WeightRole role() {
        return role;
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int outFeatures() {
        return outFeatures;
    }

    @Override
    public int inFeatures() {
        return inFeatures;
    }

    @Override
    public long byteSize() {
        return (long) outFeatures * inFeatures * dtype.bytes();
    }

    @Override
    public void close() {
        buffer.close();
    }
}
