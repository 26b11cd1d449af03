"""Tiny folders as the quantization tools write them, and the weights that they stand for: tests/goldens/quantized/.

    python tools/goldens/make_quantized.py [--root .]

Every folder is made from codes, scales and zero points that are drawn at random; the packing is written here once more from the
formats' definitions (AutoGPTQ, GPTQModel, AutoAWQ, DeepSeek-V3's FP8, compressed-tensors 0.20), so that Loci reads what it did not
write. expected.safetensors has the float32 values: scale * (code - zero), in float32.
"""

import argparse
import json
from pathlib import Path

import numpy as np

AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # row that the i-th nibble of a word holds
NAMES = {"float32": "F32", "float16": "F16", "int32": "I32", "int64": "I64", "int8": "I8"}


class Named:
    """An array with a type that numpy lacks, as its bytes."""

    def __init__(self, values, name, shape):
        self.values, self.name, self.shape = values, name, shape


def write_safetensors(path, tensors):
    header, blobs, offset = {}, [], 0
    for name, tensor in tensors.items():
        values = tensor.values if isinstance(tensor, Named) else tensor
        blob = np.ascontiguousarray(values).tobytes()
        dtype = tensor.name if isinstance(tensor, Named) else NAMES[values.dtype.name]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def nibbles_to_words(codes, axis, order=range(8)):
    """Eight codes along `axis` a word, the first in the lowest bits."""
    codes = np.moveaxis(codes, axis, -1).astype(np.uint32)
    codes = codes.reshape(*codes.shape[:-1], -1, 8)
    words = np.zeros(codes.shape[:-1], np.uint32)
    for i, source in enumerate(order):
        words |= codes[..., source] << np.uint32(4 * i)
    return np.moveaxis(words, -1, axis).astype(np.int32)


def bf16(values):
    """float32 rounded to bfloat16: the stored halves and what they mean."""
    bits = values.astype(np.float32).view(np.uint32)
    halves = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    return Named(halves, "BF16", values.shape), (halves.astype(np.uint32) << 16).view(np.float32)


def e4m3(codes):
    sign = np.where(codes & 0x80, -1.0, 1.0)
    exponent, mantissa = (codes >> 3 & 15).astype(int), (codes & 7).astype(float)
    magnitude = np.where(exponent == 0, mantissa * 2.0**-9, (1 + mantissa / 8) * 2.0 ** (exponent - 7.0))
    return (sign * magnitude).astype(np.float32)


def int4_parts(random, rows, columns, group):
    groups = columns // group if group > 0 else 1
    codes = random.integers(0, 16, (rows, columns))
    scales = (random.uniform(0.5, 1.5, (groups, rows)) * 0.01).astype(np.float16)
    return groups, codes, scales


def dequantize(codes, scales, zeros, group_of):
    """[rows][columns] from scales and zeros [groups][rows]."""
    steps = (codes - zeros[group_of].T).astype(np.float32)
    return scales.astype(np.float32)[group_of].T * steps


def gptq(random, rows, columns, group, version=1, act_order=False, symmetric=False, keep_index=True):
    groups, codes, scales = int4_parts(random, rows, columns, group)
    zeros = np.full((groups, rows), 8) if symmetric else random.integers(1 if version == 1 else 0, 16, (groups, rows))
    group_of = np.arange(columns) // (columns // groups)
    if act_order:
        group_of = random.permutation(group_of)
    tensors = {"qweight": nibbles_to_words(codes, 1).T, "scales": scales,
               "qzeros": nibbles_to_words(zeros - (1 if version == 1 else 0), 1)}
    if keep_index:
        tensors["g_idx"] = group_of.astype(np.int32)
    return tensors, dequantize(codes, scales, zeros, group_of)


def awq(random, rows, columns, group):
    groups, codes, scales = int4_parts(random, rows, columns, group)
    zeros = random.integers(0, 16, (groups, rows))
    tensors = {"qweight": nibbles_to_words(codes, 0, AWQ_ORDER).T, "scales": scales, "qzeros": nibbles_to_words(zeros, 1, AWQ_ORDER)}
    return tensors, dequantize(codes, scales, zeros, np.arange(columns) // group)


def packed_rows(random, rows, columns, group, symmetric=True, act_order=False):
    groups, codes, _ = int4_parts(random, rows, columns, group)
    stored, scales = bf16(random.uniform(0.5, 1.5, (rows, groups)) * 0.01)
    zeros = np.full((groups, rows), 8) if symmetric else random.integers(0, 16, (groups, rows))
    group_of = np.arange(columns) // (columns // groups)
    if act_order:
        group_of = random.permutation(group_of)
    tensors = {"weight_packed": nibbles_to_words(codes, 1), "weight_scale": stored, "weight_shape": np.array([rows, columns])}
    if not symmetric:
        tensors["weight_zero_point"] = nibbles_to_words(zeros, 1).T
    if act_order:
        tensors["weight_g_idx"] = group_of.astype(np.int32)
    return tensors, dequantize(codes, scales.T, zeros, group_of)


def fp8(random, rows, columns, scale_name, scales_shape, block=None):
    codes = random.integers(0, 256, (rows, columns)).astype(np.uint8)
    codes[(codes & 0x7F) == 0x7F] = 0x00
    scales = (random.uniform(0.5, 1.5, scales_shape) * 0.001).astype(np.float32)
    spread = scales.reshape(1, 1) if scales.size == 1 else scales
    if block:
        spread = spread.repeat(block[0], 0).repeat(block[1], 1)[:rows, :columns]
    tensors = {"weight": Named(codes, "F8_E4M3", codes.shape), scale_name: scales, "input_scale": np.float32([0.5])}
    return tensors, (spread * e4m3(codes)).astype(np.float32)


def int8(random, rows, columns, groups):
    values = random.integers(-128, 128, (rows, columns)).astype(np.int8)
    shape = (1,) if groups == 0 else (rows, groups)
    stored, scales = bf16(random.uniform(0.5, 1.5, shape) * 0.01)
    spread = scales if groups == 0 else scales.repeat(columns // groups, 1)
    return {"weight": values, "weight_scale": stored}, spread * values.astype(np.float32)


def compressed(format_name, activations=None, **weights):
    group = {"targets": ["Linear"], "weights": weights, "input_activations": activations}
    return {"quant_method": "compressed-tensors", "format": format_name, "ignore": ["lm_head"], "config_groups": {"group_0": group}}


def cases(random):
    """name, where the scheme is written, the scheme, and each layer's parts and values."""
    config = "config.json"
    yield "gptq", config, {"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": True, "sym": False}, {
        "plain": gptq(random, 24, 96, 32), "ordered": gptq(random, 16, 128, 32, act_order=True),
        "no_index": gptq(random, 8, 64, 32, keep_index=False)}
    yield "gptq-v2", config, {"quant_method": "gptq", "bits": 4, "group_size": -1, "checkpoint_format": "gptq_v2"}, {
        "plain": gptq(random, 16, 96, -1, version=2)}
    yield "gptq-old", "quantize_config.json", {"bits": 4, "group_size": 64, "desc_act": False, "sym": True}, {
        "plain": gptq(random, 16, 128, 64, symmetric=True)}
    yield "awq", config, {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True, "version": "gemm"}, {
        "plain": awq(random, 24, 64, 32)}
    yield "awq-old", "quant_config.json", {"w_bit": 4, "q_group_size": 64, "zero_point": True, "version": "GEMM"}, {
        "plain": awq(random, 16, 64, 64)}
    yield "fp8-block", config, {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128], "activation_scheme": "dynamic"}, {
        "plain": fp8(random, 130, 160, "weight_scale_inv", (2, 2), (128, 128))}
    yield "fp8-tensor", config, {"quant_method": "fp8", "activation_scheme": "static"}, {
        "plain": fp8(random, 10, 64, "weight_scale", ()), "vector": fp8(random, 10, 32, "weight_scale", (1,))}
    yield "compressed-int8", config, compressed("int-quantized", num_bits=8, type="int", symmetric=True, strategy="channel"), {
        "channel": int8(random, 10, 64, 1), "tensor": int8(random, 10, 32, 0), "group": int8(random, 10, 128, 2)}
    yield "compressed-fp8", config, compressed("float-quantized", num_bits=8, type="float", symmetric=True, strategy="channel"), {
        "plain": fp8(random, 10, 64, "weight_scale", (10, 1), (1, 64))}
    yield "compressed-int4", config, compressed("pack-quantized", num_bits=4, type="int", symmetric=False, strategy="group", group_size=32), {
        "plain": packed_rows(random, 16, 96, 32), "zeros": packed_rows(random, 10 + 6, 64, 32, symmetric=False),
        "ordered": packed_rows(random, 9, 128, 64, act_order=True)}
    tokens = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True}
    yield "compressed-w8a8", config, compressed("int-quantized", tokens, num_bits=8, type="int", symmetric=True, strategy="channel"), {
        "channel": int8(random, 10, 96, 1), "tensor": int8(random, 10, 32, 0), "group": int8(random, 10, 128, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("."))
    options = parser.parse_args()
    random = np.random.default_rng(5)
    for name, file, scheme, layers in cases(random):
        folder = options.root / "tests/goldens/quantized" / name
        folder.mkdir(parents=True, exist_ok=True)
        in_config = {"quantization_config": scheme} if file == "config.json" else {}
        (folder / "config.json").write_text(json.dumps({"model_type": "test", **in_config}, indent=1) + "\n", encoding="utf-8")
        if file != "config.json":
            (folder / file).write_text(json.dumps(scheme, indent=1) + "\n", encoding="utf-8")
        parts = {"norm.weight": np.ones(4, np.float32)}
        parts.update({f"{layer}.{key}": part for layer, (tensors, _) in layers.items() for key, part in tensors.items()})
        write_safetensors(folder / "model.safetensors", parts)
        expected = {f"{layer}.weight": np.ascontiguousarray(values, np.float32) for layer, (_, values) in layers.items()}
        (folder / "expected").mkdir(exist_ok=True)
        write_safetensors(folder / "expected/expected.safetensors", expected)


if __name__ == "__main__":
    main()
