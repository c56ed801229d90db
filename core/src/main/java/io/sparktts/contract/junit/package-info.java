/**
 * The contract as inherited JUnit tests, for the tests of backends alone: JUnit is no dependency of
 * what users run.
 */
@NullMarked
package io.sparktts.contract.junit;

import org.jspecify.annotations.NullMarked;
