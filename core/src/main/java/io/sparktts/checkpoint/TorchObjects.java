package io.sparktts.checkpoint;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The few Python objects that a state dictionary of torch is made of. Anything else that a pickle
 * names is refused: names are looked up in this list and nowhere else.
 */
final class TorchObjects {
    /** Functions that a pickle may call. */
    enum Function {
        ORDERED_DICT,
        REBUILD_TENSOR,
        REBUILD_PARAMETER
    }

    private static final Map<String, Object> GLOBALS =
            Map.ofEntries(
                    Map.entry("collections.OrderedDict", Function.ORDERED_DICT),
                    Map.entry("torch._utils._rebuild_tensor_v2", Function.REBUILD_TENSOR),
                    Map.entry("torch._utils._rebuild_parameter", Function.REBUILD_PARAMETER),
                    Map.entry("torch.DoubleStorage", StoredType.F64),
                    Map.entry("torch.FloatStorage", StoredType.F32),
                    Map.entry("torch.HalfStorage", StoredType.F16),
                    Map.entry("torch.BFloat16Storage", StoredType.BF16),
                    Map.entry("torch.LongStorage", StoredType.I64),
                    Map.entry("torch.IntStorage", StoredType.I32),
                    Map.entry("torch.ShortStorage", StoredType.I16),
                    Map.entry("torch.CharStorage", StoredType.I8),
                    Map.entry("torch.ByteStorage", StoredType.U8),
                    Map.entry("torch.BoolStorage", StoredType.BOOL));

    private TorchObjects() {}

    /** A tuple; unlike a record's or list's own methods, nothing here follows what it holds. */
    @SuppressWarnings("ArrayRecordComponent") // made by the unpickler alone
    record Tuple(Object[] items) {
        @Override
        public String toString() {
            return "a tuple of " + items.length;
        }
    }

    /**
     * Elements in an entry {@code data/<key>} of the archive.
     *
     * @param elements how many
     */
    record Storage(StoredType type, String key, long elements) {}

    /**
     * A view of a storage, in elements.
     *
     * @param offset of the first element
     * @param shape extents
     * @param strides steps from element to element along each extent
     */
    @SuppressWarnings("ArrayRecordComponent") // not shared with callers
    record View(Storage storage, long offset, long[] shape, long[] strides) {}

    /** What a name stands for; null if it is not one of those known here. */
    static @Nullable Object global(String name) {
        return GLOBALS.get(name);
    }

    /**
     * Calls a function.
     *
     * @throws PickleException if it does not take such arguments
     */
    static Object call(Object function, Object arguments) throws PickleException {
        if (!(function instanceof Function f) || !(arguments instanceof Tuple tuple)) {
            throw new PickleException("a call of " + kind(function));
        }
        Object[] a = tuple.items;
        switch (f) {
            case ORDERED_DICT -> {
                if (a.length == 0) {
                    return new LinkedHashMap<String, Object>();
                }
            }
            // storage, offset, size, stride, requires_grad, hooks and, in newer ones, metadata
            case REBUILD_TENSOR -> {
                if ((a.length == 6 || a.length == 7)
                        && a[0] instanceof Storage storage
                        && a[1] instanceof Long offset) {
                    return new View(storage, offset, integers(a[2]), integers(a[3]));
                }
            }
            // tensor, requires_grad, hooks
            case REBUILD_PARAMETER -> {
                if (a.length == 3 && a[0] instanceof View view) {
                    return view;
                }
            }
        }
        throw new PickleException("a call of " + f + " with other arguments than torch's");
    }

    /**
     * What a persistent id names: a storage.
     *
     * @param id {@code ('storage', type, key, location, elements)}
     */
    static Storage storage(Object id) throws PickleException {
        if (id instanceof Tuple tuple
                && tuple.items.length == 5
                && "storage".equals(tuple.items[0])
                && tuple.items[1] instanceof StoredType type
                && tuple.items[2] instanceof String key
                && tuple.items[4] instanceof Long elements) {
            return new Storage(type, key, elements);
        }
        throw new PickleException("a persistent id that is not of a storage");
    }

    private static long[] integers(Object value) throws PickleException {
        if (!(value instanceof Tuple tuple)) {
            throw new PickleException("a tensor whose size or stride is " + kind(value));
        }
        long[] all = new long[tuple.items.length];
        for (int i = 0; i < all.length; i++) {
            if (!(tuple.items[i] instanceof Long number)) {
                throw new PickleException("a tensor whose size or stride is not of integers");
            }
            all[i] = number;
        }
        return all;
    }

    /** A word for an object, without what it holds: that may be itself. */
    static String kind(Object value) {
        return switch (value) {
            case Map<?, ?> map -> "a dictionary";
            case List<?> list -> "a list";
            case Tuple tuple -> "a tuple";
            case View view -> "a tensor";
            case Storage storage -> "a storage";
            case String text -> "a text";
            default -> value.toString();
        };
    }
}
