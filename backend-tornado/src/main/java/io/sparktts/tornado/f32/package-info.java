/**
 * The kernels. They are written over float32 here; the build makes an edition for each other dtype
 * by the array's type ({@code src/build/Editions.java}), except of the {@code Vector} classes.
 *
 * <p>Every kernel takes a {@code KernelContext}, its tensors, and {@code IntArray p}: sizes first,
 * then the offset of each tensor in its buffer. Sizes are data, not scalars, since TornadoVM bakes
 * scalars into the code it compiles: one compilation serves all shapes. Unless said otherwise a
 * work-item makes one row.
 */
@NullMarked
package io.sparktts.tornado.f32;

import org.jspecify.annotations.NullMarked;
