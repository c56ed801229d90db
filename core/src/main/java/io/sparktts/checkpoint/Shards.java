package io.sparktts.checkpoint;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The safetensors files of a checkpoint: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} names.
 */
final class Shards implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    /** What names the tensors: the one file, or the index. */
    private final Path catalog;

    /** Open files by path. */
    private final Map<Path, SafetensorsFile> files = new LinkedHashMap<>();

    private final Map<String, SafetensorsFile> byTensor = new LinkedHashMap<>();

    private Shards(Path catalog) {
        this.catalog = catalog;
    }

    /** Opens the files of a folder and checks that each holds what the index says. */
    static Shards open(Path folder) {
        Path single = folder.resolve(SINGLE);
        Path index = folder.resolve(INDEX);
        boolean sharded = !Files.exists(single) && Files.exists(index);
        Shards shards = new Shards(sharded ? index : single);
        try {
            if (sharded) {
                shards.readIndex(folder);
            } else {
                SafetensorsFile file = shards.file(single);
                file.names().forEach(name -> shards.byTensor.put(name, file));
            }
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
            SafetensorsFile file = file(folder.resolve(shardName(tensor, member.getValue())));
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

    private SafetensorsFile file(Path path) {
        SafetensorsFile open = files.get(path);
        if (open != null) {
            return open;
        }
        try {
            SafetensorsFile file = SafetensorsFile.open(path);
            files.put(path, file);
            return file;
        } catch (NoSuchFileException e) {
            throw new CheckpointException(path, "no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(path, "cannot be read: " + e.getMessage(), e);
        }
    }

    /** The file that holds a tensor. */
    SafetensorsFile require(String tensor) {
        SafetensorsFile file = byTensor.get(tensor);
        if (file == null) {
            throw new CheckpointException(catalog, "no tensor " + tensor);
        }
        return file;
    }

    /** Tensors that are not of the model, or that the index does not name. */
    List<String> unusedWarnings(Set<String> used) {
        List<String> warnings = new ArrayList<>();
        for (SafetensorsFile file : files.values()) {
            List<String> unused =
                    file.names().stream()
                            .filter(name -> !used.contains(name) || byTensor.get(name) != file)
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
        files.values().forEach(SafetensorsFile::close);
    }
}
