package io.sparktts.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Support;
import io.sparktts.contract.CaseResult;
import io.sparktts.contract.CaseStatus;
import io.sparktts.contract.ContractCase;
import io.sparktts.contract.ContractCases;
import io.sparktts.tornado.kernel.KernelSet;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.util.stream.Stream;

/**
 * All kernels against the contract, as plain Java on any machine. Large cases are left to devices:
 * what is emulated is slow.
 */
class EmulatedContractTest {
    private static final long MOST_OPERATIONS = 30_000_000;
    private static final long MOST_OPERATIONS_OF_GROUPS = 300_000;
    private static final Support BF16 =
            SdkFeatures.find().isPresent() ? Support.YES : Support.no("built without an SDK");

    private static final KernelSet.QuadSet HALF_QUADS =
            SdkFeatures.find().map(SdkFeatures::halfQuads).orElse(Launcher.F16.quad());

    private static TornadoDevice device(boolean processor) {
        return new TornadoDevice(
                new DeviceInfo("emulated", "emulated", 0, 0, "plain Java"),
                new TornadoDevice.Traits(
                        processor, Support.YES, BF16, !processor, !processor, HALF_QUADS),
                new EmulatedExecutor());
    }

    @TestFactory
    Stream<DynamicTest> kernelsOfProcessors() {
        return tests(device(true), MOST_OPERATIONS);
    }

    @TestFactory
    Stream<DynamicTest> kernelsOfGpus() {
        return tests(device(false), MOST_OPERATIONS_OF_GROUPS);
    }

    private static Stream<DynamicTest> tests(TornadoDevice device, long mostOperations) {
        return ContractCases.all().stream()
                .filter(c -> c.operations() <= mostOperations)
                .flatMap(
                        c ->
                                device.variants(c.op()).stream()
                                        .filter(
                                                v ->
                                                        device.supports(c.op(), c.dtype(), v)
                                                                .supported())
                                        .map(v -> test(device, c, v)));
    }

    private static DynamicTest test(TornadoDevice device, ContractCase c, String variant) {
        return dynamicTest(
                c.name() + " " + variant,
                () -> {
                    CaseResult r = c.run(device, variant);
                    assertEquals(CaseStatus.PASSED, r.status(), r::toString);
                });
    }
}
