// The naive variant of sampling: the passes of Hugging Face's processors, each a kernel that reads
// and writes a whole row of the vocabulary. Softmax is that of NaiveSteps.cu.
//
//  1. scale: float32 logits over the temperature (TemperatureLogitsWarper).
//  2. A stable radix sort of keys and indices, ascending, 8 bits at a time from the lowest: count
//     the digits of each tile, turn the counts into places, move. Top-k and top-p share it.
//  3. keepTopK: -inf for what is below the k-th largest (TopKLogitsWarper).
//  4. gather and cumulativeSum in sorted order, cutTail (TopPLogitsWarper).
//  5. cumulativeSum of the probabilities in index order, draw.
// No floating-point atomics: each sum is taken in one order.
#include "SamplingCommon.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / 32;
constexpr int STEPS = 8;                  // keys per thread
constexpr int TILE = THREADS * STEPS;     // keys per block
constexpr int DIGITS = 256;               // values of 8 bits, one per thread
constexpr int SUM_THREADS = 1024;
constexpr int SUM_WARPS = SUM_THREADS / 32;
constexpr int EACH = 8;                   // elements per thread and round of a running sum

// Sum of the threads before this one, always in the same order; total: of all.
template <int OF_WARPS, typename V>
__device__ __forceinline__ V sumBefore(V value, V (&ofWarp)[OF_WARPS], V& total) {
    int lane = threadIdx.x % 32;
    V running = value;
    for (int offset = 1; offset < 32; offset <<= 1) {
        V other = __shfl_up_sync(FULL, running, offset);
        running += lane >= offset ? other : V(0);
    }
    V before = __shfl_up_sync(FULL, running, 1);
    __syncthreads();
    if (lane == 31) {
        ofWarp[threadIdx.x / 32] = running;
    }
    __syncthreads();
    V start = 0;
    total = 0;
    for (int w = 0; w < OF_WARPS; w++) {
        start += w < threadIdx.x / 32 ? ofWarp[w] : V(0);
        total += ofWarp[w];
    }
    return start + (lane > 0 ? before : V(0));
}

__device__ __forceinline__ int64_t element() {
    return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

template <typename T>
__device__ __forceinline__ void scale(float* out, const T* logits, int64_t elements, float temperature) {
    int64_t i = element();
    if (i < elements) {
        out[i] = toFloat(logits[i]) / temperature;
    }
}

}  // namespace

#define SCALE(suffix, T)                                                    \
    extern "C" __global__ void scale_##suffix(                              \
        float* out, const T* logits, int64_t elements, float temperature) { \
        scale(out, logits, elements, temperature);                          \
    }

FOR_FLOAT_TYPES(SCALE)

// What is sorted: a key in the order of the logits, and the logit's index.
extern "C" __global__ void keys(u32* key, u32* index, const float* x, int64_t elements, int n) {
    int64_t i = element();
    if (i < elements) {
        key[i] = keyOf(x[i]);
        index[i] = static_cast<u32>(i % n);
    }
}

// counts[row][tile][digit]; a block per tile.
extern "C" __global__ void countDigits(u32* counts, const u32* key, int n, int tiles, int shift) {
    __shared__ u32 count[DIGITS];
    count[threadIdx.x] = 0;
    __syncthreads();
    key += static_cast<int64_t>(blockIdx.x / tiles) * n;
    int start = blockIdx.x % tiles * TILE;
    for (int i = start + threadIdx.x; i < min(start + TILE, n); i += THREADS) {
        atomicAdd(&count[key[i] >> shift & (DIGITS - 1)], 1u);
    }
    __syncthreads();
    counts[static_cast<int64_t>(blockIdx.x) * DIGITS + threadIdx.x] = count[threadIdx.x];
}

// Counts become the place of each tile's first key of each digit; a block per row.
extern "C" __global__ void placeDigits(u32* counts, int tiles) {
    __shared__ u32 ofWarp[WARPS];
    counts += static_cast<int64_t>(blockIdx.x) * tiles * DIGITS + threadIdx.x;
    u32 sum = 0;
    for (int tile = 0; tile < tiles; tile++) {
        sum += counts[tile * DIGITS];
    }
    u32 total;
    u32 place = sumBefore(sum, ofWarp, total);
    for (int tile = 0; tile < tiles; tile++) {
        u32 count = counts[tile * DIGITS];
        counts[tile * DIGITS] = place;
        place += count;
    }
}

// Moves keys and indices to their places. A warp owns 256 neighbours, 32 at a time, so that equal
// digits keep their order.
extern "C" __global__ void moveKeys(
    u32* toKey, u32* toIndex, const u32* key, const u32* index, const u32* places, int n, int tiles, int shift) {
    __shared__ u32 next[WARPS][DIGITS];
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int64_t row = static_cast<int64_t>(blockIdx.x / tiles) * n;
    int start = blockIdx.x % tiles * TILE + warp * (TILE / WARPS) + lane;
    for (int w = 0; w < WARPS; w++) {
        next[w][threadIdx.x] = 0;
    }
    __syncthreads();
    for (int step = 0; step < STEPS; step++) {
        int i = start + step * 32;
        if (i < n) {
            atomicAdd(&next[warp][key[row + i] >> shift & (DIGITS - 1)], 1u);
        }
    }
    __syncthreads();
    u32 place = places[static_cast<int64_t>(blockIdx.x) * DIGITS + threadIdx.x];
    for (int w = 0; w < WARPS; w++) {
        u32 count = next[w][threadIdx.x];
        next[w][threadIdx.x] = place;
        place += count;
    }
    __syncthreads();
    for (int step = 0; step < STEPS; step++) {
        int i = start + step * 32;
        u32 k = i < n ? key[row + i] : 0;
        u32 digit = i < n ? k >> shift & (DIGITS - 1) : DIGITS;  // past the end: a digit of its own
        u32 equals = __match_any_sync(FULL, digit);
        u32 first = i < n ? next[warp][digit] : 0;
        __syncwarp();
        if (i < n) {
            int64_t to = row + first + __popc(equals & ((1u << lane) - 1));
            toKey[to] = k;
            toIndex[to] = index[row + i];
            if (lane == __ffs(equals) - 1) {
                next[warp][digit] = first + __popc(equals);
            }
        }
        __syncwarp();
    }
}

extern "C" __global__ void keepTopK(float* x, const u32* sorted, int64_t elements, int n, int k) {
    int64_t i = element();
    if (i < elements && keyOf(x[i]) < sorted[i / n * n + n - k]) {
        x[i] = -INFINITY;
    }
}

extern "C" __global__ void gather(float* out, const float* x, const u32* order, int64_t elements, int n) {
    int64_t i = element();
    if (i < elements) {
        out[i] = x[i / n * n + order[i]];
    }
}

// Running sum of each row; a block per row. out may be x.
extern "C" __global__ void __launch_bounds__(SUM_THREADS) cumulativeSum(float* out, const float* x, int n) {
    __shared__ float ofWarp[SUM_WARPS];
    out += static_cast<int64_t>(blockIdx.x) * n;
    x += static_cast<int64_t>(blockIdx.x) * n;
    float before = 0;
    for (int start = 0; start < n; start += SUM_THREADS * EACH) {
        int from = start + threadIdx.x * EACH;
        float value[EACH];
        float sum = 0;
        for (int e = 0; e < EACH; e++) {
            value[e] = from + e < n ? x[from + e] : 0.0f;
            sum += value[e];
        }
        float total;
        float running = before + sumBefore(sum, ofWarp, total);
        for (int e = 0; e < EACH; e++) {
            running += value[e];
            if (from + e < n) {
                out[from + e] = running;
            }
        }
        before += total;
    }
}

// Cuts what the running sum from the smallest up has not brought past 1 - p; the largest stays.
extern "C" __global__ void cutTail(
    float* x, const float* sum, const u32* order, int64_t elements, int n, float cut) {
    int64_t i = element();
    if (i < elements && i % n < n - 1 && sum[i] <= cut) {
        x[i / n * n + order[i]] = -INFINITY;
    }
}

// The first index of a positive probability whose running sum exceeds u times the total, or the
// last such index; a block per row.
extern "C" __global__ void draw(int* tokens, int* random, const float* probability, const float* sum, int n) {
    __shared__ int first;
    __shared__ int last;
    if (threadIdx.x == 0) {
        first = n;
        last = 0;
    }
    __syncthreads();
    int64_t row = static_cast<int64_t>(blockIdx.x) * n;
    int* state = random + blockIdx.x * 4LL;
    float u = static_cast<float>(philox(state) >> 8) * 0x1p-24f;
    float aim = u * sum[row + n - 1];
    int mine = n;
    int live = 0;
    for (int i = threadIdx.x; i < n; i += THREADS) {
        if (probability[row + i] > 0.0f) {
            mine = sum[row + i] > aim ? min(mine, i) : mine;
            live = i;
        }
    }
    atomicMin(&first, mine);
    atomicMax(&last, live);
    __syncthreads();
    if (threadIdx.x == 0) {
        tokens[blockIdx.x] = first < n ? first : last;
        state[3]++;
    }
}
