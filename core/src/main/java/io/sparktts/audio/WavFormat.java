package io.sparktts.audio;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * What the {@code fmt } chunk of a WAV file says.
 *
 * @param encoding how a sample is stored
 * @param channels samples per frame
 * @param sampleRate frames per second
 */
record WavFormat(Encoding encoding, int channels, int sampleRate) {
    /** More channels than any array of microphones has is a sign of a damaged file. */
    private static final int MAX_CHANNELS = 256;

    private static final int PCM = 1;
    private static final int IEEE_FLOAT = 3;
    private static final int EXTENSIBLE = 0xFFFE;

    /** Bytes of the chunk without and with the fields of {@code WAVE_FORMAT_EXTENSIBLE}. */
    private static final int PLAIN_BYTES = 16;

    static final int EXTENSIBLE_BYTES = 40;

    /** The sub-format that {@code WAVE_FORMAT_EXTENSIBLE} ends with: 2 bytes of tag, then these. */
    private static final byte[] SUBFORMAT_TAIL = {
        0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xAA, 0, 0x38, (byte) 0x9B, 0x71
    };

    /** Sample types, little-endian. */
    enum Encoding {
        U8(1),
        S16(2),
        S24(3),
        S32(4),
        F32(4),
        F64(8);

        final int bytes;

        Encoding(int bytes) {
            this.bytes = bytes;
        }

        /** The sample at {@code at}; integers become [-1, 1). */
        double read(ByteBuffer b, int at) {
            return switch (this) {
                case U8 -> ((b.get(at) & 0xFF) - 0x80) / 0x1p7;
                case S16 -> b.getShort(at) / 0x1p15;
                case S24 -> ((b.getShort(at) & 0xFFFF) | (b.get(at + 2) << 16)) / 0x1p23;
                case S32 -> b.getInt(at) / 0x1p31;
                case F32 -> b.getFloat(at);
                case F64 -> b.getDouble(at);
            };
        }
    }

    /** Bytes of one frame. */
    int frameBytes() {
        return encoding.bytes * channels;
    }

    /**
     * Reads the chunk.
     *
     * @param b little-endian, from 0 to its limit
     * @throws AudioException without the file's name
     */
    static WavFormat parse(ByteBuffer b) {
        if (b.limit() < PLAIN_BYTES) {
            throw new AudioException("its 'fmt ' chunk has only " + b.limit() + " bytes");
        }
        int tag = b.getShort(0) & 0xFFFF;
        int channels = b.getShort(2) & 0xFFFF;
        long sampleRate = b.getInt(4) & 0xFFFFFFFFL;
        int frameBytes = b.getShort(12) & 0xFFFF;
        int bits = b.getShort(14) & 0xFFFF;
        if (tag == EXTENSIBLE) {
            tag = subFormat(b);
        }
        Encoding encoding = encoding(tag, bits);
        if (channels == 0 || channels > MAX_CHANNELS) {
            throw new AudioException(channels + " channels; valid: 1 to " + MAX_CHANNELS);
        }
        if (!Audio.isSampleRate(sampleRate)) {
            throw new AudioException(Audio.sampleRateProblem(sampleRate));
        }
        WavFormat format = new WavFormat(encoding, channels, (int) sampleRate);
        if (frameBytes != format.frameBytes()) {
            throw new AudioException(
                    "frames of "
                            + frameBytes
                            + " bytes, but "
                            + channels
                            + " channels of "
                            + bits
                            + " bits take "
                            + format.frameBytes());
        }
        return format;
    }

    private static int subFormat(ByteBuffer b) {
        if (b.limit() < EXTENSIBLE_BYTES) {
            throw new AudioException(
                    "its extensible 'fmt ' chunk has only " + b.limit() + " bytes");
        }
        byte[] tail = new byte[SUBFORMAT_TAIL.length];
        b.get(EXTENSIBLE_BYTES - tail.length, tail);
        if (!Arrays.equals(tail, SUBFORMAT_TAIL)) {
            throw new AudioException("an extensible WAV file of an unknown sub-format");
        }
        return b.getShort(EXTENSIBLE_BYTES - tail.length - 2) & 0xFFFF;
    }

    private static Encoding encoding(int tag, int bits) {
        return switch (tag) {
            case PCM ->
                    switch (bits) {
                        case 8 -> Encoding.U8;
                        case 16 -> Encoding.S16;
                        case 24 -> Encoding.S24;
                        case 32 -> Encoding.S32;
                        default ->
                                throw new AudioException(
                                        "integer samples of "
                                                + bits
                                                + " bits; valid: 8, 16, 24, 32");
                    };
            case IEEE_FLOAT ->
                    switch (bits) {
                        case 32 -> Encoding.F32;
                        case 64 -> Encoding.F64;
                        default ->
                                throw new AudioException(
                                        "floating-point samples of "
                                                + bits
                                                + " bits; valid: 32, 64");
                    };
            default ->
                    throw new AudioException(
                            "compressed as "
                                    + codec(tag)
                                    + "; valid: PCM or floating-point samples, so convert it");
        };
    }

    private static String codec(int tag) {
        return switch (tag) {
            case 0x02, 0x11 -> "ADPCM";
            case 0x06 -> "A-law";
            case 0x07 -> "mu-law";
            case 0x31 -> "GSM";
            case 0x50, 0x55 -> "MP3";
            default -> String.format("format 0x%04X", tag);
        };
    }

    /** What a file that is no WAV file looks like by its first bytes. */
    static String guess(byte[] head) {
        String s = new String(head, StandardCharsets.ISO_8859_1);
        int sync = head.length < 2 ? 0 : ((head[0] & 0xFF) << 8) | (head[1] & 0xFF);
        if (s.startsWith("ID3") || ((sync & 0xFFE0) == 0xFFE0 && (sync & 0x0006) != 0)) {
            return "an MP3 file";
        } else if ((sync & 0xFFF6) == 0xFFF0) {
            return "an AAC file";
        } else if (s.startsWith("OggS")) {
            return "an Ogg file";
        } else if (s.startsWith("fLaC")) {
            return "a FLAC file";
        } else if (s.startsWith("FORM")) {
            return "an AIFF file";
        } else if (s.startsWith("caff")) {
            return "a CAF file";
        } else if (s.startsWith(".snd")) {
            return "an AU file";
        } else if (s.startsWith("RIFX")) {
            return "a big-endian WAV file";
        } else if (s.startsWith("RIFF") && s.length() == 12) {
            return "a RIFF file of type '" + s.substring(8) + "'";
        } else if (s.startsWith("ftyp", 4)) {
            return "an MP4 file";
        } else if (s.startsWith("\u001AE\u00DF\u00A3")) {
            return "a Matroska or WebM file";
        }
        return "something else";
    }
}
