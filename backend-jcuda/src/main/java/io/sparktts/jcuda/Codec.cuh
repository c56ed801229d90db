// What the kernels of the codec share: frames are rows, channels are columns.
#pragma once

#include "Common.cuh"

__device__ __forceinline__ size_t threadOfGrid() {
    return static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

// W adjacent elements; W = 1 asks for no alignment.
template <int W, typename T>
__device__ __forceinline__ Vec<T, W> load(const T* p) {
    return *reinterpret_cast<const Vec<T, W>*>(p);
}

template <int W, typename T>
__device__ __forceinline__ void store(T* p, Vec<T, W> v) {
    *reinterpret_cast<Vec<T, W>*>(p) = v;
}

// The exact form: x times the normal distribution's integral up to x.
__device__ __forceinline__ float geluOf(float x) { return x * normcdff(x); }

// sin(t)^2 to a few units of float32 for |t| up to a million. Its period is pi, so the nearest
// multiple of pi is taken off, in two parts, since one float holds too little of pi (Cody and Waite
// 1980); what is left of at most pi/2 goes into the sine's series, whose first term left out is
// below 1e-9. Unlike sinf, this has no slow path.
__device__ __forceinline__ float sineSquared(float t) {
    float turns = rintf(t * 0.318309886f);
    float r = fmaf(turns, -3.14159274f, t);
    r = fmaf(turns, 8.74227801e-8f, r);
    // Where float32 tells angles no longer apart, any bounded value is as good.
    r = fminf(fmaxf(r, -2.0f), 2.0f);
    float z = r * r;
    float series = 1.60590438e-10f;          //  1 / 13!
    series = fmaf(series, z, -2.50521084e-8f);  // -1 / 11!
    series = fmaf(series, z, 2.75573192e-6f);   //  1 / 9!
    series = fmaf(series, z, -1.98412698e-4f);  // -1 / 7!
    series = fmaf(series, z, 8.33333333e-3f);   //  1 / 5!
    series = fmaf(series, z, -1.66666667e-1f);  // -1 / 3!
    float sine = fmaf(r * z, series, r);
    return sine * sine;
}

// x + sin(alpha x)^2 / (alpha + 1e-9) (Ziyin, Hartwig and Ueda 2020).
__device__ __forceinline__ float snakeOf(float x, float alpha) {
    return x + __fdividef(sineSquared(alpha * x), alpha + 1e-9f);
}

// Which frames a convolution sees: io.sparktts.backend.Window.
struct Window {
    int taps;
    int stride;
    int dilation;
    int start;

    __device__ __forceinline__ int frame(int row, int tap) const {
        return row * stride + start + tap * dilation;
    }
};

// One output of a convolution of each channel by itself; x is [frames, n], weight [taps, n].
template <typename T>
__device__ __forceinline__ float depthwiseOf(const T* x, const T* weight, const T* bias, int frames,
                                           int n, Window window, int row, int channel) {
    float sum = toFloat(bias[channel]);
    for (int tap = 0; tap < window.taps; tap++) {
        int frame = window.frame(row, tap);
        if (frame >= 0 && frame < frames) {
            sum = fmaf(toFloat(x[static_cast<size_t>(frame) * n + channel]),
                       toFloat(weight[static_cast<size_t>(tap) * n + channel]), sum);
        }
    }
    return sum;
}
