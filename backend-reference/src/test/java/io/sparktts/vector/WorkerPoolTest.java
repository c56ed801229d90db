package io.sparktts.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.concurrent.atomic.AtomicIntegerArray;

class WorkerPoolTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyChunkRunsOnce(int workers) {
        try (WorkerPool pool = new WorkerPool(workers)) {
            for (int round = 0; round < 2_000; round++) {
                int count = round % 37;
                AtomicIntegerArray runs = new AtomicIntegerArray(count);
                pool.run((chunk, worker) -> runs.incrementAndGet(chunk), count);
                for (int i = 0; i < count; i++) {
                    assertEquals(1, runs.get(i));
                }
            }
        }
    }

    @Test
    void aFailureIsThrownAndForgotten() {
        try (WorkerPool pool = new WorkerPool(2)) {
            WorkerPool.Task failing =
                    (chunk, worker) -> {
                        throw new IllegalArgumentException("chunk " + chunk);
                    };
            assertThrows(IllegalStateException.class, () -> pool.run(failing, 8));
            pool.run((chunk, worker) -> {}, 8);
        }
    }
}
