package io.sparktts.checkpoint;

import static io.sparktts.checkpoint.TestFiles.assertRefused;
import static io.sparktts.checkpoint.TestFiles.given;
import static io.sparktts.checkpoint.TestFiles.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.HostTensor;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/** Pickles of torch; damaged ones are assembled opcode by opcode. */
class TorchPickleFileTest {
    private static final String SAMPLE = "wav2vec2/pickle_sample.bin";

    @TempDir private Path folder = Path.of("");

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("x.bin"), bytes);
    }

    private static Pickle whole() {
        return Pickle.of().view("w", 0, new int[] {2, 2}, new int[] {2, 1});
    }

    private void assertBad(byte[] bytes, String... parts) throws IOException {
        Path file = write(bytes);
        assertRefused(() -> TorchPickleFile.open(file).close(), parts);
        assertRefused(() -> TorchPickleFile.open(file).close(), "x.bin: ");
    }

    private void assertBadPickle(Pickle pickle, String... parts) throws IOException {
        assertBad(pickle.archive(), parts);
    }

    /** Every type, order and offset, against the same tensors in safetensors. */
    @Test
    void equalsItsTwin() throws IOException {
        try (TorchPickleFile file = TorchPickleFile.open(given(SAMPLE));
                SafetensorsFile twin =
                        SafetensorsFile.open(given("wav2vec2/pickle_sample.safetensors"));
                Arena arena = Arena.ofConfined()) {
            assertEquals(new HashSet<>(twin.names()), new HashSet<>(file.names()));
            for (String name : twin.names()) {
                assertEquals(twin.stored(name), file.stored(name), name);
                assertArrayEquals(twin.shape(name), file.shape(name), name);
                assertArrayEquals(
                        twin.bytes(name, arena).toArray(ValueLayout.JAVA_BYTE),
                        file.bytes(name, arena).toArray(ValueLayout.JAVA_BYTE),
                        name);
            }
        }
    }

    @Test
    void integersAndOthers() throws IOException {
        try (TorchPickleFile file = TorchPickleFile.open(golden(SAMPLE));
                Arena arena = Arena.ofConfined()) {
            assertEquals(4, file.longs("i64").length);
            assertEquals(2, file.longs("i32").length);
            assertEquals(24, file.map("transposed", arena).elements());
            assertEquals(0, file.map("empty", arena).elements());
            assertRefused(() -> file.longs("f32"), "tensor f32 is F32, not I64 or I32");
            assertRefused(() -> file.map("u8", arena), "tensor u8 is U8, not a float tensor");
            assertRefused(() -> file.shape("absent"), "pickle_sample.bin: no tensor absent");
        }
    }

    @Test
    void tensorsOutliveTheFile() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            HostTensor tensor;
            try (TorchPickleFile file = TorchPickleFile.open(golden(SAMPLE))) {
                tensor = file.map("f32", arena);
            }
            assertEquals(24, tensor.toDoubles().length);
            assertTrue(tensor.data().isReadOnly());
        }
    }

    /** What the other tests damage opens. */
    @Test
    void assembledPickle() throws IOException {
        byte[] bytes = whole().archive();
        try (TorchPickleFile file = TorchPickleFile.open(write(bytes));
                Arena arena = Arena.ofConfined()) {
            assertEquals(Set.of("w"), file.names());
            assertArrayEquals(new double[] {1, 2, 3, 4}, file.map("w", arena).toDoubles());
        }
    }

    /** The last of 600 million floats, in an archive that is mostly a hole. */
    @Test
    void beyondTwoGibibytes() throws IOException {
        Path file = folder.resolve("large.bin");
        long elements = 600_000_000;
        Pickle.writeSparse(file, elements, 42);
        try (TorchPickleFile torch = TorchPickleFile.open(file);
                Arena arena = Arena.ofConfined()) {
            HostTensor tensor = torch.map("w", arena);
            assertEquals(elements, tensor.elements());
            assertEquals(42, tensor.get(elements - 1));
            assertEquals(0, tensor.get(elements - 2));
        }
    }

    @Test
    void metadataOfModules() throws IOException {
        Pickle pickle = whole();
        pickle.op('}').text("_metadata").op('}').text("x").op('N').op('s').op('s').op('b');
        try (TorchPickleFile file = TorchPickleFile.open(write(pickle.archive()))) {
            assertEquals(Set.of("w"), file.names());
        }
        Pickle other = Pickle.of().op('}').text("__class__").op('N').op('s').op('b');
        assertBadPickle(other, "sets attributes other than a dictionary's _metadata");
    }

    @Test
    void newerProtocol() throws IOException {
        Pickle pickle = Pickle.empty().op(0x80).op(4).op(0x95).int64(99).op('}').op(0x94);
        pickle.op(0x8c).op(1).op('w').shortText("torch._utils").shortText("_rebuild_tensor_v2");
        pickle.op(0x93).op('(').storage(4).op('K').op(0).op('J').int32(4).op(0x85);
        pickle.op(0x8a).op(1).op(1).op(0x85).op(0x89).op('}').op('t').op('R').op('s');
        try (TorchPickleFile file = TorchPickleFile.open(write(pickle.archive()))) {
            assertArrayEquals(new long[] {4}, file.shape("w"));
        }
        assertBadPickle(Pickle.empty().op(0x80).op(6), "protocol 6; valid: at most 5");
    }

    @ParameterizedTest
    @CsvSource({
        "os, system",
        "builtins, eval",
        "torch, load",
        "torch._utils, _rebuild_tensor",
        "collections, OrderedDict.fromkeys",
        "'', ''"
    })
    void globalsAreRefused(String module, String name) throws IOException {
        assertBadPickle(
                Pickle.of().global(module, name), "global " + module + "." + name + " is refused");
        Pickle stack = Pickle.of().shortText(module).shortText(name).op(0x93);
        assertBadPickle(stack, "global " + module + "." + name + " is refused");
    }

    /** What runs or names code, copies without end, or is of no use here. */
    @ParameterizedTest
    @ValueSource(
            chars = {
                'i', 'o', 'd', 'l', 'P', 'I', 'L', 'F', 'S', 'T', 'U', 'V', 'B', 'C', '0', '1', '2',
                'p', 'g', '\u0081', '\u0082', '\u0083', '\u0084', '\u008b', '\u008d', '\u008e',
                '\u008f', '\u0090', '\u0091', '\u0092', '\u0096', '\u0097', '\u0098', '\u00ff', '\0'
            })
    void opcodesAreRefused(char opcode) throws IOException {
        assertBadPickle(
                Pickle.of().op(opcode), String.format("opcode 0x%02x", (int) opcode), "refused");
    }

    @Test
    void impossibleCalls() throws IOException {
        Pickle args = Pickle.of().global("collections", "OrderedDict").op('N').op(0x85).op('R');
        assertBadPickle(args, "a call of ORDERED_DICT with other arguments");
        assertBadPickle(Pickle.of().op('N').op(')').op('R'), "a call of NONE");
        assertBadPickle(
                Pickle.of().global("torch", "FloatStorage").op(')').op('R'), "a call of F32");
        Pickle text = Pickle.of().global("torch._utils", "_rebuild_tensor_v2").op(')').op('R');
        assertBadPickle(text, "a call of REBUILD_TENSOR with other arguments");
        Pickle part = Pickle.of().global("torch._utils", "_rebuild_parameter").op(')').op('R');
        assertBadPickle(part, "a call of REBUILD_PARAMETER with other arguments");
        assertBadPickle(Pickle.of().op('N').op('Q'), "persistent id that is not of a storage");
        Pickle size = Pickle.of().global("torch._utils", "_rebuild_tensor_v2").op('(').storage(4);
        size.op('K').op(0).op('N').op(')').op(0x89).op('}').op('t').op('R');
        assertBadPickle(size, "a tensor whose size or stride is NONE");
    }

    @Test
    void brokenStacks() throws IOException {
        assertBadPickle(Pickle.empty(), "empty stack");
        assertBadPickle(Pickle.empty().op('('), "empty stack");
        assertBadPickle(Pickle.empty().op('t'), "a mark that is not there");
        assertBadPickle(Pickle.empty().op('N').op('a'), "empty stack");
        assertBadPickle(Pickle.of().op('N').op('a'), "it appends to a dictionary");
        assertBadPickle(Pickle.empty().op(']').op('N').op('N').op('s'), "sets items of a list");
        assertBadPickle(Pickle.of().op('N').op('N').op('s'), "a key is NONE");
        assertBadPickle(Pickle.of().op('(').op('N').op('u'), "sets items of");
        assertBadPickle(Pickle.of().op('h').op(9), "recalls what it has not remembered");
        assertBadPickle(Pickle.of().op('j').int32(-1), "recalls what it has not remembered");
        assertBadPickle(Pickle.empty().op('N'), "it is NONE, not a dictionary");
        assertBadPickle(Pickle.of().text("w").op('N').op('s'), "entry w is NONE, not a tensor");
        assertBadPickle(Pickle.of().op(0x8a).op(9).int64(0).op(0), "integer of 9 bytes");
        assertBadPickle(Pickle.of().op('X').int32(-1), "it is truncated");
        assertBadPickle(Pickle.of().op('X').int32(1).op(0xff), "a text is not UTF-8");
    }

    /** A list that holds itself, as key, item, attribute and result. */
    @Test
    void recursion() throws IOException {
        Pickle self = Pickle.empty().op(']').op('q').op(0).op('h').op(0).op('a');
        assertBadPickle(self, "it is a list, not a dictionary");
        Pickle key = Pickle.of().op(']').op('q').op(0).op('h').op(0).op('a').op('N').op('s');
        assertBadPickle(key, "a key is a list");
        Pickle member = Pickle.empty().op('}').op('q').op(0).text("w").op('h').op(0).op('s');
        assertBadPickle(member, "entry w is a dictionary, not a tensor");
        Pickle nested = Pickle.of().op(')');
        for (int i = 0; i < 100_000; i++) {
            nested.op('q').op(0).op('h').op(0).op(0x86);
        }
        assertBadPickle(nested.op('b'), "sets attributes");
    }

    @Test
    void endlessPickle() throws IOException {
        Pickle pickle = Pickle.of();
        for (int i = 0; i < 1 << 20; i++) {
            pickle.op('}');
        }
        assertBadPickle(pickle, "more than 1048576 operations");
    }

    @ParameterizedTest
    @CsvSource({
        "0, '3,2', '2,1'",
        "1, '2,2', '2,1'",
        "0, '2,2', '3,1'",
        "5, '0', '1'",
        "-1, '2', '1'",
        "0, '-1', '1'",
        "3, '2', '-1'",
        "0, '2,2', '1'",
        "0, '100', '0'",
        "0, '2147483647,2147483647', '0,0'",
        "0, '2147483647,2147483647,2147483647', '2147483647,2147483647,2147483647'",
        "2147483647, '1', '1'"
    })
    void outOfBounds(int offset, String shape, String strides) throws IOException {
        Pickle pickle = Pickle.of().view("w", offset, ints(shape), ints(strides));
        assertBadPickle(pickle, "tensor w ");
    }

    private static int[] ints(String list) {
        return Arrays.stream(list.split(",", -1)).mapToInt(Integer::parseInt).toArray();
    }

    @ParameterizedTest
    @CsvSource({
        "0, '4', '1', 4",
        "0, '0,7', '7,1', 0",
        "0, '1,4', '99,1', 4",
        "1, '3', '1', 3",
        "0, '2,2', '1,2', 4"
    })
    void withinBounds(int offset, String shape, String strides, int elements) throws IOException {
        Pickle pickle = Pickle.of().view("w", offset, ints(shape), ints(strides));
        try (TorchPickleFile file = TorchPickleFile.open(write(pickle.archive()));
                Arena arena = Arena.ofConfined()) {
            assertEquals(elements, file.map("w", arena).elements());
        }
    }

    @Test
    void lyingStorages() throws IOException {
        Pickle five = Pickle.of().text("w").global("torch._utils", "_rebuild_tensor_v2");
        five.op('(').storage(5).op('K').op(0).op('K').op(4).op(0x85).op('K').op(1).op(0x85);
        five.op(0x89).op('}').op('t').op('R').op('s');
        assertBadPickle(five, "storage x/data/0 has 16 bytes, not 5 elements of F32");
        assertBad(whole().archive("x/data/1"), "no storage x/data/0");
    }

    /** Wherever an archive is cut off or has a bit flipped, nothing but our exception escapes. */
    @Test
    void damageNeverEscapes() throws IOException {
        byte[] whole = whole().archive();
        for (int n = 0; n < whole.length; n++) {
            assertBad(Arrays.copyOf(whole, n));
        }
        for (int bit = 0; bit < whole.length * 8; bit++) {
            byte[] flipped = whole.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            try (TorchPickleFile file = TorchPickleFile.open(write(flipped));
                    Arena arena = Arena.ofConfined()) {
                for (String name : file.names()) {
                    assertTrue(file.bytes(name, arena).byteSize() <= 64);
                }
            } catch (CheckpointException e) {
                assertTrue(String.valueOf(e.getMessage()).contains("x.bin"));
            }
        }
    }

    @Test
    void otherFiles() throws IOException {
        assertBad(new byte[0], "not a zip archive, or truncated");
        assertBad(new byte[100], "not a zip archive, or truncated");
        assertBad(Pickle.zip("a.txt", new byte[1]), "0 data.pkl, not one of torch");
        assertBad(
                Pickle.zip(
                        "x/byteorder",
                        "big".getBytes(StandardCharsets.UTF_8),
                        "x/data.pkl",
                        new byte[1]),
                "byte order 'big' is not supported; valid: little");
        assertBad(Pickle.deflated("x/data.pkl", new byte[100]), "compressed or encrypted");
    }
}
