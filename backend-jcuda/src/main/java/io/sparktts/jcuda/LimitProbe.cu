// What the GPU can do at best: reading, copying and scaling a large buffer with 16-byte accesses,
// and multiply-adds without memory, on the ordinary units and on the tensor cores.
#include "Common.cuh"

namespace {

constexpr int IN_FLIGHT = 8;
constexpr int FLOAT_STEPS = 4096;
constexpr int TENSOR_STEPS = 2048;

}  // namespace

// n: elements of 16 bytes.
extern "C" __global__ void __launch_bounds__(512) readAll(const uint4* from, uint4* to, long n) {
    long stride = static_cast<long>(gridDim.x) * blockDim.x;
    uint4 sum = make_uint4(0, 0, 0, 0);
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < n;
         i += IN_FLIGHT * stride) {
        uint4 v[IN_FLIGHT];
#pragma unroll
        for (int j = 0; j < IN_FLIGHT; j++) {
            long at = i + j * stride;
            v[j] = at < n ? __ldcs(from + at) : make_uint4(0, 0, 0, 0);
        }
#pragma unroll
        for (int j = 0; j < IN_FLIGHT; j++) {
            sum.x ^= v[j].x;
            sum.y ^= v[j].y;
            sum.z ^= v[j].z;
            sum.w ^= v[j].w;
        }
    }
    // Never so, but the compiler cannot know.
    if (sum.x == 0x9e3779b9u && sum.y == 0x7f4a7c15u && sum.z == 1u) {
        to[threadIdx.x] = sum;
    }
}

extern "C" __global__ void __launch_bounds__(512)
    scaleAll(const float4* from, float4* to, long n, float factor) {
    long stride = static_cast<long>(gridDim.x) * blockDim.x;
    for (long i = static_cast<long>(blockIdx.x) * blockDim.x + threadIdx.x; i < n;
         i += 4 * stride) {
        float4 v[4];
#pragma unroll
        for (int j = 0; j < 4; j++) {
            long at = i + j * stride;
            if (at < n) {
                v[j] = __ldcs(from + at);
            }
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
            long at = i + j * stride;
            if (at < n) {
                __stcs(to + at, make_float4(v[j].x * factor, v[j].y * factor, v[j].z * factor,
                                            v[j].w * factor));
            }
        }
    }
}

// 16 independent chains per thread: enough for the units' latency at any occupancy.
extern "C" __global__ void __launch_bounds__(256) fmaFloat(float* out) {
    float c[16];
#pragma unroll
    for (int i = 0; i < 16; i++) {
        c[i] = threadIdx.x + i;
    }
    for (int step = 0; step < FLOAT_STEPS; step++) {
#pragma unroll
        for (int i = 0; i < 16; i++) {
            c[i] = fmaf(c[i], 0.999f, 0.001f);
        }
    }
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 16; i++) {
        sum += c[i];
    }
    out[static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x] = sum;
}

// Tensor cores of compute capability 8.0: m16n8k16, 8 independent sums per warp.
extern "C" __global__ void __launch_bounds__(256) fmaTensor(float* out) {
    uint32_t a[4];
    uint32_t b[2];
    float c[8][4] = {};
    for (int i = 0; i < 4; i++) {
        a[i] = 0x3c003c00u ^ (threadIdx.x * 0x01010101u & 0x007f007fu);
    }
    b[0] = a[1];
    b[1] = a[2];
    for (int step = 0; step < TENSOR_STEPS; step++) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            asm volatile(
                "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, "
                "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                : "+f"(c[i][0]), "+f"(c[i][1]), "+f"(c[i][2]), "+f"(c[i][3])
                : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
        }
    }
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        sum += c[i][0] + c[i][1] + c[i][2] + c[i][3];
    }
    out[static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x] = sum;
}

// Tensor cores of Hopper: wgmma m64n256k16, both factors in shared memory, a warpgroup per block.
extern "C" __global__ void __launch_bounds__(128) fmaHopper(float* out) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    // 64 x 64 and 256 x 64 elements in rows of 128 swizzled bytes.
    __shared__ alignas(1024) uint32_t factors[(64 + 256) * 32];
    for (int i = threadIdx.x; i < (64 + 256) * 32; i += 128) {
        uint32_t random = i * 2654435761u ^ (i << 7);
        factors[i] = 0x3c003c00u ^ (random & 0x80ff80ffu);
    }
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    uint32_t base = static_cast<uint32_t>(__cvta_generic_to_shared(factors));
    auto descriptor = [](uint32_t address) {
        return static_cast<uint64_t>((address & 0x3ffff) >> 4) | (1ull << 16) | (64ull << 32) |
               (1ull << 62);
    };
    uint64_t a = descriptor(base);
    uint64_t b = descriptor(base + 64 * 128);
    float c[128] = {};
    for (int step = 0; step < TENSOR_STEPS / 16; step++) {
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
        for (int k = 0; k < 16; k++) {
            asm volatile(
                "{\n"
                "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 "
                "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,"
                "%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,"
                "%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,"
                "%62,%63,%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,"
                "%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95,%96,%97,%98,%99,%100,"
                "%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,"
                "%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127}, %128, %129, 1, 1, 1, 0, "
                "0;\n}\n"
                : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]), "+f"(c[4]), "+f"(c[5]),
                  "+f"(c[6]), "+f"(c[7]), "+f"(c[8]), "+f"(c[9]), "+f"(c[10]), "+f"(c[11]),
                  "+f"(c[12]), "+f"(c[13]), "+f"(c[14]), "+f"(c[15]), "+f"(c[16]), "+f"(c[17]),
                  "+f"(c[18]), "+f"(c[19]), "+f"(c[20]), "+f"(c[21]), "+f"(c[22]), "+f"(c[23]),
                  "+f"(c[24]), "+f"(c[25]), "+f"(c[26]), "+f"(c[27]), "+f"(c[28]), "+f"(c[29]),
                  "+f"(c[30]), "+f"(c[31]), "+f"(c[32]), "+f"(c[33]), "+f"(c[34]), "+f"(c[35]),
                  "+f"(c[36]), "+f"(c[37]), "+f"(c[38]), "+f"(c[39]), "+f"(c[40]), "+f"(c[41]),
                  "+f"(c[42]), "+f"(c[43]), "+f"(c[44]), "+f"(c[45]), "+f"(c[46]), "+f"(c[47]),
                  "+f"(c[48]), "+f"(c[49]), "+f"(c[50]), "+f"(c[51]), "+f"(c[52]), "+f"(c[53]),
                  "+f"(c[54]), "+f"(c[55]), "+f"(c[56]), "+f"(c[57]), "+f"(c[58]), "+f"(c[59]),
                  "+f"(c[60]), "+f"(c[61]), "+f"(c[62]), "+f"(c[63]), "+f"(c[64]), "+f"(c[65]),
                  "+f"(c[66]), "+f"(c[67]), "+f"(c[68]), "+f"(c[69]), "+f"(c[70]), "+f"(c[71]),
                  "+f"(c[72]), "+f"(c[73]), "+f"(c[74]), "+f"(c[75]), "+f"(c[76]), "+f"(c[77]),
                  "+f"(c[78]), "+f"(c[79]), "+f"(c[80]), "+f"(c[81]), "+f"(c[82]), "+f"(c[83]),
                  "+f"(c[84]), "+f"(c[85]), "+f"(c[86]), "+f"(c[87]), "+f"(c[88]), "+f"(c[89]),
                  "+f"(c[90]), "+f"(c[91]), "+f"(c[92]), "+f"(c[93]), "+f"(c[94]), "+f"(c[95]),
                  "+f"(c[96]), "+f"(c[97]), "+f"(c[98]), "+f"(c[99]), "+f"(c[100]), "+f"(c[101]),
                  "+f"(c[102]), "+f"(c[103]), "+f"(c[104]), "+f"(c[105]), "+f"(c[106]),
                  "+f"(c[107]), "+f"(c[108]), "+f"(c[109]), "+f"(c[110]), "+f"(c[111]),
                  "+f"(c[112]), "+f"(c[113]), "+f"(c[114]), "+f"(c[115]), "+f"(c[116]),
                  "+f"(c[117]), "+f"(c[118]), "+f"(c[119]), "+f"(c[120]), "+f"(c[121]),
                  "+f"(c[122]), "+f"(c[123]), "+f"(c[124]), "+f"(c[125]), "+f"(c[126]),
                  "+f"(c[127])
                : "l"(a + 2 * (k % 4)), "l"(b + 2 * (k % 4)));
        }
        asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
        asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    }
    float sum = 0;
#pragma unroll
    for (int i = 0; i < 128; i++) {
        sum += c[i];
    }
    out[static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x] = sum;
#endif
}
