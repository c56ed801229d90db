@NullMarked
package io.sparktts.reports.schema;

import org.jspecify.annotations.NullMarked;
