package io.sparktts.tornado;

import io.sparktts.tornado.kernel.KernelSet;

import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;

import java.util.function.Supplier;

/** {@link SdkFeatures} by the API of TornadoVM 5.2. */
public final class NewerApi implements SdkFeatures {
    private static final KernelSet BF16 =
            io.sparktts.tornado.bf16.KernelTable.set(
                    io.sparktts.tornado.bf16words.QuadKernels.set(), null);

    @Override
    public KernelSet bf16() {
        return BF16;
    }

    @Override
    public Object bf16Array(int elements) {
        return new BFloat16Array(elements);
    }

    @Override
    public boolean hasCublas() {
        return Cublas.available();
    }

    @Override
    public void addProduct(
            TaskGraph graph,
            String task,
            Supplier<MatrixProduct> product,
            Object out,
            Object left,
            Object right) {
        graph.libraryTask(task, (o, l, r) -> descriptor(product, o, l, r), out, left, right);
    }

    private static LibraryTaskDescriptor descriptor(
            Supplier<MatrixProduct> product, Object out, Object left, Object right) {
        return new LibraryTaskDescriptor()
                .withLibrary(CublasProvider.NAME)
                .withFunction("matrixProduct")
                .withParameters(new Object[] {out, left, right})
                .withAccess(
                        new Access[] {Access.READ_WRITE, Access.READ_ONLY, Access.READ_ONLY})
                .withTuning(product);
    }

    @Override
    public void replayAsCudaGraph(TornadoExecutionPlan plan) {
        plan.withCUDAGraph();
    }
}
