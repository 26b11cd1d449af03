"""Blocks of every quantized GGUF type and what the gguf package reads from them: tests/goldens/formats/blocks.json.

    python tools/goldens/make_blocks.py [--root .]

Each type has blocks of random bytes under scales of a trained model's size, and blocks at the ends of what can be stored: every
code and scale all ones under the largest and smallest binary16, negative zeros. Where the package can also quantize, rows of
floats and the blocks that it makes of them. Everything is written as hexadecimal bytes, little-endian.
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

# Where the binary16 numbers lie in a block.
HALVES = {
    Type.Q8_0: [0], Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2],
    Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
    Type.IQ4_NL: [0], Type.IQ4_XS: [0], Type.IQ1_S: [0], Type.IQ1_M: [], Type.IQ2_XXS: [0], Type.IQ2_XS: [0],
    Type.IQ2_S: [0], Type.IQ3_XXS: [0], Type.IQ3_S: [0],
}
QUANTIZED = [Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1]


def block(kind, payload, halves):
    """The bytes `payload` with its binary16 numbers replaced."""
    out = np.array(payload, dtype=np.uint8)
    for at, half in zip(HALVES[kind], halves):
        out[at:at + 2] = np.frombuffer(np.uint16(half).tobytes(), np.uint8)
    if kind == Type.IQ1_M:  # four bits of its scale on top of each of the last four words
        for i in range(4):
            out[49 + 2 * i] = (out[49 + 2 * i] & 0x0F) | (halves[0] >> 4 * i & 15) << 4
    return out


def blocks_of(kind, random):
    size = gguf.GGML_QUANT_SIZES[kind][1]
    bits = lambda value: int(np.float16(value).view(np.uint16))
    ordinary = [block(kind, random.integers(0, 256, size), [bits(random.normal() * 0.01) for _ in range(2)]) for _ in range(2)]
    ones = np.full(size, 0xFF)
    return np.stack(ordinary + [
        block(kind, ones, [0x7BFF, 0xFBFF]),
        block(kind, random.integers(0, 256, size), [0x0001, 0x83FF]),
        block(kind, ones * 0, [0x8000, 0x0000]),
    ])


def rows_of(random):
    """Rows of 32 floats: a normal one, one with equal extremes, one of tiny, one of equal and one of huge numbers."""
    rows = random.normal(size=(5, 32)).astype(np.float32)
    rows[1, 3:5] = [4, -4]
    rows[2] *= np.float32(1e-6)
    rows[3] = 0.5
    rows[4] *= np.float32(1000)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("."))
    options = parser.parse_args()
    random = np.random.default_rng(4)
    types = []
    for kind in HALVES:
        stored = blocks_of(kind, random)
        values = gguf.quants.dequantize(stored, kind)
        assert np.isfinite(values).all()
        entry = {"type": kind.name, "stored": stored.tobytes().hex(), "values": values.astype("<f4").tobytes().hex()}
        if kind in QUANTIZED:
            rows = rows_of(random)
            entry["rows"] = rows.astype("<f4").tobytes().hex()
            entry["rows_stored"] = gguf.quants.quantize(rows, kind).tobytes().hex()
        types.append(entry)
    target = options.root / "tests/goldens/formats/blocks.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"made_with": "gguf 0.19.0", "types": types}, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
