package io.sparktts.tornado;

import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryInvocation;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoLibraryProvider;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoNativeStreamSupport;

import org.jspecify.annotations.Nullable;

import java.util.function.Supplier;

/**
 * cuBLAS as a library of TornadoVM's task graphs. TornadoVM's own provider takes whole arrays and
 * few types; this one takes any {@link MatrixProduct}: views, batches, bfloat16, float32 results.
 */
public final class CublasProvider implements TornadoLibraryProvider {
    static final String NAME = "sparktts/cublas";

    private @Nullable Cublas cublas;

    /** A plan's stream; cuBLAS itself is shared, since plans run one after the other. */
    private record Stream(long handle) implements LibraryContext {}

    @Override
    public String libraryName() {
        return NAME;
    }

    @Override
    public boolean canHandle(TornadoXPUDevice device) {
        return device instanceof TornadoNativeStreamSupport;
    }

    @Override
    public LibraryContext createContext(TornadoXPUDevice device, long executionPlanId) {
        TornadoNativeStreamSupport support = (TornadoNativeStreamSupport) device;
        if (cublas == null) {
            cublas = new Cublas(support.getNativeContext(executionPlanId));
        }
        return new Stream(support.getNativeStream(executionPlanId));
    }

    @Override
    public void dispatch(String functionName, LibraryInvocation invocation) {
        if (cublas == null) {
            throw new IllegalStateException("no context was made before " + functionName);
        }
        MatrixProduct product = (MatrixProduct) ((Supplier<?>) invocation.getTuning()).get();
        cublas.multiply(
                ((Stream) invocation.getContext()).handle,
                product,
                invocation.getDevicePointer(0),
                invocation.getDevicePointer(1),
                invocation.getDevicePointer(2));
    }

    /** cuBLAS lives as long as the process: the next plan needs it again. */
    @Override
    public void destroyContext(LibraryContext context) {}
}
