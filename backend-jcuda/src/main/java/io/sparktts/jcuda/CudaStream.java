package io.sparktts.jcuda;

import jcuda.driver.CUstream;

/** A stream whose native handle can be handed to calls that JCuda lacks. */
final class CudaStream extends CUstream {
    long handle() {
        return getNativePointer();
    }
}
