// Products of many rows on Hopper: out = x W^T + bias + residual, or silu(x G^T) * (x U^T).
//
// Persistent blocks, one per multiprocessor, walk over tiles of 128 rows. A warpgroup of which one
// thread works feeds the others: the copy engine brings slices of 64 columns of x (128 rows) and of
// W (256 rows) to a ring of stages in shared memory, while two warpgroups of 64 rows each multiply
// what has landed (wgmma m64n256k16) and hand stages back. So loads, products and the end of one
// tile and the start of the next overlap. The 256 rows of W are 256 outputs, or 128 gates and the 128
// ups of the same outputs, whose product then never leaves the registers. Tiles of 128 W rows spread few
// rows of x over more multiprocessors, and tiles of 240 may fill them better than those of 256 do.
// Neighbouring blocks take tiles of the same W rows,
// which the L2 cache serves; its bandwidth is this kernel's limit. (Pairs of blocks that brought half of
// W to each other by multicast were slower: 95 against 72 us at 2048 x 896 -> 4864.) Results go through shared memory, so that they are stored 16 bytes per
// thread in whole lines.
#include "Hopper.cuh"

namespace {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

constexpr int ROWS = 128;        // of a tile: 64 per warpgroup
constexpr int STEP = 64;         // columns per stage: 128 bytes, the width of the swizzle
constexpr int STAGES = 4;
constexpr int X_BYTES = ROWS * STEP * 2;

// W: rows of the weight per tile. Half as many columns are stored at once.
template <int W>
struct Ring {
    static constexpr int STAGE_BYTES = X_BYTES + W * STEP * 2;
    static constexpr int CHUNKS = W / 16;  // of 16 bytes, in a row of an output part
    // So that rows meet different banks, chunks change places within a row, by its number; where they
    // are no power of two, their odd number does it.
    static constexpr bool SWIZZLED = CHUNKS % 8 == 0;
    static constexpr int PART_BYTES = 64 * CHUNKS * 16;

    uint32_t base;
    uint32_t barriers;

    __device__ uint32_t x(int s) const { return base + s * STAGE_BYTES; }
    __device__ uint32_t weight(int s) const { return base + s * STAGE_BYTES + X_BYTES; }
    __device__ uint32_t part(int warpgroup) const {
        return base + STAGES * STAGE_BYTES + warpgroup * PART_BYTES;
    }
    static __device__ uint32_t chunk(int row, int c) {
        return (row * CHUNKS + (SWIZZLED ? c ^ (row & 7) : c)) * 16;
    }
    __device__ uint32_t full(int s) const { return barriers + s * 8; }
    __device__ uint32_t empty(int s) const { return barriers + (STAGES + s) * 8; }
};

// Place in the ring, and how often it was gone around.
struct Turn {
    int stage = 0;
    uint32_t parity = 0;

    __device__ void next() {
        if (++stage == STAGES) {
            stage = 0;
            parity ^= 1;
        }
    }
};

// A warpgroup is done with a stage.
__device__ __forceinline__ void release(uint32_t empty) {
    if (threadIdx.x % 128 == 0) {
        barrierArrive(empty);
    }
}

// Two of silu(g) u with one reciprocal: 1 / p = q / (p q). From -40 on p q is finite, and below it
// silu is less than 1e-15.
template <typename T>
__device__ __forceinline__ uint32_t siluMul(float g0, float g1, float u0, float u1) {
    float p = 1.0f + __expf(-fmaxf(g0, -40.0f));
    float q = 1.0f + __expf(-fmaxf(g1, -40.0f));
    float r = __fdividef(1.0f, p * q);
    return packPair<T>(g0 * u0 * (q * r), g1 * u1 * (p * r));
}

// Stores a warpgroup's results, 64 rows of W / 2 columns: registers to shared memory, then 16 bytes
// per thread in whole lines.
template <typename T, int W>
__device__ __forceinline__ void storePart(T* out, const uint32_t (&packed)[2][W / 16],
                                          uint32_t part, int firstRow, int firstColumn, int m,
                                          int n) {
    constexpr int CHUNKS = W / 16;
    int lane = threadIdx.x % 32;
    int warpRow = threadIdx.x % 128 / 32 * 16;
#pragma unroll
    for (int j = 0; j + 1 < CHUNKS; j += 2) {
        asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(
                             part + Ring<W>::chunk(warpRow + lane % 16, j + lane / 16)),
                     "r"(packed[0][j]), "r"(packed[1][j]), "r"(packed[0][j + 1]),
                     "r"(packed[1][j + 1])
                     : "memory");
    }
    if constexpr (CHUNKS % 2 == 1) {
        asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1, %2};" ::"r"(
                             part + Ring<W>::chunk(warpRow + lane % 16, CHUNKS - 1)),
                     "r"(packed[0][CHUNKS - 1]), "r"(packed[1][CHUNKS - 1])
                     : "memory");
    }
    // Rows of a warp are written and read by that warp alone.
    __syncwarp();
#pragma unroll
    for (int i = lane; i < 16 * CHUNKS; i += 32) {
        int row = warpRow + i / CHUNKS;
        int chunk = i % CHUNKS;
        uint4 v;
        asm volatile("ld.shared.v4.u32 {%0,%1,%2,%3}, [%4];"
                     : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                     : "r"(part + Ring<W>::chunk(row, chunk)));
        int column = firstColumn + chunk * 8;
        if (firstRow + row < m && column < n) {
            *reinterpret_cast<uint4*>(out + static_cast<size_t>(firstRow + row) * n + column) = v;
        }
    }
    __syncwarp();
}

// c: a warpgroup's 64 x W sums, element 4 * j + 2 * h + e at row g + 8 * h, column 8 * j + 2 * t + e.
template <typename T, bool SWIGLU, int W>
__device__ __forceinline__ void finish(T* out, const float (&c)[W / 2], const T* bias,
                                       const T* residual, uint32_t stage, int firstRow, int tile,
                                       int m, int n) {
    constexpr int CHUNKS = W / 16;
    uint32_t packed[2][CHUNKS];
    int lane = threadIdx.x % 32;
    if constexpr (SWIGLU) {
#pragma unroll
        for (int j = 0; j < CHUNKS; j++) {
#pragma unroll
            for (int h = 0; h < 2; h++) {
                int i = 4 * j + 2 * h;
                packed[h][j] = siluMul<T>(c[i], c[i + 1], c[W / 4 + i], c[W / 4 + i + 1]);
            }
        }
        storePart<T, W>(out, packed, stage, firstRow, tile * (W / 2), m, n);
    } else {
#pragma unroll
        for (int part = 0; part < 2; part++) {
            int firstColumn = tile * W + part * (W / 2);
#pragma unroll
            for (int j = 0; j < CHUNKS; j++) {
                int column = firstColumn + 8 * j + lane % 4 * 2;
                bool inside = column < n;
                float b0 = bias != nullptr && inside ? toFloat(bias[column]) : 0.0f;
                float b1 = bias != nullptr && inside ? toFloat(bias[column + 1]) : 0.0f;
#pragma unroll
                for (int h = 0; h < 2; h++) {
                    int i = W / 4 * part + 4 * j + 2 * h;
                    int row = firstRow + threadIdx.x % 128 / 32 * 16 + lane / 4 + 8 * h;
                    float r0 = 0;
                    float r1 = 0;
                    if (residual != nullptr && inside && row < m) {
                        Vec<T, 2> r = *reinterpret_cast<const Vec<T, 2>*>(
                            residual + static_cast<size_t>(row) * n + column);
                        r0 = toFloat(r.at[0]);
                        r1 = toFloat(r.at[1]);
                    }
                    packed[h][j] = packPair<T>(c[i] + b0 + r0, c[i + 1] + b1 + r1);
                }
            }
            storePart<T, W>(out, packed, stage, firstRow, firstColumn, m, n);
        }
    }
}

template <typename T, bool SWIGLU, int W>
__device__ __forceinline__ void gemm(T* out, const T* bias, const T* residual, int m, int n, int k,
                                     const TensorMap* xMap, const TensorMap* weightMap) {
    extern __shared__ char dynamic[];
    __shared__ alignas(8) uint64_t barrier[2 * STAGES];
    // Swizzled tiles repeat every 1024 bytes.
    uint32_t base = (sharedAddress(dynamic) + 1023) & ~1023u;
    Ring<W> ring{base, sharedAddress(barrier)};
    int warpgroup = threadIdx.x / 128;
    if (threadIdx.x == 0) {
        for (int s = 0; s < STAGES; s++) {
            barrierInit(ring.full(s), 1);
            barrierInit(ring.empty(s), 2);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    letNextStart();
    int rowTiles = (m + ROWS - 1) / ROWS;
    int columns = SWIGLU ? W / 2 : W;
    int tiles = rowTiles * ((n + columns - 1) / columns);
    int steps = (k + STEP - 1) / STEP;
    Turn turn;
    if (warpgroup == 0) {
        asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
        if (threadIdx.x == 0) {
            waitForInputs();
            turn.parity = 1;  // the first time around every stage is free
            for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
                int row = tile % rowTiles * ROWS;
                int column = tile / rowTiles * columns;
                for (int i = 0; i < steps; i++, turn.next()) {
                    int s = turn.stage;
                    barrierWait(ring.empty(s), turn.parity);
                    barrierExpect(ring.full(s), ring.STAGE_BYTES);
                    copyBox(ring.x(s), xMap, row, i * STEP, ring.full(s));
                    copyBox(ring.weight(s), weightMap, column, i * STEP, ring.full(s));
                    copyBox(ring.weight(s) + W / 2 * STEP * 2, weightMap,
                            SWIGLU ? n + column : column + W / 2, i * STEP, ring.full(s));
                }
            }
        }
    } else {
        asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
        waitForInputs();
        int half = warpgroup - 1;
        for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
            float c[W / 2];
            for (int i = 0; i < steps; i++) {
                int s = turn.stage;
                barrierWait(ring.full(s), turn.parity);
                uint64_t a = operand(ring.x(s) + half * 64 * STEP * 2);
                uint64_t b = operand(ring.weight(s));
                productsBegin();
#pragma unroll
                for (int inner = 0; inner < STEP / 16; inner++) {
                    if constexpr (W == 256) {
                        multiply256<T>(c, a + 2 * inner, b + 2 * inner, i > 0 || inner > 0);
                    } else if constexpr (W == 240) {
                        multiply240<T>(c, a + 2 * inner, b + 2 * inner, i > 0 || inner > 0);
                    } else {
                        multiply128<T>(c, a + 2 * inner, b + 2 * inner, i > 0 || inner > 0);
                    }
                }
                productsCommit();
                if (i > 0) {
                    // All but the products just begun are done: the stage before can be refilled.
                    productsWait<1>();
                    release(ring.empty(s == 0 ? STAGES - 1 : s - 1));
                }
                turn.next();
            }
            productsWait<0>();
            pin(c);
            release(ring.empty(turn.stage == 0 ? STAGES - 1 : turn.stage - 1));
            finish<T, SWIGLU, W>(out, c, bias, residual, ring.part(half),
                                 tile % rowTiles * ROWS + half * 64, tile / rowTiles, m, n);
        }
    }
}

#endif

}  // namespace

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define BODY(type, swiGlu, w) \
    gemm<type, swiGlu, w>(out, bias, residual, m, n, k, &xMap, &weightMap);
#else
#define BODY(type, swiGlu, w)
#endif

#define ENTRY(name, suffix, type, swiGlu, w)                                                       \
    extern "C" __global__ void __launch_bounds__(384, 1) name##w##_##suffix(                \
        type* out, const type* bias, const type* residual, int m, int n, int k,                    \
        const __grid_constant__ TensorMap xMap, const __grid_constant__ TensorMap weightMap) {     \
        BODY(type, swiGlu, w)                                                                      \
    }

#define ENTRIES(suffix, type)              \
    ENTRY(linear, suffix, type, false, 128) \
    ENTRY(linear, suffix, type, false, 240) \
    ENTRY(linear, suffix, type, false, 256) \
    ENTRY(swiGlu, suffix, type, true, 128)  \
    ENTRY(swiGlu, suffix, type, true, 240)  \
    ENTRY(swiGlu, suffix, type, true, 256)

ENTRIES(f16, f16)
ENTRIES(bf16, bf16)
