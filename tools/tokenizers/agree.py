#!/usr/bin/env python3
"""Compares `loci tokenize` and `loci detokenize` with the Python packages on random texts.

usage: agree.py --loci build/loci [--data ../shared/data] [--count 100000] [--seed 1] [FAMILY...]
Prints one line a family: texts, and how many differ in ids or in decoded text; the first few that differ. Exit status 1 if any does."""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from families import FAMILIES
from texts import random_text

BATCH = 20000


def run_loci(loci, command, vocab, lines, extra=()):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(line + "\n" for line in lines)
        file.flush()
        done = subprocess.run([loci, command, str(vocab), "--jsonl", file.name, *extra], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{vocab}: {done.stderr.strip()}")
    return [line for line in done.stdout.split("\n")[:-1]]


def compare(loci, family, texts, report):
    got = [[int(x) for x in line.split()] for line in run_loci(loci, "tokenize", family.vocab, map(json.dumps, texts), family.flags)]
    wanted = family.encode(texts)
    wrong = 0
    for text, ours, theirs in zip(texts, got, wanted):
        if ours != theirs:
            wrong += 1
            report("encode", text, ours, theirs)
    back = [json.loads(line) for line in run_loci(loci, "detokenize", family.vocab, map(json.dumps, wanted))]
    bad_decodes = 0
    for text, ids, ours, theirs in zip(texts, wanted, back, family.decode(wanted)):
        if ours != theirs:
            bad_decodes += 1
            report("decode", text, ours, theirs)
    return wrong, bad_decodes


def check(args, name):
    family = FAMILIES[name](args)
    corpus = "".join((args.data / "text" / part).read_text(errors="replace")[:200000] for part in ("en/alice-in-wonderland.txt", "de/heidi-1.txt"))
    corpus += "".join(path.read_text(errors="replace")[:60000] for folder in ("zh", "ja", "fr", "code") for path in sorted((args.data / "text" / folder).glob("*.txt"))[:2])
    rng = random.Random(f"{args.seed} {name}")
    shown = 0

    def report(what, text, ours, theirs):
        nonlocal shown
        shown += 1
        if shown <= args.show:
            print(f"  {what} {text!r}\n    loci   {ours!r}\n    theirs {theirs!r}")

    wrong = bad_decodes = 0
    for done in range(0, args.count, BATCH):
        texts = [random_text(rng, family.specials, corpus) for _ in range(min(BATCH, args.count - done))]
        more = compare(args.loci, family, texts, report)
        wrong, bad_decodes = wrong + more[0], bad_decodes + more[1]
    print(f"{name}: {args.count} texts, {wrong} encoded and {bad_decodes} decoded differently than by {family.by}", flush=True)
    return wrong + bad_decodes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loci", default="build/loci")
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"))
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder for the vocabularies that are made on the way")
    parser.add_argument("--count", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=5)
    parser.add_argument("families", nargs="*", choices=[*FAMILIES, []])
    args = parser.parse_args()
    args.corpus, args.spm = None, {}  # small.py: its own
    args.work.mkdir(parents=True, exist_ok=True)
    sys.exit(1 if sum(check(args, name) for name in args.families or FAMILIES) else 0)


if __name__ == "__main__":
    main()
