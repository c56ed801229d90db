package io.sparktts.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Op;
import io.sparktts.backend.Probe;
import io.sparktts.contract.CaseResult;
import io.sparktts.contract.CaseStatus;
import io.sparktts.contract.ContractCases;
import io.sparktts.contract.GoldenChecks;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

import java.util.Objects;
import java.util.stream.Stream;

/**
 * The contract on TornadoVM's first device, where {@code TORNADOVM_HOME} names an SDK; {@code
 * -Dsparktts.require=tornado} fails where it cannot run.
 */
@TestInstance(Lifecycle.PER_CLASS)
class TornadoContractTest {
    private @Nullable Device device;

    @BeforeAll
    void open() {
        TornadoBackend backend = new TornadoBackend();
        Probe probe = backend.probe();
        if (!probe.available()) {
            String why = "tornado cannot run: " + probe.missing() + "; " + probe.remedy();
            if ("tornado".equals(System.getProperty("sparktts.require"))) {
                fail(why);
            }
            Assumptions.abort(why);
        }
        device = backend.open(probe.devices().getFirst().id());
    }

    @AfterAll
    void close() {
        if (device != null) {
            device.close();
        }
    }

    private Device opened() {
        return Objects.requireNonNull(device);
    }

    @TestFactory
    Stream<DynamicTest> contract() {
        return ContractCases.all().stream()
                .flatMap(
                        c ->
                                opened().variants(c.op()).stream()
                                        .map(
                                                v ->
                                                        dynamicTest(
                                                                c.name() + " " + v,
                                                                () -> judge(c.run(opened(), v)))));
    }

    /**
     * What a GPU would run, whatever the device is, but for the draw of a token: PoCL takes minutes
     * to compile its nested barriers.
     */
    @TestFactory
    Stream<DynamicTest> kernelsOfGpus() {
        TornadoDevice gpu = ((TornadoDevice) opened()).asGpu();
        return ContractCases.all().stream()
                .filter(c -> c.dtype() == DType.F32)
                .filter(c -> c.op() != Op.SAMPLE && c.op() != Op.DECODE_STEP)
                .map(c -> dynamicTest(c.name(), () -> judge(c.run(gpu, TornadoDevice.FUSED))));
    }

    @TestFactory
    Stream<DynamicTest> golden() {
        return GoldenChecks.bundled().stream()
                .map(c -> dynamicTest(c.name(), () -> judge(c.run(opened()))));
    }

    private static void judge(CaseResult result) {
        if (result.status() == CaseStatus.UNSUPPORTED) {
            Assumptions.abort(result.message());
        }
        assertEquals(CaseStatus.PASSED, result.status(), result::toString);
    }
}
