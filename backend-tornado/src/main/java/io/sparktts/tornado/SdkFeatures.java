package io.sparktts.tornado;

import io.sparktts.tornado.kernel.KernelSet;
import io.sparktts.tornado.kernel.KernelSet.QuadSet;

import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;

import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Supplier;

/**
 * What only the API of an SDK can express. The build compiles it where {@code TORNADOVM_HOME} names
 * one ({@code src/sdk}); elsewhere the backend does without, and says so.
 */
interface SdkFeatures {
    /** Those of this build, if it had an SDK. */
    static Optional<SdkFeatures> find() {
        try {
            return ServiceLoader.load(SdkFeatures.class).findFirst();
        } catch (ServiceConfigurationError e) {
            // Named, but not there: a build without an SDK over one that had it.
            return Optional.empty();
        }
    }

    /** The kernels of bfloat16, for the CUDA backend. */
    KernelSet bf16();

    /** An array of bfloat16. */
    Object bf16Array(int elements);

    /** Kernels of float16 that move two neighbours at once, for the CUDA backend. */
    QuadSet halfQuads();

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

    /** Whether the SDK's library of cuDNN can be loaded. */
    boolean hasCudnn();

    /** Adds attention by cuDNN to a task graph, of arrays of float16. */
    void addAttention(
            TaskGraph graph,
            String task,
            CausalAttention attention,
            Object out,
            Object queries,
            Object keys,
            Object values);

    /** Makes a plan that has not run yet replay as a CUDA graph. */
    void replayAsCudaGraph(TornadoExecutionPlan plan);
}
