package io.sparktts.harness.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.DType;
import io.sparktts.backend.DeviceInfo;
import io.sparktts.backend.Op;
import io.sparktts.harness.ProbeReport;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

class GridTest {
    private static final Set<Op> WITH_NAIVE =
            Set.of(
                    Op.RMS_NORM,
                    Op.ADD_RMS_NORM,
                    Op.MLP,
                    Op.SWI_GLU,
                    Op.ATTENTION,
                    Op.SOFTMAX,
                    Op.SAMPLE);

    private static ProbeReport report(String name, String... variants) {
        Map<String, List<String>> all = new LinkedHashMap<>();
        for (Op op : Op.values()) {
            List<String> own = new ArrayList<>(Arrays.asList(variants));
            if (!WITH_NAIVE.contains(op)) {
                own.remove("naive");
            }
            all.put(op.id(), own);
        }
        return new ProbeReport(
                name, List.of(new DeviceInfo("cpu", "CPU", 0, 0, "")), "", "", all, false, "1");
    }

    private static final ProbeReport VECTOR = report("vector", "fused", "naive");
    private static final ProbeReport REFERENCE = report("reference", "oracle");

    private static Grid grid(Preset preset, List<BenchKind> kinds, List<String> variants) {
        return new Grid(
                preset,
                kinds,
                List.of(),
                List.of(),
                List.of(),
                variants,
                "naive",
                List.of(),
                "0.5b",
                RunPlan.Effort.of(preset, 0));
    }

    @Test
    void aTensorTooLargeForAnIntIsARowThatSaysSo() {
        Grid grid =
                new Grid(
                        Preset.QUICK,
                        List.of(BenchKind.SAMPLING, BenchKind.RMS_NORM, BenchKind.FORWARD),
                        List.of(DType.F32),
                        List.of(32, Integer.MAX_VALUE),
                        List.of(2048),
                        List.of("fused"),
                        "naive",
                        List.of(),
                        "0.5b",
                        RunPlan.Effort.of(Preset.QUICK, 0));
        List<BenchSpec> specs = grid.specs(List.of(VECTOR));
        assertEquals(6, specs.size());
        for (BenchSpec s : specs) {
            boolean fits = s.batch() == 32 && s.kind() != BenchKind.SAMPLING;
            String skip = s.skip();
            assertEquals(fits, skip == null, s.label() + ": " + skip);
            if (skip != null && s.batch() == 32) {
                assertEquals(
                        "a tensor of 10878976000 elements is too large for its inputs and check;"
                                + " at most 2147483455",
                        skip);
            }
        }
    }

    private static List<String> rows(List<BenchSpec> specs, BenchKind kind) {
        return specs.stream()
                .filter(s -> s.kind() == kind && !s.variant().contains("="))
                .map(s -> s.shape() + " " + s.dtype().id() + " " + s.variant())
                .toList();
    }

    private static Set<String> product(List<String> shapes) {
        Set<String> all = new LinkedHashSet<>();
        for (String shape : shapes) {
            for (String dtype : List.of("f32", "f16", "bf16")) {
                all.add(shape + " " + dtype + " naive");
                all.add(shape + " " + dtype + " fused");
            }
        }
        return all;
    }

    @Test
    void seedIsTheSeedsGrid() {
        List<BenchSpec> specs = grid(Preset.SEED, List.of(), List.of()).specs(List.of(VECTOR));
        assertSame(
                product(
                        List.of(
                                "1x512x896",
                                "8x512x896",
                                "1x1000x896",
                                "4x1024x896",
                                "1x2048x896",
                                "2x2048x896")),
                rows(specs, BenchKind.RMS_NORM));
        assertSame(
                product(List.of("1x512x896x4864", "4x512x896x4864")), rows(specs, BenchKind.MLP));
        assertSame(
                product(List.of("1x500", "1x1000", "1x1500", "1x2000", "1x2500")),
                rows(specs, BenchKind.FORWARD));
        assertEquals(
                Set.of(BenchKind.RMS_NORM, BenchKind.MLP, BenchKind.FORWARD),
                Set.copyOf(specs.stream().map(BenchSpec::kind).distinct().toList()));
        assertEquals(
                List.of(
                        "naive,rmsNorm=fused,addRmsNorm=fused",
                        "naive,attention=fused",
                        "naive,mlp=fused"),
                specs.stream()
                        .filter(s -> s.variant().contains("="))
                        .peek(s -> assertEquals("1x500 BF16", s.shape() + " " + s.dtype()))
                        .map(BenchSpec::variant)
                        .toList());
    }

    private static void assertSame(Set<String> expected, List<String> actual) {
        assertEquals(expected, new LinkedHashSet<>(actual));
        assertEquals(expected.size(), actual.size());
    }

    @Test
    void fullAddsToSeed() {
        List<BenchSpec> full = grid(Preset.FULL, List.of(), List.of()).specs(List.of(VECTOR));
        Set<String> labels = new LinkedHashSet<>(full.stream().map(BenchSpec::label).toList());
        assertEquals(full.size(), labels.size());
        for (BenchSpec s : grid(Preset.SEED, List.of(), List.of()).specs(List.of(VECTOR))) {
            assertTrue(labels.contains(s.label()), s.label());
        }
        List<String> attention = rows(full, BenchKind.ATTENTION);
        for (int n : new int[] {500, 1000, 1500, 2000, 2500, 4096, 16384}) {
            assertTrue(attention.contains("1x" + n + "x14/2x64 bf16 naive"), attention.toString());
        }
        assertTrue(rows(full, BenchKind.RMS_NORM).contains("32x2048x896 f32 fused"));
        assertTrue(rows(full, BenchKind.MLP).contains("8x2048x896x4864 f16 fused"));
        assertTrue(rows(full, BenchKind.DECODE).contains("32x500 bf16 fused"));
        assertTrue(rows(full, BenchKind.SAMPLING).contains("8x1x166000 bf16 naive"));
    }

    @Test
    void speechIsMeasuredInAllModes() {
        List<BenchSpec> specs =
                grid(Preset.FULL, List.of(BenchKind.SPEECH), List.of("fused"))
                        .specs(List.of(VECTOR));
        assertEquals(
                List.of(
                        "60+150 fast bf16 fused",
                        "60+150 exact bf16 fused",
                        "60+150 fast audio-rows bf16 fused"),
                rows(specs, BenchKind.SPEECH));
        assertEquals(List.of(SpeechMode.values()), specs.stream().map(BenchSpec::mode).toList());
        assertTrue(
                rows(
                                grid(Preset.QUICK, List.of(), List.of()).specs(List.of(VECTOR)),
                                BenchKind.SPEECH)
                        .isEmpty());
    }

    @Test
    void referenceIsTimedUpToTwoGflop() {
        List<BenchSpec> specs =
                grid(Preset.SEED, List.of(BenchKind.RMS_NORM, BenchKind.MLP), List.of())
                        .specs(List.of(REFERENCE));
        for (BenchSpec s : specs) {
            if (s.kind() == BenchKind.MLP) {
                String skip = s.skip();
                assertTrue(skip != null && skip.contains("GFLOP"), s.label());
            } else {
                assertNull(s.skip(), s.label());
            }
        }
    }

    @Test
    void decodeOnReferenceCountsItsPrompt() {
        BenchSpec decode =
                grid(Preset.QUICK, List.of(BenchKind.DECODE), List.of())
                        .specs(List.of(REFERENCE))
                        .getFirst();
        assertTrue(decode.flops() < Estimate.READABLE_FLOPS);
        assertNotNull(decode.skip());
    }

    @Test
    void variantsOfKernelsAndModels() {
        List<String> texts = List.of("rmsNorm=naive,mlp=fused", "default");
        assertEquals(
                List.of("naive", "fused"),
                grid(Preset.QUICK, List.of(BenchKind.RMS_NORM), texts)
                        .specs(List.of(VECTOR))
                        .stream()
                        .map(BenchSpec::variant)
                        .distinct()
                        .toList());
        assertEquals(
                List.of("rmsNorm=naive,mlp=fused", "default"),
                grid(Preset.QUICK, List.of(BenchKind.FORWARD), texts)
                        .specs(List.of(VECTOR))
                        .stream()
                        .map(BenchSpec::variant)
                        .distinct()
                        .toList());
    }

    @Test
    void explicitSizesReplaceThePresets() {
        Grid grid =
                new Grid(
                        Preset.QUICK,
                        List.of(BenchKind.MLP),
                        List.of(DType.F16),
                        List.of(2, 3),
                        List.of(5),
                        List.of("fused"),
                        "naive",
                        List.of(),
                        "tiny",
                        RunPlan.Effort.of(Preset.QUICK, 7));
        List<BenchSpec> specs = grid.specs(List.of(VECTOR));
        assertEquals(
                List.of("2x5x64x160", "3x5x64x160"), specs.stream().map(BenchSpec::shape).toList());
        assertEquals(7, grid.effort().rounds());
    }
}
