package io.sparktts.text;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Constants under the names the reference implementation takes: in lower case. */
final class EnumNames {
    private EnumNames() {}

    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    static <E extends Enum<E>> E parse(Class<E> type, String what, String name) {
        for (E constant : type.getEnumConstants()) {
            if (of(constant).equals(name)) {
                return constant;
            }
        }
        throw new IllegalArgumentException(
                what
                        + " '"
                        + name.replaceAll("\\p{Cntrl}", "?")
                        + "' is none of "
                        + Arrays.stream(type.getEnumConstants())
                                .map(EnumNames::of)
                                .collect(Collectors.joining(", ")));
    }
}
