#!/usr/bin/env python3
"""Writes tests/goldens/tokenizers: small tokenizers of every kind, and what the Python packages make of 40 texts.

usage: golden.py --data ../shared/data --out tests/goldens/tokenizers"""
import argparse
import json
import pathlib
import random
import tempfile

import families
import small
from texts import random_text

# Rules of every sort, instead of the 200 kB that SentencePiece has by default: a ligature, wide letters, a sequence, a deletion.
RULES = [("\uFB01", "fi"), ("\uFF21", "A"), ("\uFF76\uFF9E", "\u30AC"), ("A\u030A", "\u00C5"), ("\u00A0", " "), ("\u3000", " "), ("\t", " "), ("\n", " "), ("\u200B", ""), ("\uFDFA", "x y"), ("\u2460", "1")]


def write_rules(path):
    points = lambda text: " ".join(f"{ord(c):X}" for c in text)
    path.write_text("".join(f"{points(a)}\t{points(b)}\n" for a, b in RULES))
    return str(path)


def golden(name, family, out, rng, corpus):
    texts = ["", " ", "Hello world", " Hello  world ", "a\n\nb \n", "na\u00EFve caf\u00E9 \uFB01x", "I'm don't", "12345 67", "\U0001F600\u200D\u4E2D\u6587"]
    texts += [random_text(rng, family.specials, corpus)[:60] for _ in range(0 if name == "scripts" else 31)]  # the packages' table of scripts is too old for random ones
    ids = family.encode(texts)
    cases = [{"text": text, "ids": one, "decoded": back} for text, one, back in zip(texts, ids, family.decode(ids))]
    file = out / f"{name}{family.vocab.suffix}"
    file.write_bytes(family.vocab.read_bytes())
    golden = {"vocabulary": file.name, "made_by": family.by, "parse_special": not family.flags, "cases": cases}
    (out / f"{name}.golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"))
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    small.SIZE = 420
    with tempfile.TemporaryDirectory() as work:
        args.work = pathlib.Path(work)
        lines = [line for line in small.latin(args) if line.strip()]
        args.corpus = lines[:2500]
        args.spm = {"normalization_rule_tsv": write_rules(args.work / "rules.tsv"), "hard_vocab_limit": False}
        for name in [*small.RECIPES]:
            golden(name, families.with_tokenizers(small.tokenizer_json(args, name)), args.out, random.Random(name), "\n".join(lines))
        for name in small.SENTENCEPIECE:
            golden("spm-" + name, families.with_sentencepiece(small.sentencepiece_model(args, name)), args.out, random.Random(name), "\n".join(lines))


if __name__ == "__main__":
    main()
