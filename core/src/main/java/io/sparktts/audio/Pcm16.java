package io.sparktts.audio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Signed 16-bit little-endian samples of one channel and the WAV header before them. */
final class Pcm16 {
    static final int BYTES = 2;
    static final int HEADER_BYTES = 44;

    /** Bytes that follow the field of the RIFF size, without the samples. */
    private static final int RIFF_BYTES = HEADER_BYTES - 8;

    /** The largest amount of samples whose sizes fit the header, in bytes. */
    static final long MAX_DATA_BYTES = 0xFFFF_FFFFL - RIFF_BYTES;

    /** Both sizes of a stream whose end is not known; players then read to the end. */
    static final long UNKNOWN_BYTES = -1;

    private Pcm16() {}

    /** A header for {@code dataBytes} of samples, or {@link #UNKNOWN_BYTES}. */
    static ByteBuffer header(int sampleRate, long dataBytes) {
        boolean known = dataBytes != UNKNOWN_BYTES;
        return ByteBuffer.allocate(HEADER_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(ascii("RIFF"))
                .putInt((int) (known ? RIFF_BYTES + dataBytes : UNKNOWN_BYTES))
                .put(ascii("WAVEfmt "))
                .putInt(16)
                .putShort((short) 1)
                .putShort((short) 1)
                .putInt(sampleRate)
                .putInt(sampleRate * BYTES)
                .putShort((short) BYTES)
                .putShort((short) (BYTES * Byte.SIZE))
                .put(ascii("data"))
                .putInt((int) dataBytes)
                .flip();
    }

    /**
     * Rounds to the nearest step, the inverse of reading; what exceeds full scale is clipped.
     *
     * @throws AudioException if {@code x} is NaN: silence in its place would hide a defect
     */
    static short encode(double x) {
        if (Double.isNaN(x)) {
            throw new AudioException("a sample is NaN");
        }
        return (short) Math.clamp(Math.rint(x * 0x1p15), Short.MIN_VALUE, Short.MAX_VALUE);
    }

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }
}
