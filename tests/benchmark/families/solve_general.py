"""Second solvers for the domain general: other algorithms, and facts typed in a second time."""

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import permutations

from solvers import solves

from metaprobe.benchmark.facts import table


def integers(text: str) -> list[int]:
    return [int(n) for n in re.findall(r"-?\d+", text)]


@solves("general/calculation/clock_and_duration")
def clock_and_duration(question: str) -> str:
    question = question[: re.search(r"Write it|Use the 24", question).start()]
    start = re.search(r"\d+:\d\d(?::\d\d)?", question)[0]
    hms = [*map(int, start.split(":")), 0][:3]
    seconds = sum(
        int(n) * {"h": 3600, "min": 60, "minutes": 60, "s": 1}[unit]
        for n, unit in re.findall(r"(\d+) (h|minutes|min|s)\b", question)
    )
    back = re.search(r"When (did it|was it switched)", question)
    end = datetime(2001, 1, 15, *hms, tzinfo=UTC) + timedelta(seconds=-seconds if back else seconds)
    if "minutes" in question:
        return f"{end.hour}:{end.minute:02}"
    return end.strftime("%H:%M:%S" if start.count(":") == 2 else "%H:%M")


@solves("general/calculation/change_and_bills")
def change_and_bills(question: str) -> str:
    question = question.replace("Write it like 4.50.", "")
    money = re.search(r"(?:pays with|gives|had) (\d+) euros|with (\d+) euros", question)
    paid = Fraction(money[1] or money[2])
    bought = question[: money.start()] + question[money.end() :].split("notes of 50")[0]
    spent = Fraction(0)
    for count, price in re.findall(r"\b(an?|\d+) \w+ for ([\d.]+) euros?", bought):
        spent += (int(count) if count.isdigit() else 1) * Fraction(price)
    change = paid - spent
    if "fewest" not in question:
        return str(int(change)) if change.denominator == 1 else str(float(change))
    return str(fewest(int(change * 100)))


@cache
def fewest_table(size: int) -> list[int]:
    best = [0] + [size] * size
    for value in range(1, size + 1):
        coins = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
        best[value] = 1 + min(best[value - coin] for coin in coins if coin <= value)
    return best


def fewest(cents: int) -> int:
    return fewest_table(5000)[cents]


@solves("general/calculation/recipe_scaling")
def recipe_scaling(question: str) -> str:
    people, guests = ([int(n) for n in re.findall(r"(\d+) (?:people|guests)", question)] + [None])[
        :2
    ]
    weights = re.findall(r"(\d+) g of ([a-z ]+?)(?=,| and|\.| for| is|\?| left)", question)
    if not weights:
        pieces = int(re.search(r"(\d+) (?!people|guests)\w+", question)[1])
        return str(Fraction(pieces * guests, people))
    if guests is not None:
        return str(float(Fraction(sum(int(g) for g, _ in weights) * guests, people)))
    half = len(weights) // 2
    needs = {name: int(g) for g, name in weights[:half]}
    stock = {name: int(g) for g, name in weights[half:]}
    count = 0
    while all(need * (count + 1) <= stock[name] * people for name, need in needs.items()):
        count += 1
    return str(count)


def clock_minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return 60 * int(hours) + int(minutes or 0)


@solves("general/enumeration/free_slots")
def free_slots(question: str) -> str:
    if "minutes" not in question:
        lists = [set(integers(t)) for t in re.findall(r"\d+(?:, \d+)+", question)]
        both = re.search(r"both|share|meet", question)
        return ", ".join(map(str, lists[0] & lists[1] if both else lists[0] - lists[1]))
    lasts = int(re.search(r"(\d+) minutes", question)[1])
    step = 60 if "a full hour" in question else 30 if "full or half" in question else 15
    taken: set[int] = set()
    for span in re.findall(r"from (\d+:\d\d) to (\d+:\d\d)", question):
        taken |= set(range(*map(clock_minutes, span)))
    starts = [
        t
        for t in range(540, 1021 - lasts)
        if t % step == 0 and taken.isdisjoint(range(t, t + lasts))
    ]
    return ", ".join(f"{t // 60}:{t % 60:02}" for t in starts)


@solves("general/enumeration/seating_orders")
def seating_orders(question: str) -> str:
    names = re.findall(
        r"[A-Z][a-z]{2}\b(?<!The)", re.split(r" sit | stand | form | take ", question)[0]
    )
    checks = []
    for one, rule, two in re.findall(
        r"([A-Z][a-z]{2}) is ([a-z ]+?) ?([A-Z][a-z]{2})?\.", question
    ):
        checks.append((names.index(one), rule, names.index(two) if two else -1))
    last = len(names) - 1
    tests = {
        "somewhere to the left of": lambda p, a, b: p[a] < p[b],
        "at the left end": lambda p, a, _: p[a] == 0,
        "at the right end": lambda p, a, _: p[a] == last,
        "not at the left end": lambda p, a, _: p[a] != 0,
        "not at the right end": lambda p, a, _: p[a] != last,
        "next to": lambda p, a, b: p[a] - p[b] in (1, -1),
        "not next to": lambda p, a, b: p[a] - p[b] not in (1, -1),
    }
    orders = []
    for places in permutations(range(len(names))):
        if all(tests[rule](places, a, b) for a, rule, b in checks):
            row = [""] * len(names)
            for name, place in zip(names, places, strict=True):
                row[place] = name
            orders.append(" ".join(row))
    return ", ".join(orders)


@solves("general/enumeration/items_matching_a_description")
def items_matching_a_description(question: str) -> str:
    rows = re.findall(r"^(\d+), (\w+), (\w+), (\d+), (\d+)$", question, re.M)
    if not rows:
        question = question.removesuffix(" Answer with the nouns.")
        asked = set(re.search(r"(?:things are|that are) ([\w ]+)[?.]", question)[1].split()) - {
            "and"
        }
        things = re.findall(r"\ba ((?:big |small )?(?:red|blue|green|white) \w+)", question)
        return ", ".join(t.split()[-1] for t in things if asked <= set(t.split()[:-1]))
    one, two = re.search(r"(\w+) or (\w+), and cheaper", question).groups()
    price = int(re.search(r"cheaper than (\d+)", question)[1])
    size = re.search(r"different from (\w+) in size", question)
    weight = re.search(r"between (\d+) and (\d+) grams", question)
    low, high = map(int, weight.groups()) if weight else (0, 10**6)
    fits = []
    for number, colour, own_size, own_price, own_weight in rows:
        bad_size = size is not None and size[1] == own_size
        if colour not in (one, two) or int(own_price) >= price or bad_size:
            continue
        if low <= int(own_weight) <= high:
            fits.append(number)
    return ", ".join(fits)


@solves("general/simulation/compass_turns")
def compass_turns(question: str) -> str:
    names = {"east": 1, "north": 1j, "west": -1, "south": -1j}
    turn = {"left": 1j, "right": -1j, "around": -1}
    facing = names[re.search(r"(?:faces|looks|facing|Facing) (\w+)", question)[1]]
    moves = re.findall(r"turn (\w+), go (\d+)", question)
    if not moves:
        for word in re.findall(r"\b(?:left|right|around)\b", question):
            facing *= turn[word]
        return next(name for name, value in names.items() if value == facing)
    wall = 6 if "Walls" in question else 10**6
    place = 0
    for word, count in moves:
        facing *= turn[word]
        for _ in range(int(count)):
            ahead = place + facing
            if abs(ahead.real) <= wall and abs(ahead.imag) <= wall:
                place = ahead
    return f"{int(place.real)}, {int(place.imag)}"


@solves("general/simulation/shuffled_objects")
def shuffled_objects(question: str) -> str:
    held = [list(pair) for pair in re.findall(r"([A-Z]\w+) has the (\w+)", question)]
    asked = re.search(r"What does (\w+)|with (\w+) then\?", question)
    wanted = asked[1] or asked[2]
    seats = [name for name, _ in held]
    things = [thing for _, thing in held]
    for one, two, everyone in re.findall(r"(\w+) and (\w+) swap\.|(Everyone passes on)", question):
        if everyone:
            things.insert(0, things.pop())
        else:
            a, b = seats.index(one), seats.index(two)
            things[a], things[b] = things[b], things[a]
    return things[seats.index(wanted)]


@solves("general/simulation/inventory_updates")
def inventory_updates(question: str) -> str:
    stock, least, refill = integers(question)[:3]
    late = "one day" in question or "next evening" in question
    pending: list[int] = []
    for sold in re.findall(r"(\d+) on day \d+", question):
        stock -= int(sold)
        assert stock >= 0
        order = [refill] if stock < least else []
        arriving, pending = (pending, order) if late else (order, [])
        stock += sum(arriving)
    return str(stock)


CAPITALS = """\
France Paris|Germany Berlin|Italy Rome|Spain Madrid|Portugal Lisbon|United-Kingdom London
Ireland Dublin|Greece Athens|Poland Warsaw|Russia Moscow|China Beijing|Japan Tokyo|India New-Delhi
United-States Washington|Canada Ottawa|Brazil Brasilia|Argentina Buenos-Aires|Egypt Cairo
Turkey Ankara|Australia Canberra|Sweden Stockholm|Norway Oslo|Netherlands Amsterdam|Austria Vienna
South-Korea Seoul|Hungary Budapest|Denmark Copenhagen|Finland Helsinki|Iceland Reykjavik|Cuba Havana
Peru Lima|Chile Santiago|Colombia Bogota|Kenya Nairobi|Nigeria Abuja|Morocco Rabat
Pakistan Islamabad|Nepal Kathmandu|Vietnam Hanoi|Philippines Manila|Saudi-Arabia Riyadh|Iraq Baghdad
Iran Tehran|Thailand Bangkok|Ukraine Kyiv|Czech-Republic Prague|New-Zealand Wellington
Belgium Brussels|Romania Bucharest|Bulgaria Sofia|Croatia Zagreb|Serbia Belgrade
Slovakia Bratislava|Slovenia Ljubljana|Estonia Tallinn|Latvia Riga|Lithuania Vilnius|Albania Tirana
Bangladesh Dhaka|Cambodia Phnom-Penh|Mongolia Ulaanbaatar|Malaysia Kuala-Lumpur|Jordan Amman
Lebanon Beirut|Syria Damascus|Ethiopia Addis-Ababa|Ghana Accra|Uganda Kampala|Venezuela Caracas
Ecuador Quito|Jamaica Kingston|Costa-Rica San-Jose|Uruguay Montevideo|Paraguay Asuncion
Honduras Tegucigalpa|Nicaragua Managua|Dominican-Republic Santo-Domingo|Haiti Port-au-Prince
Georgia Tbilisi|Armenia Yerevan|Azerbaijan Baku|Uzbekistan Tashkent|Kyrgyzstan Bishkek
Laos Vientiane|Bhutan Thimphu|Oman Muscat|Qatar Doha|Afghanistan Kabul|Senegal Dakar|Angola Luanda
Zambia Lusaka|Sudan Khartoum|Libya Tripoli|Madagascar Antananarivo|Mozambique Maputo
Namibia Windhoek|Rwanda Kigali|Zimbabwe Harare|Tajikistan Dushanbe|Turkmenistan Ashgabat
Mauritania Nouakchott|Burkina-Faso Ouagadougou|Benin Porto-Novo|Togo Lome|Chad N'Djamena
Niger Niamey|Mali Bamako|Gabon Libreville|Malawi Lilongwe|Lesotho Maseru|Eritrea Asmara
Somalia Mogadishu|Suriname Paramaribo|Belize Belmopan|Barbados Bridgetown|Vanuatu Port-Vila
Tonga Nuku'alofa|Samoa Apia|Mauritius Port-Louis|Liechtenstein Vaduz|Moldova Chisinau
Botswana Gaborone"""
MONEY = """\
euro: France Germany Italy Spain Portugal Ireland Greece Netherlands Austria Finland Belgium
euro: Slovakia Slovenia Estonia Latvia Lithuania
pound: United-Kingdom Egypt Lebanon Syria Sudan
dollar: United-States Canada Australia New-Zealand Ecuador Jamaica Namibia Suriname Belize Barbados
peso: Argentina Mexico Cuba Chile Colombia Philippines Uruguay Dominican-Republic
franc: Senegal Rwanda Burkina-Faso Benin Togo Chad Niger Mali Gabon
rupee: India Pakistan Nepal Mauritius
dinar: Iraq Serbia Jordan Algeria Libya
shilling: Kenya Uganda Somalia
krona: Sweden Iceland
krone: Norway Denmark
rial: Iran Oman
riyal: Saudi-Arabia Qatar
som: Uzbekistan Kyrgyzstan
manat: Azerbaijan Turkmenistan
leu: Romania Moldova
kwacha: Zambia Malawi
zloty: Poland
ruble: Russia
yuan: China
yen: Japan
real: Brazil
lira: Turkey
won: South-Korea
forint: Hungary
sol: Peru
naira: Nigeria
dirham: Morocco
dong: Vietnam
baht: Thailand
hryvnia: Ukraine
koruna: Czech-Republic
lek: Albania
taka: Bangladesh
riel: Cambodia
tugrik: Mongolia
ringgit: Malaysia
birr: Ethiopia
cedi: Ghana
bolivar: Venezuela
colon: Costa-Rica
guarani: Paraguay
lempira: Honduras
cordoba: Nicaragua
gourde: Haiti
lari: Georgia
dram: Armenia
kip: Laos
ngultrum: Bhutan
kwanza: Angola
ariary: Madagascar
metical: Mozambique
somoni: Tajikistan
ouguiya: Mauritania
loti: Lesotho
nakfa: Eritrea
vatu: Vanuatu
paanga: Tonga
tala: Samoa
pula: Botswana"""
SPOKEN = """German: Austria Liechtenstein
Portuguese: Brazil Angola Mozambique
Spanish: Argentina Cuba Colombia Venezuela Ecuador Costa-Rica Uruguay Honduras Nicaragua
Spanish: Dominican-Republic
Arabic: Egypt Saudi-Arabia Jordan Syria Lebanon Oman Qatar Libya Mauritania
English: Nigeria Ghana Jamaica Zambia Namibia Barbados Belize
French: Senegal Benin Togo Gabon
Persian: Iran
Khmer: Cambodia
Bengali: Bangladesh
Dzongkha: Bhutan
Dutch: Suriname
Romanian: Moldova"""
CONTINENTS = """\
Europe: France Germany Italy Spain Portugal United-Kingdom Ireland Greece Poland Sweden
Europe: Norway Netherlands Austria Hungary Denmark Finland Iceland Ukraine Czech-Republic Belgium
Europe: Switzerland Romania Bulgaria Croatia Serbia Slovakia Slovenia Estonia Latvia Lithuania
Europe: Albania Liechtenstein Moldova
Asia: China Japan India South-Korea Pakistan Nepal Vietnam Philippines Saudi-Arabia Iraq Iran
Asia: Thailand Bangladesh Cambodia Mongolia Malaysia Jordan Lebanon Syria Uzbekistan Kyrgyzstan
Asia: Laos Bhutan Oman Qatar Afghanistan Tajikistan Turkmenistan
Africa: Kenya Nigeria Morocco Algeria Ethiopia Ghana Uganda Senegal Angola Zambia Sudan Libya
Africa: Madagascar Mozambique Namibia Rwanda Zimbabwe Mauritania Burkina-Faso Benin Togo Chad
Africa: Niger Mali Gabon Malawi Lesotho Eritrea Somalia Mauritius Botswana
North-America: United-States Canada Mexico Cuba Jamaica Costa-Rica Honduras Nicaragua Haiti
North-America: Dominican-Republic Belize Barbados
South-America: Brazil Argentina Peru Chile Colombia Venezuela Ecuador Uruguay Paraguay Suriname
Oceania: Australia New-Zealand Vanuatu Tonga Samoa"""
CLASSES = """\
mammal: dog cat cow sheep horse pig goat lion bear wolf deer elephant whale dolphin rabbit
mammal: bat mouse kangaroo tiger fox otter seal hedgehog squirrel platypus porpoise manatee hare
mammal: echidna pangolin dugong ferret
bird: duck hen goose eagle parrot owl penguin ostrich pigeon swan goldfinch crow turkey kiwi emu
bird: raven lark hawk starling lapwing cassowary
amphibian: frog toad newt salamander axolotl caecilian olm
reptile: snake crocodile turtle lizard tortoise gecko chameleon iguana terrapin tuatara skink
reptile: slow-worm
fish: shark salmon tuna trout eel cod seahorse herring manta-ray sturgeon lamprey remora coelacanth
insect: bee ant fly mosquito butterfly moth beetle wasp locust ladybird dragonfly cicada earwig
insect: aphid mayfly"""
YOUNG = """puppy: dog
kitten: cat
calf: cow elephant whale dolphin
lamb: sheep
foal: horse
kid: goat
cub: lion bear tiger
chick: hen penguin
gosling: goose
tadpole: frog toad
maggot: fly
pup: wolf bat mouse seal otter
fawn: deer
kit: rabbit fox squirrel ferret
joey: kangaroo
squab: pigeon
caterpillar: butterfly moth
grub: beetle
cygnet: swan
leveret: hare
poult: turkey
nymph: cicada earwig aphid mayfly
puggle: echidna
eyas: hawk
ammocoete: lamprey"""
GROUPS = """pack: dogs wolves
herd: cows deer elephants
flock: sheep
pride: lions
swarm: bees
colony: ants
pod: whales dolphins
mob: kangaroos
charm: goldfinches
murder: crows
unkindness: ravens
exaltation: larks
business: ferrets
murmuration: starlings
deceit: lapwings"""


@cache
def typed(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        value, _, names = line.partition(": ")
        found |= {n.replace("-", " "): value.replace("-", " ") for n in names.split()}
    return found


@cache
def capitals() -> dict[str, str]:
    pairs = [pair.split() for pair in re.split(r"[|\n]", CAPITALS)]
    hyphens = ("Port-au-Prince", "Porto-Novo")
    return {a.replace("-", " "): b if b in hyphens else b.replace("-", " ") for a, b in pairs}


def longest_in(text: str, names) -> str | None:
    found = [n for n in names if re.search(rf"\b{re.escape(n)}\b", text)]
    return max(found, key=len, default=None)


@solves("general/fact_retrieval/capital_currency_language")
def capital_currency_language(question: str) -> str:
    town_of = capitals()
    country = longest_in(question, {*town_of, *typed(MONEY)})
    town = longest_in(question, town_of.values())
    if town:
        country = next(c for c, t in town_of.items() if t == town)
    if re.search("currency|money|prices|pay", question):
        return typed(MONEY)[country]
    if "language" in question:
        return typed(SPOKEN)[country]
    return country if town else town_of[country]


@solves("general/fact_retrieval/continent_and_border")
def continent_and_border(question: str) -> str:
    story, _, listed = question.partition(": ")
    if not listed:
        story = question.partition(" Answer with")[0]
        return typed(CONTINENTS)[longest_in(story, typed(CONTINENTS))]
    options = listed.partition("?")[0].partition(".")[0].split(", ")
    rows = {row["country"]: row["borders"].split(";") for row in table("countries")}
    asked = longest_in(story, rows)
    neighbours = [name for name in options if asked in rows[name]]
    assert len(neighbours) == 1
    return neighbours[0]


@solves("general/fact_retrieval/animal_and_group")
def animal_and_group(question: str) -> str:
    if "mammal, bird" in question:
        return typed(CLASSES)[longest_in(question.partition(":")[0], typed(CLASSES))]
    facts = typed(YOUNG if "young" in question else GROUPS)
    return facts[longest_in(question, facts)]


@solves("general/diagnostic/contradiction_in_passage")
def contradiction_in_passage(question: str) -> str:
    has: dict[str, int] = {}
    for number, text in re.findall(r"^(\d+)\. (.+)$", question, re.M):
        who = re.findall(r"[A-Z]\w+", text)
        value = integers(text)
        if re.search(r"\d+ (more|fewer) than", text):
            has[who[0]] = has[who[1]] + (value[0] if "more" in text else -value[0])
        elif "together" in text:
            if has[who[0]] + has[who[1]] != value[0]:
                return number
        elif value:
            if has.setdefault(who[0], value[0]) != value[0]:
                return number
        elif (has[who[0]] > has[who[1]]) != ("more" in text) or has[who[0]] == has[who[1]]:
            return number
    return "none"


@solves("general/diagnostic/schedule_conflict")
def schedule_conflict(question: str) -> str:
    rooms = "same room" in question
    taken: set[tuple[str, int]] = set()
    for number, name, *span in re.findall(
        r"^(\d+)\. ([\w ]+) from ([\d:]+) to ([\d:]+)$", question, re.M
    ):
        moments = {(name if rooms else "", m) for m in range(*map(clock_minutes, span))}
        if taken & moments:
            return number
        taken |= moments
    return "none"


@solves("general/diagnostic/claim_against_table")
def claim_against_table(question: str) -> str:
    head, *lines = question.splitlines()
    claims = [re.match(r"(\d+)\. (?:(\w+): )?(.+)\.$", line) for line in lines[:-1]]
    if "by stall" in head:
        names = head.split(": ")[1].split(", ")
        rows = [line.split(": ") for line in lines if re.match(r"[A-Z]\w+: \d", line)]
        columns = {
            n: {stall: int(v.split(", ")[i]) for stall, v in rows} for i, n in enumerate(names)
        }
    else:
        columns = {"": {n: int(v) for n, v in re.findall(r"([A-Z]\w+) (\d+)", head)}}
    for number, product, text in (m.groups() for m in claims if m):
        if not true_of(columns[(product or "").lower()], text):
            return number
    return "none"


def true_of(column: dict[str, int], text: str) -> bool:
    who = [w for w in re.findall(r"\w+", text) if w in column]
    value = integers(text)
    if text.startswith("all stalls"):
        who = list(column)
    if value:
        return sum(column[w] for w in who) == value[0]
    if "most" in text:
        return all(column[who[0]] >= v for v in column.values())
    bigger = column[who[0]] > column[who[1]]
    return bigger == ("more" in text)
