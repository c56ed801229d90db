package io.sparktts.contract;

import io.sparktts.backend.HostTensor;
import io.sparktts.checkpoint.SafetensorsFile;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A safetensors file of a golden set. */
final class GoldenFile implements AutoCloseable {
    private final Path path;
    private final SafetensorsFile tensors;

    private GoldenFile(Path path, SafetensorsFile tensors) {
        this.path = path;
        this.tensors = tensors;
    }

    static GoldenFile open(Path path) {
        try {
            return new GoldenFile(path, SafetensorsFile.open(path));
        } catch (IOException | RuntimeException e) {
            throw new GoldenException("golden file " + path + " cannot be read: " + oneLine(e), e);
        }
    }

    /** Reads a JSON file. */
    static JsonNode json(Path path) {
        try {
            return JsonMapper.shared().readTree(Files.readString(path));
        } catch (IOException | JacksonException e) {
            throw new GoldenException("golden file " + path + " cannot be read: " + oneLine(e), e);
        }
    }

    /** A member of a JSON object that has to be there. */
    static JsonNode member(JsonNode node, String name, Path path) {
        JsonNode m = node.get(name);
        if (m == null) {
            throw new GoldenException("golden file " + path + " lacks '" + name + "'");
        }
        return m;
    }

    private static String oneLine(Exception e) {
        return String.valueOf(e.getMessage())
                .lines()
                .findFirst()
                .orElse(e.getClass().getSimpleName());
    }

    boolean has(String name) {
        return tensors.names().contains(name);
    }

    private String existing(String name) {
        if (!has(name)) {
            throw new GoldenException("golden file " + path + " lacks the tensor '" + name + "'");
        }
        return name;
    }

    HostTensor tensor(String name) {
        return tensors.tensor(existing(name));
    }

    double[] values(String name) {
        return tensor(name).toDoubles();
    }

    int[] ints(String name) {
        return Arrays.stream(tensors.longs(existing(name))).mapToInt(Math::toIntExact).toArray();
    }

    long[] shape(String name) {
        return tensors.shape(existing(name));
    }

    @Override
    public void close() {
        tensors.close();
    }
}
