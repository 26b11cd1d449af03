"""Random texts that look for trouble: every kind of character, and the seams between kinds."""
import random
import unicodedata

EMOJI = ["\U0001F600", "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F44D\U0001F3FD", "\u2764\uFE0F", "\U0001F1E9\U0001F1EA", "1\uFE0F\u20E3"]
SPACES = [" ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", "\u00A0", "\u3000", "\u2028", "\u200B", "\u202F", "\u2009", "\x0b", "\x0c", "\x85", "\x1c", "\uFEFF"]
WORDS = ["the", "The", "I'm", "don't", "we'LL", "O'Re", "it\u2019s", "hello", "HelloWorld", "camelCase", "SNAKE_CASE", "na\u00EFve", "Stra\u00DFe", "\u0130stanbul",
         "co-operate", "e.g.", "3.14", "1,000,000", "12345678", "0x1F", "a@b.c", "http://x.y/z?q=1", "\u041F\u0440\u0438\u0432\u0435\u0442",
         "\u05E9\u05DC\u05D5\u05DD", "\u0645\u0631\u062D\u0628\u0627", "\u0928\u092E\u0938\u094D\u0924\u0947", "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35", "\u65E5\u672C\u8A9E", "\u30AB\u30BF\u30AB\u30CA", "\uFF76\uFF9E", "\uD55C\uAD6D\uC5B4",
         "\uFB01", "\u1E9B\u0323", "\u2460", "\u33A2", "\uFDFA", "\u01C4", "A\u030A", "e\u0301\u0327", "\u1100\u1161\u11A8", "\u2581", "\u2581x", "\u0120", "\u010A", "##ing", "<0x0A>", "<unk>", "<s>"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["\u2026", "\u2014", "\u00BF", "\u300C", "\uFF01", "\u20AC", "\u00B1", "\u2192", "...", "!!", "--", "``"]

# Python's tables (Unicode 14 in 3.11) are older than everybody's: what they know, all agree about.
ASSIGNED = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and unicodedata.category(chr(c)) not in ("Cn",)]
COMMON = [c for c in ASSIGNED if ord(c) < 0x3000]
MARKS = [c for c in ASSIGNED if unicodedata.category(c).startswith("M")]


def random_text(rng: random.Random, specials: list, corpus: str) -> str:
    """One text of up to about 120 characters."""
    parts = []
    for _ in range(rng.randrange(1, 9)):
        kind = rng.randrange(14)
        if kind < 2:
            parts.append(rng.choice(WORDS))
        elif kind == 2:
            parts.append(rng.choice(SPACES) * rng.choice((1, 1, 2, 3)))
        elif kind == 3:
            parts.append(rng.choice(PUNCTUATION) * rng.choice((1, 1, 2)))
        elif kind == 4:
            parts.append(rng.choice(EMOJI))
        elif kind == 5:
            parts.append("".join(rng.choices(COMMON, k=rng.randrange(1, 6))))
        elif kind == 6:
            parts.append("".join(rng.choices(ASSIGNED, k=rng.randrange(1, 4))))
        elif kind == 7:
            parts.append("".join(rng.choices("abcdefgh", k=rng.randrange(1, 12))))
        elif kind == 8:
            parts.append("".join(rng.choices("0123456789", k=rng.randrange(1, 8))))
        elif kind == 9:
            parts.append(rng.choice("ab ") * rng.randrange(1, 40))
        elif kind == 10:
            parts.append(rng.choice("aeo\u0430\u3042") + "".join(rng.choices(MARKS, k=rng.randrange(1, 3))))
        elif kind == 11 and specials:
            parts.append(rng.choice(specials))
        elif kind == 12:
            parts.append(bytes(rng.choices(range(256), k=rng.randrange(1, 9))).decode("utf-8", "replace"))
        else:
            at = rng.randrange(max(1, len(corpus) - 40))
            parts.append(corpus[at : at + rng.randrange(1, 40)])
        if rng.random() < 0.5:
            parts.append(" ")
    return "".join(parts)
