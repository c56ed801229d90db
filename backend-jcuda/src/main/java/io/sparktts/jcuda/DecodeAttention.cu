// Attention of few tokens per sequence (decode), head width 64: bound by reading keys and values
// once, and at short contexts by latency.
//
// A block takes one token, up to 7 query heads of one key/value head, and one split of the visible
// positions; the splits are cut on the device, since only it knows the length. Each warp has
// positions of its own and a running softmax. Then warps and splits are merged: few splits through
// the shared memory of a cluster, others through device memory, where the block that arrives last
// (an integer counter tells, and is left at zero) adds all parts in their order, so that the result
// does not depend on who was last.
#include "AttentionCommon.cuh"
#include "TensorCores.cuh"

constexpr int DECODE_WIDTH = 64;   // of a head
constexpr int DECODE_HEADS = 7;    // of a block
constexpr int DECODE_WARPS = 4;
constexpr int MERGED = 8;          // splits that are merged at a time
constexpr int CLUSTER = 8;         // splits that are a cluster

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

// Returns how many came before; what the block wrote before its last barrier is seen by those that
// come after, behind a barrier of theirs.
__device__ __forceinline__ int countArrival(int* counter) {
    int before;
    asm volatile("atom.acq_rel.gpu.global.add.s32 %0, [%1], 1;"
                 : "=r"(before)
                 : "l"(counter)
                 : "memory");
    return before;
}

// What a warp has of its positions: per head a maximum, a sum of weights, and the weighted values.
struct DecodeParts {
    float result[DECODE_WARPS][DECODE_HEADS][DECODE_WIDTH];
    float maximum[DECODE_WARPS][DECODE_HEADS];
    float sum[DECODE_WARPS][DECODE_HEADS];
};

// The positions of a block and its heads.
template <typename T>
struct DecodeSpan {
    const T* query;   // of the first head
    const T* keys;    // of position 0
    const T* values;
    int heads;
    int begin;
    int end;
    float scale;      // times log2(e): scores are exponents of 2
};

// Positions that a warp takes at a time.
template <typename T>
constexpr int DECODE_STEP = 16;
template <>
constexpr int DECODE_STEP<float> = 8;

// Columns j of two rows of 8.
__device__ __forceinline__ uint32_t columnPair(const uint4& a, const uint4& b, int j) {
    const uint32_t low[4] = {a.x, a.y, a.z, a.w};
    const uint32_t high[4] = {b.x, b.y, b.z, b.w};
    return __byte_perm(low[j / 2], high[j / 2], j % 2 == 0 ? 0x5410 : 0x7632);
}

// 16 bytes from anywhere.
template <typename T>
__device__ __forceinline__ uint4 loadWide(const T* from) {
    Vec<T, WIDE<T>> v;
    if (aligned16(from)) {
        v = *reinterpret_cast<const Vec<T, WIDE<T>>*>(from);
    } else {
#pragma unroll
        for (int e = 0; e < WIDE<T>; e++) {
            v.at[e] = from[e];
        }
    }
    return *reinterpret_cast<const uint4*>(&v);
}

// Short dtypes: the tensor cores multiply (mma.sync m16n8k16). Heads are rows, of which the lower
// half stays empty; of a step's 16 positions a lane loads 16 bytes wherever it reads, so keys enter
// with their elements, and values with their columns, in an order of their own, which products do
// not mind.
template <typename T>
__device__ __forceinline__ void attend(const DecodeSpan<T>& p, DecodeParts& parts) {
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    uint4 q[2] = {};
    uint4 k[2][2];
    uint4 v[4];
    // Rows past the end are not read: they may hold NaN, which a weight of 0 does not cancel.
    auto loadRow = [&](const T* from, int row, int column) {
        const T* at = from + static_cast<int64_t>(row) * DECODE_WIDTH + column;
        return row < p.end ? *reinterpret_cast<const uint4*>(at) : make_uint4(0, 0, 0, 0);
    };
    auto load = [&](int first) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
            k[i][0] = loadRow(p.keys, first + 8 * i + g, 8 * t);
            k[i][1] = loadRow(p.keys, first + 8 * i + g, 8 * t + 32);
        }
#pragma unroll
        for (int i = 0; i < 4; i++) {
            v[i] = loadRow(p.values, first + 2 * t + i % 2 + i / 2 * 8, 8 * g);
        }
    };
    load(p.begin + DECODE_STEP<T> * warp);
    if (g < p.heads) {
        const T* query = p.query + g * DECODE_WIDTH + 8 * t;
        q[0] = loadWide(query);
        q[1] = loadWide(query + 32);
    }
    float maximum = NEGATIVE_INFINITY;
    float sum = 0;
    float result[8][4] = {};
    for (int base = p.begin; base < p.end; base += DECODE_WARPS * DECODE_STEP<T>) {
        int first = base + DECODE_STEP<T> * warp;
        float scores[2][4] = {};
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                mmaSync<T>(scores[i], q[h].x, 0, q[h].y, 0, k[i][h].x, k[i][h].y);
                mmaSync<T>(scores[i], q[h].z, 0, q[h].w, 0, k[i][h].z, k[i][h].w);
            }
        }
        float high = maximum;
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int e = 0; e < 2; e++) {
                bool inside = first + 8 * i + 2 * t + e < p.end;
                scores[i][e] = inside ? scores[i][e] * p.scale : NEGATIVE_INFINITY;
                high = fmaxf(high, scores[i][e]);
            }
        }
        high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 1));
        high = fmaxf(high, __shfl_xor_sync(0xffffffffu, high, 2));
        float decay = rescale(maximum, high);
        maximum = high;
        sum *= decay;
        uint32_t weights[2];
#pragma unroll
        for (int i = 0; i < 2; i++) {
            float low = rescale(scores[i][0], high);
            float next = rescale(scores[i][1], high);
            sum += low + next;
            weights[i] = packPair<T>(low, next);
        }
        uint4 now[4] = {v[0], v[1], v[2], v[3]};
        load(first + DECODE_WARPS * DECODE_STEP<T>);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            result[j][0] *= decay;
            result[j][1] *= decay;
            mmaSync<T>(result[j], weights[0], 0, weights[1], 0, columnPair(now[0], now[1], j),
                       columnPair(now[2], now[3], j));
        }
    }
    sum += __shfl_xor_sync(0xffffffffu, sum, 1);
    sum += __shfl_xor_sync(0xffffffffu, sum, 2);
    if (g < p.heads) {
        if (t == 0) {
            parts.maximum[warp][g] = maximum;
            parts.sum[warp][g] = sum;
        }
        // Column j of tile n is element 8 n + j: a lane has 16 neighbours.
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int j = i % 2 * 4;
            *reinterpret_cast<float4*>(&parts.result[warp][g][16 * t + 4 * i]) =
                make_float4(result[j][i / 2], result[j + 1][i / 2], result[j + 2][i / 2],
                            result[j + 3][i / 2]);
        }
    }
}

// Float32: a row is read by 16 neighbouring lanes and serves all heads from registers; several rows
// are in flight per warp before the first is used. The two groups of lanes keep a running softmax
// each, so that lanes exchange nothing but dot products until the end.
__device__ __forceinline__ void attend(const DecodeSpan<float>& p, DecodeParts& parts) {
    constexpr int LANES = DECODE_WIDTH / 4;  // that share a row
    constexpr int GROUPS = 32 / LANES;       // of lanes in a warp
    constexpr int ROWS = DECODE_STEP<float> / GROUPS;
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int column = lane % LANES * 4;
    int rowOfLane = warp * DECODE_STEP<float> + lane / LANES;
    Vec<float, 4> k[ROWS];
    Vec<float, 4> v[ROWS];
    // Rows past the end are not read: they may hold NaN, which a weight of 0 does not cancel.
    auto load = [&](Vec<float, 4>(&to)[ROWS], const float* from, int base) {
#pragma unroll
        for (int u = 0; u < ROWS; u++) {
            int row = base + rowOfLane + u * GROUPS;
            to[u] = {};
            if (row < p.end) {
                to[u] = *reinterpret_cast<const Vec<float, 4>*>(
                        from + static_cast<int64_t>(row) * DECODE_WIDTH + column);
            }
        }
    };
    load(k, p.keys, p.begin);
    load(v, p.values, p.begin);

    float q[DECODE_HEADS][4] = {};
#pragma unroll
    for (int h = 0; h < DECODE_HEADS; h++) {
        if (h < p.heads) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                q[h][e] = p.query[h * DECODE_WIDTH + column + e] * p.scale;
            }
        }
    }

    float maximum[DECODE_HEADS];
    float sum[DECODE_HEADS];
    float result[DECODE_HEADS][4];
#pragma unroll
    for (int h = 0; h < DECODE_HEADS; h++) {
        maximum[h] = NEGATIVE_INFINITY;
        sum[h] = 0.0f;
#pragma unroll
        for (int e = 0; e < 4; e++) {
            result[h][e] = 0.0f;
        }
    }

    for (int base = p.begin; base < p.end; base += DECODE_WARPS * DECODE_STEP<float>) {
        if (base > p.begin) {
            load(k, p.keys, base);
            load(v, p.values, base);
        }
        float weight[DECODE_HEADS][ROWS];
#pragma unroll
        for (int u = 0; u < ROWS; u++) {
            bool inside = base + rowOfLane + u * GROUPS < p.end;
#pragma unroll
            for (int h = 0; h < DECODE_HEADS; h++) {
                float score = 0.0f;
#pragma unroll
                for (int e = 0; e < 4; e++) {
                    score = fmaf(q[h][e], k[u].at[e], score);
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
            for (int u = 0; u < ROWS; u++) {
                high = fmaxf(high, weight[h][u]);
            }
            float decay = rescale(maximum[h], high);
            maximum[h] = high;
            sum[h] *= decay;
#pragma unroll
            for (int u = 0; u < ROWS; u++) {
                weight[h][u] = rescale(weight[h][u], high);
                sum[h] += weight[h][u];
            }
#pragma unroll
            for (int e = 0; e < 4; e++) {
                result[h][e] *= decay;
            }
        }
#pragma unroll
        for (int u = 0; u < ROWS; u++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
#pragma unroll
                for (int h = 0; h < DECODE_HEADS; h++) {
                    result[h][e] = fmaf(weight[h][u], v[u].at[e], result[h][e]);
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
        for (int e = 0; e < 4; e++) {
            float x = result[h][e] * part;
#pragma unroll
            for (int offset = LANES; offset < 32; offset <<= 1) {
                x += __shfl_xor_sync(0xffffffffu, x, offset);
            }
            if (lane < LANES) {
                parts.result[warp][h][column + e] = x;
            }
        }
        if (lane == 0) {
            parts.maximum[warp][h] = high;
            parts.sum[warp][h] = sum[h];
        }
    }
}

// Asks for the first keys and values of a block to be in L2 when the wait is over. Only the last
// position is new.
template <typename T>
__device__ __forceinline__ void prefetchRows(const AttentionProblem<T>& p, int slot, int kvHead,
                                             int begin, int end) {
    int row = begin + threadIdx.x / 2;
    if (row < end) {
        const T* base = threadIdx.x % 2 == 0 ? p.keys : p.values;
        const T* at = base + p.cacheOffset(slot, kvHead) + static_cast<int64_t>(row) * DECODE_WIDTH;
        asm volatile("prefetch.global.L2 [%0];" ::"l"(at));
    }
}

// Four columns of a head, of some of its positions: weighted values, the sum of their weights, and
// the maximum that both are relative to. A part without positions has a maximum of -inf.
struct Columns {
    float4 values;
    float sum;
    float maximum;
};

// Parts become one, in their order.
template <int N>
__device__ __forceinline__ Columns merged(const Columns (&parts)[N]) {
    Columns all{make_float4(0, 0, 0, 0), 0, parts[0].maximum};
#pragma unroll
    for (int i = 1; i < N; i++) {
        all.maximum = fmaxf(all.maximum, parts[i].maximum);
    }
#pragma unroll
    for (int i = 0; i < N; i++) {
        float weight = rescale(parts[i].maximum, all.maximum);
        all.sum = fmaf(parts[i].sum, weight, all.sum);
        all.values.x = fmaf(parts[i].values.x, weight, all.values.x);
        all.values.y = fmaf(parts[i].values.y, weight, all.values.y);
        all.values.z = fmaf(parts[i].values.z, weight, all.values.z);
        all.values.w = fmaf(parts[i].values.w, weight, all.values.w);
    }
    return all;
}

// Merges the splits through device memory; only the block that arrives last has the whole, and
// true. `row` is the thread's head among those of all tokens, `heads` their number.
__device__ __forceinline__ bool mergeSplits(Columns& columns, bool works, int64_t row,
                                            int64_t heads, int first, int split, int splits,
                                            int active, float* partials, int* counter) {
    __shared__ int arrived;
    auto* results = reinterpret_cast<float4*>(partials);
    // Maximum and sum of every part lie behind the results of all.
    auto* softmax = reinterpret_cast<float2*>(partials + heads * splits * DECODE_WIDTH);
    auto resultAt = [&](int s) { return ((row * splits + s) * DECODE_WIDTH + first) / 4; };
    if (works) {
        __stcg(results + resultAt(split), columns.values);
        if (first == 0) {
            __stcg(softmax + row * splits + split, make_float2(columns.maximum, columns.sum));
        }
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        arrived = countArrival(counter);
        if (arrived == active - 1) {
            *counter = 0;
        }
    }
    __syncthreads();
    if (arrived != active - 1) {
        return false;
    }
    if (works) {
        Columns parts[MERGED + 1];
        parts[0] = {make_float4(0, 0, 0, 0), 0, NEGATIVE_INFINITY};
        for (int base = 0; base < active; base += MERGED) {
#pragma unroll
            for (int i = 0; i < MERGED; i++) {
                Columns& part = parts[i + 1];
                part = {make_float4(0, 0, 0, 0), 0, NEGATIVE_INFINITY};
                if (base + i < active) {
                    float2 state = __ldcg(softmax + row * splits + base + i);
                    part = {__ldcg(results + resultAt(base + i)), state.y, state.x};
                }
            }
            parts[0] = merged(parts);
        }
        columns = parts[0];
    }
    return true;
}

// Merges the splits of a cluster through its shared memory; only its first block has the whole, and
// true. All threads of all its blocks call it.
__device__ __forceinline__ bool mergeCluster(Columns& columns, int split) {
    __shared__ float4 values[32 * DECODE_WARPS];
    __shared__ float2 states[32 * DECODE_WARPS];
    auto synchronize = [] {
        asm volatile("barrier.cluster.arrive.aligned;" ::: "memory");
        asm volatile("barrier.cluster.wait.aligned;" ::: "memory");
    };
    auto remote = [](const void* p, int rank) {
        uint32_t local = static_cast<uint32_t>(__cvta_generic_to_shared(p));
        uint32_t address;
        asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(address) : "r"(local), "r"(rank));
        return address;
    };
    values[threadIdx.x] = columns.values;
    states[threadIdx.x] = make_float2(columns.maximum, columns.sum);
    synchronize();
    if (split == 0) {
        Columns parts[CLUSTER];
#pragma unroll
        for (int i = 0; i < CLUSTER; i++) {
            asm volatile("ld.shared::cluster.v4.f32 {%0, %1, %2, %3}, [%4];"
                         : "=f"(parts[i].values.x), "=f"(parts[i].values.y),
                           "=f"(parts[i].values.z), "=f"(parts[i].values.w)
                         : "r"(remote(values + threadIdx.x, i)));
            asm volatile("ld.shared::cluster.v2.f32 {%0, %1}, [%2];"
                         : "=f"(parts[i].maximum), "=f"(parts[i].sum)
                         : "r"(remote(states + threadIdx.x, i)));
        }
        columns = merged(parts);
    }
    synchronize();  // nobody leaves with what the first block still reads
    return split == 0;
}

template <typename T, bool CLUSTERED>
__device__ __forceinline__ void decodeAttention(
        const AttentionProblem<T>& p, float* partials, int* counters, int splits) {
    __shared__ DecodeParts parts;

    int token = blockIdx.x / splits;
    int split = blockIdx.x % splits;
    int group = p.group();
    int chunks = (group + DECODE_HEADS - 1) / DECODE_HEADS;
    int kvHead = blockIdx.y / chunks;
    int firstHead = blockIdx.y % chunks * DECODE_HEADS;      // in the group
    int heads = min(DECODE_HEADS, group - firstHead);        // of this block
    firstHead += kvHead * group;

    letNextStart();
    // Before the wait, since `advance` lets nothing start before it has moved the positions.
    int seen = __ldcg(p.positions + token) + 1;
    int slot = slotOf(p.tokenOffsets, p.slot, p.batch, token);
    constexpr int PASS = DECODE_WARPS * DECODE_STEP<T>;
    int span = (seen + splits - 1) / splits;
    span = max(1, (span + PASS - 1) / PASS) * PASS;
    int active = (seen + span - 1) / span;  // splits that have a part
    bool inside = slot >= 0 && split < active;
    if (inside) {
        prefetchRows(p, slot, kvHead, split * span, seen - 1);
    }
    waitForInputs();
    // The blocks of a cluster have a token in common, and meet whether they have a part or not.
    if (slot < 0 || (!CLUSTERED && !inside)) {
        return;
    }

    // A thread has four columns of one head; the last 16 threads have none.
    int head = threadIdx.x / 16;
    int first = threadIdx.x % 16 * 4;
    bool works = head < heads;
    Columns columns{make_float4(0, 0, 0, 0), 0, NEGATIVE_INFINITY};
    if (inside) {
        DecodeSpan<T> mine;
        mine.query = p.query(token, firstHead);
        mine.keys = p.keys + p.cacheOffset(slot, kvHead);
        mine.values = p.values + p.cacheOffset(slot, kvHead);
        mine.heads = heads;
        mine.begin = split * span;
        mine.end = min(seen, mine.begin + span);
        mine.scale = p.scale * LOG2E;
        attend(mine, parts);
        __syncthreads();
        if (works) {
            Columns ofWarps[DECODE_WARPS];
#pragma unroll
            for (int w = 0; w < DECODE_WARPS; w++) {
                ofWarps[w] = {*reinterpret_cast<const float4*>(&parts.result[w][head][first]),
                              parts.sum[w][head], parts.maximum[w][head]};
            }
            columns = merged(ofWarps);
        }
    }
    bool whole = true;
    if constexpr (CLUSTERED) {
        whole = mergeCluster(columns, split);
    } else if (active > 1) {
        int64_t row = static_cast<int64_t>(token) * p.heads + firstHead + head;
        int64_t all = static_cast<int64_t>(gridDim.x) / splits * p.heads;
        whole = mergeSplits(columns, works, row, all, first, split, splits, active, partials,
                            counters + token * gridDim.y + blockIdx.y);
    }
    if (whole && works) {
        float inverse = 1.0f / columns.sum;
        Vec<T, 4> rounded{{fromFloat<T>(columns.values.x * inverse),
                           fromFloat<T>(columns.values.y * inverse),
                           fromFloat<T>(columns.values.z * inverse),
                           fromFloat<T>(columns.values.w * inverse)}};
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
        decodeAttention<type, false>(ATTENTION_PROBLEM(type), partials, counters, splits);     \
    }

FOR_FLOAT_TYPES(DECODE)

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
// Grid: as above, of CLUSTER splits.
#define DECODE_CLUSTER(suffix, type)                                                           \
    extern "C" __global__ void __cluster_dims__(CLUSTER, 1, 1)                                 \
            __launch_bounds__(32 * DECODE_WARPS)                                               \
                    decodeAttentionCluster_##suffix(ATTENTION_PARAMETERS(type)) {              \
        decodeAttention<type, true>(ATTENTION_PROBLEM(type), nullptr, nullptr, CLUSTER);       \
    }

FOR_FLOAT_TYPES(DECODE_CLUSTER)
#endif
