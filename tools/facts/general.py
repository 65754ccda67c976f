"""Write the fact tables of the domain general from `countryinfo` and from rows given here.

pip install --no-deps countryinfo
python tools/facts/general.py
"""

import unicodedata
from importlib.metadata import version
from pathlib import Path

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
WITH_ARTICLE = {
    "United Kingdom",
    "United States",
    "Netherlands",
    "Philippines",
    "Czech Republic",
    "Dominican Republic",
}
COUNTRY_ALIASES = {
    "United Kingdom": "UK;Great Britain;Britain",
    "United States": "USA;US;U.S.;United States of America;America",
    "Netherlands": "Holland",
    "Czech Republic": "Czechia",
    "Turkey": "Turkiye",
    "South Korea": "Republic of Korea;Korea",
    "Russia": "Russian Federation",
    "China": "People's Republic of China",
    "Ireland": "Republic of Ireland",
}
CAPITALS = {"United States": "Washington"}
"""Where the package's form is not the usual one."""
CAPITAL_ALIASES = {
    "Washington": "Washington D.C.;Washington, D.C.;Washington DC;Washington, DC",
    "Kyiv": "Kiev",
    "Bern": "Berne",
}
NO_CAPITAL = {"Mexico", "Algeria", "Switzerland"}
"""Given away by the country's name, or not a capital by law."""
NO_CURRENCY = {"Croatia", "Bulgaria", "Zimbabwe", "Switzerland", "Liechtenstein", "Afghanistan"}
"""Changed lately, given away by the country's name, or shared without a short name."""
CURRENCIES = (
    "AFN afghani,ALL lek,AMD dram,AOA kwanza,ARS peso,AUD dollar,AZN manat,BBD dollar,BDT taka,"
    "BRL real,BTN ngultrum,BWP pula,BZD dollar,CAD dollar,CLF peso,CLP peso,CNY yuan,COP peso,"
    "CRC colon,CUC peso,CZK koruna,DKK krone,DOP peso,DZD dinar,EGP pound,ERN nakfa,ETB birr,"
    "EUR euro,GBP pound,GEL lari,GHS cedi,HNL lempira,HTG gourde,HUF forint,INR rupee,IQD dinar,"
    "IRR rial,ISK krona,JMD dollar,JOD dinar,JPY yen,KES shilling,KGS som,KHR riel,KRW won,LAK kip,"
    "LBP pound,LSL loti,LYD dinar,MAD dirham,MDL leu,MGA ariary,MNT tugrik,MRO ouguiya,MUR rupee,"
    "MWK kwacha,MXN peso,MYR ringgit,MZN metical,NAD dollar,NGN naira,NIO cordoba,NOK krone,"
    "NPR rupee,NZD dollar,OMR rial,PEN sol,PHP peso,PKR rupee,PLN zloty,PYG guarani,QAR riyal,"
    "RON leu,RSD dinar,RUB ruble,RWF franc,SAR riyal,SDG pound,SEK krona,SOS shilling,SRD dollar,"
    "SYP pound,THB baht,TJS somoni,TMT manat,TOP paanga,TRY lira,UAH hryvnia,UGX shilling,"
    "USD dollar,UYI peso,UZS som,VEF bolivar,VND dong,VUV vatu,WST tala,XAF franc,XOF franc,"
    "ZMK kwacha"
)
CURRENCY_ALIASES = {
    "yuan": "renminbi;Chinese yuan renminbi",
    "pound": "pound sterling",
    "ruble": "rouble;Russian rouble",
    "som": "sum;soum",
    "tugrik": "togrog",
    "sol": "nuevo sol",
    "franc": "CFA franc;West African CFA franc;Central African CFA franc",
    "dollar": "US dollar;U.S. dollar;United States dollar",
    "paanga": "pa'anga;Tongan pa'anga",
}
OWN_ALIASES = {"pound": "GBP", "franc": "XOF XAF", "dollar": "USD"}
"""Codes that an alias of `CURRENCY_ALIASES` belongs to, where the noun is shared."""
LANGUAGES = {
    "Austria": "German",
    "Brazil": "Portuguese",
    "Argentina": "Spanish",
    "Cuba": "Spanish",
    "Colombia": "Spanish",
    "Egypt": "Arabic",
    "Iran": "Persian;Farsi",
    "Saudi Arabia": "Arabic",
    "Nigeria": "English",
    "Jordan": "Arabic",
    "Syria": "Arabic",
    "Lebanon": "Arabic",
    "Cambodia": "Khmer",
    "Bangladesh": "Bengali;Bangla",
    "Ghana": "English",
    "Venezuela": "Spanish",
    "Ecuador": "Spanish",
    "Jamaica": "English",
    "Costa Rica": "Spanish",
    "Uruguay": "Spanish",
    "Honduras": "Spanish",
    "Nicaragua": "Spanish",
    "Dominican Republic": "Spanish",
    "Bhutan": "Dzongkha",
    "Oman": "Arabic",
    "Qatar": "Arabic",
    "Senegal": "French",
    "Angola": "Portuguese",
    "Zambia": "English",
    "Libya": "Arabic",
    "Mozambique": "Portuguese",
    "Namibia": "English",
    "Mauritania": "Arabic",
    "Benin": "French",
    "Togo": "French",
    "Gabon": "French",
    "Suriname": "Dutch",
    "Barbados": "English",
    "Belize": "English",
    "Liechtenstein": "German",
    "Moldova": "Romanian",
}
"""Countries with one official language that their name does not give away; each is checked."""
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
    "Romanian": "ro",
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
)
"""Pairs that border only by a territory or are unclear in the package: never asked about."""


def ascii_of(text: str) -> str:
    """Return `text` without accents."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def country_rows() -> list[tuple[str, ...]]:
    """Return one row a country, with neighbours that both countries' entries agree on."""
    nouns = dict(pair.split() for pair in CURRENCIES.split(","))
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
                "the" if name in WITH_ARTICLE else "",
                COUNTRY_ALIASES.get(name, ""),
                *capital(name, info[name]),
                *currency(name, info[name], nouns),
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


def currency(name: str, info: dict, nouns: dict[str, str]) -> tuple[str, str]:
    """Return the currency's noun and its aliases, or blanks where it is not asked for."""
    if name in NO_CURRENCY:
        return "", ""
    code = info["currencies"][0]
    noun = nouns[code]
    aliases = [f"{noun}s", code]
    if noun != "euro":
        people = ascii_of(info["demonym"])
        aliases += [f"{people} {noun}", f"{people} {noun}s", f"{name} {noun}"]
    if code in OWN_ALIASES.get(noun, code).split():
        aliases += CURRENCY_ALIASES.get(noun, "").split(";")
    return noun, ";".join(filter(None, aliases))


def language(name: str, info: dict) -> tuple[str, str]:
    """Return the official language and its alias, or blanks where it is not asked for."""
    word, _, alias = LANGUAGES.get(name, "").partition(";")
    if word and CODES[word] not in info["languages"]:
        raise ValueError(f"{name}: {word} is not in {info['languages']}")
    return word, alias


def continent(name: str, info: dict) -> str:
    """Return the continent, or a blank where it is not asked for."""
    if name in NO_CONTINENT:
        return ""
    if info["region"] != "Americas":
        return str(info["region"])
    return "South America" if name in SOUTH_AMERICA else "North America"


ANIMALS = """
dog mammal puppy,pup,whelp pack 1
cat mammal kitten - 1
cow mammal calf herd,drove 1
sheep mammal lamb flock,herd 1
horse mammal foal,colt,filly - 1
pig mammal - - 1
goat mammal kid - 1
lion mammal cub pride 1
bear mammal cub - 1
duck bird - - 1
hen bird chick,pullet - 1
goose bird gosling - 1
eagle bird - - 1
parrot bird - - 1
frog amphibian tadpole - 1
snake reptile - - 1
crocodile reptile - - 1
turtle reptile - - 1
shark fish - - 1
salmon fish - - 1
tuna fish - - 1
bee insect - swarm,colony,hive 1
ant insect - colony,army,swarm 1
fly insect maggot - 1
mosquito insect - - 1
wolf mammal pup,cub,whelp pack 2
deer mammal fawn herd 2
elephant mammal calf herd,parade,memory 2
whale mammal calf pod,school 2
dolphin mammal calf pod,school 2
rabbit mammal kit,bunny,kitten - 2
bat mammal pup - 2
mouse mammal pup,pinky - 2
kangaroo mammal joey mob,troop,court 2
tiger mammal cub - 2
owl bird - - 2
penguin bird chick - 2
ostrich bird - - 2
pigeon bird squab - 2
toad amphibian tadpole - 2
newt amphibian - - 2
lizard reptile - - 2
tortoise reptile - - 2
trout fish - - 2
eel fish - - 2
cod fish - - 2
butterfly insect caterpillar - 2
moth insect caterpillar - 2
beetle insect grub - 2
wasp insect - - 2
swan bird cygnet - 3
fox mammal kit,cub,pup - 3
otter mammal pup,whelp - 3
seal mammal pup - 3
hedgehog mammal - - 3
squirrel mammal kit,pup,kitten - 3
goldfinch bird - charm 3
crow bird - murder 3
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
raven bird - unkindness,conspiracy 4
lark bird - exaltation,ascension 4
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
ferret mammal kit business 5
hawk bird eyas - 5
starling bird - murmuration 5
lapwing bird - deceit,desert 5
cassowary bird - - 5
tuatara reptile - - 5
skink reptile - - 5
slow worm reptile - - 5
caecilian amphibian - - 5
olm amphibian - - 5
lamprey fish ammocoete - 5
remora fish - - 5
coelacanth fish - - 5
aphid insect nymph - 5
mayfly insect nymph,naiad - 5
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
    licence = "MIT" if "countryinfo" in source else "Apache-2.0"
    lines = [f"# source: {source}", f"# version: {released}", f"# licence: {licence}"]
    lines += ["\t".join(header.split()), *("\t".join(row) for row in rows)]
    (FACTS / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write both tables."""
    write(
        "countries",
        "countryinfo (PyPI); continents of America, short names and levels by the project",
        version("countryinfo"),
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
