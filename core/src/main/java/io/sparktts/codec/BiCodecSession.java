package io.sparktts.codec;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.HostTensor;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.model.RecordedPass;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Decoding under way: one speaker's conditioning, and a recording per number of frames where
 * recordings pay. Use: {@link #speaker}, then {@link #decode} any number of times.
 */
public final class BiCodecSession implements AutoCloseable {
    /** Recordings that are kept. */
    private static final int MOST_PASSES = 8;

    private final BiCodecDecoder decoder;
    private final Device device;
    private final Queue queue;
    private final Variants variants;
    private final Kernels kernels;
    private final Tensor codes;
    private final BiCodecDecoder.Speaker speaker;
    private int[] speakerTokens = {};

    private final Map<Integer, Pass> passes =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<Integer, Pass> eldest) {
                    if (size() <= MOST_PASSES) {
                        return false;
                    }
                    queue.synchronize();
                    eldest.getValue().close();
                    return true;
                }
            };

    /** Decoding of one number of frames: its tensors, and from the second use on its recording. */
    private final class Pass implements AutoCloseable {
        private final Arena memory = Arena.ofShared();
        final Tensor ids;
        final Tensor wave;
        private final HostTensor host;
        private final RecordedPass pass = new RecordedPass(device);

        Pass(int frames) {
            ids = device.allocate(DType.I32, frames);
            DType type = decoder.dtype() == DType.F64 ? DType.F64 : DType.F32;
            long samples = (long) frames * decoder.samplesPerFrame();
            wave = device.allocate(type, samples, 1);
            host = HostTensor.allocate(memory, type, samples);
        }

        void run() {
            pass.run(queue, variants, kernels, k -> decoder.decode(k, wave, ids, speaker));
        }

        /** Waits, and takes samples {@code [from, to)}. */
        float[] read(int from, int to) {
            long bytes = host.dtype().bytes();
            MemorySegment part = host.data().asSlice(from * bytes, (to - from) * bytes);
            device.read(wave.view(from, to - from), part);
            float[] samples = new float[to - from];
            for (int i = 0; i < samples.length; i++) {
                samples[i] = (float) host.get(from + i);
            }
            return samples;
        }

        @Override
        public void close() {
            pass.close();
            ids.close();
            wave.close();
            memory.close();
        }
    }

    BiCodecSession(BiCodecDecoder decoder, Variants variants) {
        this.decoder = decoder;
        this.device = decoder.device();
        this.variants = variants;
        this.queue = device.newQueue();
        this.kernels = device.kernels(queue, variants);
        this.codes = device.allocate(decoder.dtype(), 1, decoder.speakerCodeElements());
        this.speaker = decoder.newSpeaker();
    }

    /** The queue all work goes to. */
    public Queue queue() {
        return queue;
    }

    /** Queues the decoding of as many tokens as a {@link #decode} had before, the same again. */
    public void queueAgain(int frames) {
        Pass pass = passes.get(frames);
        if (pass == null) {
            throw new IllegalStateException("no " + frames + " tokens were decoded before");
        }
        pass.run();
    }

    /** The weights. */
    public BiCodecDecoder decoder() {
        return decoder;
    }

    /**
     * Sets the voice.
     *
     * @param globalTokens as many as the checkpoint's voices have, each in the speaker codebook
     * @throws IllegalArgumentException for others
     */
    public void speaker(int[] globalTokens) {
        if (Arrays.equals(globalTokens, speakerTokens)) {
            return;
        }
        double[] projected = decoder.speakerCodes(globalTokens);
        try (Arena arena = Arena.ofConfined()) {
            HostTensor host = HostTensor.of(arena, decoder.dtype(), projected, 1, projected.length);
            device.write(codes, host.data());
        }
        decoder.speaker(kernels, speaker, codes);
        speakerTokens = globalTokens.clone();
    }

    /**
     * Decodes semantic tokens as a whole utterance.
     *
     * @return 16 kHz samples in {@code (-1, 1)}, {@code samplesPerFrame} per token
     */
    public float[] decode(int[] semantic) {
        return decode(semantic, 0, semantic.length);
    }

    /**
     * The samples of tokens {@code [from, to)} of an utterance; the others are context.
     *
     * @param semantic at least one token, all in the codebook
     */
    public float[] decode(int[] semantic, int from, int to) {
        if (speakerTokens.length == 0) {
            throw new IllegalStateException("no speaker was set");
        }
        for (int id : semantic) {
            if (id < 0 || id >= decoder.semanticTokens()) {
                throw new IllegalArgumentException(
                        "semantic token "
                                + id
                                + " is outside of 0.."
                                + (decoder.semanticTokens() - 1));
            }
        }
        if (from < 0 || to <= from || to > semantic.length) {
            throw new IllegalArgumentException(
                    "tokens " + from + " to " + to + " of " + semantic.length);
        }
        Pass pass = passes.computeIfAbsent(semantic.length, Pass::new);
        try (Arena arena = Arena.ofConfined()) {
            device.write(pass.ids, HostTensor.ofInts(arena, semantic).data());
        }
        pass.run();
        return pass.read(from * decoder.samplesPerFrame(), to * decoder.samplesPerFrame());
    }

    /** The samples of tokens {@code [from, to)}, exactly as in the whole: context is added. */
    public float[] decodeExactly(int[] semantic, int from, int to) {
        int reach = decoder.reach();
        int first = Math.max(0, from - reach);
        int last = Math.min(semantic.length, to + reach);
        return decode(Arrays.copyOfRange(semantic, first, last), from - first, to - first);
    }

    @Override
    public void close() {
        queue.synchronize();
        passes.values().forEach(Pass::close);
        passes.clear();
        codes.close();
        speaker.close();
        queue.close();
    }
}
