#!/usr/bin/env python3
"""Encoding speed of Loci, tokenizers and tiktoken with Llama-3's vocabulary on one core, interleaved, in MB per second of processor time.

usage: speed.py --loci build/loci --work FOLDER [--data ../shared/data] [--rounds 5] [--megabytes 4]"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import small

SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DOCUMENT = 16384


def ranks(folder):
    """Llama-3's vocabulary as tiktoken has it: bytes -> rank."""
    from tokenizers.pre_tokenizers import ByteLevel

    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {chr(b): b for b in printable}
    alphabet.update({chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in printable)})
    assert set(alphabet) == set(ByteLevel.alphabet())
    vocabulary = json.loads((folder / "encoder.json").read_text())
    return {bytes(alphabet[c] for c in piece): rank for piece, rank in vocabulary.items()}


def megabytes_per_second(encode, documents, size):
    begin = time.process_time()
    for document in documents:
        encode(document)
    return size / 1e6 / (time.process_time() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loci", default="build/loci")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"))
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=float, default=4)
    args = parser.parse_args()
    args.corpus, args.spm = None, {}
    args.work.mkdir(parents=True, exist_ok=True)

    import tiktoken
    from tokenizers import Tokenizer

    folder = args.data / "tokenizers/llama3"
    text = "".join(path.read_text(errors="replace") for path in sorted((args.data / "text/en").glob("*.txt")))[: int(args.megabytes * 1e6)]
    file = args.work / "speed.txt"
    file.write_text(text)
    size = len(text.encode())
    documents = [text[at : at + DOCUMENT] for at in range(0, len(text), DOCUMENT)]
    tokenizer = Tokenizer.from_file(str(small.llama3_json(args)))
    encoding = tiktoken.Encoding("llama3", pat_str=SPLIT, mergeable_ranks=ranks(folder), special_tokens={})

    speeds = {"loci": [], "tokenizers": [], "tiktoken": []}
    for _ in range(args.rounds):
        command = [args.loci, "bench", "tokenizer", "--vocab", str(folder), "--file", str(file), "--document", str(DOCUMENT), "--runs", "1", "--threads", "1", "--json"]
        lines = [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()]
        speeds["loci"].append(lines[0]["mb_per_second"])
        speeds["tokenizers"].append(megabytes_per_second(lambda one: tokenizer.encode(one, add_special_tokens=False), documents, size))
        speeds["tiktoken"].append(megabytes_per_second(encoding.encode_ordinary, documents, size))
    for name, values in speeds.items():
        print(f"{name:<11} {statistics.median(values):7.1f} MB/s (from {min(values):.1f} to {max(values):.1f})")
    print(f"loci / the faster of the two: {statistics.median(speeds['loci']) / max(statistics.median(speeds['tokenizers']), statistics.median(speeds['tiktoken'])):.2f}")


if __name__ == "__main__":
    main()
