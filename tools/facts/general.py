"""Write the fact tables of the domain general from `countryinfo`, CLDR and rows given here.

pip install --no-deps countryinfo==1.0.1 && pip install babel==2.18.0
python tools/facts/general.py
"""

import unicodedata
from datetime import date
from importlib.metadata import version
from pathlib import Path

from babel.languages import get_official_languages
from babel.numbers import get_currency_name, get_territory_currencies
from countryinfo import CountryInfo

FACTS = Path(__file__).parents[2] / "src/metaprobe/benchmark/facts"

COUNTRIES = {
    1: "France, Germany, Italy, Spain, Portugal, United Kingdom, Ireland, Greece, Poland, Russia,"
    " China, Japan, India, United States, Canada, Brazil, Argentina, Egypt, Turkey, Australia,"
    " Sweden, Norway, Netherlands, Austria, South Korea",
    2: "Mexico, Hungary, Denmark, Finland, Iceland, Cuba, Peru, Chile, Colombia, Kenya, Nigeria,"
    " Morocco, Pakistan, Nepal, Vietnam, Philippines, Saudi Arabia, Iraq, Iran, Thailand, Ukraine,"
    " Czech Republic, New Zealand, Belgium, Switzerland",
    3: "Romania, Bulgaria, Croatia, Serbia, Slovakia, Slovenia, Estonia, Latvia, Lithuania,"
    " Albania, Bangladesh, Cambodia, Mongolia, Malaysia, Jordan, Lebanon, Syria, Algeria, Ethiopia,"
    " Ghana, Uganda, Venezuela, Ecuador, Jamaica, Costa Rica, Uruguay",
    4: "Paraguay, Honduras, Nicaragua, Dominican Republic, Haiti, Georgia, Armenia, Azerbaijan,"
    " Uzbekistan, Kyrgyzstan, Laos, Bhutan, Oman, Qatar, Afghanistan, Senegal, Angola, Zambia,"
    " Sudan, Libya, Madagascar, Mozambique, Namibia, Rwanda, Zimbabwe",
    5: "Tajikistan, Turkmenistan, Mauritania, Burkina Faso, Benin, Togo, Chad, Niger, Mali, Gabon,"
    " Malawi, Lesotho, Eritrea, Somalia, Suriname, Belize, Barbados, Vanuatu, Tonga, Samoa,"
    " Mauritius, Liechtenstein, Moldova, Botswana",
}
"""By level, from the best known to the least known."""
ARTICLES = {
    **dict.fromkeys(("United Kingdom", "United States", "Netherlands", "Philippines"), "the"),
    **dict.fromkeys(("Czech Republic", "Dominican Republic"), "the"),
    "Georgia": "the country of",
}
"""Words before the name; those of Georgia keep it apart from the American state."""
COUNTRY_ALIASES = {
    "United Kingdom": "UK;Great Britain;Britain;England",
    "United States": "USA;US;U.S.;United States of America;America",
    "Czech Republic": "Czechia",
    "Turkey": "Turkiye;Republic of Turkiye;Republic of Turkey",
    "South Korea": "Republic of Korea",
    "Russia": "Russian Federation",
    "China": "People's Republic of China;PRC",
    "Ireland": "Republic of Ireland;Eire",
    "Iran": "Islamic Republic of Iran",
    "Syria": "Syrian Arab Republic",
    "Vietnam": "Viet Nam",
    "Laos": "Lao People's Democratic Republic;Lao PDR",
    "Kyrgyzstan": "Kyrgyz Republic",
    "Moldova": "Republic of Moldova",
}
"""Other names; London is England's capital as well."""
CAPITALS = {"United States": "Washington"}
"""Where the package's form is not the usual one."""
CAPITAL_ALIASES = {
    "Washington": "Washington D.C.;Washington, D.C.;Washington DC;Washington, DC",
    "Kyiv": "Kiev",
    "Beijing": "Peking",
    "Havana": "La Habana",
    "Bogota": "Bogota, D.C.;Bogota D.C.",
    "Santiago": "Santiago de Chile",
    "Hanoi": "Ha Noi",
    "Tehran": "Teheran",
    "Kathmandu": "Katmandu",
    "Ulaanbaatar": "Ulan Bator;Ulaan Baatar",
    "Port-au-Prince": "Port au Prince",
    "N'Djamena": "Ndjamena",
    "Nuku'alofa": "Nukualofa;Nukuʻalofa",
    "Chisinau": "Kishinev",
    "Ashgabat": "Ashkhabad",
    "Asmara": "Asmera",
}
NO_CAPITAL = {
    *("Mexico", "Algeria"),
    *("Switzerland", "Netherlands", "Malaysia", "Benin", "Honduras", "Egypt", "Sudan"),
}
"""Given away by the country's name; no capital by law, two of them, or a seat elsewhere."""
NO_CURRENCY = {
    *("Croatia", "Bulgaria", "Zimbabwe", "Venezuela", "Syria", "Iran"),
    *("Switzerland", "Liechtenstein", "Afghanistan"),
    *("Bhutan", "Namibia", "Lesotho", "Haiti"),
}
"""Changed or renamed lately; given away by the country's name; beside another legal tender."""
AS_OF = date(2026, 1, 1)
"""Day for which legal tender is looked up."""
CURRENCIES = {"XOF": "CFA franc", "XAF": "CFA franc"}
"""By code, where the last word of the name in CLDR is not the whole noun."""
SHARED = {"EUR", "USD", "XOF", "XAF"}
"""Codes of currencies that are not named after each country that uses them."""
CURRENCY_ALIASES = {
    "GBP": "pound sterling;sterling;British pound sterling",
    "USD": "U.S. dollar;United States dollar;American dollar",
    "CNY": "renminbi;yuan renminbi;Chinese yuan renminbi;Chinese renminbi;RMB",
    "RUB": "rouble;Russian rouble",
    "PLN": "złoty;Polish złoty",
    "VND": "đồng;Vietnamese đồng",
    "SEK": "kronor;Swedish kronor",
    "ISK": "kronur;Icelandic kronur",
    "NOK": "kroner;Norwegian kroner",
    "DKK": "kroner;Danish kroner",
    "CZK": "Czech crown;koruny",
    "RON": "lei;Romanian lei",
    "MDL": "lei;Moldovan lei",
    "BRL": "reais;Brazilian reais",
    "PEN": "soles;nuevo sol",
    "LBP": "lira;Lebanese lira",
    "MNT": "togrog;Mongolian togrog",
    "UZS": "sum;soum;Uzbek som;Uzbek sum;Uzbek soum",
    "KGS": "Kyrgyz som;Kyrgyzstani som",
    "TJS": "Tajik somoni",
    "TMT": "Turkmen manat",
    "LAK": "Lao kip",
    "MZN": "meticais;Mozambican meticais",
    "BBD": "Bajan dollar",
    "TOP": "paanga;Tongan paanga;paʻanga;Tongan paʻanga",
    "XOF": "franc;West African franc;CFA franc BCEAO;franc CFA",
    "XAF": "franc;Central African franc;CFA franc BEAC;franc CFA",
}
LANGUAGES = {
    **dict.fromkeys(("Austria", "Liechtenstein"), "German"),
    **dict.fromkeys(("Brazil", "Angola", "Mozambique"), "Portuguese"),
    **dict.fromkeys(("Cuba", "Costa Rica", "Honduras", "Dominican Republic"), "Spanish"),
    **dict.fromkeys(("Egypt", "Saudi Arabia", "Jordan", "Lebanon", "Oman", "Qatar"), "Arabic"),
    **dict.fromkeys(("Libya", "Mauritania"), "Arabic"),
    **dict.fromkeys(("Zambia", "Namibia"), "English"),
    **dict.fromkeys(("Senegal", "Benin", "Togo", "Gabon"), "French"),
    "Iran": "Persian",
    "Cambodia": "Khmer",
    "Bangladesh": "Bengali",
    "Bhutan": "Dzongkha",
    "Suriname": "Dutch",
}
"""Countries whose law names one official language, which their name does not give away."""
LANGUAGE_ALIASES = {
    "Persian": "Farsi;Persian (Farsi);Farsi (Persian)",
    "Bengali": "Bangla;Bengali (Bangla);Bangla (Bengali)",
    "Arabic": "Standard Arabic;Modern Standard Arabic",
}
CODES = {
    "German": "de",
    "Portuguese": "pt",
    "Spanish": "es",
    "Arabic": "ar",
    "Persian": "fa",
    "English": "en",
    "Khmer": "km",
    "Bengali": "bn",
    "Dzongkha": "dz",
    "French": "fr",
    "Dutch": "nl",
}
SOUTH_AMERICA = {
    *("Brazil", "Argentina", "Peru", "Chile", "Colombia", "Venezuela", "Ecuador", "Uruguay"),
    *("Paraguay", "Suriname"),
}
NO_CONTINENT = {"Russia", "Turkey", "Egypt", "Georgia", "Armenia", "Azerbaijan"}
"""Across two continents, or counted to either."""
NEAR = (
    ("Spain", "Morocco"),
    ("India", "Afghanistan"),
    ("United Kingdom", "Spain"),
    ("France", "Brazil"),
    ("France", "Suriname"),
    ("France", "Netherlands"),
    ("Canada", "Denmark"),
    ("Botswana", "Zambia"),
    ("Serbia", "Albania"),
    ("Chad", "Sudan"),
    ("Morocco", "Mauritania"),
    ("Namibia", "Zimbabwe"),
    ("Suriname", "Venezuela"),
)
"""Pairs that border by a territory, by a claim or at a point, or unclear in the package."""


def ascii_of(text: str) -> str:
    """Return `text` without accents."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'").replace("ʻ", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def country_rows() -> list[tuple[str, ...]]:
    """Return one row a country, with neighbours that both countries' entries agree on."""
    level = {name: n for n, text in COUNTRIES.items() for name in text.split(", ")}
    info = {name: CountryInfo(name).info() for name in level}
    code = {info[name]["ISO"]["alpha3"]: name for name in level}
    listed = {n: {code[c] for c in info[n]["borders"] if c in code} for n in level}
    apart = {frozenset(pair) for pair in NEAR}
    rows = []
    for name in level:
        either = {o for o in level if o in listed[name] or name in listed[o]}
        either |= {o for pair in apart if name in pair for o in pair - {name}}
        sure = {
            o
            for o in either
            if o in listed[name] and name in listed[o] and frozenset((name, o)) not in apart
        }
        rows.append(
            (
                name,
                ARTICLES.get(name, ""),
                COUNTRY_ALIASES.get(name, ""),
                *capital(name, info[name]),
                *currency(name, info[name]),
                *language(name, info[name]),
                continent(name, info[name]),
                ";".join(sorted(sure)),
                ";".join(sorted(either - sure)),
                str(level[name]),
            )
        )
    return rows


def capital(name: str, info: dict) -> tuple[str, str]:
    """Return the capital and its aliases, or blanks where it is not asked for."""
    if name in NO_CAPITAL:
        return "", ""
    town = CAPITALS.get(name, ascii_of(info["capital"]))
    return town, CAPITAL_ALIASES.get(town, "")


def currency(name: str, info: dict) -> tuple[str, str]:
    """Return the currency's noun and its aliases, or blanks where it is not asked for.

    Raises:
        ValueError: CLDR does not list one legal tender of the country.
    """
    if name in NO_CURRENCY:
        return "", ""
    (code,) = get_territory_currencies(info["ISO"]["alpha2"], AS_OF, AS_OF, tender=True)
    title = ascii_of(get_currency_name(code, locale="en"))
    noun = CURRENCIES.get(code, title.split()[-1].lower())
    aliases = [f"{noun}s", code, title, ascii_of(get_currency_name(code, count=2, locale="en"))]
    if code not in SHARED:
        people = ascii_of(info["demonym"])
        aliases += [f"{people} {noun}", f"{people} {noun}s", f"{name} {noun}"]
    aliases += CURRENCY_ALIASES.get(code, "").split(";")
    different = {alias.lower(): alias for alias in reversed(aliases) if alias.lower() != noun}
    return noun, ";".join(filter(None, reversed(different.values())))


def language(name: str, info: dict) -> tuple[str, str]:
    """Return the official language and its aliases, or blanks where it is not asked for.

    Raises:
        ValueError: CLDR does not list that language as the only official one.
    """
    word = LANGUAGES.get(name, "")
    official = get_official_languages(info["ISO"]["alpha2"])
    if word and official != (CODES[word],):
        raise ValueError(f"{name}: {word} is not the only one of {official}")
    return word, LANGUAGE_ALIASES.get(word, "")


def continent(name: str, info: dict) -> str:
    """Return the continent, or a blank where it is not asked for."""
    if name in NO_CONTINENT:
        return ""
    if info["region"] != "Americas":
        return str(info["region"])
    return "South America" if name in SOUTH_AMERICA else "North America"


ANIMALS = """
dog mammal puppy,pup,whelp pack,kennel 1
cat mammal kitten - 1
cow mammal calf herd,drove 1
sheep mammal lamb flock,herd,mob,drove,fold 1
horse mammal foal - 1
pig mammal - - 1
goat mammal kid - 1
lion mammal cub pride 1
bear mammal cub - 1
duck bird - - 1
hen bird chick,pullet - 1
goose bird gosling - 1
eagle bird - - 1
parrot bird - - 1
frog amphibian tadpole,polliwog,pollywog - 1
snake reptile - - 1
crocodile reptile - - 1
turtle reptile - - 1
shark fish - - 1
salmon fish - - 1
tuna fish - - 1
bee insect - swarm,colony,hive 1
ant insect - colony,army,swarm,nest 1
fly insect maggot,larva - 1
mosquito insect - - 1
wolf mammal pup,puppy,cub,whelp pack,rout 2
deer mammal fawn herd 2
elephant mammal calf herd,parade,memory 2
whale mammal calf pod,school,gam,herd 2
dolphin mammal calf pod,school 2
rabbit mammal kit,bunny,kitten - 2
bat mammal pup,puppy - 2
mouse mammal pup,pinky,pinkie - 2
kangaroo mammal joey mob,troop,court 2
tiger mammal cub - 2
owl bird - - 2
penguin bird chick - 2
ostrich bird - - 2
pigeon bird squab - 2
toad amphibian tadpole,polliwog,pollywog - 2
newt amphibian - - 2
lizard reptile - - 2
tortoise reptile - - 2
trout fish - - 2
eel fish - - 2
cod fish - - 2
butterfly insect caterpillar,larva - 2
moth insect caterpillar,larva - 2
beetle insect grub,larva - 2
wasp insect - - 2
swan bird cygnet - 3
fox mammal kit,cub,pup - 3
otter mammal pup,puppy,whelp,kit,cub - 3
seal mammal pup,puppy,whelp - 3
hedgehog mammal - - 3
squirrel mammal kit,pup,kitten - 3
goldfinch bird - charm,chirm 3
crow bird - murder,horde 3
gecko reptile - - 3
chameleon reptile - - 3
salamander amphibian - - 3
seahorse fish - - 3
herring fish - - 3
locust insect - - 3
ladybird insect - - 3
dragonfly insect - - 3
platypus mammal - - 4
porpoise mammal - - 4
manatee mammal - - 4
hare mammal leveret - 4
turkey bird poult,chick - 4
kiwi bird - - 4
emu bird - - 4
raven bird - unkindness,conspiracy,treachery 4
lark bird - exaltation,exalting,ascension 4
iguana reptile - - 4
terrapin reptile - - 4
axolotl amphibian - - 4
manta ray fish - - 4
sturgeon fish - - 4
cicada insect nymph - 4
earwig insect nymph - 4
echidna mammal puggle - 5
pangolin mammal - - 5
dugong mammal - - 5
ferret mammal kit business,busyness,fesnyng 5
hawk bird eyas,eyass,nyas,chick - 5
starling bird - murmuration,chattering 5
lapwing bird - deceit,desert 5
cassowary bird - - 5
tuatara reptile - - 5
skink reptile - - 5
slow worm reptile - - 5
caecilian amphibian - - 5
olm amphibian - - 5
remora fish - - 5
coelacanth fish - - 5
aphid insect nymph - 5
mayfly insect nymph,naiad,larva - 5
"""
"""Animal, class, word for its young, word for a group of them, level; `-` is not asked for."""


PLURALS = {"goldfinch": "goldfinches", "sheep": "sheep", "deer": "deer", "wolf": "wolves"}


def animal_rows() -> list[tuple[str, ...]]:
    """Return one row an animal."""
    rows = []
    for line in ANIMALS.strip().splitlines():
        animal, kind, young, group, level = line.rsplit(" ", 4)
        words = []
        for text in (young, group):
            first, _, others = text.replace("-", "").partition(",")
            words += [first, others.replace(",", ";")]
        plural = PLURALS.get(animal, f"{animal}s") if words[2] else ""
        rows.append((animal, plural, kind, *words, level))
    return rows


def write(name: str, source: str, released: str, header: str, rows: list[tuple[str, ...]]) -> None:
    """Write one table with its provenance in front."""
    licence = "Apache-2.0"
    if "countryinfo" in source:
        licence = "MIT (countryinfo), Unicode-3.0 (CLDR); see NOTICE"
    lines = [f"# source: {source}", f"# version: {released}", f"# licence: {licence}"]
    lines += ["\t".join(header.split()), *("\t".join(row) for row in rows)]
    (FACTS / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write both tables."""
    write(
        "countries",
        "countryinfo (PyPI), currencies and official languages from CLDR as in babel (PyPI);"
        " continents of America, short names, aliases and levels by the project",
        f"countryinfo {version('countryinfo')}, babel {version('babel')}",
        "country article aliases capital capital_aliases currency currency_aliases language"
        " language_aliases continent borders near level",
        country_rows(),
    )
    write(
        "animals",
        "compiled by the project; common knowledge",
        "1",
        "animal plural class young young_aliases group group_aliases level",
        animal_rows(),
    )


if __name__ == "__main__":
    main()
