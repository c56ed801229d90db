package io.sparktts.codec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.checkpoint.SafetensorsFile;
import io.sparktts.contract.GoldenChecks;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Against the published quantiser: even and odd numbers of levels. */
class FiniteScalarQuantizerTest {
    private static final String FILE = "bicodec/fsq_golden.safetensors";

    private static SafetensorsFile golden() throws IOException {
        String directory = System.getProperty("sparktts.golden");
        Path root = directory == null ? GoldenChecks.bundledDirectory() : Path.of(directory);
        return SafetensorsFile.open(root.resolve(FILE));
    }

    @Test
    void agreesOnIndicesAndCodes() throws IOException {
        try (SafetensorsFile f = golden()) {
            List<String> cases =
                    f.names().stream()
                            .filter(n -> n.startsWith("fsq_") && n.endsWith(".z"))
                            .map(n -> n.substring(0, n.length() - 2))
                            .toList();
            assertTrue(cases.size() >= 2, cases::toString);
            for (String name : cases) {
                check(f, name);
            }
        }
    }

    private static void check(SafetensorsFile f, String name) {
        List<Integer> levels =
                Arrays.stream(name.substring("fsq_".length()).split("_", -1))
                        .map(Integer::valueOf)
                        .collect(Collectors.toList());
        FiniteScalarQuantizer q = new FiniteScalarQuantizer(levels);
        int n = q.dimensions();
        double[] z = f.tensor(name + ".z").toDoubles();
        double[] codes = f.tensor(name + ".codes").toDoubles();
        int[] indices = f.tensor(name + ".indices").toInts();
        for (int i = 0; i < indices.length; i++) {
            assertEquals(indices[i], q.index(Arrays.copyOfRange(z, i * n, (i + 1) * n)), name);
            double[] code = Arrays.copyOfRange(codes, i * n, (i + 1) * n);
            assertArrayEquals(code, q.code(indices[i]), 1e-7, name);
        }
        long[] table = f.longs(name + ".table_indices");
        double[] tableCodes = f.tensor(name + ".table_codes").toDoubles();
        for (int i = 0; i < table.length; i++) {
            double[] code = Arrays.copyOfRange(tableCodes, i * n, (i + 1) * n);
            assertArrayEquals(code, q.code((int) table[i]), 1e-7, name);
        }
    }
}
