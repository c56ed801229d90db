package io.sparktts.reference;

import io.sparktts.contract.junit.BackendContractTest;

/** The oracle as a backend: slow, so it runs the smaller cases. */
class ReferenceContractTest extends BackendContractTest {
    ReferenceContractTest() {
        super(new ReferenceBackend(), 25_000_000);
    }
}
