package io.sparktts.harness.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.Backends;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Variants;
import io.sparktts.model.Qwen2Config;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelCheckTest {
    @ParameterizedTest
    @CsvSource({
        "reference,F64,''",
        "reference,BF16,''",
        "vector,F32,''",
        "vector,BF16,naive",
        "vector,F16,''"
    })
    void tinyModelAgreesWithTheOracle(String backend, DType dtype, String variant) {
        try (Device device = Backends.named(backend).open("cpu")) {
            ModelCheck.Result r =
                    ModelCheck.run(
                            device, Qwen2Config.TINY, dtype, Variants.parse(variant), variant);
            assertTrue(r.comparison().passed(), r.comparison().toString());
            // Five tokens of the prompt and three steps, each with a row of logits.
            assertEquals(8L * Qwen2Config.TINY.vocabSize(), r.comparison().compared());
            assertTrue(r.divergence() < 1e-2, "divergence " + r.divergence());
        }
    }

    @org.junit.jupiter.api.Test
    void divergenceOfEqualDistributionsIsZero() {
        assertEquals(
                0, ModelCheck.divergence(new double[] {1, 2, 3}, new double[] {11, 12, 13}), 1e-12);
        assertTrue(ModelCheck.divergence(new double[] {1, 2, 3}, new double[] {3, 2, 1}) > 0.1);
    }
}
