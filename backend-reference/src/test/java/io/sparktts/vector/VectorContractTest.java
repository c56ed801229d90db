package io.sparktts.vector;

import io.sparktts.host.BackendContractTest;

/** All cases. */
class VectorContractTest extends BackendContractTest {
    VectorContractTest() {
        super(new VectorBackend(), Long.MAX_VALUE);
    }
}
