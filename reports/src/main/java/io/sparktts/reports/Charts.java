package io.sparktts.reports;

import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.ChartEncoder;
import org.knowm.xchart.HorizontalBarChart;
import org.knowm.xchart.HorizontalBarChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.internal.chartpart.IChart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;

import javax.imageio.ImageIO;

/** Draws charts and saves them as PNG and SVG. The only class that knows XChart. */
final class Charts {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 540;
    private static final int PNG_SCALE = 2;
    private static final double LOG_AXIS_SPREAD = 50;

    /** Height that a horizontal bar takes with its gap, in pixels. */
    private static final int BAR_PITCH = 34;

    /** Of a bar in a timeline. */
    private static final float BAR_WIDTH = 18;

    /** Okabe and Ito's palette, which stays apart under the common colour deficiencies. */
    private static final Color[] PALETTE = {
        new Color(0x0072B2), new Color(0xE69F00), new Color(0x009E73), new Color(0xCC79A7),
        new Color(0x56B4E9), new Color(0xD55E00), new Color(0xF0E442), new Color(0x555555)
    };

    private static final Marker[] MARKERS = {
        SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE, SeriesMarkers.DIAMOND,
        SeriesMarkers.TRIANGLE_UP, SeriesMarkers.TRIANGLE_DOWN, SeriesMarkers.CROSS,
        SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE
    };

    private static final Color TEXT = new Color(0x24292F);
    private static final Color GRID = new Color(0xE1E4E8);

    private Charts() {}

    /** Keeps AWT from looking for a screen. To be called before any class of AWT is loaded. */
    static void useNoScreen() {
        System.setProperty("java.awt.headless", "true");
    }

    /** Saves curves of a ratio over the sequence length, with a line at 1. */
    static void save(ChartData.Lines data, Path base) throws IOException {
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title(data.title())
                        .xAxisTitle("sequence length [tokens]")
                        .yAxisTitle("speedup [x], above 1 is faster than the baseline")
                        .build();
        style(chart.getStyler());
        chart.getStyler().setSeriesMarkers(MARKERS).setMarkerSize(9);
        chart.getStyler()
                .setYAxisMin(0.0)
                .setYAxisDecimalPattern("0.0")
                .setXAxisDecimalPattern("0");
        for (Map.Entry<String, SortedMap<Integer, Double>> entry : data.series().entrySet()) {
            SortedMap<Integer, Double> points = entry.getValue();
            chart.addSeries(
                            entry.getKey(),
                            List.copyOf(points.keySet()),
                            List.copyOf(points.values()))
                    .setLineWidth(2.5f);
        }
        chart.getStyler().setAnnotationLineColor(new Color(0x8C959F));
        chart.getStyler().setAnnotationLineStroke(dashed());
        chart.addAnnotation(new AnnotationLine(1, false, false));
        save(chart, base);
    }

    /** Saves groups of bars; the axis is logarithmic if asked, or if the values lie far apart. */
    static void save(ChartData.Bars data, String axisTitle, boolean logarithmic, Path base)
            throws IOException {
        CategoryChart chart =
                new CategoryChartBuilder()
                        .width(WIDTH)
                        .height(HEIGHT)
                        .title(data.title())
                        .yAxisTitle(axisTitle)
                        .build();
        style(chart.getStyler());
        int bars = data.categories().size() * data.series().size();
        // few bars are kept from growing as wide as the chart
        chart.getStyler()
                .setAvailableSpaceFill(Math.min(0.8, 0.15 * bars))
                .setPlotGridVerticalLinesVisible(false)
                .setXAxisTickMarkSpacingHint(1); // a name under every group
        if (data.categories().size() > 8) {
            chart.getStyler().setXAxisLabelRotation(45);
        }
        if (logarithmic || data.most() > LOG_AXIS_SPREAD * data.least()) {
            chart.getStyler().setYAxisLogarithmic(true).setYAxisLogarithmicDecadeOnly(true);
            chart.getStyler().setYAxisMin(decadeBelow(data)).setYAxisMax(decadeAbove(data));
            chart.setYAxisTitle(axisTitle + ", logarithmic");
            chart.setCustomYAxisTickLabelsFormatter(Charts::tick);
        } else {
            chart.getStyler().setYAxisMin(0.0);
        }
        data.series().forEach((name, values) -> chart.addSeries(name, data.categories(), values));
        save(chart, base);
    }

    /** Saves horizontal bars of percentages. */
    static void saveShares(ChartData.Bars data, Path base) throws IOException {
        int height = 150 + BAR_PITCH * data.categories().size();
        HorizontalBarChart chart =
                new HorizontalBarChartBuilder()
                        .width(WIDTH)
                        .height(height)
                        .title(data.title())
                        .xAxisTitle("share of this machine's measured limit [%]")
                        .build();
        style(chart.getStyler());
        chart.getStyler()
                .setLabelsVisible(true)
                .setLabelsPosition(0.5)
                .setLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13))
                .setAvailableSpaceFill(0.8);
        chart.getStyler()
                .setPlotGridHorizontalLinesVisible(false)
                .setXAxisMin(0.0)
                .setXAxisMax(Math.max(100, Math.ceil(data.most() / 10) * 10))
                // XChart spaces the names of bars by the x axis's hint, even where they are on the
                // y axis
                .setXAxisTickMarkSpacingHint(BAR_PITCH - 4);
        // which makes for a number every 5 % where there is room for one every 10 %; the labels of
        // the
        // bars pass through here as well
        chart.setCustomXAxisTickLabelsFormatter(
                value -> value % 10 == 5 ? " " : String.format(Locale.ROOT, "%.0f", value));
        chart.getStyler().setLegendVisible(false); // names tell the bars apart
        data.series().forEach((name, values) -> chart.addSeries(name, values, data.categories()));
        save(chart, base);
    }

    /** Saves bars of stages over time, with a mark where audio begins. */
    static void saveTimeline(ChartData.Timeline data, Path base) throws IOException {
        int bars = data.bars().size();
        XYChart chart =
                new XYChartBuilder()
                        .width(WIDTH)
                        .height(170 + BAR_PITCH * bars)
                        .title(data.title())
                        .xAxisTitle("time since the call [ms]")
                        .build();
        style(chart.getStyler());
        chart.getStyler()
                .setLegendPosition(LegendPosition.OutsideS)
                .setLegendLayout(LegendLayout.Horizontal);
        chart.getStyler()
                .setXAxisMin(0.0)
                .setXAxisMax(data.endMillis())
                .setYAxisMin(0.5)
                .setYAxisMax(bars + 0.5)
                .setPlotGridHorizontalLinesVisible(false);
        // Bars stand at whole numbers, the first on top, each under its name: the axis would only
        // label round steps.
        chart.getStyler().setYAxisTicksVisible(false);
        for (int bar = 0; bar < bars; bar++) {
            AnnotationText name =
                    new AnnotationText(
                            data.bars().get(bar), data.endMillis() / 2, bars - bar + 0.38, false);
            chart.addAnnotation(name);
        }
        data.stages()
                .forEach(
                        (stage, spans) -> {
                            List<Double> x = new ArrayList<>();
                            List<Double> y = new ArrayList<>();
                            for (ChartData.Span s : spans) {
                                double line = bars - s.bar();
                                // a point that is not there ends the stretch
                                x.addAll(List.of(s.startMillis(), s.endMillis(), s.endMillis()));
                                y.addAll(List.of(line, line, Double.NaN));
                            }
                            chart.addSeries(stage, x, y)
                                    .setMarker(SeriesMarkers.NONE)
                                    .setLineStyle(bar())
                                    .setLineWidth(BAR_WIDTH);
                        });
        List<Double> marks = new ArrayList<>();
        List<Double> lines = new ArrayList<>();
        for (int bar = 0; bar < bars; bar++) {
            if (data.firstAudioMillis().get(bar) <= data.endMillis()) {
                marks.add(data.firstAudioMillis().get(bar));
                lines.add((double) (bars - bar));
            }
        }
        if (!marks.isEmpty()) {
            chart.addSeries("first audio", marks, lines)
                    .setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter)
                    .setMarker(SeriesMarkers.DIAMOND)
                    .setMarkerColor(TEXT);
        }
        save(chart, base);
    }

    private static BasicStroke bar() {
        return new BasicStroke(BAR_WIDTH, BasicStroke.CAP_BUTT, BasicStroke.JOIN_BEVEL);
    }

    private static void style(AxesChartStyler styler) {
        styler.setChartBackgroundColor(Color.WHITE)
                .setChartFontColor(TEXT)
                .setChartPadding(16)
                .setSeriesColors(PALETTE)
                .setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 17))
                .setChartTitleBoxVisible(false)
                .setChartTitlePadding(10)
                .setPlotContentSize(0.97)
                .setLegendPosition(LegendPosition.OutsideE)
                .setLegendBorderColor(Color.WHITE)
                .setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13))
                .setPlotBorderVisible(false)
                .setPlotBackgroundColor(Color.WHITE);
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14))
                .setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13))
                .setAxisTickLabelsColor(TEXT)
                .setPlotGridLinesColor(GRID)
                .setPlotGridLinesStroke(new BasicStroke(1f))
                .setDecimalPattern("0.######")
                .setLocale(Locale.ROOT);
    }

    private static BasicStroke dashed() {
        float[] dash = {6, 4};
        return new BasicStroke(1.5f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_BEVEL, 0, dash, 0);
    }

    private static double decadeBelow(ChartData.Bars data) {
        return Math.pow(10, Math.floor(Math.log10(data.least()) - 0.01));
    }

    private static double decadeAbove(ChartData.Bars data) {
        return Math.pow(10, Math.ceil(Math.log10(data.most())));
    }

    /** Labels of a log axis: plain near 1, with an exponent elsewhere. */
    private static String tick(double value) {
        return value >= 0.001 && value < 1e5
                ? new DecimalFormat("0.###", DecimalFormatSymbols.getInstance(Locale.ROOT))
                        .format(value)
                : String.format(Locale.ROOT, "%.0e", value);
    }

    private static void save(IChart chart, Path base) throws IOException {
        int width = chart.getWidth();
        int height = chart.getHeight();
        BufferedImage image =
                new BufferedImage(
                        width * PNG_SCALE, height * PNG_SCALE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            graphics.setRenderingHint(
                    RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            graphics.scale(PNG_SCALE, PNG_SCALE);
            chart.paint(graphics, width, height);
        } finally {
            graphics.dispose();
        }
        ImageIO.write(image, "png", base.resolveSibling(base.getFileName() + ".png").toFile());
        // needs VectorGraphics2D at run time, which XChart leaves to its users to add
        String svg = new String(ChartEncoder.getBytes(chart, "svg"), StandardCharsets.UTF_8);
        // a thousandth of a pixel is enough, and takes a third off the file
        Files.writeString(
                base.resolveSibling(base.getFileName() + ".svg"),
                svg.replaceAll("(\\.\\d{3})\\d+", "$1"));
    }
}
