package io.sparktts.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

class WavFileTest {
    private static final double[] SAMPLES = {0, 0.5, -1, 0.25, -0.125};

    @TempDir private Path folder;

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("clip.wav"), bytes);
    }

    /** Runs what has to fail with one line that names the file and holds all {@code parts}. */
    private static void assertRefused(Executable action, String... parts) {
        String message = String.valueOf(assertThrows(AudioException.class, action).getMessage());
        assertEquals(1, message.lines().count(), message);
        for (String part : parts) {
            assertTrue(message.contains(part), () -> "expected '" + part + "' in: " + message);
        }
    }

    private void assertRefused(byte[] bytes, String part) throws IOException {
        Path file = file(bytes);
        assertRefused(() -> WavFile.read(file), file.toString(), part);
    }

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] chunk(String id, byte[] body) {
        return little(8 + body.length + body.length % 2)
                .put(ascii(id))
                .putInt(body.length)
                .put(body)
                .array();
    }

    private static byte[] format(int tag, int channels, int rate, int bits) {
        int frame = channels * bits / 8;
        return little(16)
                .putShort((short) tag)
                .putShort((short) channels)
                .putInt(rate)
                .putInt(rate * frame)
                .putShort((short) frame)
                .putShort((short) bits)
                .array();
    }

    private static byte[] wav(byte[]... chunks) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int size = Stream.of(chunks).mapToInt(c -> c.length).sum();
        out.writeBytes(little(12).put(ascii("RIFF")).putInt(4 + size).put(ascii("WAVE")).array());
        for (byte[] c : chunks) {
            out.writeBytes(c);
        }
        return out.toByteArray();
    }

    /** {@link #SAMPLES} in channel 0, other values in the others. */
    private static byte[] data(int channels, int bits, boolean floating) {
        ByteBuffer b =
                ByteBuffer.allocate(SAMPLES.length * channels * bits / 8)
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (double x : SAMPLES) {
            for (int c = 0; c < channels; c++) {
                double v = c == 0 ? x : 0.75;
                if (floating && bits == 32) {
                    b.putFloat((float) v);
                } else if (floating) {
                    b.putDouble(v);
                } else if (bits == 8) {
                    b.put((byte) (128 + v * 128));
                } else {
                    long scaled = (long) (v * (1L << (bits - 1)));
                    for (int i = 0; i < bits; i += 8) {
                        b.put((byte) (scaled >> i));
                    }
                }
            }
        }
        return b.array();
    }

    @Test
    void everyEncoding() throws IOException {
        for (int channels : new int[] {1, 2, 3, 8}) {
            for (int bits : new int[] {8, 16, 24, 32}) {
                assertReads(1, channels, bits);
            }
            assertReads(3, channels, 32);
            assertReads(3, channels, 64);
        }
    }

    private void assertReads(int tag, int channels, int bits) throws IOException {
        byte[] plain = format(tag, channels, 44_100, bits);
        byte[] body = data(channels, bits, tag == 3);
        assertSamples(wav(chunk("fmt ", plain), chunk("data", body)));
        byte[] extensible = extensible(plain, tag);
        // an unknown chunk of odd length is padded
        byte[] list = chunk("LIST", new byte[5]);
        assertSamples(wav(list, chunk("fmt ", extensible), list, chunk("data", body), list));
    }

    private static byte[] extensible(byte[] plain, int tag) {
        return little(40)
                .put(plain)
                .putShort(0, (short) 0xFFFE)
                .putShort((short) 22)
                .putShort((short) 0)
                .putInt(0)
                .putShort((short) tag)
                .put(new byte[] {0, 0, 0, 0, 0x10, 0, -128, 0, 0, -86, 0, 56, -101, 113})
                .array();
    }

    private void assertSamples(byte[] wav) throws IOException {
        Audio audio = WavFile.read(file(wav));
        assertEquals(44_100, audio.sampleRate());
        assertArrayEquals(SAMPLES, audio.samples());
    }

    @Test
    void rf64() throws IOException {
        byte[] body = data(2, 16, false);
        byte[] sizes = little(28).putLong(0).putLong(body.length).putLong(SAMPLES.length).array();
        byte[] wav =
                wav(
                        chunk("ds64", sizes),
                        chunk("fmt ", format(1, 2, 44_100, 16)),
                        chunk("data", body));
        ByteBuffer b = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN);
        b.put(0, ascii("RF64")).putInt(4, -1).putInt(wav.length - body.length - 4, -1);
        assertSamples(wav);
        b.putLong(12 + 8 + 8, body.length + 4L);
        assertRefused(wav, "truncated: its 'data' chunk claims 24 bytes, but 20 are left");
    }

    @Test
    void sizesOfStreams() throws IOException {
        byte[] body = data(1, 16, false);
        for (int size : new int[] {-1, 0x7FFFF000, 0x80000000}) {
            byte[] wav = wav(chunk("fmt ", format(1, 1, 44_100, 16)), chunk("data", body));
            ByteBuffer b = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN);
            b.putInt(wav.length - body.length - 4, size);
            assertSamples(wav);
        }
    }

    @Test
    void firstChannelOfTheGoldenStereoFile() {
        double[] stereo = WavFile.read(Goldens.path("audio_stereo.wav")).samples();
        double[] prompt = Goldens.prompt().samples();
        assertTrue(stereo.length > 0);
        // its second channel is another signal, its first the beginning of the prompt
        for (int i = 0; i < stereo.length; i++) {
            assertEquals(prompt[i], stereo[i]);
        }
    }

    @Test
    void otherFiles() throws IOException {
        assertRefused(new byte[0], "empty file");
        assertRefused(ascii("ID3\3\0\0\0\0\0\0abcdef"), "looks like an MP3 file");
        assertRefused(ascii("\u00FF\u00FB\u0090\0abcdefgh"), "looks like an MP3 file");
        assertRefused(ascii("\u00FF\u00F1\u0090\0abcdefgh"), "looks like an AAC file");
        assertRefused(ascii("OggS\0\2abcdefgh"), "looks like an Ogg file");
        assertRefused(ascii("fLaC\0\2abcdefgh"), "looks like a FLAC file");
        assertRefused(ascii("FORM\0\0\0\0AIFFabcd"), "looks like an AIFF file");
        assertRefused(ascii("\0\0\0 ftypM4A \0\0\0\0"), "looks like an MP4 file");
        assertRefused(ascii("RIFX\0\0\0\0WAVEabcd"), "looks like a big-endian WAV file");
        assertRefused(ascii("RIFF\0\0\0\0AVI\nabcd"), "looks like a RIFF file of type 'AVI?'");
        assertRefused(ascii("hello"), "looks like something else");
        assertRefused(() -> WavFile.read(folder), folder.toString(), "is a directory");
        Path none = folder.resolve("none.wav");
        assertRefused(() -> WavFile.read(none), none + ": cannot be read: no such file");
    }

    @Test
    void damagedFiles() throws IOException {
        byte[] format = chunk("fmt ", format(1, 1, 16_000, 16));
        byte[] data = chunk("data", data(1, 16, false));
        byte[] whole = wav(format, data);
        for (int n = 1; n < whole.length; n++) {
            byte[] cut = Arrays.copyOf(whole, n);
            assertRefused(cut, n < 4 ? "not a WAV file" : "truncated");
        }
        assertRefused(wav(data, format), "'data' chunk comes before a 'fmt ' chunk");
        assertRefused(wav(format, chunk("data", new byte[0])), "no samples");
        assertRefused(wav(format, chunk("data", new byte[1])), "no samples");
        assertRefused(wav(chunk("fmt ", new byte[14]), data), "has only 14 bytes");
    }

    @Test
    void formatsThatAreNotRead() throws IOException {
        assertFormatRefused(format(1, 0, 16_000, 16), "0 channels; valid: 1 to 256");
        assertFormatRefused(format(1, 3000, 16_000, 16), "3000 channels; valid: 1 to 256");
        assertFormatRefused(format(1, 1, 0, 16), "sample rate 0 Hz; valid: 4000 to 384000 Hz");
        assertFormatRefused(format(1, 1, -1, 16), "sample rate 4294967295 Hz");
        assertFormatRefused(format(1, 1, 16_000, 12), "integer samples of 12 bits");
        assertFormatRefused(format(3, 1, 16_000, 16), "floating-point samples of 16 bits");
        assertFormatRefused(format(0x55, 1, 16_000, 16), "compressed as MP3");
        assertFormatRefused(format(7, 1, 16_000, 8), "compressed as mu-law");
        assertFormatRefused(format(0x161, 1, 16_000, 8), "compressed as format 0x0161");
        assertFormatRefused(
                ByteBuffer.wrap(format(1, 2, 16_000, 16)).put(12, (byte) 3).array(),
                "frames of 3 bytes, but 2 channels of 16 bits take 4");
        byte[] unknown = extensible(format(1, 1, 16_000, 16), 1);
        unknown[39]++;
        assertFormatRefused(unknown, "unknown sub-format");
    }

    private void assertFormatRefused(byte[] format, String part) throws IOException {
        assertRefused(wav(chunk("fmt ", format), chunk("data", new byte[64])), part);
    }

    @Test
    void samplesThatAreNotFinite() throws IOException {
        for (float x : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            byte[] body = little(12).putFloat(0).putFloat(0).putFloat(x).array();
            assertRefused(
                    wav(chunk("fmt ", format(3, 1, 16_000, 32)), chunk("data", body)),
                    "sample 2 is " + x);
        }
    }

    @Test
    void writesWhatItReads() throws IOException {
        Path file = folder.resolve("out.wav");
        double[] x = new double[100_000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i % 65_536 - 32_768) / 32_768.0;
        }
        WavFile.write(file, new Audio(x, 16_000));
        assertArrayEquals(x, WavFile.read(file).samples());
        // over the old file; rounded and clipped
        double[] y = {0.4 / 32_768, -0.6 / 32_768, 1, 2, -3, Double.POSITIVE_INFINITY};
        WavFile.write(file, new Audio(y, 22_050));
        Audio back = WavFile.read(file);
        assertEquals(22_050, back.sampleRate());
        double top = 32_767 / 32_768.0;
        assertArrayEquals(new double[] {0, -1 / 32_768.0, top, top, -1, top}, back.samples());
        assertOnly(file);
    }

    /** The golden prompt goes through unchanged, byte by byte. */
    @Test
    void rewritesTheGoldenPrompt() throws IOException {
        Path file = folder.resolve("prompt.wav");
        WavFile.write(file, Goldens.prompt());
        assertEquals(-1, Files.mismatch(file, Goldens.path("tiny_ckpt/prompt.wav")));
    }

    @Test
    void leavesNoHalfWrittenFile() throws IOException {
        Path file = folder.resolve("out.wav");
        Audio good = new Audio(SAMPLES, 16_000);
        WavFile.write(file, good);
        Audio bad = new Audio(new double[] {0, Double.NaN}, 16_000);
        assertRefused(() -> WavFile.write(file, bad), file.toString(), "sample 1 is NaN");
        assertArrayEquals(SAMPLES, WavFile.read(file).samples());
        assertOnly(file);
        Path nowhere = folder.resolve("none/out.wav");
        assertRefused(() -> WavFile.write(nowhere, good), nowhere + ": cannot be written: no such");
        assertRefused(() -> WavFile.write(folder, good), folder + ": cannot be written: it is a");
    }

    private void assertOnly(Path file) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void keepsLinksAndDevices() throws IOException {
        Path target = folder.resolve("target.wav");
        Path link = folder.resolve("link.wav");
        Audio audio = new Audio(SAMPLES, 16_000);
        WavFile.write(target, audio);
        Files.delete(target);
        Files.write(target, new byte[1]);
        Files.createSymbolicLink(link, target);
        WavFile.write(link, audio);
        assertTrue(Files.isSymbolicLink(link));
        assertArrayEquals(SAMPLES, WavFile.read(target).samples());
        Path device = Path.of("/dev/null");
        assumeTrue(Files.exists(device));
        WavFile.write(device, audio);
        assertFalse(Files.isRegularFile(device));
    }

    @Test
    void fullDisk() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full));
        assertRefused(
                () -> WavFile.write(full, new Audio(SAMPLES, 16_000)),
                "/dev/full: cannot be written: No space left on device");
    }

    @Test
    void stream() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        WavStream stream = WavStream.wav(bytes, 16_000);
        assertEquals(44, bytes.size());
        stream.write(new float[] {0, 0.5f, -1});
        assertEquals(44 + 6, bytes.size());
        stream.write(new float[0]);
        stream.write(new float[] {0.25f, 7});
        byte[] wav = bytes.toByteArray();
        ByteBuffer b = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(-1, b.getInt(4));
        assertEquals(-1, b.getInt(40));
        Audio audio = WavFile.read(file(wav));
        assertArrayEquals(new double[] {0, 0.5, -1, 0.25, 32_767 / 32_768.0}, audio.samples());
        assertEquals(16_000, audio.sampleRate());

        ByteArrayOutputStream raw = new ByteArrayOutputStream();
        WavStream.raw(raw).write(new float[] {0.5f, -1});
        assertArrayEquals(new byte[] {0, 0x40, 0, -128}, raw.toByteArray());
        assertThrows(
                AudioException.class, () -> WavStream.raw(raw).write(new float[] {1, Float.NaN}));
        assertEquals(4, raw.size());
        assertThrows(AudioException.class, () -> WavStream.wav(raw, 1));
    }
}
