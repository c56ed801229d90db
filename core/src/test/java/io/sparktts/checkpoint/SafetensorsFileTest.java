package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.golden;
import static io.sparktts.checkpoint.TestFiles.safetensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.backend.HostTensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

class SafetensorsFileTest {
    @TempDir private Path folder = Path.of("");

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("x.safetensors"), bytes);
    }

    /** Writes a file and tries to open it. */
    private void assertBad(byte[] bytes, String... parts) throws IOException {
        Path file = write(bytes);
        assertRefused(() -> SafetensorsFile.open(file).close(), parts);
        assertRefused(() -> SafetensorsFile.open(file).close(), "x.safetensors: ");
    }

    private void assertBadHeader(String header, int dataBytes, String... parts) throws IOException {
        assertBad(safetensors(header, new byte[dataBytes]), parts);
    }

    private static String tensor(String name, String dtype, String shape, String offsets) {
        return "\""
                + name
                + "\":{\"dtype\":\""
                + dtype
                + "\",\"shape\":"
                + shape
                + ",\"data_offsets\":"
                + offsets
                + "}";
    }

    @Test
    void readsEveryFloatType() throws IOException {
        String header =
                "{\"__metadata__\":{\"format\":\"pt\"},"
                        + tensor("f32", "F32", "[1,2]", "[0,8]")
                        + ","
                        + tensor("f16", "F16", "[2]", "[8,12]")
                        + ","
                        + tensor("bf16", "BF16", "[2]", "[12,16]")
                        + ","
                        + tensor("f64", "F64", "[]", "[16,24]")
                        + ","
                        + tensor("none", "F32", "[0,5]", "[24,24]")
                        + "}   ";
        byte[] bytes = new byte[24];
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        data.putFloat(1.5f).putFloat(-0.25f);
        data.putShort(Float.floatToFloat16(65504f)).putShort(Float.floatToFloat16(-0x1p-24f));
        data.putShort(DType.floatToBf16(3.140625f)).putShort(DType.floatToBf16(-1e38f));
        data.putDouble(Math.PI);
        try (SafetensorsFile file = SafetensorsFile.open(write(safetensors(header, bytes)))) {
            assertEquals(Set.of("f32", "f16", "bf16", "f64", "none"), file.names());
            assertTrue(file.contains("f16"));
            assertFalse(file.contains("__metadata__"));
            assertArrayEquals(new long[] {1, 2}, file.shape("f32"));
            assertArrayEquals(new double[] {1.5, -0.25}, file.tensor("f32").toDoubles());
            assertArrayEquals(new double[] {65504, -0x1p-24}, file.tensor("f16").toDoubles());
            assertArrayEquals(
                    new double[] {3.140625, DType.bf16ToFloat(DType.floatToBf16(-1e38f))},
                    file.tensor("bf16").toDoubles());
            HostTensor scalar = file.tensor("f64");
            assertEquals(DType.F64, scalar.dtype());
            assertArrayEquals(new double[] {Math.PI}, scalar.toDoubles());
            assertEquals(0, file.tensor("none").elements());
        }
    }

    @Test
    void readsIntegers() throws IOException {
        String header =
                "{"
                        + tensor("i64", "I64", "[2]", "[0,16]")
                        + ","
                        + tensor("i32", "I32", "[2]", "[16,24]")
                        + ","
                        + tensor("u8", "U8", "[1]", "[24,25]")
                        + "}";
        byte[] bytes = new byte[25];
        ByteBuffer data = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        data.putLong(Long.MIN_VALUE).putLong(7).putInt(-3).putInt(9);
        try (SafetensorsFile file = SafetensorsFile.open(write(safetensors(header, bytes)))) {
            assertArrayEquals(new long[] {Long.MIN_VALUE, 7}, file.longs("i64"));
            assertArrayEquals(new long[] {-3, 9}, file.longs("i32"));
            assertArrayEquals(new int[] {-3, 9}, file.tensor("i32").toInts());
            assertRefused(
                    () -> file.tensor("i64"),
                    "x.safetensors",
                    "tensor i64 is I64, not a float tensor");
            assertRefused(() -> file.longs("u8"), "tensor u8 is U8, not I64 or I32");
            assertRefused(() -> file.tensor("absent"), "x.safetensors", "no tensor absent");
        }
    }

    @Test
    void closingUnmaps() throws IOException {
        byte[] bytes = safetensors("{" + tensor("a", "F32", "[1]", "[0,4]") + "}", new byte[4]);
        SafetensorsFile file = SafetensorsFile.open(write(bytes));
        HostTensor tensor = file.tensor("a");
        assertEquals(0, tensor.get(0));
        file.close();
        file.close();
        assertThrows(IllegalStateException.class, () -> tensor.get(0));
    }

    @Test
    void mappingIsReadOnly() throws IOException {
        byte[] bytes = safetensors("{" + tensor("a", "F32", "[1]", "[0,4]") + "}", new byte[4]);
        try (SafetensorsFile file = SafetensorsFile.open(write(bytes))) {
            assertTrue(file.tensor("a").data().isReadOnly());
        }
    }

    @Test
    void missingFile() {
        assertThrows(
                NoSuchFileException.class,
                () -> SafetensorsFile.open(folder.resolve("absent")).close());
    }

    /** Wherever a file is cut off, it does not open. */
    @Test
    void everyTruncationIsRefused() throws IOException {
        byte[] whole = safetensors("{" + tensor("a", "F32", "[2]", "[0,8]") + "}", new byte[8]);
        for (int n = 0; n < whole.length; n++) {
            assertBad(Arrays.copyOf(whole, n));
        }
    }

    /**
     * Whatever single bit is flipped in the header, opening never fails otherwise than with our
     * exception.
     */
    @Test
    void flippedBitsNeverEscape() throws IOException {
        byte[] whole =
                safetensors(
                        "{"
                                + tensor("a", "F32", "[2]", "[0,8]")
                                + ","
                                + tensor("b", "F16", "[1,2]", "[8,12]")
                                + "}",
                        new byte[12]);
        for (int bit = 0; bit < (whole.length - 12) * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try (SafetensorsFile file = SafetensorsFile.open(write(flipped))) {
                for (String name : file.names()) {
                    assertTrue(file.tensor(name).elements() <= 6);
                }
            } catch (CheckpointException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("x.safetensors"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, 100_000_001, 0, 1})
    void impossibleHeaderLength(long length) throws IOException {
        byte[] bytes = safetensors("{}", new byte[16]);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        assertBad(bytes, "header of " + Long.toUnsignedString(length) + " bytes");
    }

    @Test
    void headerBeyondFile() throws IOException {
        byte[] bytes = safetensors("{}", new byte[0]);
        bytes[0] = 3;
        assertBad(bytes, "truncated: header of 3 bytes in a file of 10 bytes");
    }

    @Test
    void headerMustBeOneJsonObject() throws IOException {
        assertBadHeader("[]", 0, "does not begin with '{'");
        assertBadHeader(" {}", 0, "does not begin with '{'");
        assertBadHeader("{\"a\"", 0, "not valid JSON");
        assertBadHeader("{}{}", 0, "not valid JSON");
        assertBadHeader("{'a':1}", 0, "not valid JSON");
        assertBadHeader("{\"a\":" + "[".repeat(5000), 0, "not valid JSON");
        assertBad(new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xff, '}'}, "not UTF-8");
    }

    @Test
    void duplicateKeys() throws IOException {
        String a = tensor("a", "F32", "[1]", "[0,4]");
        assertBadHeader("{" + a + "," + a + "}", 4, "not valid JSON", "Duplicate", "\"a\"");
        assertBadHeader(
                "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\"}}", 4, "Duplicate", "\"dtype\"");
    }

    @Test
    void metadataOfStrings() throws IOException {
        assertBadHeader(
                "{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ is not an object of strings");
        assertBadHeader("{\"__metadata__\":[]}", 0, "__metadata__ is not an object of strings");
    }

    @ParameterizedTest
    @ValueSource(strings = {"F8_E4M3", "f32", "", "FLOAT"})
    void unknownDType(String dtype) throws IOException {
        assertBadHeader(
                "{" + tensor("w", dtype, "[4]", "[0,4]") + "}",
                4,
                "tensor w has unknown dtype '" + dtype + "'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "1",
                "{}",
                "{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[null],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[1]}",
                "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}",
                "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}",
                "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}",
                "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}",
                "{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[-1,-1],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}",
                "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]}"
            })
    void malformedEntry(String entry) throws IOException {
        assertBadHeader("{\"w\":" + entry + "}", 4, "tensor w ");
    }

    @Test
    void lyingSizes() throws IOException {
        assertBadHeader(
                "{" + tensor("w", "F32", "[2]", "[0,4]") + "}",
                4,
                "tensor w of F32[2] takes 8 bytes",
                "span 4");
        assertBadHeader(
                "{" + tensor("w", "F16", "[1]", "[0,4]") + "}",
                4,
                "tensor w of F16[1] takes 2 bytes",
                "span 4");
        assertBadHeader(
                "{" + tensor("w", "F32", "[2]", "[0,8]") + "}",
                4,
                "truncated: tensor w ends at byte 8 of 4");
    }

    @Test
    void overlapping() throws IOException {
        assertBadHeader(
                "{"
                        + tensor("a", "F32", "[2]", "[0,8]")
                        + ","
                        + tensor("b", "F32", "[2]", "[4,12]")
                        + "}",
                12,
                "tensor b overlaps tensor a");
        assertBadHeader(
                "{"
                        + tensor("a", "F32", "[1]", "[0,4]")
                        + ","
                        + tensor("b", "F32", "[1]", "[0,4]")
                        + "}",
                4,
                "tensor b overlaps tensor a");
    }

    @Test
    void holes() throws IOException {
        String b = tensor("b", "F32", "[1]", "[8,12]");
        assertBadHeader(
                "{" + b + "," + tensor("a", "F32", "[1]", "[0,4]") + "}",
                12,
                "hole of 4 bytes",
                "tensor b");
        assertBadHeader("{" + b + "}", 12, "hole of 8 bytes", "start of the data", "tensor b");
        assertBadHeader(
                "{" + tensor("a", "F32", "[1]", "[0,4]") + "}", 5, "1 bytes after the last tensor");
        assertBadHeader("{}", 1, "1 bytes after the last tensor");
    }

    @Test
    void namesCannotBreakTheMessage() throws IOException {
        assertBadHeader(
                "{" + tensor("a\\n\\u001b[31m", "X", "[1]", "[0,4]") + "}",
                4,
                "tensor a??[31m has");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llm/llm_golden.safetensors",
                "llm/llm_bf16_golden.safetensors",
                "ops/ops_golden.safetensors",
                "sampling/sampling_golden.safetensors",
                "tiny_ckpt/LLM/model.safetensors",
                "llm_bf16/model.safetensors"
            })
    void goldensOpen(String name) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(golden(name))) {
            assertFalse(file.names().isEmpty());
        }
    }
}
