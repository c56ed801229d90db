package io.sparktts.reports;

/** Names of the tables' columns. The unit in a name also picks the printed form. */
final class Columns {
    static final String MILLIS = "ms";
    static final String RATIO = "speedup";
    static final String PERCENT = "%";
    static final String DIFFERENCE = "max abs diff";

    static final String MACHINE = "machine";
    static final String BENCHMARK = "benchmark";
    static final String CONFIGURATION = "configuration";
    static final String MODEL = "model";
    static final String DTYPE = "dtype";
    static final String BACKEND = "backend";
    static final String DEVICE = "device";
    static final String BASELINE = "baseline";
    static final String BASELINE_MILLIS = "baseline ms";
    static final String VARIANT = "variant";
    static final String VARIANT_MILLIS = "variant ms";
    static final String SPEEDUP = "speedup";
    static final String BEST = "best available";
    static final String VERSUS_BEST = "speedup vs best";
    static final String PEER = "best peer";
    static final String VERSUS_PEER = "speedup vs best peer";
    static final String BASELINE_DIFFERENCE = "baseline max abs diff";
    static final String VARIANT_DIFFERENCE = "variant max abs diff";
    static final String ERROR_IN_TOLERANCE = "error / tolerance";
    static final String NON_FINITE = "non-finite";
    static final String LIMIT_KIND = "limit";
    static final String PERCENT_OF_LIMIT = "of limit %";
    static final String TOKENS_PER_SECOND = "tokens/s";
    static final String COLD_MILLIS = "cold caches ms";
    static final String CLOCK_BEFORE = "clock before MHz";
    static final String CLOCK_AFTER = "clock after MHz";
    static final String THROTTLED = "throttled samples";
    static final String LAUNCH_MILLIS = "launch ms";
    static final String COLD_START = "cold start ms";
    static final String CLOCK = "clock";
    static final String PROMPT_TOKENS = "prompt tokens";
    static final String NEW_TOKENS = "new tokens";
    static final String PREFILL_MILLIS = "prefill ms";
    static final String TOKEN_MILLIS = "per token ms";
    static final String CODEC_MILLIS = "codec, per second of audio ms";
    static final String FIRST_AUDIO_MILLIS = "first audio ms";
    static final String UNDERRUN_MILLIS = "largest underrun ms";
    static final String REAL_TIME_FACTOR = "real-time factor";
    static final String STATUS = "status";
    static final String PUBLISHED = "seed's published speedup";

    static final String COUNT = "configurations";
    static final String MEAN_SPEEDUP = "geometric mean speedup";
    static final String LEAST_SPEEDUP = "least speedup";
    static final String MOST_SPEEDUP = "greatest speedup";
    static final String PEER_COUNT = "configurations with a peer";
    static final String MEAN_VERSUS_PEER = "geometric mean speedup vs best peer";
    static final String MEAN_VERSUS_BEST = "geometric mean speedup vs best";

    private Columns() {}
}
