package io.sparktts.text;

import io.sparktts.model.BiCodecConfig;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A complete {@code tokenizer.json} for checkpoints with random weights: the pipeline of Qwen2.5
 * with next to no merges, and the tokens of Spark-TTS in the published order.
 *
 * @param json the file's content
 * @param vocabularySize rows that the embedding of the model needs
 */
public record SyntheticTokenizer(String json, int vocabularySize) {
    /** Tokens of the published model that are not Spark's: vocabulary, then added ones. */
    private static final int PUBLISHED_BASE = 151_643;

    /** The published embedding has rows beyond the last token. */
    private static final int PUBLISHED_ROWS = 166_000;

    private static final String SPLIT =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final List<String> QWEN_SPECIAL =
            List.of(
                    "<|endoftext|>",
                    "<|im_start|>",
                    "<|im_end|>",
                    "<|object_ref_start|>",
                    "<|object_ref_end|>",
                    "<|box_start|>",
                    "<|box_end|>",
                    "<|quad_start|>",
                    "<|quad_end|>",
                    "<|vision_start|>",
                    "<|vision_end|>",
                    "<|vision_pad|>",
                    "<|image_pad|>",
                    "<|video_pad|>");

    private static final List<String> QWEN_OTHER =
            List.of(
                    "<tool_call>",
                    "</tool_call>",
                    "<|fim_prefix|>",
                    "<|fim_middle|>",
                    "<|fim_suffix|>",
                    "<|fim_pad|>",
                    "<|repo_name|>",
                    "<|file_sep|>");

    private static final List<String> TASKS =
            List.of(
                    "vc",
                    "tts",
                    "asr",
                    "s2s",
                    "t2s",
                    "cap",
                    "understand",
                    "controllable_tts",
                    "prompt_tts",
                    "edit");

    private static final List<String> SECTIONS =
            List.of(
                    "content",
                    "style_label",
                    "style_prompt",
                    "acoustic_token",
                    "global_token",
                    "semantic_token");

    /** In the byte alphabet, where the sign is a space; enough to make words shorter. */
    private static final List<String> MERGES =
            List.of(
                    "\u0120 t",
                    "\u0120 a",
                    "h e",
                    "i n",
                    "r e",
                    "o n",
                    "\u0120t he",
                    "e r",
                    "\u0120 s",
                    "a t",
                    "\u0120 w",
                    "\u0120 o",
                    "e n",
                    "\u0120 c",
                    "i t",
                    "o u");

    /** The published ids for the published codec, else no more than a small model has rows for. */
    public static SyntheticTokenizer of(BiCodecConfig codec) {
        return codec.equals(BiCodecConfig.SPARK_TTS_0_5B)
                ? published()
                : compact(codec.speaker().codebookSize(), codec.quantizer().codebookSize());
    }

    /** The ids of Spark-TTS-0.5B. */
    public static SyntheticTokenizer published() {
        return of(PUBLISHED_BASE, PUBLISHED_ROWS, 4096, 8192, Values.PUBLISHED);
    }

    /**
     * As few ids as possible.
     *
     * @param globals size of the codec's global codebook
     * @param semantics size of the codec's semantic codebook
     */
    public static SyntheticTokenizer compact(int globals, int semantics) {
        if (globals < 1 || semantics < 1) {
            throw new IllegalArgumentException(
                    "no tokenizer with "
                            + globals
                            + " global and "
                            + semantics
                            + " semantic tokens");
        }
        return of(0, 0, globals, semantics, Values.COMPACT);
    }

    /** How many exact values the families have whose number is not that of a codebook or label. */
    private record Values(int pitch, int pitchVariation, int speed, int loudness, int emotion) {
        static final Values PUBLISHED = new Values(1001, 11, 11, 31, 101);
        static final Values COMPACT = new Values(3, 3, 3, 3, 3);
    }

    private static SyntheticTokenizer of(
            int base, int rows, int globals, int semantics, Values values) {
        Map<String, Integer> vocabulary = vocabulary(base);
        List<String> spark = sparkTokens(globals, semantics, values);
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        int first = vocabulary.size();
        QWEN_SPECIAL.forEach(t -> add(added, first + added.size(), t, true, false));
        QWEN_OTHER.forEach(t -> add(added, first + added.size(), t, false, false));
        spark.forEach(t -> add(added, first + added.size(), t, false, true));
        root.putObject("normalizer").put("type", "NFC");
        preTokenizer(root.putObject("pre_tokenizer"));
        byteLevel(root.putObject("post_processor"), false);
        byteLevel(root.putObject("decoder"), true);
        model(root.putObject("model"), vocabulary);
        return new SyntheticTokenizer(
                JsonMapper.shared().writeValueAsString(root), Math.max(rows, first + added.size()));
    }

    /** Bytes, results of merges, and up to {@code base} entries that no text ever becomes. */
    private static Map<String, Integer> vocabulary(int base) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        byteAlphabet().forEach(c -> ids.put(c, ids.size()));
        MERGES.forEach(m -> ids.put(m.replace(" ", ""), ids.size()));
        while (ids.size() < base) {
            ids.put("<filler_" + ids.size() + ">", ids.size());
        }
        return ids;
    }

    /** Printable bytes stand for themselves and come first, the others follow from U+0100 on. */
    private static List<String> byteAlphabet() {
        List<String> printable = new ArrayList<>();
        List<String> moved = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            if ((b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xff && b != 0xad)) {
                printable.add(Character.toString(b));
            } else {
                moved.add(Character.toString(256 + moved.size()));
            }
        }
        printable.addAll(moved);
        return printable;
    }

    private static List<String> sparkTokens(int globals, int semantics, Values values) {
        List<String> tokens = new ArrayList<>();
        addAll(tokens, TokenFamily.GLOBAL, globals);
        addAll(tokens, TokenFamily.SEMANTIC, semantics);
        addAll(tokens, TokenFamily.PITCH_VALUE, values.pitch());
        addAll(tokens, TokenFamily.PITCH_VARIATION_VALUE, values.pitchVariation());
        addAll(tokens, TokenFamily.PITCH_LABEL, 5);
        addAll(tokens, TokenFamily.PITCH_VARIATION_LABEL, 5);
        addAll(tokens, TokenFamily.SPEED_VALUE, values.speed());
        addAll(tokens, TokenFamily.SPEED_LABEL, 5);
        addAll(tokens, TokenFamily.LOUDNESS_VALUE, values.loudness());
        addAll(tokens, TokenFamily.LOUDNESS_LABEL, 5);
        addAll(tokens, TokenFamily.AGE, 5);
        addAll(tokens, TokenFamily.GENDER, 3);
        addAll(tokens, TokenFamily.EMOTION, values.emotion());
        TASKS.forEach(task -> tokens.add("<|task_" + task + "|>"));
        SECTIONS.forEach(section -> tokens.add("<|start_" + section + "|>"));
        SECTIONS.forEach(section -> tokens.add("<|end_" + section + "|>"));
        return tokens;
    }

    private static void addAll(List<String> tokens, TokenFamily family, int count) {
        for (int n = 0; n < count; n++) {
            tokens.add(family.spelling(n));
        }
    }

    private static void add(
            ArrayNode tokens, int id, String content, boolean special, boolean normalized) {
        tokens.addObject()
                .put("id", id)
                .put("content", content)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", normalized)
                .put("special", special);
    }

    private static void preTokenizer(ObjectNode sequence) {
        ArrayNode steps = sequence.put("type", "Sequence").putArray("pretokenizers");
        ObjectNode split = steps.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", SPLIT);
        split.put("behavior", "Isolated").put("invert", false);
        byteLevel(steps.addObject(), false);
    }

    private static void byteLevel(ObjectNode node, boolean decoder) {
        node.put("type", "ByteLevel")
                .put("add_prefix_space", decoder)
                .put("trim_offsets", decoder)
                .put("use_regex", decoder);
    }

    private static void model(ObjectNode model, Map<String, Integer> vocabulary) {
        model.put("type", "BPE")
                .putNull("dropout")
                .putNull("unk_token")
                .put("continuing_subword_prefix", "")
                .put("end_of_word_suffix", "")
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", false);
        ObjectNode vocab = model.putObject("vocab");
        vocabulary.forEach(vocab::put);
        ArrayNode merges = model.putArray("merges");
        MERGES.forEach(merges::add);
    }
}
