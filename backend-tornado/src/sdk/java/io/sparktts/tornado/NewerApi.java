package io.sparktts.tornado;

import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;

import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;

/** {@link SdkFeatures} by the API of TornadoVM 5.2. */
@SuppressWarnings("restricted") // what asking for a library is
public final class NewerApi implements SdkFeatures {
    /** {@code CuDnn.LIBRARY_NAME}, of a module that only an SDK of the CUDA backend has. */
    private static final String CUDNN = "nvidia/cudnn";

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
    public QuadSet halfQuads() {
        return io.sparktts.tornado.f16pairs.QuadKernels.set();
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

    /** By name: TornadoVM itself loads it, and a native library goes to one class loader alone. */
    @Override
    public boolean hasCudnn() {
        String name = System.mapLibraryName("tornado-cudnn");
        for (String folder : System.getProperty("java.library.path").split(File.pathSeparator, -1)) {
            try (Arena arena = Arena.ofConfined()) {
                SymbolLookup.libraryLookup(Path.of(folder, name), arena);
                return true;
            } catch (IllegalArgumentException e) {
                // Not in this folder, or without cuDNN itself.
            }
        }
        return false;
    }

    @Override
    public void addAttention(
            TaskGraph graph,
            String task,
            CausalAttention attention,
            Object out,
            Object queries,
            Object keys,
            Object values) {
        graph.libraryTask(
                task,
                (q, k, v, o) -> descriptor(attention, q, k, v, o),
                queries,
                keys,
                values,
                out);
    }

    /** As {@code CuDnn.sdpaForward}, but for memory that is there already: it is not transferred. */
    private static LibraryTaskDescriptor descriptor(
            CausalAttention a, Object queries, Object keys, Object values, Object out) {
        Object[] parameters = {
            queries, keys, values, out, 1, a.heads(), a.span(), a.span(), a.headDim(), a.scale(), true
        };
        Access[] access = new Access[parameters.length];
        Arrays.fill(access, Access.READ_ONLY);
        access[3] = Access.READ_WRITE;
        return new LibraryTaskDescriptor()
                .withLibrary(CUDNN)
                .withFunction("sdpaForward")
                .withParameters(parameters)
                .withAccess(access);
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
