"""Writes the tables of docs/models.md from the indexes of the goldens.

    python3 tools/docs/models_table.py [--check]

Each golden is one checkpoint with what transformers computes of it; the tests named in the table are suites of gtest, run for
each golden by `ctest -R families`. Only the standard library is needed.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INDEXES = ["tests/goldens/index.json", "tests/goldens/families/index.json"]
BEGIN, END = "<!-- begin: tools/docs/models_table.py -->", "<!-- end -->"


def test_name(name):
    return "".join(c if c.isalnum() else "_" for c in name)


def entries():
    for index in INDEXES:
        for entry in json.loads((ROOT / index).read_text(encoding="utf-8"))["models"]:
            golden = json.loads((ROOT / entry["golden"]).read_text(encoding="utf-8"))
            source = entry.get("source", "gguf" if entry["checkpoint"].endswith(".gguf") else "safetensors")
            yield {"family": entry.get("family", "llama"), "source": source, "name": entry["name"],
                   "encoder": "kind" in entry, "about": golden.get("about", "")}


def rows():
    by_key = {}
    for entry in entries():
        by_key.setdefault((entry["family"], entry["source"], entry["encoder"]), []).append(entry)
    for (family, source, encoder), group in sorted(by_key.items()):
        if encoder:
            checks = "hidden states of every token; alone = in company, threads, ISA, bit for bit"
            suites = "`FamiliesEncoderGolden.*/{}`" if group[0]["name"] != "minilm" else "`{}`"
        else:
            checks = "logits 1e-4, 64 greedy tokens equal; chunks = threads = ISA, bit for bit"
            suites = "`FamiliesGolden.*/{}`"
        names = ["Embeddings.MiniLmAgreesWithSentenceTransformers" if e["name"] == "minilm" else test_name(e["name"])
                 for e in group]
        yield f"| {family} | {source} | {checks} | " + ", ".join(
            ("`" + n + "`") if "." in n else suites.format(n) for n in names) + " |"


def table():
    return "\n".join(["| family (model_type) | source | check | tests |", "|---|---|---|---|", *rows()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="say whether docs/models.md is up to date")
    options = parser.parse_args()
    path = ROOT / "docs/models.md"
    text = path.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    new = head + BEGIN + "\n" + table() + "\n" + END + rest.split(END, 1)[1]
    if options.check:
        sys.exit(0 if new == text else "docs/models.md is out of date: run tools/docs/models_table.py")
    path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
