/**
 * What a kernel of any backend has to satisfy: contract cases, golden checks, their inputs,
 * tolerances and checker.
 */
@NullMarked
package io.sparktts.contract;

import org.jspecify.annotations.NullMarked;
