"""Converts a folder of tests/goldens/families to GGUF with llama.cpp's own converter, all but the vocabulary.

    python tools/goldens/families/llama_cpp.py --llama-cpp DIR FOLDER OUT.gguf [--type bf16|f16|f32]

DIR is a llama.cpp tree with `conversion/` and `gguf-py/` (a checkout, or `vendor/llama.cpp` in the source package of
llama-cpp-python). These folders have no tokenizer, so the vocabulary is placeholders of the kind that the family has.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SENTENCEPIECE = ("llama", "mistral", "gemma", "gemma2", "gemma3_text", "phi3")
WORDPIECE = ("bert", "distilbert", "nomic_bert")
UNIGRAM = ("xlm-roberta",)
SPECIALS = {"llama": ["<unk>", "<s>", "</s>"], "t5": ["<s>", "<pad>", "</s>", "<unk>"],
            "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "gpt2": []}


def convert(llama_cpp, folder, out, kind):
    """In a process of its own: the tree brings its own `gguf`, which must not mix with the installed one."""
    command = [sys.executable, __file__, "--llama-cpp", llama_cpp, folder, out, "--type", kind]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{Path(folder).name}: {done.stderr[-600:]}")


def vocabulary_kind(model_type):
    if model_type in SENTENCEPIECE:
        return "llama"
    if model_type in WORDPIECE:
        return "bert"
    return "t5" if model_type in UNIGRAM else "gpt2"


def placeholder_vocabulary(self):
    """Replaces the converter's set_vocab: tokens "t0", "t1", ... after the kind's special ones."""
    import gguf
    writer, size = self.gguf_writer, self.hparams["vocab_size"]
    kind = vocabulary_kind(self.hparams["model_type"])
    tokens = SPECIALS[kind] + [f"t{i}" for i in range(len(SPECIALS[kind]), size)]
    types = [gguf.TokenType.CONTROL if i < len(SPECIALS[kind]) else gguf.TokenType.NORMAL for i in range(size)]
    if kind == "gpt2":
        tokens[3:5] = ["t", "1"]  # so that the one merge names tokens
        writer.add_token_merges(["t 1"])
    if kind in ("llama", "t5"):
        types[tokens.index("<unk>")] = gguf.TokenType.UNKNOWN
        writer.add_token_scores([-float(i) for i in range(size)])
    writer.add_tokenizer_model(kind)
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if kind == "bert":
        writer.add_token_type_count(self.hparams.get("type_vocab_size", 1))


def write_tokenizer_size(folder):
    """Gemma 3's conversion counts the tokens of tokenizer.json to know the rows of the embedding that are in use; Nomic's asks for its type."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    size = config.get("text_config", config)["vocab_size"]
    vocabulary = {f"t{i}": i for i in range(size)}
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "WordPiece", "vocab": vocabulary}, "added_tokens": []}))


def keep_hub_keys(base):
    """The converter reads keys that transformers 5 drops on loading (rotary_pct, n_ctx ...): lay config.json over them.

    It also takes num_kv_heads of the old Falcon at its word, which multi_query overrides.
    """
    loaded = base.load_hparams

    def load(folder, is_mistral_format):
        config = loaded(folder, is_mistral_format)
        hub = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if "text_config" in hub:
            hub["text_config"] = config["text_config"] | hub["text_config"]
        config |= hub
        if config["model_type"] == "falcon" and config["multi_query"] and not config["new_decoder_architecture"]:
            config["num_kv_heads"] = 1
        return config
    base.load_hparams = staticmethod(load)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", type=Path, required=True)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--type", choices=["bf16", "f16", "f32"], default="bf16")
    options = parser.parse_args()
    sys.path[:0] = [str(options.llama_cpp), str(options.llama_cpp / "gguf-py")]
    import gguf
    import torch
    from conversion import ModelBase, ModelType, get_model_architecture, get_model_class
    types = {"bf16": gguf.LlamaFileType.MOSTLY_BF16, "f16": gguf.LlamaFileType.MOSTLY_F16, "f32": gguf.LlamaFileType.ALL_F32}
    torch.set_num_threads(1)
    with torch.inference_mode():
        keep_hub_keys(ModelBase)
        architecture = get_model_architecture(ModelBase.load_hparams(options.folder, False), ModelType.TEXT)
        model = get_model_class(architecture, mmproj=False)
        delegates = [value for value in vars(model).values() if isinstance(value, type)]  # Mistral 3's
        for converter in delegates or [model]:
            converter.set_vocab = placeholder_vocabulary
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(shutil.copytree(options.folder, Path(scratch) / options.folder.name))
            write_tokenizer_size(folder)
            model(folder, types[options.type], options.out, model_name=folder.name).write()


if __name__ == "__main__":
    main()
