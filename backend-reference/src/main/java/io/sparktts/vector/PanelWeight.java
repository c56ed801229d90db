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
import java.util.Arrays;
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
    /**
     * Ints of a panel that are packed at a time: 32 KiB, near the first-level cache, whose rows are
     * still long enough for the compiler's vector loops, which short runs never enter.
     */
    private static final int BLOCK = 8192;

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
        if (dtype != DType.F32 && dtype != DType.BF16 && dtype != DType.F16) {
            throw new IllegalArgumentException("weights are not kept in " + dtype);
        }
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
        pool.run((p, worker) -> w.packPanel(p, parts, starts), panels);
        return w;
    }

    /**
     * A block of input features after the other, in arrays that stay in the first-level cache:
     * neighbours in a row go to places a whole vector or two apart. Plain loops over arrays, since
     * each weight is packed once: vector code and accesses to memory segments run for seconds
     * before they are compiled.
     */
    private void packPanel(int panel, List<HostTensor> parts, int[] starts) {
        Rows rows = new Rows(panel, parts, starts);
        int step = dtype == DType.F32 ? PANEL : L;
        int width = BLOCK / step;
        int[] block = new int[BLOCK];
        int[] values = new int[width];
        short[] low = new short[width];
        short[] high = new short[width];
        for (int from = 0; from < inFeatures; from += width) {
            int n = Math.min(width, inFeatures - from);
            for (int r = 0; r < step; r++) {
                if (dtype == DType.F32) {
                    rows.read(r, from, n, values);
                    spread(values, n, block, r);
                } else {
                    rows.read(r, from, n, values, low);
                    rows.read(r + L, from, n, values, high);
                    spread(low, high, n, block, r);
                }
            }
            long to = offset(panel) + 4L * from * step;
            MemorySegment.copy(block, 0, buffer.segment(), Lanes.INT, to, n * step);
        }
    }

    private static void spread(int[] row, int n, int[] block, int at) {
        for (int k = 0; k < n; k++) {
            block[at + k * PANEL] = row[k];
        }
    }

    private static void spread(short[] low, short[] high, int n, int[] block, int at) {
        for (int k = 0; k < n; k++) {
            block[at + k * L] = (low[k] & 0xffff) | high[k] << 16;
        }
    }

    /** The rows of a panel in their sources; those that are padding are zeros. */
    private final class Rows {
        private final int first;
        private final int live;
        private final List<HostTensor> parts;
        private final int[] starts;

        Rows(int panel, List<HostTensor> parts, int[] starts) {
            this.first = column(panel);
            this.live = live(panel);
            this.parts = parts;
            this.starts = starts;
        }

        /** Float bits of {@code n} elements of row {@code r} from {@code from} on. */
        void read(int r, int from, int n, int[] into) {
            if (r >= live) {
                Arrays.fill(into, 0, n, 0);
                return;
            }
            int part = part(r);
            HostTensor source = parts.get(part);
            long index = index(r, part, from);
            if (source.dtype() == DType.F32) {
                MemorySegment.copy(source.data(), Lanes.INT, 4 * index, into, 0, n);
            } else {
                for (int k = 0; k < n; k++) {
                    into[k] = Float.floatToRawIntBits((float) source.get(index + k));
                }
            }
        }

        /**
         * {@code n} elements of row {@code r} from {@code from} on, rounded to 16 bits.
         *
         * @param floats for float bits on the way
         */
        void read(int r, int from, int n, int[] floats, short[] into) {
            if (r < live) {
                int part = part(r);
                HostTensor source = parts.get(part);
                if (source.dtype() == dtype) {
                    long offset = 2 * index(r, part, from);
                    MemorySegment.copy(source.data(), Lanes.SHORT, offset, into, 0, n);
                    return;
                }
            }
            read(r, from, n, floats);
            if (dtype == DType.BF16) {
                DType.floatBitsToBf16(floats, into, n);
            } else {
                for (int k = 0; k < n; k++) {
                    into[k] = Float.floatToFloat16(Float.intBitsToFloat(floats[k]));
                }
            }
        }

        private int part(int r) {
            int part = 0;
            while (first + r >= starts[part + 1]) {
                part++;
            }
            return part;
        }

        private long index(int r, int part, int from) {
            return (long) (first + r - starts[part]) * inFeatures + from;
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
