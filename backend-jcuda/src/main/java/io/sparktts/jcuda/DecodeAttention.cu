// Attention of few tokens per sequence (decode), head width 64: bound by reading keys and values
// once, and at short contexts by latency.
//
// A block takes one token, up to 7 query heads of one key/value head, and one split of the visible
// positions; the splits are cut on the device, since only it knows the length, and blocks without a
// part leave at once. A key or value row is read by D / (16 bytes) neighbouring lanes, 16 bytes
// each, and serves all heads of the group from registers; several rows are in flight per warp
// before the first is used. Each group of lanes keeps its own running softmax, so that lanes
// exchange nothing but dot products until the end. Then groups, warps and, through device memory,
// splits are merged: the block that arrives last (an integer counter tells, and is left at zero)
// adds all parts in their order, so the result does not depend on who was last.
#include "AttentionCommon.cuh"

constexpr int DECODE_WIDTH = 64;   // of a head
constexpr int DECODE_HEADS = 7;    // of a block
constexpr int DECODE_WARPS = 4;
constexpr int DECODE_UNROLL = 4;   // rows of a group of lanes in flight

// The slot of a token's sequence, or -1 for padding. All lanes of a warp call it.
__device__ __forceinline__ int slotOf(
        const int* tokenOffsets, const int* slot, int batch, int token) {
    int lane = threadIdx.x & 31;
    for (int base = 0; base < batch; base += 32) {
        int b = base + lane;
        int end = b < batch ? tokenOffsets[b + 1] : 0x7fffffff;
        int own = b < batch ? slot[b] : -1;
        int owner = __popc(__ballot_sync(0xffffffffu, end <= token));
        if (owner < 32) {
            return __shfl_sync(0xffffffffu, own, owner);
        }
    }
    return -1;
}

// Weight of a part whose maximum is `part` in a whole whose maximum is `whole`; empty parts (-inf)
// weigh nothing.
__device__ __forceinline__ float rescale(float part, float whole) {
    return part == NEGATIVE_INFINITY ? 0.0f : exp2Fast(part - whole);
}

template <typename T>
__device__ __forceinline__ void decodeAttention(
        const AttentionProblem<T>& p, float* partials, int* counters, int splits) {
    constexpr int N = WIDE<T>;
    constexpr int LANES = DECODE_WIDTH / N;  // that share a row
    constexpr int GROUPS = 32 / LANES;       // of lanes in a warp
    constexpr int PASS = DECODE_WARPS * GROUPS * DECODE_UNROLL;  // positions of a block at a time
    using Wide = Vec<T, N>;

    __shared__ float warpResult[DECODE_WARPS][DECODE_HEADS][DECODE_WIDTH];
    __shared__ float warpMaximum[DECODE_WARPS][DECODE_HEADS];
    __shared__ float warpSum[DECODE_WARPS][DECODE_HEADS];
    __shared__ int arrived;

    int lane = threadIdx.x & 31;
    int warp = threadIdx.x / 32;
    int token = blockIdx.x / splits;
    int split = blockIdx.x % splits;
    int group = p.group();
    int chunks = (group + DECODE_HEADS - 1) / DECODE_HEADS;
    int kvHead = blockIdx.y / chunks;
    int firstHead = blockIdx.y % chunks * DECODE_HEADS;      // in the group
    int heads = min(DECODE_HEADS, group - firstHead);        // of this block
    firstHead += kvHead * group;

    letNextKernelStart();
    waitForPrecedingKernel();
    int seen = p.positions[token] + 1;
    int slot = slotOf(p.tokenOffsets, p.slot, p.batch, token);
    int span = (seen + splits - 1) / splits;
    span = (span + PASS - 1) / PASS * PASS;
    int active = (seen + span - 1) / span;  // splits that have a part
    if (slot < 0 || split >= active) {
        return;
    }
    int begin = split * span;
    int end = min(seen, begin + span);

    int column = lane % LANES * N;
    const T* keys = p.keys + p.cacheOffset(slot, kvHead) + column;
    const T* values = p.values + p.cacheOffset(slot, kvHead) + column;
    int rowOfLane = warp * GROUPS * DECODE_UNROLL + lane / LANES;
    Wide k[DECODE_UNROLL];
    Wide v[DECODE_UNROLL];
    // Rows past the end are not read: they may hold NaN, which a weight of 0 does not cancel.
    auto load = [&](Wide(&to)[DECODE_UNROLL], const T* from, int base) {
#pragma unroll
        for (int u = 0; u < DECODE_UNROLL; u++) {
            int row = base + rowOfLane + u * GROUPS;
            to[u] = Wide{};
            if (row < end) {
                to[u] = *reinterpret_cast<const Wide*>(
                        from + static_cast<int64_t>(row) * DECODE_WIDTH);
            }
        }
    };
    load(k, keys, begin);
    load(v, values, begin);

    // Queries, times scale and log2(e): scores are exponents of 2.
    float scale = p.scale * LOG2E;
    float q[DECODE_HEADS][N];
    const T* query = p.query(token, firstHead) + column;
    bool wide = aligned16(query);
#pragma unroll
    for (int h = 0; h < DECODE_HEADS; h++) {
        Wide raw{};
        if (h < heads) {
            const T* from = query + h * DECODE_WIDTH;
            if (wide) {
                raw = *reinterpret_cast<const Wide*>(from);
            } else {
#pragma unroll
                for (int e = 0; e < N; e++) {
                    raw.at[e] = from[e];
                }
            }
        }
#pragma unroll
        for (int e = 0; e < N; e++) {
            q[h][e] = toFloat(raw.at[e]) * scale;
        }
    }

    float maximum[DECODE_HEADS];
    float sum[DECODE_HEADS];
    float result[DECODE_HEADS][N];
#pragma unroll
    for (int h = 0; h < DECODE_HEADS; h++) {
        maximum[h] = NEGATIVE_INFINITY;
        sum[h] = 0.0f;
#pragma unroll
        for (int e = 0; e < N; e++) {
            result[h][e] = 0.0f;
        }
    }

    for (int base = begin; base < end; base += PASS) {
        if (base > begin) {
            load(k, keys, base);
            load(v, values, base);
        }
        float weight[DECODE_HEADS][DECODE_UNROLL];
#pragma unroll
        for (int u = 0; u < DECODE_UNROLL; u++) {
            float x[N];
#pragma unroll
            for (int e = 0; e < N; e++) {
                x[e] = toFloat(k[u].at[e]);
            }
            bool inside = base + rowOfLane + u * GROUPS < end;
#pragma unroll
            for (int h = 0; h < DECODE_HEADS; h++) {
                float score = 0.0f;
#pragma unroll
                for (int e = 0; e < N; e++) {
                    score = fmaf(q[h][e], x[e], score);
                }
#pragma unroll
                for (int offset = LANES / 2; offset > 0; offset >>= 1) {
                    score += __shfl_xor_sync(0xffffffffu, score, offset);
                }
                weight[h][u] = inside ? score : NEGATIVE_INFINITY;
            }
        }
#pragma unroll
        for (int h = 0; h < DECODE_HEADS; h++) {
            float high = maximum[h];
#pragma unroll
            for (int u = 0; u < DECODE_UNROLL; u++) {
                high = fmaxf(high, weight[h][u]);
            }
            float decay = rescale(maximum[h], high);
            maximum[h] = high;
            sum[h] *= decay;
#pragma unroll
            for (int u = 0; u < DECODE_UNROLL; u++) {
                weight[h][u] = rescale(weight[h][u], high);
                sum[h] += weight[h][u];
            }
#pragma unroll
            for (int e = 0; e < N; e++) {
                result[h][e] *= decay;
            }
        }
#pragma unroll
        for (int u = 0; u < DECODE_UNROLL; u++) {
#pragma unroll
            for (int e = 0; e < N; e++) {
                float x = toFloat(v[u].at[e]);
#pragma unroll
                for (int h = 0; h < DECODE_HEADS; h++) {
                    result[h][e] = fmaf(weight[h][u], x, result[h][e]);
                }
            }
        }
    }

    // Groups of lanes, then warps.
#pragma unroll
    for (int h = 0; h < DECODE_HEADS; h++) {
        float high = maximum[h];
#pragma unroll
        for (int offset = LANES; offset < 32; offset <<= 1) {
            high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, offset));
        }
        float part = rescale(maximum[h], high);
        sum[h] *= part;
#pragma unroll
        for (int offset = LANES; offset < 32; offset <<= 1) {
            sum[h] += __shfl_xor_sync(0xffffffffu, sum[h], offset);
        }
#pragma unroll
        for (int e = 0; e < N; e++) {
            float x = result[h][e] * part;
#pragma unroll
            for (int offset = LANES; offset < 32; offset <<= 1) {
                x += __shfl_xor_sync(0xffffffffu, x, offset);
            }
            if (lane < LANES) {
                warpResult[warp][h][column + e] = x;
            }
        }
        if (lane == 0) {
            warpMaximum[warp][h] = high;
            warpSum[warp][h] = sum[h];
        }
    }
    __syncthreads();

    // From here a thread has four columns of one head; the last 16 threads have none.
    int head = threadIdx.x / 16;
    int first = threadIdx.x % 16 * 4;
    bool works = head < heads;
    float total[4] = {};
    float totalSum = 0.0f;
    float totalMaximum = NEGATIVE_INFINITY;
    if (works) {
#pragma unroll
        for (int w = 0; w < DECODE_WARPS; w++) {
            totalMaximum = fmaxf(totalMaximum, warpMaximum[w][head]);
        }
#pragma unroll
        for (int w = 0; w < DECODE_WARPS; w++) {
            float part = rescale(warpMaximum[w][head], totalMaximum);
            totalSum += warpSum[w][head] * part;
#pragma unroll
            for (int e = 0; e < 4; e++) {
                total[e] += warpResult[w][head][first + e] * part;
            }
        }
    }

    if (active > 1) {
        int64_t row = (static_cast<int64_t>(token) * p.heads + firstHead + head) * splits;
        auto* results = reinterpret_cast<float4*>(partials);
        // Maximum and sum of every part lie behind the results of all.
        int64_t parts = static_cast<int64_t>(gridDim.x) * p.heads;
        auto* softmax = reinterpret_cast<float2*>(partials + parts * DECODE_WIDTH);
        if (works) {
            __stcg(results + ((row + split) * DECODE_WIDTH + first) / 4,
                   make_float4(total[0], total[1], total[2], total[3]));
            if (first == 0) {
                __stcg(softmax + row + split, make_float2(totalMaximum, totalSum));
            }
        }
        __threadfence();
        __syncthreads();
        int* counter = counters + token * gridDim.y + blockIdx.y;
        if (threadIdx.x == 0) {
            arrived = atomicAdd(counter, 1);
            if (arrived == active - 1) {
                *counter = 0;
            }
        }
        __syncthreads();
        if (arrived != active - 1) {
            return;
        }
        __threadfence();
        if (works) {
            totalMaximum = NEGATIVE_INFINITY;
#pragma unroll 8
            for (int s = 0; s < active; s++) {
                totalMaximum = fmaxf(totalMaximum, __ldcg(softmax + row + s).x);
            }
            totalSum = 0.0f;
#pragma unroll
            for (int e = 0; e < 4; e++) {
                total[e] = 0.0f;
            }
#pragma unroll 8
            for (int s = 0; s < active; s++) {
                float2 state = __ldcg(softmax + row + s);
                float4 x = __ldcg(results + ((row + s) * DECODE_WIDTH + first) / 4);
                float part = exp2Fast(state.x - totalMaximum);
                totalSum = fmaf(state.y, part, totalSum);
                total[0] = fmaf(x.x, part, total[0]);
                total[1] = fmaf(x.y, part, total[1]);
                total[2] = fmaf(x.z, part, total[2]);
                total[3] = fmaf(x.w, part, total[3]);
            }
        }
    }
    if (works) {
        float inverse = 1.0f / totalSum;
        Vec<T, 4> rounded;
#pragma unroll
        for (int e = 0; e < 4; e++) {
            rounded.at[e] = fromFloat<T>(total[e] * inverse);
        }
        T* to = p.output(token, firstHead + head) + first;
        if ((reinterpret_cast<uintptr_t>(to) & (sizeof(rounded) - 1)) == 0) {
            *reinterpret_cast<Vec<T, 4>*>(to) = rounded;
        } else {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                to[e] = rounded.at[e];
            }
        }
    }
}

// Grid: (tokens * splits, kvHeads * chunks of 7 heads of a group) blocks of 128 threads. partials:
// tokens * heads * splits * 66 floats. counters: one per token and blockIdx.y, zero.
#define DECODE(suffix, type)                                                                   \
    extern "C" __global__ void __launch_bounds__(32 * DECODE_WARPS) decodeAttention_##suffix(  \
            ATTENTION_PARAMETERS(type), float* partials, int* counters, int splits) {          \
        decodeAttention<type>(ATTENTION_PROBLEM(type), partials, counters, splits);            \
    }

FOR_FLOAT_TYPES(DECODE)
