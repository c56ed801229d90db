package io.sparktts.checkpoint;

import io.sparktts.backend.DType;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The files of a checkpoint's tensors: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} names, or {@code pytorch_model.bin}.
 */
final class Shards implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String PICKLE = "pytorch_model.bin";

    /** What names the tensors: the one file, or the index. */
    private final Path catalog;

    /** Open files by path. */
    private final Map<Path, TensorFile> files = new LinkedHashMap<>();

    private final Map<String, TensorFile> byTensor = new LinkedHashMap<>();

    private Shards(Path catalog) {
        this.catalog = catalog;
    }

    /** Opens the safetensors files of a folder and checks that each holds what the index says. */
    static Shards open(Path folder) {
        Path index = folder.resolve(INDEX);
        boolean sharded = !Files.exists(folder.resolve(SINGLE)) && Files.exists(index);
        return sharded ? openIndex(folder, index) : openSingle(folder.resolve(SINGLE));
    }

    /** The same, or torch's pickle if the folder has that alone. */
    static Shards openAny(Path folder) {
        Path pickle = folder.resolve(PICKLE);
        boolean safetensors =
                Files.exists(folder.resolve(SINGLE)) || Files.exists(folder.resolve(INDEX));
        if (safetensors || Files.exists(pickle)) {
            return safetensors ? open(folder) : openSingle(pickle);
        }
        throw new CheckpointException(folder, "neither " + SINGLE + " nor " + PICKLE + " in it");
    }

    private static Shards openSingle(Path path) {
        Shards shards = new Shards(path);
        TensorFile file = shards.file(path);
        file.names().forEach(name -> shards.byTensor.put(name, file));
        return shards;
    }

    private static Shards openIndex(Path folder, Path index) {
        Shards shards = new Shards(index);
        try {
            shards.readIndex(folder);
            return shards;
        } catch (RuntimeException | Error e) {
            shards.close();
            throw e;
        }
    }

    private void readIndex(Path folder) {
        if (!(Json.read(catalog).get("weight_map") instanceof ObjectNode map)) {
            throw new CheckpointException(catalog, "no weight_map, or not an object");
        }
        for (Map.Entry<String, JsonNode> member : map.properties()) {
            String tensor = member.getKey();
            TensorFile file = file(folder.resolve(shardName(tensor, member.getValue())));
            if (!file.contains(tensor)) {
                throw new CheckpointException(
                        file.path(), "no tensor " + tensor + ", which " + INDEX + " has there");
            }
            byTensor.put(tensor, file);
        }
    }

    /** A plain file name: an index must not reach outside its folder. */
    private String shardName(String tensor, JsonNode value) {
        if (value.isString()
                && value.stringValue().matches("[A-Za-z0-9_][A-Za-z0-9_.-]*\\.safetensors")) {
            return value.stringValue();
        }
        throw new CheckpointException(
                catalog,
                "tensor "
                        + tensor
                        + " is in "
                        + value
                        + ", not the plain name of a .safetensors file");
    }

    private TensorFile file(Path path) {
        TensorFile open = files.get(path);
        if (open != null) {
            return open;
        }
        try {
            TensorFile file =
                    path.endsWith(PICKLE) ? TorchPickleFile.open(path) : SafetensorsFile.open(path);
            files.put(path, file);
            return file;
        } catch (NoSuchFileException e) {
            throw new CheckpointException(path, "no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(path, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** The file that holds a tensor. */
    TensorFile require(String tensor) {
        TensorFile file = byTensor.get(tensor);
        if (file == null) {
            throw new CheckpointException(catalog, "no tensor " + tensor);
        }
        return file;
    }

    /** Whether a file holds it. */
    boolean contains(String tensor) {
        return byTensor.containsKey(tensor);
    }

    /**
     * Checks that a tensor is there, of floats and of a shape.
     *
     * @param config name of the file that the shape follows from
     * @return what it is stored in
     */
    DType check(String tensor, String config, long... shape) {
        TensorFile file = require(tensor);
        DType dtype = file.dtype(tensor);
        if (!dtype.isFloat()) {
            throw new CheckpointException(
                    file.path(), "tensor " + tensor + " is " + dtype + ", not a float tensor");
        }
        if (!Arrays.equals(file.shape(tensor), shape)) {
            throw new CheckpointException(
                    file.path(),
                    "tensor "
                            + tensor
                            + " has shape "
                            + Arrays.toString(file.shape(tensor))
                            + ", but by "
                            + config
                            + " it is "
                            + Arrays.toString(shape));
        }
        return dtype;
    }

    /**
     * Tensors that are not of the model, or that the index does not name.
     *
     * @param known whether a tensor is of the model
     */
    List<String> unusedWarnings(Predicate<String> known) {
        List<String> warnings = new ArrayList<>();
        for (TensorFile file : files.values()) {
            List<String> unused =
                    file.names().stream()
                            .filter(name -> !known.test(name) || !file.equals(byTensor.get(name)))
                            .toList();
            if (!unused.isEmpty()) {
                String some = String.join(", ", unused.subList(0, Math.min(5, unused.size())));
                String more = unused.size() > 5 ? ", ..." : "";
                warnings.add(
                        file.path() + ": " + unused.size() + " unused tensor(s): " + some + more);
            }
        }
        return warnings;
    }

    @Override
    public void close() {
        files.values().forEach(TensorFile::close);
    }
}
