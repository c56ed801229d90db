package io.sparktts.contract;

import io.sparktts.backend.HostTensor;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.contract.GuardedTensor.Use;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Lengths of the sequences of a step.
 *
 * @param past {@code [batch]}: positions in the cache before the step
 * @param fresh {@code [batch]}: tokens of the step
 * @param slot {@code [batch]}: cache slot; -1 for a sequence that only pads
 * @param padTokens tokens past the last offset
 */
@SuppressWarnings("ArrayRecordComponent") // compared by content, in equals
record Sequences(int[] past, int[] fresh, int[] slot, int padTokens) {
    /** A batch's tensors on a device. */
    record OnDevice(
            GuardedTensor offsets,
            GuardedTensor positions,
            GuardedTensor length,
            GuardedTensor slots) {
        SequenceBatch tensors() {
            return new SequenceBatch(offsets.live(), positions.live(), length.live(), slots.live());
        }
    }

    /** All alike, each in the slot of its own number. */
    static Sequences uniform(int batch, int past, int fresh) {
        int[] p = new int[batch];
        int[] n = new int[batch];
        Arrays.fill(p, past);
        Arrays.fill(n, fresh);
        return new Sequences(p, n, IntStream.range(0, batch).toArray(), 0);
    }

    int batch() {
        return past.length;
    }

    int tokens() {
        return Arrays.stream(fresh).sum() + padTokens;
    }

    /** Positions of the longest sequence after the step. */
    int longest() {
        return IntStream.range(0, batch()).map(b -> past[b] + fresh[b]).max().orElse(0);
    }

    int slots() {
        return Arrays.stream(slot).max().orElse(0) + 1;
    }

    /** The step that wrote the past of these. */
    Sequences before() {
        return new Sequences(new int[batch()], past, slot, 0);
    }

    int[] offsets() {
        int[] o = new int[batch() + 1];
        for (int b = 0; b < batch(); b++) {
            o[b + 1] = o[b] + fresh[b];
        }
        return o;
    }

    /** The sequence of a token; -1 for one that only pads. */
    int sequenceOf(int token) {
        int[] o = offsets();
        for (int b = 0; b < batch(); b++) {
            if (token >= o[b] && token < o[b + 1]) {
                return slot[b] < 0 ? -1 : b;
            }
        }
        return -1;
    }

    /** Place of a token in its sequence. */
    int position(int token) {
        int b = sequenceOf(token);
        return b < 0 ? 0 : past[b] + token - offsets()[b];
    }

    /** The tensors; {@code use} is that of positions and lengths. */
    OnDevice bring(Fixture f, String prefix, Use use) {
        int[] positions = IntStream.range(0, tokens()).map(this::position).toArray();
        return new OnDevice(
                f.indices(prefix + "tokenOffsets", Use.INPUT, offsets()),
                f.indices(prefix + "positions", use, positions),
                f.indices(prefix + "cacheLength", use, past),
                f.indices(prefix + "slot", Use.INPUT, slot));
    }

    /** Positions and lengths have grown by one, those of padding not. */
    void expectAdvanced(OnDevice batch, Map<String, HostTensor> now, Comparison.Builder c) {
        for (int b = 0; b < batch(); b++) {
            int step = slot[b] < 0 ? 0 : 1;
            String name = batch.length().name();
            c.element(now.get(name).get(b), batch.length().initial(b) + step, 0, name, b);
        }
        for (int t = 0; t < tokens(); t++) {
            int step = sequenceOf(t) < 0 ? 0 : 1;
            String name = batch.positions().name();
            c.element(now.get(name).get(t), batch.positions().initial(t) + step, 0, name, t);
        }
    }

    @Override
    public String toString() {
        boolean uniform =
                padTokens == 0
                        && Arrays.stream(past).distinct().count() == 1
                        && Arrays.stream(fresh).distinct().count() == 1
                        && Arrays.stream(slot).noneMatch(s -> s < 0);
        if (uniform) {
            return batch() + "x" + fresh[0] + (past[0] == 0 ? "" : " after " + past[0]);
        }
        StringBuilder text = new StringBuilder();
        for (int b = 0; b < batch(); b++) {
            text.append(b == 0 ? "" : ",").append(fresh[b]);
            text.append(past[b] == 0 ? "" : "@" + past[b]).append(slot[b] < 0 ? "pad" : "");
        }
        return text + (padTokens == 0 ? "" : "+" + padTokens + "pad");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Sequences s
                && Arrays.equals(past, s.past)
                && Arrays.equals(fresh, s.fresh)
                && Arrays.equals(slot, s.slot)
                && padTokens == s.padTokens;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(past) * 31 + Arrays.hashCode(fresh) + padTokens;
    }
}
