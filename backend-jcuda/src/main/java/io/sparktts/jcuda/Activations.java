package io.sparktts.jcuda;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Tensor;

import jcuda.driver.CUstream;

import org.jspecify.annotations.Nullable;

import java.util.Locale;

/** Launches {@code Activations.cu}. */
final class Activations {
    private static final String MODULE = "Activations";
    private static final int BLOCK = 256;

    private final CudaContext context;

    Activations(CudaContext context) {
        this.context = context;
    }

    /** See {@link io.sparktts.backend.Kernels#activation}. */
    void activation(CUstream stream, Tensor out, Tensor x, Activation function) {
        long elements = out.elements();
        int width = width(out);
        boolean wide = elements % width == 0 && CudaBuffer.aligned16(out, x);
        launch(
                stream,
                function.name().toLowerCase(Locale.ROOT),
                out,
                wide,
                CudaBuffer.address(out),
                CudaBuffer.address(x),
                elements,
                wide ? 1 : 0);
    }

    /** See {@link io.sparktts.backend.Kernels#geglu}. */
    void geglu(CUstream stream, Tensor out, Tensor valueGate) {
        int n = out.columns();
        boolean wide = n % width(out) == 0 && CudaBuffer.aligned16(out, valueGate);
        launch(
                stream,
                "geglu",
                out,
                wide,
                CudaBuffer.address(out),
                CudaBuffer.address(valueGate),
                out.elements(),
                n,
                wide ? 1 : 0);
    }

    /** See {@link io.sparktts.backend.Kernels#affine}. */
    void affine(CUstream stream, Tensor out, Tensor x, Tensor scale, @Nullable Tensor shift) {
        int n = out.columns();
        boolean wide =
                n % width(out) == 0
                        && CudaBuffer.aligned16(out, x, scale)
                        && (shift == null || CudaBuffer.aligned16(shift));
        launch(
                stream,
                "affine",
                out,
                wide,
                CudaBuffer.address(out),
                CudaBuffer.address(x),
                CudaBuffer.address(scale),
                CudaBuffer.addressOrNull(shift),
                out.elements(),
                n,
                wide ? 1 : 0);
    }

    /** See {@link io.sparktts.backend.Kernels#snake}. */
    void snake(CUstream stream, Tensor out, Tensor x, Tensor alpha) {
        int n = out.columns();
        boolean wide = n % width(out) == 0 && CudaBuffer.aligned16(out, x, alpha);
        launch(
                stream,
                "snake",
                out,
                wide,
                CudaBuffer.address(out),
                CudaBuffer.address(x),
                CudaBuffer.address(alpha),
                out.elements(),
                n,
                wide ? 1 : 0);
    }

    /** Elements of 16 bytes. */
    private static int width(Tensor t) {
        return 16 / t.dtype().bytes();
    }

    private void launch(
            CUstream stream, String name, Tensor out, boolean wide, Object... arguments) {
        long threads = wide ? out.elements() / width(out) : out.elements();
        context.function(MODULE, name + "_" + out.dtype().id())
                .launchThreads(stream, threads, BLOCK, arguments);
    }
}
