package io.sparktts.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.sparktts.backend.BackendException;
import io.sparktts.backend.DType;
import io.sparktts.backend.Device;
import io.sparktts.backend.Sampling;
import io.sparktts.backend.Tensor;
import io.sparktts.backend.Variants;
import io.sparktts.host.HostBuffer;
import io.sparktts.model.Qwen2;
import io.sparktts.model.Qwen2Config;
import io.sparktts.model.Qwen2Session;
import io.sparktts.model.SyntheticWeights;

import org.junit.jupiter.api.Test;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;

/** What was taken before memory ran out is given back. */
class OutOfMemoryTest {
    private final List<Tensor> taken = new ArrayList<>();
    private int allowed = Integer.MAX_VALUE;

    /** A device that refuses to allocate once so many tensors are there. */
    private Device limited(Device device) {
        return (Device)
                Proxy.newProxyInstance(
                        Device.class.getClassLoader(),
                        new Class<?>[] {Device.class},
                        (proxy, method, arguments) -> {
                            boolean allocates = method.getName().equals("allocate");
                            if (allocates && taken.size() >= allowed) {
                                throw new BackendException("out of memory");
                            }
                            try {
                                Object result = method.invoke(device, arguments);
                                if (allocates) {
                                    taken.add((Tensor) result);
                                }
                                return result;
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }

    private long open() {
        return taken.stream()
                .filter(t -> ((HostBuffer) t.buffer()).segment().scope().isAlive())
                .count();
    }

    @Test
    void aSessionThatFindsNoMemoryFreesWhatItHad() {
        Qwen2Config config = Qwen2Config.TINY;
        try (Device device = new VectorBackend().open("cpu")) {
            Qwen2 model =
                    Qwen2.load(limited(device), config, new SyntheticWeights(config, 1), DType.F32);
            taken.clear();
            for (int most = 0; most < 7; most++) {
                allowed = most;
                assertThrows(BackendException.class, () -> session(model));
                assertEquals(most, taken.size());
                assertEquals(0, open());
                taken.clear();
            }
            allowed = Integer.MAX_VALUE;
            try (Qwen2Session session = session(model)) {
                assertEquals(1, session.generate(List.of(new int[] {1, 2}), 1, 1, -1).size());
                assertTrue(open() > 0);
            }
            model.close();
        }
    }

    private static Qwen2Session session(Qwen2 model) {
        return model.session(Variants.DEFAULT, 1, 16, Sampling.GREEDY);
    }
}
