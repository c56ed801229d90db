package io.sparktts.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.AttentionShape;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.KvCache;
import io.sparktts.backend.Op;
import io.sparktts.backend.SequenceBatch;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Weight;
import io.sparktts.contract.CaseResult;
import io.sparktts.contract.CaseStatus;
import io.sparktts.contract.ContractCase;
import io.sparktts.contract.ContractCase.Mode;
import io.sparktts.contract.ContractCases;
import io.sparktts.host.HostBuffer;
import io.sparktts.host.HostDevice;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A check that cannot fail checks nothing: each mistake that kernels are prone to has to be found.
 */
class BrokenKernelTest {
    private final Device device = new ReferenceBackend().open("cpu");

    @AfterEach
    void close() {
        device.close();
    }

    /** What a broken kernel does in place of the right one. */
    private interface Sabotage {
        void run(Kernels right, Method method, Object[] arguments)
                throws ReflectiveOperationException;
    }

    /** The reference with one operation replaced. */
    private Device broken(Op op, Sabotage sabotage) {
        return (Device)
                proxy(
                        Device.class,
                        (method, arguments) -> {
                            Object result = method.invoke(device, arguments);
                            if (!method.getName().equals("kernels")) {
                                return result;
                            }
                            Kernels right = (Kernels) result;
                            return proxy(
                                    Kernels.class,
                                    (kernel, args) -> {
                                        if (!kernel.getName().equals(op.id())) {
                                            return kernel.invoke(right, args);
                                        }
                                        sabotage.run(right, kernel, args);
                                        return null;
                                    });
                        });
    }

    private interface Handler {
        @Nullable Object call(Method method, Object[] arguments)
                throws ReflectiveOperationException;
    }

    private static Object proxy(Class<?> type, Handler handler) {
        return Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> {
                    try {
                        return handler.call(method, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause() == null ? e : e.getCause();
                    }
                });
    }

    private static List<ContractCase> cases(Op op, DType dtype, Mode mode) {
        List<ContractCase> cases =
                ContractCases.all().stream()
                        .filter(
                                c ->
                                        c.op() == op
                                                && c.dtype() == dtype
                                                && c.mode() == mode
                                                && c.operations() < 20_000_000)
                        .toList();
        assertFalse(cases.isEmpty());
        return cases;
    }

    private void allFail(Op op, DType dtype, CaseStatus status, String message, Sabotage sabotage) {
        Device wrong = broken(op, sabotage);
        for (ContractCase c : cases(op, dtype, Mode.TRUTH)) {
            CaseResult result = c.run(wrong, ReferenceDevice.ORACLE);
            assertEquals(status, result.status(), result::toString);
            assertTrue(result.message().contains(message), result::toString);
        }
    }

    private boolean someFail(Op op, DType dtype, Mode mode, Sabotage sabotage) {
        Device wrong = broken(op, sabotage);
        return cases(op, dtype, mode).stream()
                .map(c -> c.run(wrong, ReferenceDevice.ORACLE))
                .anyMatch(r -> r.status() == CaseStatus.INCORRECT);
    }

    @Test
    void elementLeftOut() {
        allFail(
                Op.SILU_MUL,
                DType.F32,
                CaseStatus.NON_FINITE,
                "NaN",
                (right, method, arguments) -> {
                    method.invoke(right, arguments);
                    Rows.of((Tensor) arguments[0])
                            .set(((Tensor) arguments[0]).elements() - 1, new double[] {Double.NaN});
                });
    }

    @Test
    void guardBandWritten() {
        allFail(
                Op.SOFTMAX,
                DType.BF16,
                CaseStatus.INCORRECT,
                "memory after out",
                (right, method, arguments) -> {
                    method.invoke(right, arguments);
                    Tensor out = (Tensor) arguments[0];
                    MemorySegment memory = ((HostBuffer) out.buffer()).segment();
                    memory.set(
                            ValueLayout.JAVA_SHORT_UNALIGNED,
                            (out.offset() + out.elements()) * 2,
                            (short) 0);
                });
    }

    @Test
    void inputChanged() {
        allFail(
                Op.ARGMAX,
                DType.F32,
                CaseStatus.INCORRECT,
                "input x was changed",
                (right, method, arguments) -> {
                    method.invoke(right, arguments);
                    HostDevice.segment((Tensor) arguments[1])
                            .set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, 0.125f);
                });
    }

    @Test
    void readsPastTheCache() {
        allFail(
                Op.ATTENTION,
                DType.F32,
                CaseStatus.NON_FINITE,
                "",
                (right, method, arguments) -> {
                    SequenceBatch batch = (SequenceBatch) arguments[5];
                    Tensor later = device.allocate(DType.I32, batch.tokens());
                    double[] positions = Rows.of(batch.positions()).all();
                    for (int t = 0; t < positions.length; t++) {
                        positions[t]++;
                    }
                    Rows.of(later).set(0, positions);
                    right.attention(
                            (Tensor) arguments[0],
                            (Tensor) arguments[1],
                            (KvCache) arguments[2],
                            (int) arguments[3],
                            (AttentionShape) arguments[4],
                            new SequenceBatch(
                                    batch.tokenOffsets(),
                                    later,
                                    batch.cacheLength(),
                                    batch.slot()));
                    later.close();
                });
    }

    /** With the last input feature dropped, or with a bfloat16 accumulator. */
    private boolean productFails(DType dtype, boolean dropLast, boolean narrowSum) {
        return someFail(
                Op.LINEAR,
                dtype,
                Mode.TRUTH,
                (right, method, arguments) -> {
                    Tensor out = (Tensor) arguments[0];
                    Rows x = Rows.of((Tensor) arguments[1]);
                    ReferenceWeight w = (ReferenceWeight) (Weight) arguments[2];
                    if (arguments[3] != null) {
                        method.invoke(right, arguments);
                        return;
                    }
                    int in = w.inFeatures();
                    for (int r = 0; r < out.rows(); r++) {
                        double[] row = x.get((long) r * in, in);
                        double[] y = new double[w.outFeatures()];
                        for (int o = 0; o < y.length; o++) {
                            double[] weights = w.row(o);
                            for (int i = 0; i < (dropLast ? in - 1 : in); i++) {
                                double sum = y[o] + row[i] * weights[i];
                                y[o] = narrowSum ? DType.bf16ToFloat(DType.doubleToBf16(sum)) : sum;
                            }
                        }
                        Rows.of(out).set((long) r * out.columns(), y);
                    }
                });
    }

    @Test
    void lastTermOfASumDropped() {
        assertTrue(productFails(DType.F32, true, false));
        assertTrue(productFails(DType.F16, true, false));
        assertTrue(productFails(DType.BF16, true, false));
        assertFalse(productFails(DType.BF16, false, false));
    }

    @Test
    void narrowAccumulator() {
        assertTrue(productFails(DType.BF16, false, true));
    }

    @Test
    void positionOfTheDrawStandsStill() {
        assertTrue(
                someFail(
                        Op.SAMPLE,
                        DType.F32,
                        Mode.TRUTH,
                        (right, method, arguments) -> {
                            method.invoke(right, arguments);
                            Rows random = Rows.of((Tensor) arguments[3]);
                            for (int row = 0; row < ((Tensor) arguments[3]).rows(); row++) {
                                int[] state = random.ints();
                                random.set(row * 4L + 3, new double[] {state[row * 4 + 3] - 1});
                            }
                        }));
    }

    @Test
    void everyDrawAlike() {
        assertTrue(
                someFail(
                        Op.SAMPLE,
                        DType.F32,
                        Mode.TRUTH,
                        (right, method, arguments) -> {
                            method.invoke(right, arguments);
                            Rows tokens = Rows.of((Tensor) arguments[0]);
                            double[] all = tokens.all();
                            Arrays.fill(all, all[0]);
                            tokens.set(0, all);
                        }));
    }

    @Test
    void bitsVary() {
        AtomicInteger calls = new AtomicInteger();
        assertTrue(
                someFail(
                        Op.RMS_NORM,
                        DType.F32,
                        Mode.REPEATED,
                        (right, method, arguments) -> {
                            method.invoke(right, arguments);
                            if (calls.incrementAndGet() == 7) {
                                Rows out = Rows.of((Tensor) arguments[0]);
                                out.set(3, new double[] {Math.nextUp((float) out.get(3, 1)[0])});
                            }
                        }));
    }
}
