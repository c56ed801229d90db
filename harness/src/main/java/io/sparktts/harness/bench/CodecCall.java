package io.sparktts.harness.bench;

import io.sparktts.backend.Device;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Variants;
import io.sparktts.codec.BiCodecDecoder;
import io.sparktts.codec.BiCodecSession;
import io.sparktts.contract.CodecCheck;
import io.sparktts.contract.Comparison;
import io.sparktts.model.BiCodecConfig;
import io.sparktts.model.SpeakerSizes;
import io.sparktts.model.SyntheticCodecWeights;

import java.util.SplittableRandom;

/** Semantic tokens to a waveform, by a BiCodec of the published sizes with random weights. */
final class CodecCall implements Call {
    private final BenchSpec spec;
    private final Device device;
    private final Variants variants;
    private final BiCodecDecoder decoder;
    private final BiCodecSession session;

    CodecCall(BenchSpec spec, Device device) {
        this.spec = spec;
        this.device = device;
        variants = Grid.parse(spec.variant());
        BiCodecConfig config = BiCodecConfig.SPARK_TTS_0_5B;
        SyntheticCodecWeights weights =
                SyntheticCodecWeights.biCodec(config, SpeakerSizes.SPARK_TTS_0_5B, Models.SEED);
        decoder = BiCodecDecoder.load(device, config, weights, spec.dtype());
        session = decoder.session(variants);
        SplittableRandom random = new SplittableRandom(Models.SEED);
        int voices = config.speaker().codebookSize();
        session.speaker(random.ints(config.speaker().tokenNum(), 0, voices).toArray());
        session.decode(random.ints(spec.sequenceLength(), 0, decoder.semanticTokens()).toArray());
    }

    @Override
    public Queue queue() {
        return session.queue();
    }

    @Override
    public void run() {
        session.queueAgain(spec.sequenceLength());
    }

    @Override
    public Comparison check() {
        return CodecCheck.run(device, spec.dtype(), variants);
    }

    @Override
    public String truth() {
        return "published program, tiny codec";
    }

    @Override
    public long bytes() {
        return 0;
    }

    @Override
    public double flops() {
        return spec.flops();
    }

    @Override
    public int tokens() {
        return spec.sequenceLength();
    }

    @Override
    public void close() {
        session.close();
        decoder.close();
    }
}
