package io.sparktts.harness;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.Backends;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Op;
import io.sparktts.backend.Queue;
import io.sparktts.backend.Variants;
import io.sparktts.contract.CaseResult;
import io.sparktts.contract.CaseStatus;
import io.sparktts.contract.ContractCase;
import io.sparktts.contract.ContractCases;
import io.sparktts.contract.GoldenCheck;
import io.sparktts.contract.GoldenChecks;

import org.jspecify.annotations.Nullable;

import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** Runs contract cases and golden checks on one device, in the process of its backend. */
final class VerifyWorker {
    private record Check(String name, Supplier<CaseResult> body) {}

    /**
     * Which checks to run.
     *
     * @param dtypes those to check; empty for all
     * @param goldens whether golden checks are run
     * @param golden directory of golden files; null for the bundled ones
     * @param mostOperations contract cases that cost the oracle more are left out
     */
    record Choice(List<DType> dtypes, boolean goldens, @Nullable Path golden, long mostOperations) {
        boolean takes(DType dtype) {
            return dtypes.isEmpty() || dtypes.contains(dtype);
        }
    }

    private VerifyWorker() {}

    /** Runs the checks from {@code from} on and writes a line before and after each. */
    static void run(String backend, String deviceId, Choice choice, int from, Path events) {
        try (Device device = Backends.named(backend).open(deviceId);
                Writer out =
                        Files.newBufferedWriter(
                                events, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            List<Check> checks = checks(device, choice);
            for (int i = from; i < checks.size(); i++) {
                Check check = checks.get(i);
                write(out, VerifyEvent.begin(i, checks.size(), check.name));
                CaseResult result = check.body.get();
                endIfLost(device, result);
                write(out, VerifyEvent.end(i, checks.size(), result));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(events + " cannot be written: " + e.getMessage(), e);
        }
    }

    /**
     * Ends this process with a check's error if the device does not work any more, since the
     * remaining checks would all fail: the process that follows goes on behind that check.
     */
    private static void endIfLost(Device device, CaseResult result) {
        if (result.status() == CaseStatus.ERROR) {
            try (Queue queue = device.newQueue()) {
                queue.synchronize();
            } catch (BackendException e) {
                throw new BackendException(result.message(), e);
            }
        }
    }

    private static void write(Writer out, VerifyEvent event) throws IOException {
        out.write(JsonMapper.shared().writeValueAsString(event));
        out.write('\n');
        out.flush();
    }

    private static List<Check> checks(Device device, Choice choice) {
        List<Check> checks = new ArrayList<>();
        for (ContractCase c : ContractCases.all()) {
            if (choice.takes(c.dtype()) && c.operations() <= choice.mostOperations()) {
                for (String variant : device.variants(c.op())) {
                    checks.add(
                            new Check(
                                    c.name() + " [" + variant + "]", () -> c.run(device, variant)));
                }
            }
        }
        if (choice.goldens()) {
            addGoldens(checks, device, choice);
        }
        return checks;
    }

    private static void addGoldens(List<Check> checks, Device device, Choice choice) {
        Path golden = choice.golden();
        boolean hasNaive =
                Arrays.stream(Op.values())
                        .anyMatch(op -> device.variants(op).contains(Variants.NAIVE));
        for (GoldenCheck g : golden == null ? GoldenChecks.bundled() : GoldenChecks.of(golden)) {
            if (choice.takes(g.dtype())) {
                checks.add(new Check(g.name(), () -> g.run(device)));
                if (hasNaive) {
                    Variants naive = Variants.all(Variants.NAIVE);
                    checks.add(new Check(g.name() + " [naive]", () -> g.run(device, naive)));
                }
            }
        }
    }
}
