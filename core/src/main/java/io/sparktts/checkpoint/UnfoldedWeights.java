package io.sparktts.checkpoint;

import io.sparktts.backend.HostTensor;
import io.sparktts.model.WeightSource;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Tensors under the names that a published file has them by: with a prefix, and a weight under
 * weight norm as a pair, whose direction is the weight itself and whose gain is its norm.
 */
final class UnfoldedWeights implements WeightSource {
    private static final String GAIN = ".weight_g";
    private static final String DIRECTION = ".weight_v";

    private final Map<String, long[]> shapes = new LinkedHashMap<>();
    private final WeightSource folded;
    private final String prefix;
    private final int normAxis;

    /**
     * @param shapes of the tensors of {@code folded}, by its names
     * @param isWeightNormed which of them become pairs
     * @param normAxis axis that has gains
     */
    UnfoldedWeights(
            Map<String, long[]> shapes,
            WeightSource folded,
            String prefix,
            Predicate<String> isWeightNormed,
            int normAxis) {
        this.folded = folded;
        this.prefix = prefix;
        this.normAxis = normAxis;
        shapes.forEach(
                (name, shape) -> {
                    if (isWeightNormed.test(name)) {
                        String stem = prefix + name.substring(0, name.lastIndexOf('.'));
                        this.shapes.put(stem + GAIN, WeightNorm.gainShape(shape, normAxis));
                        this.shapes.put(stem + DIRECTION, shape);
                    } else {
                        this.shapes.put(prefix + name, shape);
                    }
                });
    }

    /** Names and shapes of its tensors. */
    Map<String, long[]> shapes() {
        return shapes;
    }

    @Override
    public HostTensor tensor(String name, Arena arena) {
        String own = name.substring(prefix.length());
        if (own.endsWith(GAIN)) {
            return WeightNorm.gains(folded.tensor(weight(own), arena), normAxis, arena);
        }
        return folded.tensor(own.endsWith(DIRECTION) ? weight(own) : own, arena);
    }

    private static String weight(String half) {
        return half.substring(0, half.lastIndexOf('.')) + ".weight";
    }
}
