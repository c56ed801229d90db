package io.sparktts.reports;

import io.sparktts.reports.schema.ReportException;

import java.awt.AWTError;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;

/**
 * Finds out whether text can be drawn, since AWT without fonts fails with anything but a message.
 */
final class FontCheck {
    static final String REMEDY =
            "no usable font: install fontconfig and a font, e.g. apt-get install fontconfig"
                    + " fonts-dejavu-core; tables were written, charts were not";

    private FontCheck() {}

    /**
     * Draws a word off screen.
     *
     * @throws ReportException with the remedy if that cannot be done
     */
    static void require() {
        require(FontCheck::drawText);
    }

    static void require(Runnable probe) {
        try {
            probe.run();
        } catch (RuntimeException | LinkageError | InternalError | AWTError e) {
            // a missing font shows as NullPointerException, InternalError, UnsatisfiedLinkError,
            // HeadlessException or NoClassDefFoundError, depending on what else is missing
            throw new ReportException(REMEDY, e);
        }
    }

    private static void drawText() {
        BufferedImage image = new BufferedImage(80, 20, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
            graphics.drawString("1.5x", 2, 15);
            if (graphics.getFontMetrics().stringWidth("1.5x") <= 0) {
                throw new IllegalStateException("text has no width");
            }
        } finally {
            graphics.dispose();
        }
    }
}
