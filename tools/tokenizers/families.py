"""The families of tokenizers: a vocabulary for Loci, and the package that says what is right."""
import dataclasses
import json
import pathlib
import typing

import small


@dataclasses.dataclass
class Family:
    by: str  # the package
    vocab: pathlib.Path  # what Loci reads
    encode: typing.Callable  # texts -> lists of ids, without BOS and EOS
    decode: typing.Callable  # lists of ids -> texts
    specials: list  # names to strew into the texts
    flags: tuple = ()


def with_tokenizers(path, vocab=None):
    """A tokenizer.json, for Loci as `vocab` where that is another file."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    names = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    return Family(
        "tokenizers",
        vocab or path,
        lambda texts: [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)],
        lambda ids: tokenizer.decode_batch(ids, skip_special_tokens=False),
        names[:16],
    )


def with_tiktoken(path, pattern, specials, prepare=lambda text: text):
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe

    encoding = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=load_tiktoken_bpe(str(path)), special_tokens=specials)
    return Family(
        "tiktoken",
        path,
        lambda texts: encoding.encode_batch([prepare(text) for text in texts], allowed_special="all"),
        lambda ids: [encoding.decode(one) for one in ids],
        list(specials)[:8],
    )


def with_sentencepiece(path):
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(path))
    # Loci shows an unknown token by its name, as transformers does; SentencePiece has a sign of its own for it.
    # The sign may stand in a text too, where it is not unknown.
    named = lambda ids, text: text.replace(" \u2047 ", "<unk>") if model.unk_id() in ids else text
    decode = lambda texts: [named(ids, text) for ids, text in zip(texts, model.decode(texts))]
    return Family("sentencepiece", path, lambda texts: model.encode(texts), decode, [], ("--no-parse-special",))


GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def qwen2(args):
    from tokenizers import normalizers

    path = args.data / "tokenizers/qwen2/qwen.tiktoken"
    names = {"<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645}
    return with_tiktoken(path, QWEN2, names, normalizers.NFC().normalize_str)


def rank_file(name, pattern, specials):
    return lambda args: with_tiktoken(args.data / f"tokenizers/tiktoken/{name}.tiktoken", pattern, specials)


def tokenizer_json(name):
    return lambda args: with_tokenizers(args.data / name)


def made(name):
    """A small one that the package trains: small.py."""
    return lambda args: with_tokenizers(small.tokenizer_json(args, name))


FAMILIES = {
    "gpt2": tokenizer_json("tokenizers/gpt2/tokenizer.json"),
    "llama3": lambda args: with_tokenizers(small.llama3_json(args), args.data / "tokenizers/llama3"),
    "qwen2": qwen2,
    "cl100k": rank_file("cl100k_base", CL100K, {"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260, "<|endofprompt|>": 100276}),
    "p50k": rank_file("p50k_base", GPT2, {"<|endoftext|>": 50256}),
    "r50k": rank_file("r50k_base", GPT2, {"<|endoftext|>": 50256}),
    "mistral": tokenizer_json("tokenizers/mistral-v0.3/tokenizer.json"),
    "tinystories": tokenizer_json("tokenizers/tinystories-bpe-8k/tokenizer.json"),
    "stories260k": tokenizer_json("models/stories260K/hf/tokenizer.json"),
    "llama2-spm": lambda args: with_sentencepiece(args.data / "tokenizers/llama2/tokenizer.model"),
    "wordpiece": tokenizer_json("models/static-embedding/float32/tokenizer.json"),
}
for name in small.RECIPES:
    FAMILIES["small-" + name] = made(name)
for name in small.SENTENCEPIECE:
    FAMILIES["spm-" + name] = lambda args, name=name: with_sentencepiece(small.sentencepiece_model(args, name))
