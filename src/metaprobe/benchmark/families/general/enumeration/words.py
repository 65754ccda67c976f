"""general/enumeration: all words of a list with a property."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

from metaprobe.benchmark.answers import SetAnswer
from metaprobe.benchmark.claims import unordered_claim
from metaprobe.benchmark.family import Problem, family

_TEXT = (
    "apple arm bag ball band bank barn beach bean bear bed bell belt bird boat book boot"
    " bottle box bread bridge broom brush bucket bus butter button cake camel candle candy car"
    " cart castle cat chain chair cheese cherry church circle city cloud coat coin comb corn"
    " cow cup desk dish doctor dog doll door dress drum duck eagle ear egg engine eye face"
    " farm feather fence field finger fish flag floor flower foot forest fork fox friend frog"
    " fruit game garden gate ghost girl glass glove goat gold grape grass green guitar hair"
    " hammer hand hat heart hill honey horse house island jacket jam jar kettle key king"
    " kitchen kite knee knife ladder lake lamb lamp leaf leg lemon letter lion lip map market"
    " meat melon milk mirror money monkey moon mountain mouse mouth nail neck needle nest net"
    " nose number nut oil onion orange oven owl page paint pan paper park peach pear pen"
    " pencil pepper piano pig pillow pipe plate pocket pond potato purse queen rabbit radio"
    " rain ribbon rice ring river road rock roof room root rope rose salt sand scarf school"
    " sea shell ship shirt shoe shop sky snow sock soup spider spoon spring stamp star stone"
    " storm street sugar sun table tail tea tiger tooth tower town toy train tree truck tulip"
    " umbrella valley village violin wall watch water wheel wind window wing winter wolf wood"
    " yard zebra"
)
_VOCABULARY = tuple(_TEXT.split())
_VOWELS = "aeiou"
_LISTED = {1: 5, 2: 7, 3: 12, 4: 20, 5: 36}
_CONDITIONS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3}
_MOST_WORDS = 10
_WHICH_WORDS = (
    "Which of these words {1}: {0}?",
    "Here are some words: {0}. List all that {1}.",
    "Find all words that {1}: {0}.",
    "Words: {0}. Which of them {1}?",
)
"""Filled with the words and with what holds for those that are asked for."""
_A_VOWEL = " Vowels are a, e, i, o and u."
Test = tuple[str, Callable[[str], bool]]
"""What holds, said of several words, and the test of one."""


@family(
    "general/enumeration",
    capacity={1: 50_000, 2: 10**6, 3: 10**9, 4: 10**12, 5: 10**15},
    claim=unordered_claim,
)
def words_with_property(rng: Random, level: int) -> Problem:
    """List all words of a list whose letters have a property.

    Isolates going through a list and testing the letters of each word. A level has first letters
    (1), letters anywhere (2), two conditions with lengths and vowels (3, 4), and three of them on
    36 words, which compare the letters of a word with one another (5).
    """
    while True:
        words = rng.sample(_VOCABULARY, _LISTED[level])
        # What a word does not do comes last, so that `not` reaches over no `and`.
        tests = sorted(_conditions(rng, level, words), key=lambda test: "do not" in test[0])
        found = [word for word in words if all(test(word) for _, test in tests)]
        if 1 <= len(found) <= min(_MOST_WORDS, len(words) - 1):
            break
    long = []
    for word in words:
        failed = [n for n, (_, test) in enumerate(tests, start=1) if not test(word)]
        spelled = "" if level == 1 else f" {'-'.join(word)},"
        reason = f", breaks condition {failed[0]}" if failed and len(tests) > 1 else ""
        long.append(f"{word}:{spelled} {'no' if failed else 'yes'}{reason}")
    asked = " and ".join(text for text, _ in tests)
    story = rng.choice(_WHICH_WORDS).format(", ".join(words), asked)
    return Problem(
        question=story + (_A_VOWEL if "vowel" in asked else ""),
        answer=SetAnswer(items=tuple(found)),
        short=(f"All: {', '.join(found)}",),
        long=(*long, f"All: {', '.join(found)}"),
        key=f"words_with_property {words} {asked}",
    )


def _conditions(rng: Random, level: int, words: list[str]) -> list[Test]:
    """Return conditions of different kinds that some word of the list is drawn to fulfil."""
    sure = rng.choice(words)
    last, length = sure[-1], len(sure)
    # Words that end with a letter contain it, so the two conditions are about different letters.
    letter = rng.choice([c for c in sure if c != last])
    count = sum(sure.count(v) for v in _VOWELS)
    first: Test = (f"begin with the letter {sure[0]}", lambda word: word[0] == sure[0])
    contain: Test = (f"contain the letter {letter}", lambda word: letter in word)
    if level <= 2:
        return [first if level == 1 else contain]
    bound, long_words = ("at least 5", True) if length >= 5 else ("at most 4", False)
    absent = rng.choice([c for c in "aeinorst" if c not in sure])
    easy: list[Test] = [
        contain,
        (f"end with the letter {last}", lambda word: word[-1] == last),
        (f"have {bound} letters", lambda word: (len(word) >= 5) == long_words),
        (f"do not contain the letter {absent}", lambda word: absent not in word),
        (
            f"have exactly {count} vowel{'' if count == 1 else 's'}",
            lambda word: sum(word.count(v) for v in _VOWELS) == count,
        ),
    ]
    if level <= 4:
        return rng.sample(easy[:4] if level == 3 else easy, _CONDITIONS[level])
    alike = len(set(sure)) == len(sure)
    rising = sure[0] < sure[-1]
    order = "before" if rising else "after"
    together = any(_both_consonants(pair) for pair in pairwise(sure))
    hard: list[Test] = [
        (
            "have no letter twice" if alike else "have some letter at least twice",
            lambda word: (len(set(word)) == len(word)) == alike,
        ),
        (
            f"begin with a letter that comes {order} their last letter in the alphabet",
            lambda word: word[0] != word[-1] and (word[0] < word[-1]) == rising,
        ),
        (
            f"contain {'' if together else 'no '}two neighbouring letters that are both not vowels",
            lambda word: any(_both_consonants(pair) for pair in pairwise(word)) == together,
        ),
    ]
    return [*rng.sample(hard, 2), rng.choice(easy[2:])]


def _both_consonants(pair: tuple[str, str]) -> bool:
    return not set(pair) & set(_VOWELS)
