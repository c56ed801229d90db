package io.sparktts.jcuda;

import io.sparktts.backend.BackendException;

import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The primary context of one GPU and the modules loaded into it. One context per device: memory
 * taken by other libraries of the process (cuBLASLt) is in the same one.
 */
final class CudaContext implements AutoCloseable {
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final DriverExtras extras;
    private final CudaTensorMap tensorMaps;
    private final Map<String, CUmodule> modules = new HashMap<>();
    private final Map<String, CudaFunction> functions = new HashMap<>();
    private final int multiprocessors;
    private final int computeCapability;
    private final int cacheBytes;
    private final int mostSharedBytes;

    CudaContext(int ordinal) {
        Cuda.check(JCudaDriver.cuInit(0), "start the NVIDIA driver");
        Cuda.check(JCudaDriver.cuDeviceGet(device, ordinal), "open GPU " + ordinal);
        Cuda.check(
                JCudaDriver.cuDevicePrimaryCtxRetain(context, device),
                "make a context on GPU " + ordinal);
        try {
            bind();
            extras = new DriverExtras(JCudaBackend.driverLibrary());
            tensorMaps = new CudaTensorMap(extras);
            multiprocessors =
                    attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
            computeCapability = computeCapability(device);
            cacheBytes = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
            mostSharedBytes =
                    attribute(
                            CUdevice_attribute
                                    .CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
        } catch (RuntimeException | Error e) {
            JCudaDriver.cuDevicePrimaryCtxRelease(device);
            throw e;
        }
    }

    static int computeCapability(CUdevice device) {
        return 10
                        * attribute(
                                device,
                                CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(
                        device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    static int attribute(CUdevice device, int which) {
        int[] value = new int[1];
        Cuda.check(
                JCudaDriver.cuDeviceGetAttribute(value, which, device), "ask the GPU what it is");
        return value[0];
    }

    private int attribute(int which) {
        return attribute(device, which);
    }

    /** Makes this the calling thread's context. */
    void bind() {
        Cuda.check(JCudaDriver.cuCtxSetCurrent(context), "use the GPU's context");
    }

    /** Waits for all work of the GPU: copies and streams do not wait for one another. */
    void finish() {
        Cuda.check(JCudaDriver.cuCtxSynchronize(), "finish the GPU's work");
    }

    /**
     * A kernel; its module is loaded on first use.
     *
     * @param module base name of the .cu file
     * @param entry name of the kernel
     */
    CudaFunction function(String module, String entry) {
        return functions.computeIfAbsent(
                module + "/" + entry,
                key -> {
                    CudaFunction function = new CudaFunction(extras, isHopper());
                    Cuda.check(
                            JCudaDriver.cuModuleGetFunction(function, module(module), entry),
                            "find kernel " + entry + " in " + module);
                    return function;
                });
    }

    private CUmodule module(String name) {
        return modules.computeIfAbsent(
                name,
                key -> {
                    CUmodule module = new CUmodule();
                    Cuda.check(
                            JCudaDriver.cuModuleLoadData(module, fatbin(name)),
                            "load the kernels of " + name);
                    return module;
                });
    }

    private static byte[] fatbin(String name) {
        try (InputStream in = CudaContext.class.getResourceAsStream(name + ".fatbin")) {
            if (in == null) {
                throw new BackendException(
                        "the kernels of " + name + " were not built; " + JCudaBackend.BUILD);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The GPU's place on the PCI bus, which NVML knows it by. */
    String busId() {
        String[] id = new String[1];
        Cuda.check(JCudaDriver.cuDeviceGetPCIBusId(id, 64, device), "ask where the GPU is");
        return id[0];
    }

    CudaTensorMap tensorMaps() {
        return tensorMaps;
    }

    int multiprocessors() {
        return multiprocessors;
    }

    /** Shared memory that a block can have. */
    int mostSharedBytes() {
        return mostSharedBytes;
    }

    /** 80 for compute capability 8.0, 90 for Hopper. */
    int computeCapability() {
        return computeCapability;
    }

    /** Whether it has what compute capability 9.0 alone has: wgmma. */
    boolean isHopper() {
        return computeCapability == 90;
    }

    /** Size of the L2 cache. */
    int cacheBytes() {
        return cacheBytes;
    }

    @Override
    public void close() {
        modules.values().forEach(JCudaDriver::cuModuleUnload);
        extras.close();
        Cuda.check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "release the GPU's context");
    }
}
