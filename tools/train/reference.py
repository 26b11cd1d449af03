"""An independent float64 numpy forward pass over a GGUF file: checks the export, writes the golden file."""

import argparse
import json
import re
from pathlib import Path

import gguf
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

CHECK_TEXT = "It was a dark and stormy night; the rain fell in torrents, and the old man said: \"Who is there?\""
GOLDEN_PROMPTS = {  # picked from fifteen tried, for a larger lead of the best token over the second best
    "story": "<|endoftext|>Once upon a time there lived a king who",
    "introduction": "<|endoftext|><|im_start|>user\nHello! Who are you?<|im_end|>\n<|im_start|>assistant\n",
    "question": "<|endoftext|><|im_start|>user\nDo you like cats?<|im_end|>\n<|im_start|>assistant\n",
}
GOLDEN_TOKENS = 32


class GgufModel:
    """The dequantized weights and the metadata of a GGUF file."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        self.fields = {name: field.contents() for name, field in reader.fields.items()}
        self.weights = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float64) for t in reader.tensors}
        self.heads = self.fields["llama.attention.head_count"]
        self.kv_heads = self.fields["llama.attention.head_count_kv"]
        self.epsilon = self.fields["llama.attention.layer_norm_rms_epsilon"]

    def norm(self, x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * self.weights[name]

    def rotate(self, x):
        """RoPE on neighbouring pairs; x is heads x positions x head size."""
        size = self.fields["llama.rope.dimension_count"]
        frequencies = self.fields["llama.rope.freq_base"] ** (-np.arange(0, size, 2) / size)
        turns = np.exp(1j * np.outer(np.arange(x.shape[1]), frequencies))
        pairs = (x[..., 0::2] + 1j * x[..., 1::2]) * turns
        return np.stack([pairs.real, pairs.imag], axis=-1).reshape(x.shape)

    def attention(self, x, block):
        length = len(x)
        q, k, v = (x @ self.weights[f"{block}.attn_{name}.weight"].T for name in "qkv")
        q = self.rotate(q.reshape(length, self.heads, -1).swapaxes(0, 1))
        k = self.rotate(k.reshape(length, self.kv_heads, -1).swapaxes(0, 1))
        v = v.reshape(length, self.kv_heads, -1).swapaxes(0, 1)
        k, v = (np.repeat(t, self.heads // self.kv_heads, axis=0) for t in (k, v))
        scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]) + np.triu(np.full((length, length), -np.inf), 1)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        return (shares @ v).swapaxes(0, 1).reshape(length, -1) @ self.weights[f"{block}.attn_output.weight"].T

    def feed_forward(self, x, block):
        gate = x @ self.weights[f"{block}.ffn_gate.weight"].T
        up = x @ self.weights[f"{block}.ffn_up.weight"].T
        return (gate / (1 + np.exp(-gate)) * up) @ self.weights[f"{block}.ffn_down.weight"].T

    def logits(self, tokens):
        x = self.weights["token_embd.weight"][np.asarray(tokens)]
        for layer in range(self.fields["llama.block_count"]):
            block = f"blk.{layer}"
            x = x + self.attention(self.norm(x, f"{block}.attn_norm.weight"), block)
            x = x + self.feed_forward(self.norm(x, f"{block}.ffn_norm.weight"), block)
        return self.norm(x, "output_norm.weight") @ self.weights["token_embd.weight"].T

    def tokenizer(self):
        """A tokenizer made only from the metadata of the file."""
        tokens = self.fields["tokenizer.ggml.tokens"]
        merges = [tuple(pair.split(" ")) for pair in self.fields["tokenizer.ggml.merges"]]
        tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        tokenizer.decoder = decoders.ByteLevel()
        kinds = self.fields["tokenizer.ggml.token_type"]
        tokenizer.add_special_tokens([t for t, kind in zip(tokens, kinds) if kind == gguf.TokenType.CONTROL])
        return tokenizer


def greedy(model, prompt, count):
    """The next `count` most likely tokens and the smallest lead of the first over the second choice."""
    tokens, margin = list(prompt), np.inf
    for _ in range(count):
        last = model.logits(tokens)[-1]
        second, first = np.partition(last, -2)[-2:]
        margin = min(margin, first - second)
        tokens.append(int(last.argmax()))
    return tokens[len(prompt):], float(margin)


def make_golden(model, gguf_name):
    tokenizer, cases = model.tokenizer(), []
    for name, text in GOLDEN_PROMPTS.items():
        prompt = tokenizer.encode(text).ids
        output, margin = greedy(model, prompt, GOLDEN_TOKENS)
        cases.append({"name": name, "prompt": text, "prompt_tokens": prompt, "greedy_tokens": output,
                      "greedy_text": tokenizer.decode(output, skip_special_tokens=False), "smallest_margin": round(margin, 5)})
    note = ("Greedy tokens of the dequantized Q8_0 weights in float64. Special tokens in the prompt are parsed and "
            "no further BOS is added. Generation does not stop at end tokens. smallest_margin is the smallest "
            "difference between the best and the second-best logit over the greedy tokens.")
    return {"model": gguf_name, "note": note, "cases": cases}


def compare_with_torch(model, checkpoint_path, tokenizer_path):
    import torch
    from export import load_gguf
    from model import load_checkpoint
    tokens = model.tokenizer().encode("<|endoftext|>" + CHECK_TEXT).ids
    assert tokens == Tokenizer.from_file(str(tokenizer_path)).encode(CHECK_TEXT).ids, "tokenizers differ"
    ours = model.logits(tokens)
    trained, _ = load_checkpoint(checkpoint_path)
    for label, other in (("same Q8_0 weights", load_gguf(model)), ("trained float32 weights", trained)):
        with torch.no_grad():
            theirs = other(torch.tensor([tokens]))[0].double().numpy()
        worst, typical = np.abs(ours - theirs).max(), np.abs(ours - theirs).mean()
        same = (ours.argmax(-1) == theirs.argmax(-1)).mean()
        print(f"numpy against torch with {label}: largest difference {worst:.2e}, mean {typical:.2e}, same best token {same:.0%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, help="compare the logits with this checkpoint")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json to compare with (needed with --checkpoint)")
    parser.add_argument("--golden", type=Path, help="golden file to write")
    args = parser.parse_args()
    model = GgufModel(args.gguf)
    if args.checkpoint:
        compare_with_torch(model, args.checkpoint, args.tokenizer)
    if args.golden:
        text = json.dumps(make_golden(model, args.gguf.name), indent=1, ensure_ascii=False)
        text = re.sub(r"\[[\s\d,]+\]", lambda numbers: re.sub(r"\s+", " ", numbers[0]), text)  # lists of ids on one line
        args.golden.write_text(text + "\n", encoding="utf-8")
        print(args.golden.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
