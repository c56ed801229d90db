package io.sparktts.contract.junit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.sparktts.backend.Backend;
import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Probe;
import io.sparktts.contract.CaseResult;
import io.sparktts.contract.CaseStatus;
import io.sparktts.contract.ContractCase;
import io.sparktts.contract.ContractCases;
import io.sparktts.contract.GoldenCheck;
import io.sparktts.contract.GoldenChecks;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Enumerates the contract for one backend. {@code -Dsparktts.golden=DIR} takes other golden files
 * than the bundled ones; {@code -Dsparktts.require=NAME} fails where that backend cannot run
 * instead of skipping its tests.
 */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class BackendContractTest {
    private final Backend backend;
    private final long mostOperations;
    private Device device;

    /**
     * @param mostOperations cases that cost more are left to {@code verify}
     */
    @SuppressWarnings("NullAway.Init")
    protected BackendContractTest(Backend backend, long mostOperations) {
        this.backend = backend;
        this.mostOperations = mostOperations;
    }

    @BeforeAll
    void open() {
        Probe probe = backend.probe();
        if (!probe.available()) {
            String why = backend.name() + " cannot run: " + probe.missing() + "; " + probe.remedy();
            if (backend.name().equals(System.getProperty("sparktts.require"))) {
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

    @TestFactory
    Stream<DynamicTest> contract() {
        return ContractCases.all().stream()
                .filter(c -> c.operations() <= mostOperations)
                .flatMap(c -> device.variants(c.op()).stream().map(variant -> test(c, variant)));
    }

    private DynamicTest test(ContractCase c, String variant) {
        return dynamicTest(c.name() + " [" + variant + "]", () -> judge(c.run(device, variant)));
    }

    @TestFactory
    Stream<DynamicTest> golden() {
        String directory = System.getProperty("sparktts.golden");
        List<GoldenCheck> checks =
                directory == null ? GoldenChecks.bundled() : GoldenChecks.of(Path.of(directory));
        return checks.stream().map(c -> dynamicTest(c.name(), () -> judge(c.run(device))));
    }

    @Test
    void memoryThatNoMachineHasIsAClearErrorAndTheDeviceGoesOn() {
        for (long rows : new long[] {1L << 24, 1L << 33, 1L << 60}) {
            BackendException e =
                    assertThrows(
                            BackendException.class,
                            () -> device.allocate(DType.F32, rows, 1L << 30));
            String message = String.valueOf(e.getMessage());
            assertTrue(message.matches("[^\\n]*\\d[^\\n]*"), message);
        }
        ContractCase next =
                ContractCases.all().stream()
                        .filter(c -> c.dtype() == DType.F32)
                        .findFirst()
                        .orElseThrow();
        judge(next.run(device, device.variants(next.op()).getFirst()));
    }

    /** What a backend does not support is shown as skipped, with its reason. */
    private static void judge(CaseResult result) {
        if (result.status() == CaseStatus.UNSUPPORTED) {
            assertTrue(!result.message().isBlank(), "an unsupported operation gives its reason");
            Assumptions.abort(result.message());
        }
        assertEquals(CaseStatus.PASSED, result.status(), result::toString);
    }
}
