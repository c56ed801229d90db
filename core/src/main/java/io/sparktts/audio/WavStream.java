package io.sparktts.audio;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Sound of one channel on a stream, playable while it is being made: signed 16-bit little-endian
 * samples, after a WAV header of unknown length or bare. The stream stays the caller's to close.
 */
public final class WavStream {
    private final OutputStream out;

    private WavStream(OutputStream out) {
        this.out = out;
    }

    /**
     * Writes a WAV header whose sizes are 0xFFFFFFFF, so that players read to the end.
     *
     * @throws IOException if the stream takes no more
     */
    public static WavStream wav(OutputStream out, int sampleRate) throws IOException {
        if (!Audio.isSampleRate(sampleRate)) {
            throw new AudioException(Audio.sampleRateProblem(sampleRate));
        }
        out.write(Pcm16.header(sampleRate, Pcm16.UNKNOWN_BYTES).array());
        out.flush();
        return new WavStream(out);
    }

    /** Bare samples, no header. */
    public static WavStream raw(OutputStream out) {
        return new WavStream(out);
    }

    /**
     * Writes a chunk and flushes, so that it can be heard.
     *
     * @param samples full scale is [-1, 1); rounded and clipped
     * @throws IOException if the stream takes no more
     * @throws AudioException if a sample is NaN; nothing of the chunk is written then
     */
    public void write(float[] samples) throws IOException {
        ByteBuffer b =
                ByteBuffer.allocate(Math.multiplyExact(samples.length, Pcm16.BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (float x : samples) {
            b.putShort(Pcm16.encode(x));
        }
        out.write(b.array());
        out.flush();
    }
}
