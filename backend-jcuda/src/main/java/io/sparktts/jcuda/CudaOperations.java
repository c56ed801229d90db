package io.sparktts.jcuda;

import java.util.Optional;

/** The launchers of a device's kernels, each with its functions looked up once. */
final class CudaOperations implements AutoCloseable {
    private final CudaContext context;
    private final RmsNorm rmsNorm;
    private final Elementwise elementwise;
    private final Softmax softmax;
    private final Sequences sequences;
    private final NaiveSteps naive;
    private final AttentionKernel attention;
    private final SamplingKernel sampling;
    private final NaiveSampling naiveSampling;
    private final LayerNorm layerNorm;
    private final Activations activations;
    private final Columns columns;
    private final Convolution convolution;
    private final BidirectionalAttention bidirectionalAttention;
    private final FewRows fewRows;
    private final OwnGemm gemm;
    private final LimitProbe limitProbe;
    private final Optional<CublasLt> cublasLt;

    CudaOperations(CudaContext context) {
        this.context = context;
        rmsNorm = new RmsNorm(context);
        elementwise = new Elementwise(context);
        softmax = new Softmax(context);
        sequences = new Sequences(context);
        naive = new NaiveSteps(context);
        attention = new AttentionKernel(context);
        sampling = new SamplingKernel(context);
        naiveSampling = new NaiveSampling(context, naive);
        layerNorm = new LayerNorm(context);
        activations = new Activations(context);
        columns = new Columns(context);
        convolution = new Convolution(context);
        bidirectionalAttention = new BidirectionalAttention(context);
        fewRows = new FewRows(context);
        gemm = new OwnGemm(context, elementwise);
        limitProbe = new LimitProbe(context);
        cublasLt = CublasLt.load();
    }

    CudaContext context() {
        return context;
    }

    RmsNorm rmsNorm() {
        return rmsNorm;
    }

    Elementwise elementwise() {
        return elementwise;
    }

    Softmax softmax() {
        return softmax;
    }

    Sequences sequences() {
        return sequences;
    }

    NaiveSteps naive() {
        return naive;
    }

    AttentionKernel attention() {
        return attention;
    }

    SamplingKernel sampling() {
        return sampling;
    }

    NaiveSampling naiveSampling() {
        return naiveSampling;
    }

    LayerNorm layerNorm() {
        return layerNorm;
    }

    Activations activations() {
        return activations;
    }

    Columns columns() {
        return columns;
    }

    Convolution convolution() {
        return convolution;
    }

    BidirectionalAttention bidirectionalAttention() {
        return bidirectionalAttention;
    }

    /** Products of a few rows, where reading the weights is all the work. */
    FewRows fewRows() {
        return fewRows;
    }

    /** The project's own products of many rows. */
    OwnGemm gemm() {
        return gemm;
    }

    LimitProbe limitProbe() {
        return limitProbe;
    }

    /** The library, where it is installed. */
    Optional<CublasLt> cublasLt() {
        return cublasLt;
    }

    @Override
    public void close() {
        cublasLt.ifPresent(CublasLt::close);
    }
}
