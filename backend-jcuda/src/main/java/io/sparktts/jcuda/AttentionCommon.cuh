// What the attention kernels share: the operands, and the map from blocks to tiles of queries.
//
// Grouped-query attention is packed: the rows of a tile are (token, head) pairs of one key/value
// head, row r being token r / group and head r % group. All heads of a group so share the keys and
// values that a block reads, and a tile spans few tokens, so little of the diagonal is wasted.
#pragma once

#include "Common.cuh"

constexpr float LOG2E = 1.4426950408889634f;
constexpr float NEGATIVE_INFINITY = -__builtin_huge_valf();

template <typename T>
struct AttentionProblem {
    T* out;            // [tokens, heads * headDim]
    const T* qkv;      // [tokens, (heads + 2 * kvHeads) * headDim]
    const T* keys;     // [slots][kvHeads][capacity][headDim]
    const T* values;
    const int* tokenOffsets;  // [batch + 1]
    const int* positions;     // [tokens]
    const int* slot;          // [batch]
    int batch;
    int heads;
    int kvHeads;
    int headDim;
    int capacity;
    float scale;

    __device__ int group() const { return heads / kvHeads; }
    __device__ const T* query(int token, int head) const {
        return qkv + (static_cast<int64_t>(token) * (heads + 2 * kvHeads) + head) * headDim;
    }
    __device__ T* output(int token, int head) const {
        return out + (static_cast<int64_t>(token) * heads + head) * headDim;
    }
    // First element of a slot's keys or values of one head, from the layer's base.
    __device__ int64_t cacheOffset(int slotIndex, int kvHead) const {
        return (static_cast<int64_t>(slotIndex) * kvHeads + kvHead) * capacity * headDim;
    }
};

// The parameters of an entry point, and the struct made of them.
#define ATTENTION_PARAMETERS(T)                                                               \
    T *out, const T *qkv, const T *keys, const T *values, const int *tokenOffsets,            \
        const int *positions, const int *slot, int batch, int heads, int kvHeads, int headDim, \
        int capacity, float scale
#define ATTENTION_PROBLEM(T)                                                              \
    AttentionProblem<T> {                                                                 \
        out, qkv, keys, values, tokenOffsets, positions, slot, batch, heads, kvHeads,     \
            headDim, capacity, scale                                                      \
    }

// A tile of packed rows of one sequence.
struct AttentionTile {
    int firstToken;     // of the sequence, in the step
    int rows;           // of the sequence: its tokens times the group
    int firstRow;       // of the tile
    int slot;
    int firstPosition;  // of the sequence's first token
};

// Finds tile `index` of tileRows rows among those of all live sequences: the host does not know
// how tokens are spread over sequences, so the grid has an upper bound of tiles and those past the
// end return false. Of a sequence the last tile comes first: it sees the most keys, and the blocks
// that start last should be short. All lanes of a warp call it.
__device__ __forceinline__ bool findTile(
        const int* tokenOffsets,
        const int* positions,
        const int* slot,
        int batch,
        int group,
        int tileRows,
        int index,
        AttentionTile& tile) {
    int lane = threadIdx.x & 31;
    for (int base = 0; base < batch; base += 32) {
        int b = base + lane;
        int from = 0;
        int rows = 0;
        int s = -1;
        if (b < batch) {
            from = tokenOffsets[b];
            rows = (tokenOffsets[b + 1] - from) * group;
            s = slot[b];
        }
        int tiles = s < 0 ? 0 : (rows + tileRows - 1) / tileRows;
        int end = tiles;
#pragma unroll
        for (int offset = 1; offset < 32; offset <<= 1) {
            int below = __shfl_up_sync(0xffffffffu, end, offset);
            end += lane >= offset ? below : 0;
        }
        int total = __shfl_sync(0xffffffffu, end, 31);
        if (index < total) {
            int owner = __popc(__ballot_sync(0xffffffffu, end <= index));
            int last = __shfl_sync(0xffffffffu, end, owner) - 1;
            tile.firstToken = __shfl_sync(0xffffffffu, from, owner);
            tile.rows = __shfl_sync(0xffffffffu, rows, owner);
            tile.slot = __shfl_sync(0xffffffffu, s, owner);
            tile.firstRow = (last - index) * tileRows;
            tile.firstPosition = positions[tile.firstToken];
            return true;
        }
        index -= total;
    }
    return false;
}

// 2^x to about 2 units in the last place; -inf gives 0.
__device__ __forceinline__ float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Two adjacent elements of a view that may start at an odd one.
template <typename T>
__device__ __forceinline__ uint32_t loadPair(const T* from, bool aligned) {
    if (aligned) {
        return *reinterpret_cast<const uint32_t*>(from);
    }
    const auto* halves = reinterpret_cast<const uint16_t*>(from);
    return halves[0] | static_cast<uint32_t>(halves[1]) << 16;
}

template <typename T>
__device__ __forceinline__ void storePair(T* to, uint32_t pair, bool aligned) {
    if (aligned) {
        *reinterpret_cast<uint32_t*>(to) = pair;
    } else {
        auto* halves = reinterpret_cast<uint16_t*>(to);
        halves[0] = static_cast<uint16_t>(pair);
        halves[1] = static_cast<uint16_t>(pair >> 16);
    }
}

__device__ __forceinline__ bool aligned4(const void* p) {
    return (reinterpret_cast<uintptr_t>(p) & 3) == 0;
}
