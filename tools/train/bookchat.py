"""Conversations made mechanically from books: dialogue of a scene, stories on request, continuations."""

import random
import re

STRAIGHT_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
SUBJECTS = ("king queen prince princess dragon wolf fox lion dog cat horse ship island witch giant fairy "
            "rabbit bear bird boat castle forest mountain river soldier sailor pirate treasure boy girl "
            "miller fisherman mouse goose snake tiger monkey garden storm train doctor ghost wizard "
            "shepherd robber hunter captain farmer merchant donkey swan eagle elephant").split()
STORY_REQUESTS = ["Tell me a story about {}.", "Tell me about {}.", "Please tell me a story about {}.",
                  "Write a story about {}.", "I would like to hear about {}.", "Do you know a story about {}?",
                  "tell me a story about {}", "A story about {}, please."]
OPEN_REQUESTS = ["Tell me a story.", "Please tell me a story.", "Write a short story.", "Once more, a story please.",
                 "Do you know a good story?", "tell me a story"]
NEXT_REQUESTS = ["What happens next?", "What happened next?", "And then?", "Go on.", "Continue.", "Please go on.",
                 "Tell me more.", "And what happened then?"]
CONTINUE_REQUESTS = ["Continue: {}", "Continue the story: {}", "Please continue: {}", "What comes after this? {}",
                     "Go on from here: {}"]
STORY_OPENING = re.compile(r"(Once |There (once )?(was|were|lived) (once )?an? |In (the|old) (old )?(days|times)|"
                           r"Long ago|A long time ago|Many years ago|One (fine |cold |dark |summer |winter )?(day|morning|evening|night))")


def word_count(text):
    return text.count(" ") + 1


def spoken_words(paragraph):
    """The speech in a paragraph that is mostly one speech, else None."""
    if paragraph.count('"') % 2 or "\n" in paragraph:
        return None
    parts = re.findall(r'"([^"]+)"', paragraph)
    if not parts or sum(map(len, parts)) < 0.5 * len(paragraph):
        return None
    speech = parts[0].strip()
    for part in parts[1:]:
        part = part.strip()
        if speech.endswith(",") and part[:1].isupper():
            speech = speech[:-1] + "."
        speech += " " + part
    if speech.endswith((",", ";", "-")):
        speech = speech.rstrip(",;- ") + "."
    return speech if 2 <= word_count(speech) <= 50 and speech[0].isupper() else None


def dialogues(paragraphs, rng):
    """Runs of consecutive speeches become alternating user and assistant turns."""
    run = []
    for paragraph in paragraphs + [""]:
        speech = spoken_words(paragraph)
        if speech:
            run.append(speech)
            continue
        while len(run) >= 2:
            length = min(len(run) // 2 * 2, rng.choice([2, 4, 4, 6]))
            yield [(("user", "assistant")[i % 2], text) for i, text in enumerate(run[:length])]
            run = run[length:]
        run = []


def subject_of(text):
    """The listed noun that the passage names most often (at least twice), else None."""
    words = re.findall(r"[a-z]+", text.lower())
    best = max(SUBJECTS, key=words.count)
    return best if words.count(best) >= 2 else None


def story_request(text, rng):
    subject = subject_of(text)
    if subject is None:
        return rng.choice(OPEN_REQUESTS)
    article = "an" if subject[0] in "ei" else "a"
    return rng.choice(STORY_REQUESTS).format(f"{article} {subject}")


def join_until(paragraphs, start, words):
    """Take whole paragraphs until there are enough words; return the text and the next index."""
    taken, index = [], start
    while index < len(paragraphs) and word_count(" ".join(taken)) < words:
        taken.append(paragraphs[index])
        index += 1
    return "\n\n".join(taken), index


def stories(paragraphs, rng):
    """Passages that open like a tale, told on request, sometimes with a second part."""
    for index, paragraph in enumerate(paragraphs):
        if not STORY_OPENING.match(paragraph) or word_count(paragraph) < 25:
            continue
        text, after = join_until(paragraphs, index, rng.choice([60, 90, 120]))
        turns = [("user", story_request(text, rng)), ("assistant", text)]
        if rng.random() < 0.4:
            more, _ = join_until(paragraphs, after, rng.choice([30, 60]))
            if more:
                turns += [("user", rng.choice(NEXT_REQUESTS)), ("assistant", more)]
        if sum(word_count(text) for _, text in turns) < 450:
            yield turns


def continuations(paragraphs, rng):
    """The first sentence of a paragraph, then the rest of it."""
    for paragraph in paragraphs:
        match = re.match(r'([A-Z][^"\n]{30,200}?[a-z]{2}\.) ([A-Z].+)', paragraph)
        if match and 20 <= word_count(match[2]) <= 150:
            yield [("user", rng.choice(CONTINUE_REQUESTS).format(match[1])), ("assistant", match[2])]


def make_book_chats(paragraphs, seed):
    """Return the conversations of one book: dialogues, stories and continuations."""
    rng = random.Random(seed)
    plain = [paragraph.translate(STRAIGHT_QUOTES) for paragraph in paragraphs]
    told = list(stories(plain, rng)) + list(stories(plain, rng))  # each passage is asked for in two ways
    return list(dialogues(plain, rng)), told, list(continuations(plain, rng))
