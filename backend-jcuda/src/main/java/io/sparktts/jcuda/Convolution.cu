// What convolutions over time need beside a matrix product: the frames that each output row sees,
// side by side (with the snake before, if any); convolutions of each channel by itself; and those
// with so few outputs that a matrix product would multiply for nothing.
#include "Codec.cuh"

namespace {

constexpr int TAPS = 8;   // that a thread of unfold writes at most; the grid's y goes over the rest
constexpr int WARPS = 8;  // of a block of narrow

// A thread takes W channels of one frame of x, activates them once and writes them to each place
// where a row sees that frame. Frames are counted from the first one that row 0 sees, so that those
// before and after x, which are zeros, have threads too: row r sees frame r * stride + tap *
// dilation of them, so every place of out is written exactly once.
template <int W, bool SNAKE, typename T>
__device__ __forceinline__ void unfold(T* out, const T* x, const T* alpha, int frames, int pitch,
                                       int firstChannel, int rows, int n, Window window) {
    size_t i = threadOfGrid();
    int vectors = n / W;
    size_t at = i / vectors;
    size_t seen = static_cast<size_t>(rows - 1) * window.stride +
                  static_cast<size_t>(window.taps - 1) * window.dilation + 1;
    if (at >= seen) {
        return;
    }
    int channel = static_cast<int>(i % vectors) * W;
    int ahead = static_cast<int>(at);
    int frame = window.start + ahead;
    Vec<T, W> v;
#pragma unroll
    for (int j = 0; j < W; j++) {
        v.at[j] = fromFloat<T>(0.0f);
    }
    if (frame >= 0 && frame < frames) {
        v = load<W>(x + static_cast<size_t>(frame) * pitch + firstChannel + channel);
        if constexpr (SNAKE) {
            Vec<T, W> a = load<W>(alpha + channel);
#pragma unroll
            for (int j = 0; j < W; j++) {
                v.at[j] = fromFloat<T>(snakeOf(toFloat(v.at[j]), toFloat(a.at[j])));
            }
        }
    }
    int firstTap = blockIdx.y * TAPS;
    int endTap = min(firstTap + TAPS, window.taps);
    for (int tap = firstTap; tap < endTap; tap++) {
        int rest = ahead - tap * window.dilation;
        int row = rest / window.stride;
        if (rest >= 0 && row * window.stride == rest && row < rows) {
            store(out + (static_cast<size_t>(row) * window.taps + tap) * n + channel, v);
        }
    }
}

template <typename T>
__device__ __forceinline__ void depthwise(T* out, const T* x, const T* weight, const T* bias,
                                             int frames, int rows, int n, Window window) {
    size_t i = threadOfGrid();
    if (i < static_cast<size_t>(rows) * n) {
        out[i] = fromFloat<T>(depthwiseOf(x, weight, bias, frames, n, window,
                                        static_cast<int>(i / n), static_cast<int>(i % n)));
    }
}

// A warp per output element. bias may be null; pitch is the weight's. The waveform is float32
// whatever the model computes in.
template <typename O, typename T>
__device__ __forceinline__ void narrow(O* out, const T* x, const T* weight, const T* bias,
                                       int frames, int channels, int rows, int outputs, int pitch,
                                       Window window) {
    int lane = threadIdx.x % 32;
    size_t i = static_cast<size_t>(blockIdx.x) * WARPS + threadIdx.x / 32;
    if (i >= static_cast<size_t>(rows) * outputs) {
        return;
    }
    int row = static_cast<int>(i / outputs);
    int output = static_cast<int>(i % outputs);
    const T* w = weight + static_cast<size_t>(output) * pitch;
    float sum = 0;
    for (int tap = 0; tap < window.taps; tap++) {
        int frame = window.frame(row, tap);
        if (frame >= 0 && frame < frames) {
            const T* from = x + static_cast<size_t>(frame) * channels;
            const T* factors = w + static_cast<size_t>(tap) * channels;
            for (int c = lane; c < channels; c += 32) {
                sum = fmaf(toFloat(from[c]), toFloat(factors[c]), sum);
            }
        }
    }
    sum = warpSum(sum);
    if (lane == 0) {
        out[i] = fromFloat<O>(sum + (bias == nullptr ? 0.0f : toFloat(bias[output])));
    }
}

}  // namespace

#define UNFOLD_ENTRY(name, suffix, type, width, snake)                                          \
    extern "C" __global__ void name##_##suffix(                                                 \
        type* out, const type* x, const type* alpha, int frames, int pitch, int firstChannel,   \
        int rows, int n, int taps, int stride, int dilation, int start) {                       \
        letNextStart();                                                                         \
        waitForInputs();                                                                        \
        unfold<width, snake>(out, x, alpha, frames, pitch, firstChannel, rows, n,               \
                             Window{taps, stride, dilation, start});                            \
    }

#define NARROW_ENTRY(name, suffix, outType, type)                                               \
    extern "C" __global__ void __launch_bounds__(WARPS * 32)                                    \
        name##_##suffix(outType* out, const type* x, const type* weight, const type* bias,      \
                        int frames, int channels, int rows, int outputs, int pitch, int taps,   \
                        int stride, int dilation, int start) {                                  \
        letNextStart();                                                                         \
        waitForInputs();                                                                        \
        narrow(out, x, weight, bias, frames, channels, rows, outputs, pitch,                    \
               Window{taps, stride, dilation, start});                                          \
    }

#define ENTRIES(suffix, type)                                                                   \
    UNFOLD_ENTRY(unfold, suffix, type, 1, false)                                                \
    UNFOLD_ENTRY(unfoldWide, suffix, type, WIDE<type>, false)                                   \
    UNFOLD_ENTRY(unfoldSnake, suffix, type, 1, true)                                            \
    UNFOLD_ENTRY(unfoldSnakeWide, suffix, type, WIDE<type>, true)                               \
    extern "C" __global__ void depthwise_##suffix(                                              \
        type* out, const type* x, const type* weight, const type* bias, int frames, int rows,   \
        int n, int taps, int stride, int dilation, int start) {                                 \
        letNextStart();                                                                         \
        waitForInputs();                                                                        \
        depthwise(out, x, weight, bias, frames, rows, n,                                     \
                     Window{taps, stride, dilation, start});                                    \
    }                                                                                           \
    NARROW_ENTRY(narrow, suffix, type, type)                                                    \
    NARROW_ENTRY(narrowToF32, suffix, float, type)

FOR_FLOAT_TYPES(ENTRIES)
