package io.sparktts.backend;

/**
 * A device of a backend.
 *
 * @param id what {@code --device} takes
 * @param name for people
 * @param memoryBytes memory that tensors can use; 0 if unknown
 * @param lastLevelCacheBytes size of the largest cache; 0 if unknown
 * @param detail driver, capability, vector width, threads
 */
public record DeviceInfo(
        String id, String name, long memoryBytes, long lastLevelCacheBytes, String detail) {}
