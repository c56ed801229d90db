// Products of a few rows (the tokens of a decode step) with a large matrix, whose reading is all the
// work: every weight is read once, 16 bytes per load, many loads in flight.
//
// A block makes one tile of 8 or 16 outputs for all tokens; its warps split K between them and add
// their sums up in shared memory, always in the same order. The tensor cores multiply (mma.sync
// m16n8k16) with the weights as the 16 rows and the tokens as the 8 columns: a dot product does not
// mind the order of its terms, so a lane loads 8 consecutive elements of a row, and the tokens'
// elements are loaded in the same order. Weights do not depend on the kernel before: the first loads
// are issued before waiting for it (programmatic dependent launch).
//
// Fused: the RMS norm of at most 8 tokens before (each block normalises them itself: 2 kB each),
// bias, rotary embedding and cache write, SiLU and product, or the residual after.
#include "Common.cuh"

namespace {

constexpr int STEP = 32;    // elements of K per step of a warp
constexpr int PAD = 32;     // elements between rows in shared memory, against bank conflicts

// Weights pass by once: they need no place in L1.
__device__ __forceinline__ uint4 loadOnce(const void* p) {
    uint4 v;
    asm volatile("ld.global.nc.L1::no_allocate.L2::256B.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p));
    return v;
}

__device__ __forceinline__ void mma(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                    uint32_t a3, uint32_t b0, uint32_t b1, bf16) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void mma(float (&c)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                    uint32_t a3, uint32_t b0, uint32_t b1, f16) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// The tokens' rows, normalised to shared memory where norm is not null.
template <typename T, int WARPS>
struct Tokens {
    const T* base;
    int pitch;
    int rows;

    __device__ __forceinline__ Tokens(const T* x, int rows, int k, const T* norm, float epsilon)
        : base(x), pitch(k), rows(rows) {
        if (norm == nullptr) {
            return;
        }
        extern __shared__ uint4 shared[];
        T* normed = reinterpret_cast<T*>(shared);
        pitch = k + PAD;
        int lane = threadIdx.x % 32;
        for (int m = threadIdx.x / 32; m < rows; m += WARPS) {
            const T* row = x + static_cast<size_t>(m) * k;
            float squares = 0;
            for (int i = lane * 8; i < k; i += 256) {
                Vec<T, 8> v = *reinterpret_cast<const Vec<T, 8>*>(row + i);
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    squares += toFloat(v.at[j]) * toFloat(v.at[j]);
                }
            }
            float factor = rsqrtf(warpSum(squares) / k + epsilon);
            for (int i = lane * 8; i < k; i += 256) {
                Vec<T, 8> v = *reinterpret_cast<const Vec<T, 8>*>(row + i);
                Vec<T, 8> w = *reinterpret_cast<const Vec<T, 8>*>(norm + i);
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    float scaled = toFloat(fromFloat<T>(toFloat(v.at[j]) * factor));
                    v.at[j] = fromFloat<T>(scaled * toFloat(w.at[j]));
                }
                *reinterpret_cast<Vec<T, 8>*>(normed + m * pitch + i) = v;
            }
        }
        base = normed;
        __syncthreads();
    }

    // Eight elements of a token; zeros for one that is not there.
    __device__ __forceinline__ uint4 load(int token, int k) const {
        if (token >= rows) {
            return make_uint4(0, 0, 0, 0);
        }
        return *reinterpret_cast<const uint4*>(base + static_cast<size_t>(token) * pitch + k);
    }
};

// Weights of a warp's first steps of a tile, loaded ahead.
template <int HALVES, int AHEAD>
struct Ahead {
    uint4 a[AHEAD][HALVES];
};

template <typename T, int HALVES, int AHEAD, int WARPS>
__device__ __forceinline__ void loadAhead(Ahead<HALVES, AHEAD>& w, const T* row0, const T* row1,
                                          int first, int k) {
    int t = threadIdx.x % 4;
#pragma unroll
    for (int s = 0; s < AHEAD; s++) {
        int at = (first + s * WARPS) * STEP + 8 * t;
        bool inside = at < k;
        w.a[s][0] = inside && row0 != nullptr ? loadOnce(row0 + at) : make_uint4(0, 0, 0, 0);
        if constexpr (HALVES == 2) {
            w.a[s][1] = inside && row1 != nullptr ? loadOnce(row1 + at) : make_uint4(0, 0, 0, 0);
        }
    }
}

// Sums of a tile over all of K: c[.][0..1] belong to row0 and two tokens, c[.][2..3] to row1.
// On return the sums of token tile i are whole in warp i % WARPS alone.
template <typename T, int TILES, int HALVES, int AHEAD, int WARPS>
__device__ __forceinline__ void multiply(float (&c)[TILES][4], Ahead<HALVES, AHEAD>& w,
                                         const T* row0, const T* row1,
                                         const Tokens<T, WARPS>& tokens, int k) {
    __shared__ float parts[WARPS][TILES * 4][32];
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
#pragma unroll
    for (int i = 0; i < TILES; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            c[i][e] = 0;
        }
    }
    int steps = (k + STEP - 1) / STEP;
    for (int first = warp; first < steps; first += AHEAD * WARPS) {
        if (first != warp) {
            loadAhead<T, HALVES, AHEAD, WARPS>(w, row0, row1, first, k);
        }
#pragma unroll
        for (int s = 0; s < AHEAD; s++) {
            int at = (first + s * WARPS) * STEP + 8 * t;
            uint4 a = w.a[s][0];
            uint4 a8 = HALVES == 2 ? w.a[s][HALVES - 1] : make_uint4(0, 0, 0, 0);
#pragma unroll
            for (int i = 0; i < TILES; i++) {
                uint4 b = at < k ? tokens.load(8 * i + g, at) : make_uint4(0, 0, 0, 0);
                mma(c[i], a.x, a8.x, a.y, a8.y, b.x, b.y, T());
                mma(c[i], a.z, a8.z, a.w, a8.w, b.z, b.w, T());
            }
        }
    }
    __syncthreads();  // the last tile's sums have been read
#pragma unroll
    for (int i = 0; i < TILES; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            parts[warp][4 * i + e][lane] = c[i][e];
        }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < TILES; i++) {
        if (i % WARPS == warp) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                float sum = 0;
#pragma unroll
                for (int p = 0; p < WARPS; p++) {
                    sum += parts[p][4 * i + e][lane];
                }
                c[i][e] = sum;
            }
        }
    }
}

template <typename T, typename Out, int TILES, int HALVES, int AHEAD, int WARPS>
__device__ __forceinline__ void linear(Out* out, const T* x, const T* weight, const T* bias,
                                       const T* residual, const T* norm, float epsilon, int rows,
                                       int n, int k, int pitch) {
    constexpr int ROWS = 8 * HALVES;
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    auto row = [&](int index) {
        return index < n ? weight + static_cast<size_t>(index) * pitch : nullptr;
    };
    int tile = blockIdx.x;
    Ahead<HALVES, AHEAD> w;
    loadAhead<T, HALVES, AHEAD, WARPS>(w, row(tile * ROWS + g), row(tile * ROWS + g + 8), warp, k);
    waitForInputs();
    Tokens<T, WARPS> tokens(x, rows, k, norm, epsilon);
    for (; tile * ROWS < n; tile += gridDim.x) {
        int row0 = tile * ROWS + g;
        if (tile != blockIdx.x) {
            loadAhead<T, HALVES, AHEAD, WARPS>(w, row(row0), row(row0 + 8), warp, k);
        }
        float c[TILES][4];
        multiply<T, TILES, HALVES, AHEAD, WARPS>(c, w, row(row0), row(row0 + 8), tokens, k);
#pragma unroll
        for (int i = 0; i < TILES; i++) {
            if (i % WARPS != warp) {
                continue;
            }
#pragma unroll
            for (int e = 0; e < 2 * HALVES; e++) {
                int token = 8 * i + 2 * t + e % 2;
                int column = row0 + e / 2 * 8;
                if (token < rows && column < n) {
                    float value = c[i][e];
                    size_t at = static_cast<size_t>(token) * n + column;
                    if (bias != nullptr) {
                        value += toFloat(bias[column]);
                    }
                    if (residual != nullptr) {
                        value += toFloat(residual[at]);
                    }
                    out[at] = fromFloat<Out>(value);
                }
            }
        }
    }
}

// Row g of a tile is a gate, row g + 8 the up of the same output.
template <typename T, int TILES, int AHEAD, int WARPS>
__device__ __forceinline__ void swiGlu(T* out, const T* x, const T* weight, const T* norm,
                                       float epsilon, int rows, int n, int k, int pitch) {
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    auto row = [&](int index, bool up) {
        return index < n ? weight + (static_cast<size_t>(index) + (up ? n : 0)) * pitch : nullptr;
    };
    int tile = blockIdx.x;
    Ahead<2, AHEAD> w;
    loadAhead<T, 2, AHEAD, WARPS>(w, row(tile * 8 + g, false), row(tile * 8 + g, true), warp, k);
    waitForInputs();
    Tokens<T, WARPS> tokens(x, rows, k, norm, epsilon);
    for (; tile * 8 < n; tile += gridDim.x) {
        int column = tile * 8 + g;
        if (tile != blockIdx.x) {
            loadAhead<T, 2, AHEAD, WARPS>(w, row(column, false), row(column, true), warp, k);
        }
        float c[TILES][4];
        multiply<T, TILES, 2, AHEAD, WARPS>(c, w, row(column, false), row(column, true), tokens, k);
#pragma unroll
        for (int i = 0; i < TILES; i++) {
            if (i % WARPS != warp) {
                continue;
            }
#pragma unroll
            for (int e = 0; e < 2; e++) {
                int token = 8 * i + 2 * t + e;
                if (token < rows && column < n) {
                    out[static_cast<size_t>(token) * n + column] =
                        fromFloat<T>(silu(c[i][e]) * c[i][e + 2]);
                }
            }
        }
    }
}

// Where a sequence's keys and values go.
struct Cache {
    void* keys;
    void* values;
    const float* cos;
    const float* sin;
    const int* offsets;
    const int* positions;
    const int* slot;
    int batch;
    int capacity;
    int heads;
    int kvHeads;
    int half;
};

// Slot of a token's sequence; -1 for one that only pads.
__device__ __forceinline__ int slotOf(const Cache& c, int token) {
    if (token >= c.offsets[c.batch]) {
        return -1;
    }
    int b = 0;
    while (c.offsets[b + 1] <= token) {
        b++;
    }
    return c.slot[b];
}

// Rows g and g + 8 of a tile are the two of a pair that turns together, j and j + half of a head.
template <typename T, int TILES, int AHEAD, int WARPS>
__device__ __forceinline__ void qkv(T* out, const T* x, const T* weight, const T* bias,
                                    const T* norm, float epsilon, int rows, int k, int pitch,
                                    const Cache& cache) {
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int g = lane / 4;
    int t = lane % 4;
    int half = cache.half;
    int perHead = half / 8;
    int head = blockIdx.x / perHead;
    int j = blockIdx.x % perHead * 8 + g;
    int row0 = head * 2 * half + j;
    int row1 = row0 + half;
    const T* w0 = weight + static_cast<size_t>(row0) * pitch;
    const T* w1 = weight + static_cast<size_t>(row1) * pitch;
    Ahead<2, AHEAD> w;
    loadAhead<T, 2, AHEAD, WARPS>(w, w0, w1, warp, k);
    waitForInputs();
    Tokens<T, WARPS> tokens(x, rows, k, norm, epsilon);
    float c[TILES][4];
    multiply<T, TILES, 2, AHEAD, WARPS>(c, w, w0, w1, tokens, k);
    int width = (cache.heads + 2 * cache.kvHeads) * 2 * half;
#pragma unroll
    for (int i = 0; i < TILES; i++) {
        if (i % WARPS != warp) {
            continue;
        }
#pragma unroll
        for (int e = 0; e < 2; e++) {
            int token = 8 * i + 2 * t + e;
            if (token >= rows) {
                continue;
            }
            float a = c[i][e] + toFloat(bias[row0]);
            float b = c[i][e + 2] + toFloat(bias[row1]);
            int position = max(cache.positions[token], 0);
            if (head < cache.heads + cache.kvHeads) {
                float cosine = cache.cos[static_cast<size_t>(position) * half + j];
                float sine = cache.sin[static_cast<size_t>(position) * half + j];
                float turned = a * cosine - b * sine;
                b = b * cosine + a * sine;
                a = turned;
            }
            T* to;
            if (head < cache.heads) {
                to = out + static_cast<size_t>(token) * width + head * 2 * half + j;
            } else {
                int slot = slotOf(cache, token);
                if (slot < 0) {
                    continue;
                }
                bool key = head < cache.heads + cache.kvHeads;
                int kvHead = head - cache.heads - (key ? 0 : cache.kvHeads);
                to = static_cast<T*>(key ? cache.keys : cache.values) +
                     ((static_cast<size_t>(slot) * cache.kvHeads + kvHead) * cache.capacity +
                      position) *
                         2 * half +
                     j;
            }
            to[0] = fromFloat<T>(a);
            to[half] = fromFloat<T>(b);
        }
    }
}

// True float32, on the ordinary units: the warps of a block split K of two outputs, four elements
// per load.
template <int ROWS>
__device__ __forceinline__ void floatRows(float* out, const float* x, const float* weight,
                                          const float* bias, const float* residual, int n, int k,
                                          int pitch) {
    constexpr int WARPS = 4;
    constexpr int OUTPUTS = 2;
    __shared__ float parts[WARPS][OUTPUTS * ROWS];
    letNextStart();
    int lane = threadIdx.x % 32;
    int warp = threadIdx.x / 32;
    int first = blockIdx.x * OUTPUTS;
    const float* w0 = weight + static_cast<size_t>(first) * pitch;
    const float* w1 = first + 1 < n ? w0 + pitch : w0;
    waitForInputs();
    float sums[OUTPUTS][ROWS] = {};
    bool wide = k % 4 == 0 && aligned16(x);
    if (wide) {
#pragma unroll 4
        for (int i = (warp * 32 + lane) * 4; i < k; i += WARPS * 128) {
            float4 a = __ldcs(reinterpret_cast<const float4*>(w0 + i));
            float4 b = __ldcs(reinterpret_cast<const float4*>(w1 + i));
#pragma unroll
            for (int m = 0; m < ROWS; m++) {
                float4 v = *reinterpret_cast<const float4*>(x + static_cast<size_t>(m) * k + i);
                sums[0][m] += a.x * v.x + a.y * v.y + a.z * v.z + a.w * v.w;
                sums[1][m] += b.x * v.x + b.y * v.y + b.z * v.z + b.w * v.w;
            }
        }
    } else {
        for (int i = warp * 32 + lane; i < k; i += WARPS * 32) {
#pragma unroll
            for (int m = 0; m < ROWS; m++) {
                float v = x[static_cast<size_t>(m) * k + i];
                sums[0][m] += w0[i] * v;
                sums[1][m] += w1[i] * v;
            }
        }
    }
#pragma unroll
    for (int o = 0; o < OUTPUTS; o++) {
#pragma unroll
        for (int m = 0; m < ROWS; m++) {
            float sum = warpSum(sums[o][m]);
            if (lane == 0) {
                parts[warp][o * ROWS + m] = sum;
            }
        }
    }
    __syncthreads();
    int o = threadIdx.x / ROWS;
    int m = threadIdx.x % ROWS;
    if (o < OUTPUTS && first + o < n) {
        size_t at = static_cast<size_t>(m) * n + first + o;
        float sum = bias == nullptr ? 0.0f : bias[first + o];
        for (int p = 0; p < WARPS; p++) {
            sum += parts[p][threadIdx.x];
        }
        out[at] = residual == nullptr ? sum : sum + residual[at];
    }
}

}  // namespace

// Small outputs get tiles of 8 rows, and enough warps for one round of loads to cover K: 8 for o, 16
// for down; large ones (head) 16 rows and 4 warps.
#define LINEAR(suffix, type, outSuffix, outType, tiles)                                           \
    extern "C" __global__ void __launch_bounds__(256)                                             \
        linear8_##suffix##_##outSuffix##_t##tiles(                                                \
            outType* out, const type* x, const type* weight, const type* bias,                    \
            const type* residual, const type* norm, float epsilon, int rows, int n, int k,        \
            int pitch) {                                                                          \
        linear<type, outType, tiles, 1, 4, 8>(out, x, weight, bias, residual, norm, epsilon,      \
                                              rows, n, k, pitch);                                 \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(512)                                             \
        linearLong_##suffix##_##outSuffix##_t##tiles(                                             \
            outType* out, const type* x, const type* weight, const type* bias,                    \
            const type* residual, const type* norm, float epsilon, int rows, int n, int k,        \
            int pitch) {                                                                          \
        linear<type, outType, tiles, 1, 10, 16>(out, x, weight, bias, residual, norm, epsilon,    \
                                                rows, n, k, pitch);                               \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(128)                                             \
        linear16_##suffix##_##outSuffix##_t##tiles(                                               \
            outType* out, const type* x, const type* weight, const type* bias,                    \
            const type* residual, const type* norm, float epsilon, int rows, int n, int k,        \
            int pitch) {                                                                          \
        linear<type, outType, tiles, 2, 7, 4>(out, x, weight, bias, residual, norm, epsilon,      \
                                              rows, n, k, pitch);                                 \
    }

#define ENTRIES(suffix, type, tiles)                                                              \
    LINEAR(suffix, type, suffix, type, tiles)                                                     \
    LINEAR(suffix, type, f32, float, tiles)                                                       \
    extern "C" __global__ void __launch_bounds__(128)                                             \
        swiGlu_##suffix##_t##tiles(type* out, const type* x, const type* weight,                  \
                                   const type* norm, float epsilon, int rows, int n, int k,       \
                                   int pitch) {                                                   \
        swiGlu<type, tiles, 7, 4>(out, x, weight, norm, epsilon, rows, n, k, pitch);              \
    }                                                                                             \
    extern "C" __global__ void __launch_bounds__(256) qkv_##suffix##_t##tiles(                    \
        type* out, const type* x, const type* weight, const type* bias, const type* norm,         \
        float epsilon, int rows, int k, int pitch, void* keys, void* values, const float* cos,    \
        const float* sin, const int* offsets, const int* positions, const int* slot, int batch,   \
        int capacity, int heads, int kvHeads, int half) {                                         \
        Cache cache{keys, values, cos, sin, offsets, positions, slot, batch, capacity, heads,     \
                    kvHeads, half};                                                               \
        qkv<type, tiles, 4, 8>(out, x, weight, bias, norm, epsilon, rows, k, pitch, cache);       \
    }

#define TYPES(tiles)             \
    ENTRIES(f16, f16, tiles)     \
    ENTRIES(bf16, bf16, tiles)

TYPES(1)
TYPES(2)

#define FLOAT_ENTRY(rows)                                                                         \
    extern "C" __global__ void __launch_bounds__(128)                                             \
        linear_f32_r##rows(float* out, const float* x, const float* weight, const float* bias,    \
                           const float* residual, int n, int k, int pitch) {                      \
        floatRows<rows>(out, x, weight, bias, residual, n, k, pitch);                             \
    }

FLOAT_ENTRY(1)
FLOAT_ENTRY(2)
FLOAT_ENTRY(3)
FLOAT_ENTRY(4)
FLOAT_ENTRY(5)
FLOAT_ENTRY(6)
FLOAT_ENTRY(7)
FLOAT_ENTRY(8)
