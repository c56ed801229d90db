@org.jspecify.annotations.NullMarked
package io.sparktts.tornado.kernel;
