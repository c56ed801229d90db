package io.sparktts.jcuda;

import io.sparktts.backend.Activation;
import io.sparktts.backend.Conv1d;
import io.sparktts.backend.ConvNextWeights;
import io.sparktts.backend.ConvTranspose1d;
import io.sparktts.backend.Kernels;
import io.sparktts.backend.Op;
import io.sparktts.backend.ResidualUnitWeights;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.backend.Window;

import org.jspecify.annotations.Nullable;

/**
 * Convolutions and the codec's blocks: the frames that each output sees are unfolded, with the
 * snake before where there is one, and multiplied by the matrix of all taps.
 */
final class CodecOperations {
    private final CudaOperations operations;
    private final CudaStream stream;
    private final Kernels kernels;
    private final MatrixProducts products;
    private final String conv1d;
    private final String convTranspose1d;
    private final String residualUnit;
    private final String convNextBlock;

    CodecOperations(
            CudaOperations operations,
            CudaStream stream,
            Kernels kernels,
            MatrixProducts products,
            Variants variants) {
        this.operations = operations;
        this.stream = stream;
        this.kernels = kernels;
        this.products = products;
        conv1d = choose(variants, Op.CONV1D);
        convTranspose1d = choose(variants, Op.CONV_TRANSPOSE1D);
        residualUnit = choose(variants, Op.RESIDUAL_UNIT);
        convNextBlock = choose(variants, Op.CONV_NEXT_BLOCK);
    }

    private static String choose(Variants variants, Op op) {
        return variants.choose(op, CudaVariants.of(op));
    }

    /** See {@link Kernels#conv1d}. */
    void conv1d(Tensor out, Tensor x, CudaWeight weight, @Nullable Tensor bias, Conv1d shape) {
        if (weight.outFeatures() <= Convolution.MOST_NARROW) {
            operations.convolution().narrow(stream, out, x, weight, bias, shape.window());
            return;
        }
        boolean sameFrames = shape.equals(Conv1d.same(1, shape.dilation()));
        Tensor seen =
                sameFrames ? x : seen("conv1d.seen", x, null, shape.window(), out.rows(), weight);
        products.product(conv1d, out, seen, weight, bias, null);
    }

    /** See {@link Kernels#convTranspose1d}. */
    void convTranspose1d(
            Tensor out, Tensor x, CudaWeight weight, Tensor bias, ConvTranspose1d shape) {
        int rows = shape.rows(x.rows());
        Tensor seen = seen("convTranspose1d.seen", x, null, shape.window(), rows, weight);
        Tensor whole =
                kernels.scratch("convTranspose1d.whole", x.dtype(), rows, weight.outFeatures());
        products.product(convTranspose1d, whole, seen, weight, bias, null);
        long cut = (long) shape.padding() * out.columns();
        Tensor live = whole.view(cut, out.rows(), out.columns());
        operations.columns().copy(stream, out, 0, live, 0, out.columns());
    }

    /** See {@link Kernels#residualUnit}; the residual is added by the last product. */
    void residualUnit(Tensor out, Tensor x, ResidualUnitWeights w) {
        CudaWeight conv1 = (CudaWeight) w.conv1();
        Tensor seen = seen("conv1d.seen", x, w.alpha1(), w.shape1().window(), x.rows(), conv1);
        Tensor active = kernels.scratch("residualUnit.active", x.dtype(), x.rows(), x.columns());
        products.product(residualUnit, active, seen, conv1, w.bias1(), null);
        operations.activations().snake(stream, active, active, w.alpha2());
        products.product(residualUnit, out, active, (CudaWeight) w.conv2(), w.bias2(), x);
    }

    /**
     * See {@link Kernels#convNextBlock}; convolution and norm are one kernel, and the residual is
     * added by the last product.
     */
    void convNextBlock(
            Tensor x, ConvNextWeights w, Tensor normWeight, Tensor normBias, double epsilon) {
        int rows = x.rows();
        Tensor mixed = kernels.scratch("convNext.mixed", x.dtype(), rows, x.columns());
        Tensor wide = kernels.scratch("convNext.wide", x.dtype(), rows, w.expand().outFeatures());
        Tensor taps = w.depthwise();
        Conv1d shape = Conv1d.same(taps.rows(), 1);
        if (LayerNorm.fuses(x.columns())) {
            operations
                    .layerNorm()
                    .depthwise(
                            stream,
                            mixed,
                            x,
                            taps,
                            w.depthwiseBias(),
                            shape.window(),
                            normWeight,
                            normBias,
                            epsilon);
        } else {
            kernels.depthwiseConv1d(mixed, x, taps, w.depthwiseBias(), shape);
            kernels.layerNorm(mixed, mixed, normWeight, normBias, epsilon);
        }
        CudaWeight expand = (CudaWeight) w.expand();
        products.product(convNextBlock, wide, mixed, expand, w.expandBias(), null);
        operations.activations().activation(stream, wide, wide, Activation.GELU);
        CudaWeight contract = (CudaWeight) w.contract();
        products.product(convNextBlock, x, wide, contract, w.contractBias(), x);
    }

    /** What each output row sees of {@code x}, or of its snake where {@code alpha} is given. */
    private Tensor seen(
            String name,
            Tensor x,
            @Nullable Tensor alpha,
            Window window,
            int rows,
            CudaWeight weight) {
        Tensor seen = kernels.scratch(name, x.dtype(), rows, weight.inFeatures());
        operations.convolution().unfold(stream, seen, x, alpha, window, 0);
        return seen;
    }
}
