"""Two GPU kernels that are all of a convolution: one gathers windows, one correlates two images.

Room: ``cnnlib.pytorch``. Imported only when :mod:`cnnlib.pytorch.implicit_gemm` first computes,
because Triton is not needed for anything else. Each program (a group of threads) owns one tile of
the result, keeps it in registers in float32 (float64 for float64 data), and walks along the sum.
Images lie in memory as (N, H, W, C): the channels that one product needs are neighbours.
"""

import triton
import triton.language as tl


@triton.jit
def tile_of(program, rows, columns, BAND: tl.constexpr):
    """Tile number ``program``, in bands of ``BAND`` rows: neighbours in time share cache lines."""
    band = program // (BAND * columns)
    height = tl.minimum(rows - band * BAND, BAND)
    inside = program % (BAND * columns)
    return band * BAND + inside % height, inside // height


@triton.jit
def gather_gemm(
    src, weight, bias, dst,  # pointers; channels of src and dst lie next to each other
    places, OH, OW,  # places = N * OH * OW rows of the product
    H, W,  # height and width of src
    C_in, C_out,  # channels of one group: what is added up, and the columns of the product
    src_n, src_h, src_w,  # steps in memory from one image, row, pixel to the next
    weight_group, weight_out, weight_i, weight_j, weight_in,
    dst_split, dst_n, dst_h, dst_w,
    step_h, step_w, origin_h, origin_w, reach_h, reach_w,  # row h = p * step + origin + i * reach
    splits,  # how many programs share one sum, each writing a part of its own
    TAPS_H: tl.constexpr, TAPS_W: tl.constexpr,
    FLAT: tl.constexpr,  # few channels: taps and channels share the axis of the sum
    HAS_BIAS: tl.constexpr, RELU: tl.constexpr,
    PRECISION: tl.constexpr, ACCUMULATE: tl.constexpr, WIDEN: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, BAND: tl.constexpr,
):  # fmt: skip
    """dst[n, p, q, o] = sum over taps i, j and channels c of src[n, h, w, c] weight[o, i, j, c].

    With h = p * step_h + origin_h + i * reach_h this is the forward pass (step = stride,
    origin = -padding, reach = dilation) and also, with the filters transposed, the gradient of x.
    """
    tile_m, tile_n = tile_of(
        tl.program_id(0), tl.cdiv(places, BLOCK_M), tl.cdiv(C_out, BLOCK_N), BAND
    )
    group, split = tl.program_id(1), tl.program_id(2)
    place = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    n, p, q = place // (OH * OW), (place // OW) % OH, place % OW
    top, left = p * step_h + origin_h, q * step_w + origin_w
    image = src + n * src_n + group * C_in
    out = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    filters = weight + group * weight_group + out * weight_out
    channel_blocks = tl.cdiv(C_in, BLOCK_K)
    acc = tl.zeros((BLOCK_M, BLOCK_N), dtype=ACCUMULATE)
    taps = TAPS_H * TAPS_W
    steps = tl.cdiv(taps * C_in, BLOCK_K) if FLAT else taps * channel_blocks
    for step in range(split, steps, splits):
        if FLAT:
            k = step * BLOCK_K + tl.arange(0, BLOCK_K)
            tap, c = k // C_in, k % C_in
            i, j = tap // TAPS_W, tap % TAPS_W
            h, w = top[:, None] + (i * reach_h)[None, :], left[:, None] + (j * reach_w)[None, :]
            real = tap < taps
        else:  # a whole step lies within one tap: its row and column are numbers, not vectors
            tap = step // channel_blocks
            c = (step % channel_blocks) * BLOCK_K + tl.arange(0, BLOCK_K)
            i, j = tap // TAPS_W, tap % TAPS_W
            h, w = (top + i * reach_h)[:, None], (left + j * reach_w)[:, None]
            real = c < C_in
        inside = (place < places)[:, None] & (h >= 0) & (h < H) & (w >= 0) & (w < W)
        a = tl.load(
            image[:, None] + h * src_h + w * src_w + c[None, :],
            mask=inside & real[None, :],
            other=0.0,
        )
        b = tl.load(
            filters[None, :] + (i * weight_i + j * weight_j + c * weight_in)[:, None],
            mask=real[:, None] & (out < C_out)[None, :],
            other=0.0,
        )
        if WIDEN:
            a, b = a.to(ACCUMULATE), b.to(ACCUMULATE)
        acc = tl.dot(a, b, acc, input_precision=PRECISION, out_dtype=ACCUMULATE)
    if HAS_BIAS:
        shift = tl.load(bias + group * C_out + out, mask=out < C_out, other=0.0)
        acc += shift.to(ACCUMULATE)[None, :]
    if RELU:
        # NaN stays NaN, as in torch: tl.maximum would drop it.
        acc = tl.where(acc < 0, 0.0, acc)
    # All parts together may be more numbers than 32 bits can count.
    pixel = dst + split.to(tl.int64) * dst_split + n * dst_n + p * dst_h + q * dst_w + group * C_out
    tl.store(
        pixel[:, None] + out[None, :],
        acc.to(dst.dtype.element_ty),
        mask=(place < places)[:, None] & (out < C_out)[None, :],
    )


@triton.jit
def weight_gemm(
    src, grad, partial,  # pointers
    places, OH, OW,  # places = N * OH * OW products are added up
    H, W, C_in, C_out,  # of src; channels of one group
    src_n, src_h, src_w, grad_n, grad_h, grad_w,
    partial_split,
    step_h, step_w, origin_h, origin_w, reach_h, reach_w,
    splits,
    TAPS_H: tl.constexpr, TAPS_W: tl.constexpr,
    PRECISION: tl.constexpr, ACCUMULATE: tl.constexpr, WIDEN: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, BAND: tl.constexpr,
):  # fmt: skip
    """partial[split, o, i, j, c] = sum over places of grad[n, p, q, o] * src[n, h, w, c].

    Rows of the product are filters, columns are (i, j, c) flattened, and the sum runs over every
    place of every image: it is long and the result is small, so ``splits`` programs share it. Each
    writes its own part; a second pass adds the parts in a fixed order, so no run differs in a bit.
    """
    weights = TAPS_H * TAPS_W * C_in
    tile_m, tile_n = tile_of(
        tl.program_id(0), tl.cdiv(C_out, BLOCK_M), tl.cdiv(weights, BLOCK_N), BAND
    )
    group, split = tl.program_id(1), tl.program_id(2)
    out = tile_m * BLOCK_M + tl.arange(0, BLOCK_M)
    column = tile_n * BLOCK_N + tl.arange(0, BLOCK_N)
    tap, c = column // C_in, column % C_in
    rise, run = (tap // TAPS_W) * reach_h + origin_h, (tap % TAPS_W) * reach_w + origin_w
    acc = tl.zeros((BLOCK_M, BLOCK_N), dtype=ACCUMULATE)
    for step in range(split, tl.cdiv(places, BLOCK_K), splits):
        place = step * BLOCK_K + tl.arange(0, BLOCK_K)
        n, p, q = place // (OH * OW), (place // OW) % OH, place % OW
        a = tl.load(
            grad + (n * grad_n + p * grad_h + q * grad_w + group * C_out)[None, :] + out[:, None],
            mask=(out < C_out)[:, None] & (place < places)[None, :],
            other=0.0,
        )
        h, w = (p * step_h)[:, None] + rise[None, :], (q * step_w)[:, None] + run[None, :]
        b = tl.load(
            src + (n * src_n + group * C_in)[:, None] + h * src_h + w * src_w + c[None, :],
            mask=(place < places)[:, None]
            & (column < weights)[None, :]
            & (h >= 0) & (h < H) & (w >= 0) & (w < W),
            other=0.0,
        )  # fmt: skip
        if WIDEN:
            a, b = a.to(ACCUMULATE), b.to(ACCUMULATE)
        acc = tl.dot(a, b, acc, input_precision=PRECISION, out_dtype=ACCUMULATE)
    row = partial + split.to(tl.int64) * partial_split + (group * C_out + out) * weights
    tl.store(
        row[:, None] + column[None, :],
        acc,
        mask=(out < C_out)[:, None] & (column < weights)[None, :],
    )
