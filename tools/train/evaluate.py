"""Held-out bits per byte and perplexity, and sample texts, of a checkpoint or of a GGUF file."""

import argparse
import math
from pathlib import Path

import torch
import torch.nn.functional as F

from export import load_gguf
from model import load_checkpoint
from prepare import END_OF_TEXT, HELD_OUT, render_chat
from reference import GgufModel

PROMPTS = [
    END_OF_TEXT + "Once upon a time there was a",
    END_OF_TEXT + "The old captain looked out over the sea and",
    *(render_chat([("user", text)]) + "<|im_start|>assistant\n" for text in
      ("Hello!", "What is your name?", "Tell me a story about a king.", "I am sad.", "What is the capital of France?")),
]


@torch.no_grad()
def held_out_loss(model, tokenizer, path, window_size):
    """Total loss in nats, tokens and bytes of a file, in windows that each begin with BOS."""
    text = path.read_text(encoding="utf-8")
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    bos, size, total = tokenizer.token_to_id(END_OF_TEXT), window_size - 1, 0.0
    for start in range(0, len(ids), size):
        window = torch.tensor([bos] + ids[start:start + size])
        total += F.cross_entropy(model(window[None, :-1])[0], window[1:], reduction="sum").item()
    return total, len(ids), len(text.encode("utf-8"))


@torch.no_grad()
def sample(model, tokenizer, prompt, seed, count=120, temperature=0.7, top_p=0.9):
    random = torch.Generator().manual_seed(seed)
    ends = {tokenizer.token_to_id(t) for t in ("<|endoftext|>", "<|im_end|>")}
    tokens = tokenizer.encode(prompt, add_special_tokens=False).ids
    first = len(tokens)
    for _ in range(count):
        values, order = torch.softmax(model(torch.tensor([tokens]))[0, -1] / temperature, -1).sort(descending=True)
        values[values.cumsum(0) - values > top_p] = 0
        tokens.append(order[torch.multinomial(values, 1, generator=random)].item())
        if tokens[-1] in ends:
            break
    return tokenizer.decode(tokens[first:], skip_special_tokens=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gguf", type=Path, required=True, help="the tokenizer is read from here")
    parser.add_argument("--checkpoint", type=Path, help="evaluate this instead of the weights of the GGUF file")
    parser.add_argument("--data", type=Path, required=True, help="text folder, e.g. ../shared/data/text")
    parser.add_argument("--window", type=int, default=1024, help="tokens per evaluation window, BOS included")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-samples", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    source = GgufModel(args.gguf)
    tokenizer = source.tokenizer()
    model = load_checkpoint(args.checkpoint)[0] if args.checkpoint else load_gguf(source)
    for name in HELD_OUT:
        loss, tokens, size = held_out_loss(model, tokenizer, args.data / "en" / name, args.window)
        print(f"{name}: {loss / math.log(2) / size:.4f} bits per byte, perplexity {math.exp(loss / tokens):.2f} "
              f"per token ({tokens} tokens, {size} bytes, {size / tokens:.2f} bytes per token)")
    for prompt in [] if args.no_samples else PROMPTS:
        print(f"--- {prompt!r}\n{sample(model, tokenizer, prompt, args.seed)}")


if __name__ == "__main__":
    main()
