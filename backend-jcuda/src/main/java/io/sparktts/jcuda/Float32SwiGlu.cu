// silu(x G^T) * (x U^T) of many rows in true float32 on Hopper.
//
// There are no tensor cores for float32, so the limit is one multiply-add per scheduler and clock, and
// every other instruction takes the place of one. Therefore:
// - The copy engine brings slices of 32 columns of x and of W to a ring in shared memory, which costs
//   the threads that multiply no instructions.
// - Both factors stay as they come, contiguous along K: a thread reads 4 steps of K at once (16 bytes)
//   of each of its rows. Thread (ty, tx) has rows ty + 16 i of x and tx + 16 j of W, so that the copy
//   engine's swizzle (16-byte chunk c of row r lies at c ^ r % 8) puts what a warp reads at once into
//   different banks, and its exclusive-or is the same for all rows of a thread.
// - 256 threads of up to 255 registers hold 8 x 19 sums each: tiles of 128 rows by 152 gates and the
//   152 ups of the same outputs. 4 x 32 of them cover 512 x 4864 outputs, nearly one for each of 132
//   multiprocessors.
#include "Hopper.cuh"

namespace {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

constexpr int THREADS = 256;
constexpr int R = 8;               // rows of x per thread
constexpr int J = 19;              // rows of W per thread
constexpr int ROWS = 16 * R;       // of a tile
constexpr int COLUMNS = 8 * J;     // outputs of a tile: as many gates as ups
constexpr int STEP = 32;           // columns per stage: 128 bytes, the width of the swizzle
constexpr int LINE = STEP * 4;     // bytes of a row in a stage
constexpr int X_BYTES = ROWS * LINE;
constexpr int HALF_BYTES = COLUMNS * LINE;  // all gates, or all ups
constexpr int STAGE_BYTES = X_BYTES + 2 * HALF_BYTES;
constexpr int STAGES = 4;
// A stage is filled so many steps ahead. Two less than STAGES: then the warp that orders the copy needs
// the others to have finished the step before the last one only, and does not wait for them.
constexpr int AHEAD = 2;
constexpr int GROUP = 16;          // row tiles whose x stays in the L2 cache while W passes by

// A thread has 9 gates and the 9 ups of the same outputs. Of the 8 outputs left over in its row, those
// with even tx have the gate and their neighbours the up.
constexpr int PAIRS = J / 2;

// Volatile, so that the compiler keeps the order of reads and products below.
__device__ __forceinline__ float4 read4(uint32_t address) {
    float4 v;
    asm volatile("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];"
                 : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
                 : "r"(address));
    return v;
}

__device__ __forceinline__ float component(const float4& v, int c) {
    return c == 0 ? v.x : c == 1 ? v.y : c == 2 ? v.z : v.w;
}

// Where this thread's outputs and rows are in a tile.
struct Seat {
    int ty;
    int tx;

    // A warp is 4 x 8 threads. The hardware serves 16 lanes of a 16-byte read at once if pairs of lanes
    // (i, i ^ 1) or (i, i ^ 2) read the same; this order has one of them for x, one for W.
    __device__ Seat() {
        int lane = threadIdx.x % 32;
        int warp = threadIdx.x / 32;
        ty = warp / 2 * 4 + ((lane & 1) | (lane >> 1 & 2));
        tx = warp % 2 * 8 + ((lane >> 1 & 1) | (lane >> 2 & 6));
    }
};

struct Product {
    float* out;
    int m;
    int n;
    const TensorMap* xMap;
    const TensorMap* weightMap;
    int rowTiles;
    int columnTiles;
    uint32_t base;
    uint32_t barriers;
    Seat seat;

    __device__ uint32_t stage(int g) const { return base + g % STAGES * STAGE_BYTES; }
    __device__ uint32_t full(int g) const { return barriers + g % STAGES * 8; }
    __device__ uint32_t empty(int g) const { return barriers + (STAGES + g % STAGES) * 8; }

    // Neighbouring blocks take tiles of the same rows of W, and of few rows of x.
    __device__ void place(int tile, int& row, int& column) const {
        int group = tile / (GROUP * columnTiles);
        int height = min(GROUP, rowTiles - group * GROUP);
        int rest = tile - group * GROUP * columnTiles;
        row = (group * GROUP + rest % height) * ROWS;
        column = rest / height * COLUMNS;
    }

    // Orders the copy of step `step` of a tile as the g-th of this block.
    __device__ void fill(int tile, int step, int g) const {
        int row;
        int column;
        place(tile, row, column);
        uint32_t to = stage(g);
        barrierWait(empty(g), (g / STAGES & 1) ^ 1);
        barrierExpect(full(g), STAGE_BYTES);
        copyBox(to, xMap, row, step * STEP, full(g));
        copyBox(to + X_BYTES, weightMap, column, step * STEP, full(g));
        copyBox(to + X_BYTES + HALF_BYTES, weightMap, n + column, step * STEP, full(g));
    }

    // Byte of the row of W of sum j in a stage, less that of sum 0.
    static __device__ constexpr int slot(int j) {
        return j < PAIRS ? j * 16 * LINE : HALF_BYTES + (j - PAIRS) * 16 * LINE;
    }

    template <int FROM, int TO>
    static __device__ __forceinline__ void multiply(float (&sums)[R][J], int j,
                                                    const float4 (&a)[R], const float4& b) {
#pragma unroll
        for (int c = 0; c < 4; c++) {
#pragma unroll
            for (int i = FROM; i < TO; i++) {
                sums[i][j] = fmaf(component(a[i], c), component(b, c), sums[i][j]);
            }
        }
    }

    // All products of a stage.
    __device__ __forceinline__ void multiplyStage(float (&sums)[R][J], uint32_t at) const {
        uint32_t xAt = at + seat.ty * LINE + seat.ty % 8 * 16;
        uint32_t wAt = at + X_BYTES + seat.tx * LINE + seat.tx % 8 * 16;
        uint32_t lastAt = at + X_BYTES + seat.tx % 2 * HALF_BYTES +
                          (16 * PAIRS + seat.tx / 2) * LINE + seat.tx / 2 % 8 * 16;
        float4 a[R];
#pragma unroll
        for (int i = 0; i < R; i++) {
            a[i] = read4(xAt + i * 16 * LINE);
        }
        float4 b = read4(wAt);
        // Rolled, for the instruction cache.
#pragma unroll 1
        for (int q = 0; q < STEP / 4; q++) {
            uint32_t now = q * 16;
            // After the last step this reads what nobody uses.
            uint32_t next = (q + 1) % (STEP / 4) * 16;
#pragma unroll
            for (int j = 0; j < J; j++) {
                float4 b2;
                if (j + 1 == J) {
                    b2 = read4(wAt ^ next);
                } else if (j + 2 == J) {
                    b2 = read4(lastAt ^ now);
                } else {
                    b2 = read4((wAt ^ now) + slot(j + 1));
                }
                if (j + 1 < J) {
                    multiply<0, R>(sums, j, a, b);
                } else {
                    // Registers of x take the next values as soon as they are free.
                    multiply<0, R / 2>(sums, j, a, b);
#pragma unroll
                    for (int i = 0; i < R / 2; i++) {
                        a[i] = read4((xAt ^ next) + i * 16 * LINE);
                    }
                    multiply<R / 2, R>(sums, j, a, b);
#pragma unroll
                    for (int i = R / 2; i < R; i++) {
                        a[i] = read4((xAt ^ next) + i * 16 * LINE);
                    }
                }
                b = b2;
            }
        }
    }

    // Stores this thread's outputs of its i-th row.
    __device__ __forceinline__ void store(const float (&c)[J], int i, int firstRow,
                                          int firstColumn) const {
        int row = firstRow + seat.ty + 16 * i;
        bool inside = row < m;
        size_t line = static_cast<size_t>(row) * n;
#pragma unroll
        for (int j = 0; j < PAIRS; j++) {
            int column = firstColumn + seat.tx + 16 * j;
            if (inside && column < n) {
                out[line + column] = silu(c[j]) * c[PAIRS + j];
            }
        }
        float mine = c[J - 1];
        float other = __shfl_xor_sync(0xffffffffu, mine, 2);  // the neighbour in tx
        bool odd = seat.tx % 2 == 1;
        float gate = odd ? other : mine;
        float up = odd ? mine : other;
        int column = firstColumn + 16 * PAIRS + seat.tx / 2;
        // The two take turns.
        if (inside && column < n && (i % 2 == 1) == odd) {
            out[line + column] = silu(gate) * up;
        }
    }

    __device__ __forceinline__ void run(int k) const {
        int tiles = rowTiles * columnTiles;
        int steps = (k + STEP - 1) / STEP;
        // Step `step` of the tile, or of those that this block does after it.
        auto order = [&](int tile, int step, int g) {
            if (threadIdx.x == 0) {
                while (step >= steps) {
                    step -= steps;
                    tile += gridDim.x;
                }
                if (tile < tiles) {
                    fill(tile, step, g);
                }
            }
        };
        for (int g = 0; g < AHEAD; g++) {
            order(blockIdx.x, g, g);
        }
        int g = 0;
        for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
            float sums[R][J];
#pragma unroll
            for (int i = 0; i < R; i++) {
#pragma unroll
                for (int j = 0; j < J; j++) {
                    sums[i][j] = 0;
                }
            }
#pragma unroll 1
            for (int i = 0; i < steps; i++, g++) {
                order(tile, i + AHEAD, g + AHEAD);
                barrierWait(full(g), g / STAGES & 1);
                __syncwarp();
                multiplyStage(sums, stage(g));
                __syncwarp();
                if (threadIdx.x % 32 == 0) {
                    barrierArrive(empty(g));
                }
            }
            int row;
            int column;
            place(tile, row, column);
#pragma unroll
            for (int i = 0; i < R; i++) {
                store(sums[i], i, row, column);
            }
        }
    }
};

#endif

}  // namespace

extern "C" __global__ void __launch_bounds__(256, 1) swiGlu_f32(
        float* out, int m, int n, int k, const __grid_constant__ TensorMap xMap,
        const __grid_constant__ TensorMap weightMap) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    extern __shared__ char dynamic[];
    __shared__ alignas(8) uint64_t barrier[2 * STAGES];
    // Swizzled tiles repeat every 1024 bytes.
    uint32_t base = (sharedAddress(dynamic) + 1023) & ~1023u;
    Product product{out,
                    m,
                    n,
                    &xMap,
                    &weightMap,
                    (m + ROWS - 1) / ROWS,
                    (n + COLUMNS - 1) / COLUMNS,
                    base,
                    sharedAddress(barrier)};
    if (threadIdx.x == 0) {
        for (int s = 0; s < STAGES; s++) {
            barrierInit(product.full(s), 1);
            barrierInit(product.empty(s), THREADS / 32);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    letNextStart();
    waitForInputs();
    product.run(k);
#endif
}
