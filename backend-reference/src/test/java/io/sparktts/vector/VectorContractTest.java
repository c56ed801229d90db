package io.sparktts.vector;

import io.sparktts.contract.junit.BackendContractTest;

/** All cases. */
class VectorContractTest extends BackendContractTest {
    VectorContractTest() {
        super(new VectorBackend(), Long.MAX_VALUE);
    }
}
