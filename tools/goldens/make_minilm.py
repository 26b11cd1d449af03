"""Writes tests/goldens/real/minilm.json: embeddings of all-MiniLM-L6-v2 as sentence-transformers computes them.

    ../shared/data/minilm build/minilm   # lays the model down
    python tools/goldens/make_minilm.py [--model build/minilm] [--out tests/goldens]

Texts are stripped, cut to 256 tokens with [CLS] and [SEP], and pooled by the mean; each is computed alone.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer

sys.path.append(str(Path(__file__).parent / "families"))
import encoder
import reference

STORY = ("Once upon a time there was an old librarian who kept one card for every book, and one book for every reader; "
         "in the evening she counted the cards, the books and the readers, and wrote the three numbers down. ")
TEXTS = ["A man is eating food.", "Someone is having a meal.", "The quick brown fox jumps over the lazy dog; 3.14 != 42!", "",
         "  \t leading and trailing blanks \n", "Ünïcödé: naïve café, ΑΒΓ, Привет мир, 東京は夜の七時, 한국어, 👩‍🚀🚀 ½ ﬁ", "antidisestablishmentarianism " * 3,
         "SHOUTING Does Not Matter", STORY * 9]


def sentences_of(tokenizer, longest):
    return [(text, tokenizer(text.strip(), truncation=True, max_length=longest)["input_ids"]) for text in TEXTS]


@torch.no_grad()
def check_batched(model, tokenizer, results, longest):
    """Padding and masks must not matter: what sentence-transformers does in one batch is what each text gives alone."""
    batch = tokenizer([text.strip() for text in TEXTS], padding=True, truncation=True, max_length=longest, return_tensors="pt")
    states, mask = model(**batch).last_hidden_state, batch["attention_mask"][..., None]
    means = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1).numpy()
    error = reference.relative_error(np.concatenate([one.embedding for one in results]), means)
    print(f"alone against in one batch: relative error {error:.1e}")
    if error > reference.LARGEST_NOISE:
        raise ValueError("a text's embedding depends on its batch")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("build/minilm"))
    parser.add_argument("--out", type=Path, default=Path("tests/goldens"))
    options = parser.parse_args()
    longest = json.loads((options.model / "sentence_bert_config.json").read_text())["max_seq_length"]
    model, tokenizer = encoder.model_from_folder(options.model), AutoTokenizer.from_pretrained(options.model)
    results = [encoder.encoded(model, ids, "mean", text) for text, ids in sentences_of(tokenizer, longest)]
    check_batched(model, tokenizer, results, longest)
    noise = encoder.noise(model, results)
    for one in results:
        print(len(one.ids), repr(one.text[:40]), "cosine to the first", float(one.embedding[0] @ results[0].embedding[0]))
        one.hidden = None
    encoder.write(options.out / "real" / "minilm.json", results, "mean", noise, name="minilm",
                  about="all-MiniLM-L6-v2 as sentence-transformers uses it, 256 tokens at most", max_tokens=longest,
                  hidden_size=model.config.hidden_size)


if __name__ == "__main__":
    main()
