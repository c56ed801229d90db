// Chooses tokens from rows of logits: the largest, or temperature, top-k, top-p and one draw.
//
// One launch does all of it. Blocks of 512 threads share a row; the one that finishes last (an
// integer counter, left at zero) goes on alone:
//  1. All blocks: the maximum of every group of 64 logits, taken from far-apart places so that a
//     hot range of the vocabulary spreads over many groups. This is one read of the logits.
//  2. Last block: a value that at least k group maxima reach. No logit below it is among the k
//     largest, and hardly more than k logits reach it: they are gathered from their groups.
//  3. Up to 512 candidates are compared in pairs, several threads to a candidate: rank decides
//     top-k (equals of the k-th stay), the mass of what is smaller decides top-p, the mass of
//     what comes before decides the draw. No sort.
//  4. Where there are more candidates (no top-k, thousands of equals), radix selection over the
//     whole row by count and by mass, three passes each, and a search in index order.
// Temperature is positive, so it moves no boundary: ranks are those of the logits themselves.
// Masses are integers, exp((x - max) / temperature) in units of 2^-40: their sums do not depend on
// the order, so the result does not depend on which thread came first.
#include "SamplingRow.cuh"

namespace {

constexpr int THREADS = 512;
constexpr int WARPS = THREADS / 32;
constexpr int GROUPS_PER_WARP = 8;  // a group is 4 lanes of a warp, 8 lanes apart
constexpr int KEYS = 8;             // group maxima per thread of the last block
constexpr int CAPACITY = THREADS;   // candidates
constexpr int BINS = 2048;

struct alignas(16) Candidate {
    u32 key;
    u32 index;
    u64 mass;

    // Position in the order that top-p cuts by: of equal logits the first index goes first.
    __device__ u64 order() const { return static_cast<u64>(key) << 32 | index; }
};

struct Shared {
    Candidate candidate[CAPACITY];
    u32 low[BINS];
    u32 high[BINS];
    u64 warp[WARPS];
    int group[CAPACITY];
    u32 counts[2][WARPS];
    int groups;
    int candidates;
    u32 kth;
    u32 digit;
    u64 below;
    u64 bound;  // what is kept: all whose order is not below it
    u64 total;  // and its mass
    int index;
    bool last;
};

// Whether this block is the row's last, which then sees what the others wrote (past the L1 cache).
__device__ __forceinline__ bool lastOfRow(u32* counter, u32 blocks, bool& last) {
    if (blocks == 1) {
        __syncthreads();
        return true;
    }
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(counter, 1u) == blocks - 1;
        if (last) {
            *counter = 0;
        }
        __threadfence();
    }
    __syncthreads();
    return last;
}

// Sum of the threads before this one; total: of all.
__device__ __forceinline__ u64 scan(u64 value, Shared& s, u64& total) {
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    u64 running = value;
#pragma unroll
    for (int offset = 1; offset < 32; offset <<= 1) {
        u64 other = __shfl_up_sync(FULL, running, offset);
        running += lane >= offset ? other : 0;
    }
    __syncthreads();
    if (lane == 31) {
        s.warp[warp] = running;
    }
    __syncthreads();
    u64 before = 0;
    total = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
        before += w < warp ? s.warp[w] : 0;
        total += s.warp[w];
    }
    return before + running - value;
}

// A value that at least k of the block's keys reach, or 0. It rises bit by bit until few more than
// k do; what it lacks in precision only adds candidates.
__device__ __forceinline__ u32 reachedBy(u32 k, const u32 (&keys)[KEYS], Shared& s) {
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    u32 value = 0;
    for (int bit = 31; bit >= 8; bit--) {
        u32 trial = value | 1u << bit;
        u32 count = 0;
#pragma unroll
        for (int i = 0; i < KEYS; i++) {
            count += keys[i] >= trial;
        }
        count = __reduce_add_sync(FULL, count);
        u32* counts = s.counts[bit & 1];
        if (lane == 0) {
            counts[warp] = count;
        }
        __syncthreads();
        count = __reduce_add_sync(FULL, lane < WARPS ? counts[lane] : 0u);
        if (count >= k) {
            value = trial;
            if (count <= k + k / 4) {
                break;
            }
        }
    }
    return value;
}

// Decides among n candidates in shared memory: s.bound, s.total and, for a draw, s.index.
__device__ __forceinline__ void decideByPairs(Shared& s, int n, int k, u64 cut, bool draw, u32 random) {
    int split = n <= 64 ? 8 : n <= 128 ? 4 : n <= 256 ? 2 : 1;
    int mine = threadIdx.x / split;
    int part = threadIdx.x % split;
    bool speaks = mine < n && part == 0;
    Candidate c = s.candidate[min(mine, n - 1)];

    int greater = 0;
    for (int j = part; j < n; j += split) {
        greater += s.candidate[j].key > c.key;
    }
    greater = sumOver(greater, split);
    __syncthreads();  // all have read the candidates, some of which now lose their mass
    bool kept = k == 0 || greater < k;
    if (speaks) {
        if (kept) {
            atomicMin(&s.kth, c.key);
        } else {
            s.candidate[mine].mass = 0;
        }
    }
    __syncthreads();

    u64 upTo = 0;
    u64 total = 0;
    for (int j = part; j < n; j += split) {
        Candidate other = s.candidate[j];
        total += other.mass;
        upTo += other.order() <= c.order() ? other.mass : 0;
    }
    upTo = sumOver(upTo, split);
    total = sumOver(total, split);
    if (cut == 0 || total == 0) {
        if (threadIdx.x == 0) {
            s.bound = static_cast<u64>(s.kth) << 32;
            s.total = total;
        }
    } else if (speaks && kept) {
        u64 limit = cutLimit(total, cut);
        if (upTo > limit && upTo - c.mass <= limit) {
            s.bound = c.order();
            s.total = total - (upTo - c.mass);
        }
    }
    __syncthreads();

    if (draw) {
        u64 bound = s.bound;
        u64 aim = threshold(s.total, random);
        u64 running = 0;
        for (int j = part; j < n; j += split) {
            Candidate other = s.candidate[j];
            running += other.index <= c.index && other.order() >= bound ? other.mass : 0;
        }
        running = sumOver(running, split);
        if (speaks && c.order() >= bound && running > aim && running - c.mass <= aim) {
            s.index = c.index;
        }
        __syncthreads();
    }
}

struct Cut {
    u32 key;
    u64 below;
};

// The smallest key such that the measure of all keys up to it exceeds the limit, and the measure of
// those below it. The measure of the whole row has to exceed the limit.
template <typename T, typename M>
__device__ __forceinline__ Cut select(const Row<T>& row, M measure, u64 limit, Shared& s) {
    u32 prefix = 0;
    u32 mask = 0;
    u64 below = 0;
#pragma unroll 1
    for (int pass = 0; pass < 3; pass++) {
        int shift = pass == 0 ? 21 : pass == 1 ? 10 : 0;
        u32 digits = pass == 2 ? 1023 : 2047;
        for (int b = threadIdx.x; b < BINS; b += THREADS) {
            s.low[b] = 0;
            s.high[b] = 0;
        }
        __syncthreads();
        row.each(threadIdx.x, row.quads(), THREADS, [&](u32 key, int) {
            u64 m = ((key ^ prefix) & mask) == 0 ? measure(key) : 0;
            if (m != 0) {
                // A 64-bit sum of two native 32-bit additions: whoever wraps the low word carries.
                u32 digit = key >> shift & digits;
                u32 low = static_cast<u32>(m);
                u32 carry = atomicAdd(&s.low[digit], low) + low < low;
                u32 high = static_cast<u32>(m >> 32) + carry;
                if (high != 0) {
                    atomicAdd(&s.high[digit], high);
                }
            }
        });
        __syncthreads();
        constexpr int EACH = BINS / THREADS;
        u64 bin[EACH];
        u64 sum = 0;
#pragma unroll
        for (int b = 0; b < EACH; b++) {
            int at = threadIdx.x * EACH + b;
            bin[b] = static_cast<u64>(s.high[at]) << 32 | s.low[at];
            sum += bin[b];
        }
        u64 total;
        u64 running = below + scan(sum, s, total);
        if (running <= limit && limit < running + sum) {
#pragma unroll
            for (int b = 0; b < EACH; b++) {
                if (running <= limit && limit < running + bin[b]) {
                    s.digit = threadIdx.x * EACH + b;
                    s.below = running;
                }
                running += bin[b];
            }
        }
        __syncthreads();
        prefix |= s.digit << shift;
        mask |= digits << shift;
        below = s.below;
    }
    return {prefix, below};
}

// The first index at which the running measure exceeds the aim; 0 if none. Each warp measures a
// stretch of the row; the one that crosses the aim walks its stretch.
template <typename T, typename M>
__device__ __forceinline__ int firstBeyond(const Row<T>& row, M measure, u64 aim, Shared& s) {
    int lane = threadIdx.x % 32;
    int share = (row.quads() + WARPS - 1) / WARPS;
    int from = threadIdx.x / 32 * share;
    int to = min(from + share, row.quads());
    if (threadIdx.x == 0) {
        s.index = 0;
    }
    u64 mine = 0;
    row.each(from + lane, to, 32, [&](u32 key, int i) { mine += measure(key, i); });
    u64 total;
    u64 before = scan(mine, s, total);
    u64 running = __shfl_sync(FULL, before, 0);
    u64 end = __shfl_sync(FULL, before + mine, 31);
    if (running <= aim && aim < end) {
        for (int q = from; q < to; q += 32) {
            u32 key[4];
            row.quad(q + lane, key);
            u64 m[4];
            u64 sum = 0;
#pragma unroll
            for (int e = 0; e < 4; e++) {
                int i = (q + lane) * 4 + e;
                m[e] = q + lane < to && i < row.n ? measure(key[e], i) : 0;
                sum += m[e];
            }
            u64 upTo = sum;
#pragma unroll
            for (int offset = 1; offset < 32; offset <<= 1) {
                u64 other = __shfl_up_sync(FULL, upTo, offset);
                upTo += lane >= offset ? other : 0;
            }
            u32 beyond = __ballot_sync(FULL, running + upTo > aim);
            if (beyond != 0) {
                if (lane == __ffs(beyond) - 1) {
                    u64 now = running + upTo - sum;
                    int e = 0;
#pragma unroll
                    for (int i = 0; i < 3; i++) {
                        now += m[i];
                        e += now <= aim;
                    }
                    s.index = (q + lane) * 4 + e;
                }
                break;
            }
            running += __shfl_sync(FULL, upTo, 31);
        }
    }
    __syncthreads();
    int index = s.index;
    __syncthreads();
    return index;
}

// Decides over the whole row: s.bound, s.total and, for a draw, s.index.
template <typename T>
__device__ __forceinline__ void decideBySelection(
    const Row<T>& row, Weights weights, Shared& s, int k, u64 cut, bool draw, u32 random) {
    u32 kth = 0;
    if (k > 0) {
        kth = select(row, [](u32) { return u64{1}; }, static_cast<u64>(row.n - k), s).key;
    }
    auto mass = [&](u32 key) { return key >= kth ? weights.mass(key) : 0; };
    u64 mine = 0;
    row.each(threadIdx.x, row.quads(), THREADS, [&](u32 key, int) { mine += mass(key); });
    u64 total;
    scan(mine, s, total);
    u64 bound = static_cast<u64>(kth) << 32;
    if (cut != 0 && total != 0) {
        u64 limit = cutLimit(total, cut);
        Cut at = select(row, mass, limit, s);
        u64 single = weights.mass(at.key);
        u64 dropped = (limit - at.below) / single;  // of the equals at the boundary, the first ones
        total -= at.below + dropped * single;
        int first = 0;
        if (dropped != 0) {
            auto equal = [&](u32 key, int) { return static_cast<u64>(key == at.key); };
            first = firstBeyond(row, equal, dropped, s);
        }
        bound = static_cast<u64>(at.key) << 32 | static_cast<u32>(first);
    }
    int index = 0;
    if (draw) {
        auto kept = [&](u32 key, int i) {
            return (static_cast<u64>(key) << 32 | static_cast<u32>(i)) >= bound ? weights.mass(key) : 0;
        };
        index = firstBeyond(row, kept, threshold(total, random), s);
    }
    if (threadIdx.x == 0) {
        s.bound = bound;
        s.total = total;
        s.index = index;
    }
    __syncthreads();
}

// Gathers the logits that reach a value from the groups that do; whether they have room.
template <typename T>
__device__ __forceinline__ bool gather(
    const Row<T>& row, Weights weights, Shared& s, const u32 (&maxima)[KEYS], u32 value, int warps, int steps) {
#pragma unroll
    for (int i = 0; i < KEYS; i++) {
        int group = i * THREADS + threadIdx.x;
        if (group < warps * GROUPS_PER_WARP && maxima[i] >= value) {
            int slot = atomicAdd(&s.groups, 1);
            if (slot < CAPACITY) {
                s.group[slot] = group;
            }
        }
    }
    __syncthreads();
    if (s.groups > CAPACITY) {
        return false;
    }
    int quadsOfGroup = 4 * steps;
    int quads = s.groups * quadsOfGroup;
    for (int at = threadIdx.x; at < quads; at += THREADS) {
        int group = s.group[at / quadsOfGroup];
        int part = at % quadsOfGroup;
        int line = group / GROUPS_PER_WARP + part / 4 * warps;
        int q = line * 32 + group % GROUPS_PER_WARP + part % 4 * GROUPS_PER_WARP;
        u32 key[4];
        row.quad(q, key);
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (q * 4 + e < row.n && key[e] >= value) {
                int slot = atomicAdd(&s.candidates, 1);
                if (slot < CAPACITY) {
                    s.candidate[slot] = {key[e], static_cast<u32>(q * 4 + e), weights.mass(key[e])};
                }
            }
        }
    }
    __syncthreads();
    return s.candidates <= CAPACITY;
}

// Draws tokens; or, where tokens is null, leaves (bound, total, key of the maximum) of each row.
template <typename T>
__device__ __forceinline__ void choose(
    int* tokens, int* random, u64* states, const T* logits, u32* maxima, u32* counters, int n, int blocks,
    int warps, int steps, float temperature, int k, u64 cut) {
    __shared__ Shared s;
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int rowIndex = blockIdx.x / blocks;
    Row<T> row(logits, rowIndex, n);
    maxima += static_cast<int64_t>(rowIndex) * warps * GROUPS_PER_WARP;

    int w = blockIdx.x % blocks * WARPS + warp;
    if (w < warps) {
        u32 most = 0;
        for (int step = 0; step < steps; step += 4) {
            u32 key[4][4];
#pragma unroll
            for (int a = 0; a < 4; a++) {
                row.quad((w + (step + a) * warps) * 32 + lane, key[a]);
            }
#pragma unroll
            for (int a = 0; a < 4; a++) {
                most = max(most, max(max(key[a][0], key[a][1]), max(key[a][2], key[a][3])));
            }
        }
        most = max(most, __shfl_xor_sync(FULL, most, 8));
        most = max(most, __shfl_xor_sync(FULL, most, 16));
        if (lane < GROUPS_PER_WARP) {
            maxima[w * GROUPS_PER_WARP + lane] = most;
        }
    }
    if (!lastOfRow(counters + rowIndex, blocks, s.last)) {
        return;
    }

    u32 mine[KEYS];
    u32 most = 0;
#pragma unroll
    for (int i = 0; i < KEYS; i++) {
        int group = i * THREADS + threadIdx.x;
        mine[i] = group < warps * GROUPS_PER_WARP ? __ldcg(maxima + group) : 0;
        most = max(most, mine[i]);
    }
    most = __reduce_max_sync(FULL, most);
    if (lane == 0) {
        s.counts[0][warp] = most;
    }
    if (threadIdx.x == 0) {
        s.groups = 0;
        s.candidates = 0;
        s.kth = FULL;
        s.bound = 0;
        s.total = 0;
        s.index = 0;
    }
    __syncthreads();
    most = __reduce_max_sync(FULL, lane < WARPS ? s.counts[0][lane] : 0u);
    bool draw = tokens != nullptr;
    random += draw ? rowIndex * 4 : 0;
    u32 word = draw ? philox(random) : 0;
    Weights weights{valueOf(most), temperature};
    k = k < n ? k : 0;
    u32 value = k > 0 ? reachedBy(k, mine, s) : 0;
    if (gather(row, weights, s, mine, value, warps, steps)) {
        decideByPairs(s, s.candidates, k, cut, draw, word);
    } else {
        decideBySelection(row, weights, s, k, cut, draw, word);
    }
    if (threadIdx.x == 0) {
        if (draw) {
            tokens[rowIndex] = s.index;
            random[3]++;
        } else {
            states[rowIndex * 3LL] = s.bound;
            states[rowIndex * 3LL + 1] = s.total;
            states[rowIndex * 3LL + 2] = most;
        }
    }
}

// The block's largest key and its first index.
__device__ __forceinline__ void largestOfBlock(u32& key, u32& index, u32 (&keys)[WARPS], u32 (&indices)[WARPS]) {
    int lane = threadIdx.x % 32;
    u32 most = __reduce_max_sync(FULL, key);
    u32 first = __reduce_min_sync(FULL, key == most ? index : FULL);
    if (lane == 0) {
        keys[threadIdx.x / 32] = most;
        indices[threadIdx.x / 32] = first;
    }
    __syncthreads();
    key = lane < WARPS ? keys[lane] : 0;
    index = lane < WARPS ? indices[lane] : FULL;
    most = __reduce_max_sync(FULL, key);
    index = __reduce_min_sync(FULL, key == most ? index : FULL);
    key = most;
}

// Index of the largest logit, the first of equals; advances the draw where random is not null.
template <typename T>
__device__ __forceinline__ void largest(
    int* tokens, int* random, const T* x, uint2* partial, u32* counters, int n, int blocks) {
    __shared__ u32 keys[2][WARPS];
    __shared__ u32 indices[2][WARPS];
    __shared__ bool last;
    int rowIndex = blockIdx.x / blocks;
    int block = blockIdx.x % blocks;
    Row<T> row(x, rowIndex, n);
    u32 key = 0;
    u32 index = FULL;
    row.each(block * THREADS + threadIdx.x, row.quads(), blocks * THREADS, [&](u32 k, int i) {
        index = k > key ? i : index;
        key = max(k, key);
    });
    largestOfBlock(key, index, keys[0], indices[0]);
    if (blocks > 1) {
        partial += static_cast<int64_t>(rowIndex) * blocks;
        if (threadIdx.x == 0) {
            partial[block] = make_uint2(key, index);
        }
        if (!lastOfRow(counters + rowIndex, blocks, last)) {
            return;
        }
        key = 0;
        index = FULL;
        for (int b = threadIdx.x; b < blocks; b += THREADS) {
            uint2 p = __ldcg(partial + b);
            index = p.x > key || (p.x == key && p.y < index) ? p.y : index;
            key = max(p.x, key);
        }
        largestOfBlock(key, index, keys[1], indices[1]);
    }
    if (threadIdx.x == 0) {
        tokens[rowIndex] = min(index, static_cast<u32>(n - 1));
        if (random != nullptr) {
            random[rowIndex * 4 + 3]++;
        }
    }
}

// Probabilities from what choose left: zero below the bound.
template <typename T>
__device__ __forceinline__ void spread(
    float* out, const T* logits, const u64* states, int n, int blocks, float temperature) {
    int rowIndex = blockIdx.x / blocks;
    Row<T> row(logits, rowIndex, n);
    int q = blockIdx.x % blocks * THREADS + threadIdx.x;
    u64 bound = states[rowIndex * 3LL];
    float total = static_cast<float>(static_cast<double>(states[rowIndex * 3LL + 1]) * 0x1p-40);
    Weights weights{valueOf(static_cast<u32>(states[rowIndex * 3LL + 2])), temperature};
    u32 key[4];
    row.quad(q, key);
    Vec<float, 4> p;
#pragma unroll
    for (int e = 0; e < 4; e++) {
        u64 order = static_cast<u64>(key[e]) << 32 | static_cast<u32>(q * 4 + e);
        p.at[e] = order >= bound ? weights.of(key[e]) / total : 0.0f;
    }
    out += static_cast<int64_t>(rowIndex) * n + static_cast<int64_t>(q) * 4;
    if (q * 4 + 4 <= n && aligned16(out)) {
        *reinterpret_cast<Vec<float, 4>*>(out) = p;
    } else {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            if (q * 4 + e < n) {
                out[e] = p.at[e];
            }
        }
    }
}

}  // namespace

#define ENTRIES(suffix, T)                                                                            \
    extern "C" __global__ void __launch_bounds__(THREADS, 2) choose_##suffix(                         \
        int* tokens, int* random, u64* states, const T* logits, u32* maxima, u32* counters, int n,    \
        int blocks, int warps, int steps, float temperature, int k, u64 cut) {                        \
        choose(                                                                                       \
            tokens, random, states, logits, maxima, counters, n, blocks, warps, steps, temperature,   \
            k, cut);                                                                                  \
    }                                                                                                 \
    extern "C" __global__ void __launch_bounds__(THREADS) argmax_##suffix(                            \
        int* tokens, int* random, const T* x, uint2* partial, u32* counters, int n, int blocks) {     \
        largest(tokens, random, x, partial, counters, n, blocks);                                     \
    }                                                                                                 \
    extern "C" __global__ void __launch_bounds__(THREADS) spread_##suffix(                            \
        float* out, const T* logits, const u64* states, int n, int blocks, float temperature) {       \
        spread(out, logits, states, n, blocks, temperature);                                          \
    }

FOR_FLOAT_TYPES(ENTRIES)
