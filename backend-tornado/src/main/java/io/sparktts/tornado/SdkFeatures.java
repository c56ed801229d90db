package io.sparktts.tornado;

import io.sparktts.tornado.kernel.KernelSet;

import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;

import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Supplier;

/**
 * What only the API of an SDK can express. The build compiles it where {@code TORNADOVM_HOME} names
 * one ({@code src/sdk}); elsewhere the backend does without, and says so.
 */
interface SdkFeatures {
    /** Those of this build, if it had an SDK. */
    static Optional<SdkFeatures> find() {
        return ServiceLoader.load(SdkFeatures.class).findFirst();
    }

    /** The kernels of bfloat16, for the CUDA backend. */
    KernelSet bf16();

    /** An array of bfloat16. */
    Object bf16Array(int elements);

    /** Whether cuBLAS can be loaded. */
    boolean hasCublas();

    /**
     * Adds a matrix product by cuBLAS to a task graph.
     *
     * @param product asked for each time the task is launched
     */
    void addProduct(
            TaskGraph graph,
            String task,
            Supplier<MatrixProduct> product,
            Object out,
            Object left,
            Object right);

    /** Makes a plan that has not run yet replay as a CUDA graph. */
    void replayAsCudaGraph(TornadoExecutionPlan plan);
}
