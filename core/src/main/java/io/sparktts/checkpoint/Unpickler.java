package io.sparktts.checkpoint;

import io.sparktts.checkpoint.TorchObjects.Tuple;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The stack machine of Python's pickle format, with the opcodes that torch writes for a state
 * dictionary and no others (<a
 * href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">opcodes</a>). It runs no
 * code of the file: the only names are those of {@link TorchObjects}. Time and memory are bounded
 * by the number of operations, whatever sizes the file claims.
 *
 * <p>Values are Java's: {@code Long}, {@code Double}, {@code Boolean}, {@code String}, {@code
 * ArrayList}, {@code LinkedHashMap} with text keys, {@link Tuple}, {@link Mark#NONE}, and what
 * {@link TorchObjects} makes.
 */
final class Unpickler {
    /** A tensor takes about 40, so this is more than 20 000 tensors. */
    private static final int MOST_OPERATIONS = 1 << 20;

    private static final int NEWEST_PROTOCOL = 5;

    private enum Mark {
        /** Python's None. */
        NONE,
        /** Where the items of a tuple, list or dictionary begin. */
        MARK
    }

    private final ByteBuffer in;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();

    private Unpickler(ByteBuffer in) {
        this.in = in;
    }

    /**
     * The value that a pickle describes.
     *
     * @throws PickleException if it is truncated, malformed or names anything not known here
     */
    static Object read(ByteBuffer pickle) throws PickleException {
        Unpickler machine = new Unpickler(pickle.slice().order(ByteOrder.LITTLE_ENDIAN));
        try {
            return machine.run();
        } catch (BufferUnderflowException e) {
            throw new PickleException("it is truncated");
        }
    }

    private Object run() throws PickleException {
        for (int i = 0; i < MOST_OPERATIONS; i++) {
            int opcode = Byte.toUnsignedInt(in.get());
            if (opcode == '.') { // STOP
                return pop();
            }
            step(opcode);
        }
        throw new PickleException("more than " + MOST_OPERATIONS + " operations");
    }

    private void step(int opcode) throws PickleException {
        switch (opcode) {
            case 0x80 -> protocol(); // PROTO
            case 0x95 -> in.getLong(); // FRAME: a hint for streams
            case '(' -> push(Mark.MARK);
            case 'N' -> push(Mark.NONE);
            case 0x88 -> push(true); // NEWTRUE
            case 0x89 -> push(false); // NEWFALSE
            case 'J' -> push((long) in.getInt()); // BININT
            case 'K' -> push((long) Byte.toUnsignedInt(in.get())); // BININT1
            case 'M' -> push((long) Short.toUnsignedInt(in.getShort())); // BININT2
            case 0x8a -> push(longOf(Byte.toUnsignedInt(in.get()))); // LONG1
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.getLong()))); // BINFLOAT
            case 'X' -> push(text(Integer.toUnsignedLong(in.getInt()))); // BINUNICODE
            case 0x8c -> push(text(Byte.toUnsignedInt(in.get()))); // SHORT_BINUNICODE
            case '}' -> push(new LinkedHashMap<String, Object>()); // EMPTY_DICT
            case ']' -> push(new ArrayList<Object>()); // EMPTY_LIST
            case ')' -> push(new Tuple(new Object[0])); // EMPTY_TUPLE
            case 't' -> push(new Tuple(popToMark())); // TUPLE
            case 0x85 -> push(tuple(1));
            case 0x86 -> push(tuple(2));
            case 0x87 -> push(tuple(3));
            case 'q' -> remember(Byte.toUnsignedInt(in.get())); // BINPUT
            case 'r' -> remember(in.getInt()); // LONG_BINPUT
            case 0x94 -> remember(memo.size()); // MEMOIZE
            case 'h' -> recall(Byte.toUnsignedInt(in.get())); // BINGET
            case 'j' -> recall(in.getInt()); // LONG_BINGET
            case 'a' -> append(new Object[] {pop()}); // APPEND
            case 'e' -> append(popToMark()); // APPENDS
            case 's' -> setItems(tuple(2).items()); // SETITEM
            case 'u' -> setItems(popToMark()); // SETITEMS
            case 'c' -> push(global(line(), line())); // GLOBAL
            case 0x93 -> stackGlobal(); // STACK_GLOBAL
            case 'R' -> reduce(); // REDUCE
            case 'b' -> build(); // BUILD
            case 'Q' -> push(TorchObjects.storage(pop())); // BINPERSID
            default ->
                    throw new PickleException(
                            String.format(
                                    "opcode 0x%02x%s is refused: no state dictionary has it",
                                    opcode,
                                    opcode > ' ' && opcode < 0x7f
                                            ? " '" + (char) opcode + "'"
                                            : ""));
        }
    }

    private void protocol() throws PickleException {
        int version = Byte.toUnsignedInt(in.get());
        if (version > NEWEST_PROTOCOL) {
            throw new PickleException(
                    "protocol " + version + "; valid: at most " + NEWEST_PROTOCOL);
        }
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() throws PickleException {
        if (stack.isEmpty() || stack.getLast() == Mark.MARK) {
            throw new PickleException("it takes from an empty stack");
        }
        return stack.removeLast();
    }

    private Object top() throws PickleException {
        Object value = pop();
        push(value);
        return value;
    }

    private Object[] popToMark() throws PickleException {
        int mark = stack.lastIndexOf(Mark.MARK);
        if (mark < 0) {
            throw new PickleException("it goes back to a mark that is not there");
        }
        List<Object> above = stack.subList(mark, stack.size());
        Object[] items = above.subList(1, above.size()).toArray();
        above.clear();
        return items;
    }

    private Tuple tuple(int size) throws PickleException {
        Object[] items = new Object[size];
        for (int i = size - 1; i >= 0; i--) {
            items[i] = pop();
        }
        return new Tuple(items);
    }

    private void remember(int index) throws PickleException {
        memo.put(index, top());
    }

    private void recall(int index) throws PickleException {
        Object value = memo.get(index);
        if (value == null) {
            throw new PickleException("it recalls what it has not remembered");
        }
        push(value);
    }

    private void append(Object[] items) throws PickleException {
        Object target = top();
        if (target instanceof ArrayList<?>) {
            @SuppressWarnings("unchecked") // lists are made here, of objects
            List<Object> list = (List<Object>) target;
            list.addAll(List.of(items));
        } else {
            throw new PickleException("it appends to " + TorchObjects.kind(target));
        }
    }

    private void setItems(Object[] items) throws PickleException {
        Object target = top();
        if (!(target instanceof LinkedHashMap<?, ?>) || items.length % 2 != 0) {
            throw new PickleException("it sets items of " + TorchObjects.kind(target));
        }
        @SuppressWarnings("unchecked") // dictionaries are made here, of texts and objects
        Map<String, Object> map = (Map<String, Object>) target;
        for (int i = 0; i < items.length; i += 2) {
            if (!(items[i] instanceof String key)) {
                throw new PickleException("a key is " + TorchObjects.kind(items[i]));
            }
            map.put(key, items[i + 1]);
        }
    }

    private void stackGlobal() throws PickleException {
        if (pop() instanceof String name && pop() instanceof String module) {
            push(global(module, name));
        } else {
            throw new PickleException("a global whose name is not text");
        }
    }

    private static Object global(String module, String name) throws PickleException {
        Object value = TorchObjects.global(module + "." + name);
        if (value == null) {
            throw new PickleException(
                    "global " + module + "." + name + " is refused: no state dictionary needs it");
        }
        return value;
    }

    private void reduce() throws PickleException {
        Object arguments = pop();
        push(TorchObjects.call(pop(), arguments));
    }

    /** A module's state dictionary carries the versions of its layers as an attribute. */
    private void build() throws PickleException {
        Object state = pop();
        if (!(top() instanceof LinkedHashMap<?, ?>)
                || !(state instanceof Map<?, ?> attributes)
                || !attributes.keySet().equals(Set.of("_metadata"))) {
            throw new PickleException("it sets attributes other than a dictionary's _metadata");
        }
    }

    private long longOf(int bytes) throws PickleException {
        if (bytes > Long.BYTES) {
            throw new PickleException("an integer of " + bytes + " bytes; valid: at most 8");
        }
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= Byte.toUnsignedLong(in.get()) << (8 * i);
        }
        int unused = Long.SIZE - 8 * bytes;
        return bytes == 0 ? 0 : value << unused >> unused;
    }

    private String text(long bytes) throws PickleException {
        if (bytes > in.remaining()) {
            throw new PickleException("it is truncated");
        }
        ByteBuffer slice = in.slice(in.position(), (int) bytes);
        in.position(in.position() + (int) bytes);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(slice).toString();
        } catch (CharacterCodingException e) {
            throw new PickleException("a text is not UTF-8");
        }
    }

    private String line() throws PickleException {
        int begin = in.position();
        int length = 0;
        while (in.get() != '\n') {
            length++;
        }
        int next = in.position();
        in.position(begin);
        String line = text(length);
        in.position(next);
        return line;
    }
}
