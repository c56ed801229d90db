package io.sparktts.text;

import java.util.Arrays;

/**
 * Ids of numbered tokens: number n has the id first + n.
 *
 * @param first id of number 0
 * @param count how many there are
 */
public record TokenRange(int first, int count) {
    public boolean contains(int id) {
        return id >= first && id - first < count;
    }

    /**
     * The id of a number.
     *
     * @throws IndexOutOfBoundsException if it is not from 0 to count - 1
     */
    public int id(int number) {
        if (number < 0 || number >= count) {
            throw new IndexOutOfBoundsException(number + " is not from 0 to " + (count - 1));
        }
        return first + number;
    }

    /** The numbers of those ids that lie in the range, in order. */
    public int[] numbers(int[] ids) {
        return Arrays.stream(ids).filter(this::contains).map(id -> id - first).toArray();
    }
}
