"""What is measured: jobs, each one start of a program, and the sets of them that `run.py --grid` knows."""
import dataclasses

GGUF = ("Q8_0", "Q4_0", "Q4_K_M", "F16")
HUGGING_FACE = ("BF16", "W8A8")
FORMATS = GGUF + HUGGING_FACE


@dataclasses.dataclass(frozen=True)
class Job:
    """Prefill of one prompt, `runs` times, and decode of `generate` tokens in each of `batches` sequences behind it."""

    name: str
    prompt: int  # tokens
    batches: tuple = ()
    generate: int = 16  # tokens of each sequence
    runs: int = 3  # of the prefill
    formats: tuple = FORMATS


STREAMS = (1, 4, 16, 32)
SHORT = Job("512", 512, STREAMS)
SHORT_443 = Job("443", 443)
SHORT_256 = Job("256", 256, STREAMS)
LONG_4K = Job("4k", 4000, (1,), runs=1)
LONG_8K = Job("8k", 8000, (1,), runs=1)

GRIDS = {
    # Does everything run? Some minutes, figures that mean little.
    "trial": (Job("64", 64, (1, 4), generate=4, runs=1),),
    # Every program at 512 tokens, F16 left out; a long prompt where the formats that vLLM runs can be compared.
    "short": (
        dataclasses.replace(SHORT, formats=("Q8_0", "W8A8", "BF16", "Q4_0", "Q4_K_M")),
        dataclasses.replace(LONG_4K, formats=("Q8_0", "W8A8", "BF16")),
    ),
    "full": (SHORT, SHORT_443, SHORT_256, LONG_4K, LONG_8K),
}
