package io.sparktts.jcuda;

import io.sparktts.backend.Program;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/** Kernel calls captured from a stream: one launch queues them all. */
final class CudaGraph implements Program {
    private final CudaStream stream;
    private final CUgraphExec executable = new CUgraphExec();
    private boolean open = true;

    /** Captures what {@code calls} queues; nothing of it runs now. */
    CudaGraph(CudaStream stream, Runnable calls) {
        this.stream = stream;
        CUgraph graph = new CUgraph();
        Cuda.check(
                JCudaDriver.cuStreamBeginCapture(
                        stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "begin to record a graph");
        try {
            calls.run();
        } catch (RuntimeException | Error e) {
            // Ends the capture, or the stream would stay unusable; a failure of it says nothing
            // new.
            if (JCudaDriver.cuStreamEndCapture(stream, graph) == CUresult.CUDA_SUCCESS) {
                JCudaDriver.cuGraphDestroy(graph);
            }
            throw e;
        }
        Cuda.check(JCudaDriver.cuStreamEndCapture(stream, graph), "record a graph");
        try {
            Cuda.check(JCudaDriver.cuGraphInstantiate(executable, graph, 0), "instantiate a graph");
        } finally {
            JCudaDriver.cuGraphDestroy(graph);
        }
    }

    @Override
    public void replay() {
        Cuda.check(JCudaDriver.cuGraphLaunch(executable, stream), "launch a graph");
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            Cuda.check(JCudaDriver.cuGraphExecDestroy(executable), "free a graph");
        }
    }
}
