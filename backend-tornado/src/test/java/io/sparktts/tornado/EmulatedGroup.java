package io.sparktts.tornado;

import uk.ac.manchester.tornado.api.KernelContext;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** A work-group as threads: a virtual one per work-item, a barrier, and local arrays in common. */
final class EmulatedGroup {
    private final int lanes;
    private final CyclicBarrier barrier;
    private final List<Object> local = new ArrayList<>();

    private EmulatedGroup(int lanes) {
        this.lanes = lanes;
        this.barrier = new CyclicBarrier(lanes);
    }

    /** What a work-item does. */
    interface Item {
        void run(KernelContext context);
    }

    static void run(int group, int lanes, Item body) {
        EmulatedGroup shared = new EmulatedGroup(lanes);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            Context context = shared.new Context(group, lane);
            threads.add(
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try {
                                            body.run(context);
                                        } catch (RuntimeException | Error e) {
                                            failure.compareAndSet(null, e);
                                            shared.barrier.reset();
                                        }
                                    }));
        }
        try {
            for (Thread t : threads) {
                t.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        if (failure.get() != null) {
            throw new IllegalStateException("a work-item failed", failure.get());
        }
    }

    private synchronized Object array(int index, Supplier<Object> fresh) {
        while (local.size() <= index) {
            local.add(fresh.get());
        }
        return local.get(index);
    }

    /** Local arrays are told apart by the order in which a work-item asks for them. */
    private final class Context extends KernelContext {
        private int arrays;

        Context(int group, int lane) {
            set(this, "groupIdx", group);
            set(this, "localIdx", lane);
            set(this, "localGroupSizeX", lanes);
            set(this, "globalIdx", group * lanes + lane);
        }

        @Override
        public void localBarrier() {
            try {
                barrier.await();
            } catch (InterruptedException | BrokenBarrierException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public float[] allocateFloatLocalArray(int size) {
            return (float[]) array(arrays++, () -> new float[size]);
        }

        @Override
        public double[] allocateDoubleLocalArray(int size) {
            return (double[]) array(arrays++, () -> new double[size]);
        }
    }

    /** Index fields are final and have no setter, as TornadoVM replaces them at compilation. */
    static void set(KernelContext context, String name, int value) {
        try {
            Field field = KernelContext.class.getField(name);
            field.setAccessible(true);
            field.set(context, value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
