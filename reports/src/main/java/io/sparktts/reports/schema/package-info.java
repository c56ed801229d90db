/**
 * What a benchmark run writes down: environments and rows, as JSON lines.
 *
 * <p>These classes need Jackson and nothing else. A machine that only measures never loads the
 * table and chart libraries.
 */
@NullMarked
package io.sparktts.reports.schema;

import org.jspecify.annotations.NullMarked;
