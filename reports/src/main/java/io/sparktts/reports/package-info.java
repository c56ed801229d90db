/** Turns result files into tables, charts and one report. */
@NullMarked
package io.sparktts.reports;

import org.jspecify.annotations.NullMarked;
