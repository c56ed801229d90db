package io.sparktts.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task10;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task5;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task6;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task7;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task8;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task9;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A kernel: a static Java method of a {@code KernelContext}, tensors, an {@code IntArray} of sizes
 * and, if its last parameter is a {@code FloatArray}, scalars.
 *
 * @param id unique, as task graphs are named by it
 * @param types what its tensors are, in order
 * @param scalars whether it takes scalars
 * @param groups whether the work-items of a group share memory and wait for each other
 * @param task adds it to a task graph
 * @param direct calls it as plain Java
 */
public record KernelCode(
        String id,
        List<Class<?>> types,
        boolean scalars,
        boolean groups,
        Binding task,
        Direct direct) {
    private static final AtomicInteger COUNT = new AtomicInteger();

    /** Adds the kernel to a task graph as the task {@code name}. */
    public interface Binding {
        void add(TaskGraph graph, String name, KernelContext context, Object[] arguments);
    }

    /** Runs one work-item. */
    public interface Direct {
        void run(KernelContext context, Object[] arguments);
    }

    /** Number of arguments after the context. */
    public int arguments() {
        return types.size() + (scalars ? 2 : 1);
    }

    private static KernelCode of(Class<?> in, String name, Binding task, Direct direct) {
        Method method =
                Arrays.stream(in.getDeclaredMethods())
                        .filter(m -> m.getName().equals(name))
                        .findFirst()
                        .orElseThrow();
        List<Class<?>> all = List.of(method.getParameterTypes());
        boolean scalars = all.getLast() == FloatArray.class;
        int sizes = all.size() - (scalars ? 2 : 1);
        if (all.get(sizes) != IntArray.class) {
            throw new IllegalArgumentException(method + " takes no sizes");
        }
        String id = name + COUNT.incrementAndGet();
        return new KernelCode(id, all.subList(1, sizes), scalars, false, task, direct);
    }

    private KernelCode withGroups() {
        return new KernelCode(id, types, scalars, true, task, direct);
    }

    // One factory per number of parameters: TornadoVM finds the method in the reference's own code.

    @SuppressWarnings("unchecked")
    public static <A, B> KernelCode of(Class<?> in, String name, Task3<KernelContext, A, B> t) {
        return of(
                in,
                name,
                (g, id, c, a) -> g.task(id, t, c, (A) a[0], (B) a[1]),
                (c, a) -> t.apply(c, (A) a[0], (B) a[1]));
    }

    @SuppressWarnings("unchecked")
    public static <A, B, C> KernelCode of(
            Class<?> in, String name, Task4<KernelContext, A, B, C> t) {
        return of(
                in,
                name,
                (g, id, c, a) -> g.task(id, t, c, (A) a[0], (B) a[1], (C) a[2]),
                (c, a) -> t.apply(c, (A) a[0], (B) a[1], (C) a[2]));
    }

    @SuppressWarnings("unchecked")
    public static <A, B, C, D> KernelCode of(
            Class<?> in, String name, Task5<KernelContext, A, B, C, D> t) {
        return of(
                in,
                name,
                (g, id, c, a) -> g.task(id, t, c, (A) a[0], (B) a[1], (C) a[2], (D) a[3]),
                (c, a) -> t.apply(c, (A) a[0], (B) a[1], (C) a[2], (D) a[3]));
    }

    @SuppressWarnings("unchecked")
    public static <A, B, C, D, E> KernelCode of(
            Class<?> in, String name, Task6<KernelContext, A, B, C, D, E> t) {
        return of(
                in,
                name,
                (g, id, c, a) -> g.task(id, t, c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4]),
                (c, a) -> t.apply(c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4]));
    }

    @SuppressWarnings("unchecked")
    public static <A, B, C, D, E, F> KernelCode of(
            Class<?> in, String name, Task7<KernelContext, A, B, C, D, E, F> t) {
        return of(
                in,
                name,
                (g, id, c, a) ->
                        g.task(
                                id, t, c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4],
                                (F) a[5]),
                (c, a) -> t.apply(c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5]));
    }

    @SuppressWarnings("unchecked")
    public static <A, B, C, D, E, F, G> KernelCode of(
            Class<?> in, String name, Task8<KernelContext, A, B, C, D, E, F, G> t) {
        return of(
                in,
                name,
                (g, id, c, a) ->
                        g.task(
                                id, t, c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4],
                                (F) a[5], (G) a[6]),
                (c, a) ->
                        t.apply(
                                c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5],
                                (G) a[6]));
    }

    @SuppressWarnings("unchecked")
    public static <A, B, C, D, E, F, G, H> KernelCode of(
            Class<?> in, String name, Task9<KernelContext, A, B, C, D, E, F, G, H> t) {
        return of(
                in,
                name,
                (g, id, c, a) ->
                        g.task(
                                id, t, c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4],
                                (F) a[5], (G) a[6], (H) a[7]),
                (c, a) ->
                        t.apply(
                                c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5],
                                (G) a[6], (H) a[7]));
    }

    @SuppressWarnings("unchecked")
    public static <A, B, C, D, E, F, G, H, I> KernelCode of(
            Class<?> in, String name, Task10<KernelContext, A, B, C, D, E, F, G, H, I> t) {
        return of(
                in,
                name,
                (g, id, c, a) ->
                        g.task(
                                id, t, c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4],
                                (F) a[5], (G) a[6], (H) a[7], (I) a[8]),
                (c, a) ->
                        t.apply(
                                c, (A) a[0], (B) a[1], (C) a[2], (D) a[3], (E) a[4], (F) a[5],
                                (G) a[6], (H) a[7], (I) a[8]));
    }

    public static <A, B, C> KernelCode ofGroups(
            Class<?> in, String name, Task4<KernelContext, A, B, C> t) {
        return of(in, name, t).withGroups();
    }

    public static <A, B, C, D> KernelCode ofGroups(
            Class<?> in, String name, Task5<KernelContext, A, B, C, D> t) {
        return of(in, name, t).withGroups();
    }

    public static <A, B, C, D, E> KernelCode ofGroups(
            Class<?> in, String name, Task6<KernelContext, A, B, C, D, E> t) {
        return of(in, name, t).withGroups();
    }

    public static <A, B, C, D, E, F, G> KernelCode ofGroups(
            Class<?> in, String name, Task8<KernelContext, A, B, C, D, E, F, G> t) {
        return of(in, name, t).withGroups();
    }

    public static <A, B, C, D, E, F, G, H> KernelCode ofGroups(
            Class<?> in, String name, Task9<KernelContext, A, B, C, D, E, F, G, H> t) {
        return of(in, name, t).withGroups();
    }

    public static <A, B, C, D, E, F> KernelCode ofGroups(
            Class<?> in, String name, Task7<KernelContext, A, B, C, D, E, F> t) {
        return of(in, name, t).withGroups();
    }
}
