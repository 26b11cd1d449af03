"""Small tokenizers that the Python packages train: one for every part of the formats that no vocabulary at hand shows."""
import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def corpus(args, files=("en/alice-in-wonderland.txt", "de/heidi-1.txt", "fr", "zh", "ja", "code")):
    """Lines of a few texts in several languages, about 2 MB."""
    lines = []
    for name in files:
        path = args.data / "text" / name
        for file in [path] if path.is_file() else sorted(path.glob("*.txt"))[:2]:
            lines += file.read_text(errors="replace")[:300000].split("\n")
    return lines


def bpe(pre, normalizer=None, decoder=None, **options):
    tokenizer = Tokenizer(models.BPE(**options))
    tokenizer.pre_tokenizer = pre
    tokenizer.normalizer = normalizer
    tokenizer.decoder = decoder
    return tokenizer


def byte_level(split):
    steps = [pre_tokenizers.Split(Regex(split), "isolated")] if split else []
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not split))
    return bpe(pre_tokenizers.Sequence(steps), decoder=decoders.ByteLevel())


def latin(args):
    """Texts of few characters, for models whose alphabet must fit into a small vocabulary."""
    return corpus(args, ("en/alice-in-wonderland.txt", "de/heidi-1.txt", "fr"))


def unigram(normalizer, pre, decoder):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoder
    return tokenizer


def wordpiece(normalizer, pre):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


BYTES = pre_tokenizers.ByteLevel.alphabet()
FALLBACK = [f"<0x{byte:02X}>" for byte in range(256)]


SIZE = 2000  # tokens; golden.py wants fewer


def bpe_trainer(**options):
    return trainers.BpeTrainer(vocab_size=SIZE, show_progress=False, **options)


def charsmap(args):
    """SentencePiece's nmt_nfkc rules in their compiled form."""
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(sentencepiece_model(args, "unigram").read_bytes())
    return proto.normalizer_spec.precompiled_charsmap


# name -> args -> (untrained tokenizer, trainer)
RECIPES = {
    "gpt4o": lambda args: (byte_level(GPT4O), bpe_trainer(initial_alphabet=BYTES, special_tokens=["<|endoftext|>"])),
    "byte-normalizer": lambda args: (
        bpe(pre_tokenizers.Split("\u0120", "merged_with_next"), normalizers.Sequence([normalizers.NFC(), normalizers.ByteLevel()]), decoders.ByteLevel()),
        bpe_trainer(initial_alphabet=BYTES),
    ),
    "byte-digits": lambda args: (
        bpe(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=True)]), decoder=decoders.ByteLevel()),
        bpe_trainer(initial_alphabet=BYTES),
    ),
    "gemma": lambda args: (
        bpe(pre_tokenizers.Split(" ", "merged_with_previous"), normalizers.Replace(" ", "\u2581"),
            decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]), byte_fallback=True, fuse_unk=True, unk_token="<unk>"),
        bpe_trainer(special_tokens=["<unk>", *FALLBACK], limit_alphabet=300),
    ),
    "whitespace": lambda args: (bpe(pre_tokenizers.Whitespace(), normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]), unk_token="[UNK]"),
                                bpe_trainer(special_tokens=["[UNK]"], limit_alphabet=120)),
    "splits": lambda args: (
        bpe(pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.CharDelimiterSplit("-"), pre_tokenizers.Split(Regex("[aeiou]"), "merged_with_previous"),
                                     pre_tokenizers.Split("t", "merged_with_next"), pre_tokenizers.Split(Regex("[0-9]+"), "removed"), pre_tokenizers.Split(Regex(r"\w+"), "contiguous", invert=True),
                                     pre_tokenizers.Punctuation("merged_with_previous")]), normalizers.Sequence([normalizers.Strip(), normalizers.Replace(Regex("[!?]+"), "."), normalizers.Prepend("x ")]),
            unk_token="[UNK]", fuse_unk=True),
        bpe_trainer(special_tokens=["[UNK]"], limit_alphabet=200),
    ),
    "scripts": lambda args: (bpe(pre_tokenizers.Sequence([pre_tokenizers.UnicodeScripts(), pre_tokenizers.Metaspace()]), decoder=decoders.Metaspace(), unk_token="[UNK]"), bpe_trainer(special_tokens=["[UNK]"])),
    "unigram": lambda args: (
        unigram(normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]), pre_tokenizers.Metaspace(), decoders.Metaspace()),
        trainers.UnigramTrainer(vocab_size=SIZE, unk_token="<unk>", special_tokens=["<unk>", "</s>"], show_progress=False),
    ),
    "unigram-precompiled": lambda args: (
        unigram(normalizers.Precompiled(charsmap(args)), pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]), decoders.Metaspace()),
        trainers.UnigramTrainer(vocab_size=SIZE, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False),
    ),
    "wordpiece-cased": lambda args: (
        wordpiece(normalizers.BertNormalizer(lowercase=False, strip_accents=False, handle_chinese_chars=True), pre_tokenizers.BertPreTokenizer()),
        trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False),
    ),
    "wordpiece-uncased": lambda args: (
        wordpiece(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()),
        trainers.WordPieceTrainer(vocab_size=SIZE, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False),
    ),
}

# name -> arguments of SentencePiece's trainer
SENTENCEPIECE = {
    "unigram": dict(model_type="unigram"),
    "unigram-bytes": dict(model_type="unigram", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=False),
    "unigram-symbols": dict(model_type="unigram", user_defined_symbols=["<sep>", "\u2581\u2581", "hello", "a b"], control_symbols=["<ctl>"], normalization_rule_name="nfkc_cf"),
    "bpe": dict(model_type="bpe"),
    "bpe-bytes": dict(model_type="bpe", byte_fallback=True, split_digits=True, normalization_rule_name="identity", remove_extra_whitespaces=False),
    "bpe-symbols": dict(model_type="bpe", user_defined_symbols=["<sep>", "\u2581\u2581", "hello", "a b"], remove_extra_whitespaces=False, add_dummy_prefix=False),
    "char": dict(model_type="char"),
}


def tokenizer_json(args, name):
    path = args.work / f"{name}.json"
    if not path.exists():
        tokenizer, trainer = RECIPES[name](args)
        tokenizer.train_from_iterator(args.corpus or (latin(args) if name.startswith("unigram") else corpus(args)), trainer)
        if name == "gemma":  # the trainer makes special tokens of the bytes; the model knows them as its own
            file = json.loads(tokenizer.to_str())
            file["added_tokens"] = [token for token in file["added_tokens"] if not token["content"].startswith("<0x")]
            path.write_text(json.dumps(file))
        else:
            tokenizer.save(str(path))
    return path


def sentencepiece_model(args, name):
    import sentencepiece

    path = args.work / f"spm-{name}.model"
    if not path.exists():
        lines = args.work / "corpus.txt"
        lines.write_text("\n".join(args.corpus or corpus(args)))
        sentencepiece.SentencePieceTrainer.train(input=str(lines), model_prefix=str(args.work / f"spm-{name}"), minloglevel=2, num_threads=1, max_sentence_length=100000,
                                                 **{"character_coverage": 0.98, "vocab_size": SIZE, **SENTENCEPIECE[name], **args.spm})
    return path


def llama3_json(args):
    """Llama-3's vocabulary as the tokenizer.json that its makers wrote."""
    folder = args.data / "tokenizers/llama3"
    path = args.work / "llama3.json"
    if not path.exists():
        merges = [line for line in (folder / "vocab.bpe").read_text().split("\n") if line and not line.startswith("#version")]
        split = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        file = json.loads(byte_level(split).to_str())
        file["model"].update(vocab=json.loads((folder / "encoder.json").read_text()), merges=merges, ignore_merges=True)
        path.write_text(json.dumps(file))
    return path
