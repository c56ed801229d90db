@org.jspecify.annotations.NullMarked
package io.sparktts.harness.bench;
