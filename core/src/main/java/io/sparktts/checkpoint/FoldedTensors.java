package io.sparktts.checkpoint;

import io.sparktts.backend.HostTensor;

import org.jspecify.annotations.Nullable;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Tensors by the names that a model knows them by: a prefix is left out, and a weight that the
 * files have as a weight-norm pair, in either of torch's spellings, is folded when it is read.
 */
final class FoldedTensors implements AutoCloseable {
    private static final String WEIGHT = ".weight";

    /** Gain and direction in place of {@code .weight}: torch's older and newer spelling. */
    private static final List<Pair> SPELLINGS =
            List.of(
                    new Pair(".weight_g", ".weight_v"),
                    new Pair(
                            ".parametrizations.weight.original0",
                            ".parametrizations.weight.original1"));

    private final Shards shards;
    private final String prefix;
    private final String config;
    private final int normAxis;

    private record Pair(String gain, String direction) {}

    /**
     * @param prefix of the names in the files
     * @param config name of the file that shapes follow from
     * @param normAxis axis that has gains, of all weights that are pairs
     */
    FoldedTensors(Shards shards, String prefix, String config, int normAxis) {
        this.shards = shards;
        this.prefix = prefix;
        this.config = config;
        this.normAxis = normAxis;
    }

    boolean contains(String name) {
        return shards.contains(prefix + name) || pair(name) != null;
    }

    /** One extent of a tensor that is not a pair; positive. */
    int extent(String name, int axis) {
        long[] shape = shards.require(prefix + name).shape(prefix + name);
        if (axis >= shape.length || shape[axis] < 1 || shape[axis] > Integer.MAX_VALUE) {
            throw error(name, "has shape " + Arrays.toString(shape));
        }
        return (int) shape[axis];
    }

    CheckpointException error(String name, String problem) {
        return new CheckpointException(
                shards.require(prefix + name).path(), "tensor " + prefix + name + " " + problem);
    }

    /** Checks that a tensor is there, of floats and of a shape. */
    void check(String name, long... shape) {
        Pair pair = pair(name);
        if (pair == null) {
            shards.check(prefix + name, config, shape);
        } else {
            shards.check(pair.gain, config, WeightNorm.gainShape(shape, normAxis));
            shards.check(pair.direction, config, shape);
        }
    }

    HostTensor tensor(String name, Arena arena) {
        Pair pair = pair(name);
        if (pair == null) {
            return shards.require(prefix + name).map(prefix + name, arena);
        }
        try (Arena files = Arena.ofShared()) {
            HostTensor gain = shards.require(pair.gain).map(pair.gain, files);
            HostTensor direction = shards.require(pair.direction).map(pair.direction, files);
            return WeightNorm.fold(gain, direction, normAxis, arena);
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    shards.require(pair.direction).path(),
                    "tensor " + pair.direction + " has no direction: " + e.getMessage(),
                    e);
        }
    }

    /**
     * A line on tensors that are not of the model.
     *
     * @param known whether a tensor is, by its name without prefix and folded
     */
    List<String> unusedWarnings(Predicate<String> known) {
        return shards.unusedWarnings(stored -> known.test(foldedName(stored)));
    }

    @Override
    public void close() {
        shards.close();
    }

    /** The names in the files of a weight that is a pair; null if it is not. */
    private @Nullable Pair pair(String name) {
        if (!name.endsWith(WEIGHT) || shards.contains(prefix + name)) {
            return null;
        }
        String stem = prefix + name.substring(0, name.length() - WEIGHT.length());
        for (Pair p : SPELLINGS) {
            if (shards.contains(stem + p.gain) && shards.contains(stem + p.direction)) {
                return new Pair(stem + p.gain, stem + p.direction);
            }
        }
        return null;
    }

    private String foldedName(String stored) {
        String name = stored.startsWith(prefix) ? stored.substring(prefix.length()) : stored;
        for (Pair p : SPELLINGS) {
            for (String part : List.of(p.gain, p.direction)) {
                if (name.endsWith(part)) {
                    return name.substring(0, name.length() - part.length()) + WEIGHT;
                }
            }
        }
        return name;
    }
}
