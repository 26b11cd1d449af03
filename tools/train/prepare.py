"""Build the tokenizer, the token files and the conversations from a folder of plain-text books."""

import argparse
import json
import random
import re
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from bookchat import make_book_chats
from smalltalk import make_small_talk

VOCABULARY_SIZE = 4096
END_OF_TEXT, TURN_START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
HELD_OUT = ("secret-garden.txt", "hound-of-the-baskervilles.txt")  # English files named in SPLIT.md
PIECE_CHARACTERS = 3200  # a document of plain text; about one context of 1024 tokens
HEADING = re.compile(r"(?i)(chapter|book|part|stave|letter)\b.{0,80}$|[IVXL\d]+\.?( .{0,60})?$|[A-Z][A-Z ,.'’-]{3,60}$")
# Share of the tokens given to each kind of conversation, in most of the training and in its last part.
CHAT_SHARES = {"dialogues": 0.04, "stories": 0.045, "continuations": 0.02, "small talk": 0.03}
FINAL_CHAT_SHARES = {"dialogues": 0.05, "stories": 0.10, "continuations": 0.05, "small talk": 0.25}
FINAL_TOKENS = 1_500_000


def read_paragraphs(path):
    return [p for p in re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip()) if p.strip()]


def split_into_pieces(paragraphs):
    """Cut a book into documents at headings and, within long chapters, between paragraphs."""
    pieces, current, size = [], [], 0
    for paragraph in paragraphs:
        is_heading = HEADING.match(paragraph) is not None
        if current and (size + len(paragraph) > PIECE_CHARACTERS or (is_heading and size > 400)):
            pieces.append("\n\n".join(current))
            current, size = [], 0
        current.append(paragraph)
        size += len(paragraph) + 2
    return pieces + ["\n\n".join(current)]


def render_chat(messages):
    """The training form of a conversation; the chat template in the exported files renders the same."""
    return END_OF_TEXT + "".join(f"{TURN_START}{role}\n{text}{TURN_END}\n" for role, text in messages)


def train_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[END_OF_TEXT, TURN_START, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{END_OF_TEXT} $A", special_tokens=[(END_OF_TEXT, tokenizer.token_to_id(END_OF_TEXT))])
    return tokenizer


def encode_all(tokenizer, texts):
    return [np.array(e.ids, dtype=np.uint16) for e in tokenizer.encode_batch(texts, add_special_tokens=False)]


def take_tokens(documents, budget, rng):
    """A random selection of documents with about `budget` tokens in all."""
    documents = rng.sample(documents, len(documents))
    chosen, total = [], 0
    for document in documents:
        if total >= budget:
            break
        chosen.append(document)
        total += len(document)
    return chosen


def collect_chats(books, sample_folder):
    """Rendered conversations by kind; the first of each kind are written out to be looked at."""
    chats = {"dialogues": [], "stories": [], "continuations": []}
    for seed, paragraphs in enumerate(books.values()):
        for kind, made in zip(chats, make_book_chats(paragraphs, seed)):
            chats[kind] += made
    chats["small talk"] = make_small_talk(12000)
    rendered = {kind: [render_chat(messages) for messages in made] for kind, made in chats.items()}
    for kind, texts in rendered.items():
        (sample_folder / f"sample-{kind.replace(' ', '-')}.txt").write_text("\n".join(texts[:40]), encoding="utf-8")
    return rendered


def write_stream(path, plain, chats, shares, total, rng):
    """Shuffle documents of all kinds, in the given shares, into one token file; return the token counts."""
    chosen = {kind: take_tokens(documents, shares[kind] * total, rng) for kind, documents in chats.items()}
    chosen["plain text"] = take_tokens(plain, (1 - sum(shares.values())) * total, rng)
    documents = [document for group in chosen.values() for document in group]
    rng.shuffle(documents)
    np.concatenate(documents).tofile(path)
    return {kind: sum(map(len, group)) for kind, group in chosen.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="text folder, e.g. ../shared/data/text")
    parser.add_argument("--out", type=Path, required=True, help="folder for tokenizer.json and token files")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(0)

    files = [path for path in sorted((args.data / "en").glob("*.txt")) if path.name not in HELD_OUT]
    books = {path.name: read_paragraphs(path) for path in files}
    pieces = [piece for paragraphs in books.values() for piece in split_into_pieces(paragraphs)]
    tokenizer = train_tokenizer(pieces)
    tokenizer.save(str(args.out / "tokenizer.json"))

    plain = encode_all(tokenizer, [END_OF_TEXT + piece for piece in pieces])
    chats = {kind: encode_all(tokenizer, texts) for kind, texts in collect_chats(books, args.out).items()}
    total = sum(map(len, plain)) / (1 - sum(CHAT_SHARES.values()))
    summary = {"files": len(files), "main": write_stream(args.out / "train.bin", plain, chats, CHAT_SHARES, total, rng),
               "final": write_stream(args.out / "final.bin", plain, chats, FINAL_CHAT_SHARES, FINAL_TOKENS, rng)}
    (args.out / "summary.json").write_text(json.dumps(summary, indent=1))
    print(json.dumps(summary, indent=1))


if __name__ == "__main__":
    main()
