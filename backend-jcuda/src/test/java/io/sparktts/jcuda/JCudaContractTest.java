package io.sparktts.jcuda;

import io.sparktts.contract.junit.BackendContractTest;

/** All cases, where there is an NVIDIA GPU. */
class JCudaContractTest extends BackendContractTest {
    JCudaContractTest() {
        super(new JCudaBackend(), Long.MAX_VALUE);
    }
}
