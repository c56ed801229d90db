package io.sparktts.model;

import io.sparktts.backend.HostTensor;
import io.sparktts.backend.ModelWeights;
import io.sparktts.backend.Weight;
import io.sparktts.backend.WeightRole;

import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * A few tokens of a model as a vocabulary of their own: the rows of head and embedding that belong
 * to them, so that a decode step reads no others. A step feeds what the step before it chose, so it
 * knows tokens by their place among these alone; a session translates at its border.
 */
public final class RestrictedVocabulary implements AutoCloseable {
    private final int[] ids;
    private final WeightLoader loader;
    private final Weight embedding;
    private final Weight head;

    /**
     * Reads the rows.
     *
     * @param ids of the tokens, in ascending order, so that ties fall as they do among all tokens
     * @param loader of the model's tensors, which this closes
     * @param headName the head's tensor; the embedding's where tied
     */
    RestrictedVocabulary(int[] ids, WeightLoader loader, String embeddingName, String headName) {
        this.ids = ids.clone();
        this.loader = loader;
        try {
            embedding = loader.weight(WeightRole.EMBEDDING, embeddingName, this::rows);
            head =
                    headName.equals(embeddingName)
                            ? embedding
                            : loader.weight(WeightRole.LINEAR, headName, this::rows);
        } catch (RuntimeException | Error e) {
            loader.close();
            throw e;
        }
    }

    private HostTensor rows(HostTensor all, Arena arena) {
        HostTensor rows = HostTensor.allocate(arena, all.dtype(), ids.length, all.dim(1));
        long bytes = all.dim(1) * all.dtype().bytes();
        for (int i = 0; i < ids.length; i++) {
            rows.data()
                    .asSlice(i * bytes, bytes)
                    .copyFrom(all.data().asSlice(ids[i] * bytes, bytes));
        }
        return rows;
    }

    /** How many tokens it has. */
    int size() {
        return ids.length;
    }

    /** The id of the token at a place. */
    int id(int place) {
        return ids[place];
    }

    /** The place of a token; negative if it is none of these. */
    int place(int id) {
        return Arrays.binarySearch(ids, id);
    }

    /** A model's weights for text in, whose logits are of these tokens. */
    ModelWeights prompt(ModelWeights all) {
        return all.with(all.embedding(), head);
    }

    /** A model's weights for steps that know these tokens alone. */
    ModelWeights step(ModelWeights all) {
        return all.with(embedding, head);
    }

    @Override
    public void close() {
        loader.close();
    }
}
