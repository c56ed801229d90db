package io.sparktts.backend;

/**
 * A compute backend, found by {@link java.util.ServiceLoader}. Constructing it, {@link #name},
 * {@link #priority} and {@link #launch} load no native library and no SDK class; the rest runs in a
 * JVM started with {@link #launch}'s arguments.
 */
public interface Backend {
    /** What {@code --backend} takes. */
    String name();

    /** Automatic choice takes the available backend with the highest number. */
    int priority();

    /** What this backend's own process needs. */
    Launch launch();

    /** Looks for devices, without throwing. */
    Probe probe();

    /**
     * Opens a device.
     *
     * @param deviceId an id that {@link #probe} listed
     * @throws BackendException if there is no such device or it cannot be used
     */
    Device open(String deviceId);
}
