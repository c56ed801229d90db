package io.sparktts.harness.bench;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

import org.jspecify.annotations.Nullable;

import java.io.Console;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Shows how far a run is: a bar with the time left on a terminal, a line per row elsewhere. */
final class Progress implements AutoCloseable {
    private final PrintWriter out;
    private final int rows;
    private final double estimateMillis;
    private final long start = System.nanoTime();
    private final @Nullable ProgressBar bar;
    private int done;
    private double doneMillis;

    Progress(PrintWriter out, int rows, double estimateMillis) {
        this.out = out;
        this.rows = rows;
        this.estimateMillis = estimateMillis;
        boolean terminal =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
        // The bar counts seconds of the estimate rather than rows, whose times differ by a factor
        // of a hundred.
        bar =
                terminal && rows > 0
                        ? new ProgressBarBuilder()
                                .setTaskName("bench")
                                .setInitialMax(Math.max(1, Math.round(estimateMillis / 1000)))
                                .setStyle(ProgressBarStyle.ASCII)
                                .setUpdateIntervalMillis(1000)
                                .build()
                        : null;
    }

    /** A row is done. */
    void row(String text, double itsEstimateMillis) {
        done++;
        doneMillis += itsEstimateMillis;
        if (bar != null) {
            bar.setExtraMessage(" " + done + "/" + rows + " rows");
            bar.stepTo(Math.round(doneMillis / 1000));
        } else {
            out.printf(Locale.ROOT, "[%d/%d] %s%s%n", done, rows, text, timeLeft());
            out.flush();
        }
    }

    private String timeLeft() {
        double left = estimateMillis - doneMillis;
        if (done >= rows || left <= 0 || doneMillis <= 0) {
            return "";
        }
        double elapsed = (System.nanoTime() - start) / 1e6;
        return " (about "
                + Durations.text(Duration.ofMillis(Math.round(elapsed / doneMillis * left)))
                + " left)";
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
