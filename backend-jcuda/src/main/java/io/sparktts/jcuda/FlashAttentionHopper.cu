// Prefill attention on Hopper, head width 64, float16 and bfloat16: softmax(q k^T) v in one pass
// over keys and values with a running maximum (FlashAttention), on the warpgroup tensor cores.
//
// A block takes WARPGROUPS x 64 packed rows (see AttentionCommon.cuh) of one key/value head and
// walks the keys in tiles of 128. One more warp only feeds: the copy engine brings each tile into a
// ring of STAGES buffers in shared memory, swizzled as wgmma reads it, so loads run ahead of all
// arithmetic. Each warpgroup keeps its scores, weights and results in registers; while the
// tensor cores multiply the next scores and the last weights with their values, the warpgroup
// computes exponentials, which cost as much time as the products at this head width. Scores of
// several warpgroups overlap on an SM in the same way: one block of 2 or 3 for long prompts (which
// reads keys and values less often), two blocks of one each for short ones (which spreads rows over
// more SMs).
#include "AttentionHopper.cuh"

#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HOPPER 1
#endif

#if HOPPER
constexpr int HOPPER_KEYS = 128;                       // of a tile
constexpr int HOPPER_TILE_BYTES = HOPPER_KEYS * 64 * 2;
constexpr int HOPPER_QUERY_BYTES = 64 * 64 * 2;        // of a warpgroup

// scores = queries times a tile of keys.
template <typename T>
__device__ __forceinline__ void scoreTile(
        float (&scores)[64], uint32_t queries, uint32_t keys) {
    uint64_t a = operand(queries);
    uint64_t b = operand(keys);
#pragma unroll
    for (int k = 0; k < 4; k++) {
        multiply128<T>(scores, a + k * 2, b + k * 2, k > 0);  // 16 elements are 32 bytes
    }
    productsCommit();
}

// result (+)= weights times a tile of values.
template <typename T>
__device__ __forceinline__ void weighTile(
        float (&result)[32], const uint32_t (&weights)[8][4], uint32_t values, bool accumulate) {
    uint64_t b = operand(values);
#pragma unroll
    for (int k = 0; k < 8; k++) {
        multiplyValues<T>(result, weights[k], b + k * 128, accumulate || k > 0);  // 16 rows
    }
    productsCommit();
}

// A thread's part of a warpgroup's state: rows g and g + 8 of its warp's 16 (g = lane / 4), columns
// 8 i + 2 (lane % 4) + {0, 1}.
struct SoftmaxState {
    float maximum[2];
    float sum[2];   // of the thread's own columns
    float decay[2]; // what the last tile multiplies earlier results by
};

// Turns scores into weights exp2((score - maximum) * scale) and advances the running softmax.
__device__ __forceinline__ void softmaxTile(float (&s)[64], SoftmaxState& state, float scale) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float high[2] = {s[2 * r], s[2 * r + 1]};
#pragma unroll
        for (int i = 1; i < 16; i++) {
            high[0] = fmaxf(high[0], s[4 * i + 2 * r]);
            high[1] = fmaxf(high[1], s[4 * i + 2 * r + 1]);
        }
        float maximum = fmaxf(high[0], high[1]);
        maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 1));
        maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 2));
        maximum = fmaxf(maximum, state.maximum[r]);
        state.decay[r] = exp2Fast((state.maximum[r] - maximum) * scale);
        state.maximum[r] = maximum;
        float shift = maximum * scale;
        float sum[2] = {0.0f, 0.0f};
#pragma unroll
        for (int i = 0; i < 16; i++) {
#pragma unroll
            for (int e = 0; e < 2; e++) {
                float& x = s[4 * i + 2 * r + e];
                x = exp2Fast(fmaf(x, scale, -shift));
                sum[e] += x;
            }
        }
        state.sum[r] = state.sum[r] * state.decay[r] + (sum[0] + sum[1]);
    }
}

// Hides keys past what each row sees; a NaN there (memory past the live length) goes too.
__device__ __forceinline__ void maskTile(float (&s)[64], int firstColumn, const int (&last)[2]) {
#pragma unroll
    for (int i = 0; i < 16; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (firstColumn + 8 * i + (e & 1) > last[e >> 1]) {
                s[4 * i + e] = NEGATIVE_INFINITY;
            }
        }
    }
}

// Weights as the left operand of the next product: the layouts of results and operands agree.
template <typename T>
__device__ __forceinline__ void roundWeights(uint32_t (&weights)[8][4], const float (&s)[64]) {
#pragma unroll
    for (int k = 0; k < 8; k++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            weights[k][e] = packPair<T>(s[8 * k + 2 * e], s[8 * k + 2 * e + 1]);
        }
    }
}

// Shared memory: tiles of keys and values, queries of each warpgroup, barriers of 8 bytes.
template <int STAGES>
struct Ring {
    uint32_t tiles;
    uint32_t barriers;

    __device__ uint32_t keysFull(int s) const { return barriers + 8 * s; }
    __device__ uint32_t valuesFull(int s) const { return barriers + 8 * (STAGES + s); }
    __device__ uint32_t keysFree(int s) const { return barriers + 8 * (2 * STAGES + s); }
    __device__ uint32_t valuesFree(int s) const { return barriers + 8 * (3 * STAGES + s); }
    __device__ uint32_t tail() const { return barriers + 8 * (4 * STAGES); }
    __device__ uint32_t keys(int s) const { return tiles + 2 * s * HOPPER_TILE_BYTES; }
    __device__ uint32_t values(int s) const { return keys(s) + HOPPER_TILE_BYTES; }
    __device__ uint32_t queries(int warpgroup) const {
        return tiles + 2 * STAGES * HOPPER_TILE_BYTES + warpgroup * HOPPER_QUERY_BYTES;
    }
};

// The feeding warp. Rows of the cache past the sequence's live length hold anything, NaN too, and a
// weight of 0 times NaN is NaN: in the tile that reaches past it, those values are set to zero.
template <int STAGES>
__device__ __forceinline__ void feed(
        const Ring<STAGES>& ring,
        const TensorMap* keys,
        const TensorMap* values,
        int firstRow,
        int tiles,
        int live) {
    int lane = threadIdx.x & 31;
#pragma unroll 1
    for (int j = 0; j < tiles; j++) {
        int s = j % STAGES;
        int row = firstRow + j * HOPPER_KEYS;
        uint32_t refill = (j / STAGES + 1) & 1;  // parity of the phase that freed the buffer
        bool past = (j + 1) * HOPPER_KEYS > live;
        if (j >= STAGES) {
            barrierWait(ring.keysFree(s), refill);
        }
        if (lane == 0) {
            barrierExpect(ring.keysFull(s), HOPPER_TILE_BYTES);
            copyBox(ring.keys(s), keys, row, 0, ring.keysFull(s));
        }
        if (j >= STAGES) {
            barrierWait(ring.valuesFree(s), refill);
        }
        uint32_t landed = past ? ring.tail() : ring.valuesFull(s);
        if (lane == 0) {
            barrierExpect(landed, HOPPER_TILE_BYTES);
            copyBox(ring.values(s), values, row, 0, landed);
        }
        __syncwarp();
        if (past) {  // the last tile only
            barrierWait(landed, 0);
            int first = live - j * HOPPER_KEYS;
            for (int i = first * 128 + lane * 16; i < HOPPER_TILE_BYTES; i += 32 * 16) {
                asm volatile("st.shared.v4.b32 [%0], {%1, %1, %1, %1};" ::"r"(ring.values(s) + i),
                             "r"(0)
                             : "memory");
            }
            asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
            __syncwarp();
            if (lane == 0) {
                barrierArrive(ring.valuesFull(s));
            }
        }
    }
}

// A consuming warpgroup: its 64 rows against all tiles.
template <typename T, int STAGES>
__device__ __forceinline__ void attend(
        const AttentionProblem<T>& p,
        const Ring<STAGES>& ring,
        const AttentionTile& tile,
        int kvHead,
        int tiles) {
    int lane = threadIdx.x & 31;
    int group = p.group();
    int warpRow = tile.firstRow + (threadIdx.x / 32) * 16;
    int groupRow = tile.firstRow + (threadIdx.x / 128) * 64;
    int token[2];
    int head[2];
    int last[2];  // position that the row sees last
    uint32_t queries = ring.queries(threadIdx.x / 128);
    bool evenIn = aligned4(p.qkv);
#pragma unroll
    for (int r = 0; r < 2; r++) {
        // Rows past the end repeat the last one and are not stored.
        int row = min(warpRow + lane / 4 + 8 * r, tile.rows - 1);
        token[r] = row / group;
        head[r] = kvHead * group + row - token[r] * group;
        last[r] = tile.firstPosition + token[r];
        const T* q = p.query(tile.firstToken + token[r], head[r]) + 2 * (lane & 3);
        // Swizzled as the copy engine would: 16-byte column c of row i lies at c ^ (i % 8).
        int i = (threadIdx.x / 32 & 3) * 16 + lane / 4 + 8 * r;
        uint32_t to = queries + i * 128 + 4 * (lane & 3);
#pragma unroll
        for (int c = 0; c < 8; c++) {
            asm volatile("st.shared.b32 [%0], %1;" ::"r"(to + ((c ^ (i & 7)) << 4)),
                         "r"(loadPair(q + 8 * c, evenIn))
                         : "memory");
        }
    }
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    warpgroupBarrier();
    int seenByAll = tile.firstPosition + min(groupRow, tile.rows - 1) / group;
    float scale = p.scale * LOG2E;
    int column = 2 * (lane & 3);

    float scores[64];
    float result[32];
    uint32_t weights[8][4];
    SoftmaxState state = {
            {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, {0.0f, 0.0f}, {0.0f, 0.0f}};

    barrierWait(ring.keysFull(0), 0);
    productsBegin();
    scoreTile<T>(scores, queries, ring.keys(0));
    productsWait<0>();
    pin(scores);
    if (lane == 0) {
        barrierArrive(ring.keysFree(0));
    }
    if (HOPPER_KEYS - 1 > seenByAll) {
        maskTile(scores, column, last);
    }
    softmaxTile(scores, state, scale);
    roundWeights<T>(weights, scores);
#pragma unroll
    for (int i = 0; i < 32; i++) {
        result[i] = 0.0f;
    }

    int s = 0;  // buffer and phase of the tile before
    uint32_t phase = 0;
    for (int j = 1; j < tiles; j++) {
        int next = s + 1 == STAGES ? 0 : s + 1;
        uint32_t nextPhase = next == 0 ? phase ^ 1 : phase;
        barrierWait(ring.keysFull(next), nextPhase);
        pin(scores);
        pin(result);
        pin(weights);
        productsBegin();
        scoreTile<T>(scores, queries, ring.keys(next));
        barrierWait(ring.valuesFull(s), phase);
        weighTile<T>(result, weights, ring.values(s), true);
        productsWait<1>();
        pin(scores);
        if (lane == 0) {
            barrierArrive(ring.keysFree(next));
        }
        if ((j + 1) * HOPPER_KEYS - 1 > seenByAll) {
            maskTile(scores, column + j * HOPPER_KEYS, last);
        }
        softmaxTile(scores, state, scale);
        productsWait<0>();
        pin(result);
        pin(weights);
        if (lane == 0) {
            barrierArrive(ring.valuesFree(s));
        }
#pragma unroll
        for (int i = 0; i < 32; i++) {
            result[i] *= state.decay[(i >> 1) & 1];
        }
        roundWeights<T>(weights, scores);
        s = next;
        phase = nextPhase;
    }
    barrierWait(ring.valuesFull(s), phase);
    pin(result);
    pin(weights);
    productsBegin();
    weighTile<T>(result, weights, ring.values(s), true);
    productsWait<0>();
    pin(result);
    pin(weights);

    bool evenOut = aligned4(p.out);
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float sum = state.sum[r];
        sum += __shfl_xor_sync(0xffffffffu, sum, 1);
        sum += __shfl_xor_sync(0xffffffffu, sum, 2);
        float inverse = 1.0f / sum;
        if (warpRow + lane / 4 + 8 * r < tile.rows) {
            T* to = p.output(tile.firstToken + token[r], head[r]) + column;
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float low = result[4 * i + 2 * r] * inverse;
                float high = result[4 * i + 2 * r + 1] * inverse;
                storePair(to + 8 * i, packPair<T>(low, high), evenOut);
            }
        }
    }
}

template <typename T, int WARPGROUPS, int STAGES>
__device__ __forceinline__ void flashAttentionHopper(
        const AttentionProblem<T>& p, const TensorMap* keyMap, const TensorMap* valueMap) {
    extern __shared__ char sharedBytes[];
    // The swizzle counts from multiples of 1024 bytes; barriers lie behind the tiles.
    Ring<STAGES> ring;
    ring.tiles = (sharedAddress(sharedBytes) + 1023) & ~1023u;
    ring.barriers = ring.queries(WARPGROUPS);
    if (threadIdx.x == 0) {
#pragma unroll
        for (int s = 0; s < STAGES; s++) {
            barrierInit(ring.keysFull(s), 1);
            barrierInit(ring.valuesFull(s), 1);
            barrierInit(ring.keysFree(s), WARPGROUPS * 4);
            barrierInit(ring.valuesFree(s), WARPGROUPS * 4);
        }
        barrierInit(ring.tail(), 1);
        asm volatile("prefetch.tensormap [%0];" ::"l"(keyMap) : "memory");
        asm volatile("prefetch.tensormap [%0];" ::"l"(valueMap) : "memory");
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
        asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    }
    waitForInputs();
    int kvHead = blockIdx.x % p.kvHeads;
    AttentionTile tile;
    if (!findTile(
                p.tokenOffsets,
                p.positions,
                p.slot,
                p.batch,
                p.group(),
                WARPGROUPS * 64,
                blockIdx.x / p.kvHeads,
                tile)) {
        return;
    }
    __syncthreads();
    int group = p.group();
    int lastRow = min(tile.firstRow + WARPGROUPS * 64, tile.rows) - 1;
    int tiles = (tile.firstPosition + lastRow / group) / HOPPER_KEYS + 1;
    if (threadIdx.x >= WARPGROUPS * 128) {
        // The feeding warpgroup hands its registers to the others.
        asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(WARPGROUPS == 3 ? 32 : 40));
        if (threadIdx.x < WARPGROUPS * 128 + 32) {
            int firstRow = (tile.slot * p.kvHeads + kvHead) * p.capacity;
            int live = tile.firstPosition + tile.rows / group;
            feed<STAGES>(ring, keyMap, valueMap, firstRow, tiles, live);
        }
    } else {
        constexpr int REGISTERS = WARPGROUPS == 1 ? 216 : WARPGROUPS == 2 ? 232 : 160;
        asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(REGISTERS));
        attend<T, STAGES>(p, ring, tile, kvHead, tiles);
    }
}
#endif

#if HOPPER
#define FLASH_BODY(type, groups, stages) \
    flashAttentionHopper<type, groups, stages>(ATTENTION_PROBLEM(type), &keyMap, &valueMap);
#else
#define FLASH_BODY(type, groups, stages) __trap();
#endif

// Entry points flashAttentionHopper64_bf16 and so on, named by the rows of a block. Dynamic shared
// memory: stages * 32 KB, 8 KB per warpgroup, and 2 KB.
#define FLASH(suffix, type, rows, groups, stages, blocks)                                  \
    extern "C" __global__ void __launch_bounds__((groups + 1) * 128, blocks)               \
            flashAttentionHopper##rows##_##suffix(                                         \
                    ATTENTION_PARAMETERS(type), const __grid_constant__ TensorMap keyMap,  \
                    const __grid_constant__ TensorMap valueMap) {                          \
        FLASH_BODY(type, groups, stages)                                                   \
    }

FLASH(f16, f16, 64, 1, 2, 2)
FLASH(bf16, bf16, 64, 1, 2, 2)
FLASH(f16, f16, 128, 2, 3, 1)
FLASH(bf16, bf16, 128, 2, 3, 1)
FLASH(f16, f16, 192, 3, 3, 1)
FLASH(bf16, bf16, 192, 3, 3, 1)
