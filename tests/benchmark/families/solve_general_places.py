"""Second solvers for general/fact_retrieval: places and animals, typed in a second time."""

import re
from functools import cache

from solvers import solves

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
pound: United-Kingdom Egypt Lebanon Sudan
dollar: United-States Canada Australia New-Zealand Ecuador Jamaica Suriname Belize Barbados
peso: Argentina Mexico Cuba Chile Colombia Philippines Uruguay Dominican-Republic
franc: Rwanda
West-African-CFA-franc: Senegal Burkina-Faso Benin Togo Niger Mali
Central-African-CFA-franc: Chad Gabon
rupee: India Pakistan Nepal Mauritius
dinar: Iraq Serbia Jordan Algeria Libya
shilling: Kenya Uganda Somalia
krona: Sweden Iceland
krone: Norway Denmark
rial: Oman
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
colon: Costa-Rica
guarani: Paraguay
lempira: Honduras
cordoba: Nicaragua
lari: Georgia
dram: Armenia
kip: Laos
kwanza: Angola
ariary: Madagascar
metical: Mozambique
somoni: Tajikistan
ouguiya: Mauritania
nakfa: Eritrea
vatu: Vanuatu
paanga: Tonga
tala: Samoa
pula: Botswana"""
SPOKEN = """German: Austria Liechtenstein
Portuguese: Brazil Angola Mozambique
Spanish: Cuba Costa-Rica Honduras Dominican-Republic
Arabic: Egypt Saudi-Arabia Jordan Lebanon Oman Qatar Libya Mauritania
English: Zambia Namibia
French: Senegal Benin Togo Gabon
Persian: Iran
Khmer: Cambodia
Bengali: Bangladesh
Dzongkha: Bhutan
Dutch: Suriname"""
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
FRONTIERS = """\
France: Belgium Germany Italy Spain Switzerland
Germany: Austria Belgium Czech-Republic Denmark Netherlands Poland Switzerland
Italy: Austria Slovenia Switzerland
Spain: Portugal
United-Kingdom: Ireland
Greece: Albania Bulgaria Turkey
Poland: Czech-Republic Lithuania Russia Slovakia Ukraine
Russia: Azerbaijan China Estonia Finland Georgia Latvia Lithuania Mongolia Norway Ukraine
China: Afghanistan Bhutan India Kyrgyzstan Laos Mongolia Nepal Pakistan Tajikistan Vietnam
India: Bangladesh Bhutan Nepal Pakistan
United-States: Canada Mexico
Brazil: Argentina Colombia Paraguay Peru Suriname Uruguay Venezuela
Argentina: Chile Paraguay Uruguay
Egypt: Libya Sudan
Turkey: Armenia Azerbaijan Bulgaria Georgia Iran Iraq Syria
Sweden: Finland Norway
Norway: Finland
Netherlands: Belgium
Austria: Czech-Republic Hungary Liechtenstein Slovakia Slovenia Switzerland
Mexico: Belize
Hungary: Croatia Romania Serbia Slovakia Slovenia Ukraine
Peru: Chile Colombia Ecuador
Colombia: Ecuador Venezuela
Kenya: Ethiopia Somalia Uganda
Nigeria: Benin Chad Niger
Morocco: Algeria
Pakistan: Afghanistan Iran
Vietnam: Cambodia Laos
Saudi-Arabia: Iraq Jordan Oman Qatar
Iraq: Iran Jordan Syria
Iran: Afghanistan Armenia Azerbaijan Turkmenistan
Thailand: Cambodia Laos Malaysia
Ukraine: Moldova Romania Slovakia
Czech-Republic: Slovakia
Switzerland: Liechtenstein
Romania: Bulgaria Moldova Serbia
Bulgaria: Serbia
Croatia: Serbia Slovenia
Estonia: Latvia
Latvia: Lithuania
Cambodia: Laos
Jordan: Syria
Lebanon: Syria
Algeria: Libya Mali Mauritania Niger
Ethiopia: Eritrea Somalia Sudan
Ghana: Burkina-Faso Togo
Uganda: Rwanda
Costa-Rica: Nicaragua
Honduras: Nicaragua
Dominican-Republic: Haiti
Georgia: Armenia Azerbaijan
Armenia: Azerbaijan
Uzbekistan: Afghanistan Kyrgyzstan Tajikistan Turkmenistan
Kyrgyzstan: Tajikistan
Afghanistan: Tajikistan Turkmenistan
Senegal: Mali Mauritania
Angola: Namibia Zambia
Zambia: Botswana Malawi Mozambique Namibia Zimbabwe
Sudan: Chad Eritrea Libya
Libya: Chad Niger
Mozambique: Malawi Zimbabwe
Namibia: Botswana
Zimbabwe: Botswana
Mauritania: Mali
Burkina-Faso: Benin Mali Niger Togo
Benin: Niger Togo
Chad: Niger
Niger: Mali"""
CLASSES = """\
mammal: dog cat cow sheep horse pig goat lion bear wolf deer elephant whale dolphin rabbit
mammal: bat mouse kangaroo tiger fox otter seal hedgehog squirrel platypus porpoise manatee hare
mammal: echidna pangolin dugong ferret
bird: duck hen goose eagle parrot owl penguin ostrich pigeon swan goldfinch crow turkey kiwi emu
bird: raven lark hawk starling lapwing cassowary
amphibian: frog toad newt salamander axolotl caecilian olm
reptile: snake crocodile turtle lizard tortoise gecko chameleon iguana terrapin tuatara skink
reptile: slow-worm
fish: shark salmon tuna trout eel cod seahorse herring manta-ray sturgeon remora coelacanth
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
eyas: hawk"""
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


@cache
def frontiers() -> set[tuple[str, str]]:
    pairs = {
        (one.replace("-", " "), other.replace("-", " "))
        for one, _, others in (line.partition(": ") for line in FRONTIERS.splitlines())
        for other in others.split()
    }
    return pairs | {(b, a) for a, b in pairs}


@solves("general/fact_retrieval/continent_and_border")
def continent_and_border(question: str) -> str:
    story, _, listed = question.partition(": ")
    if not listed:
        story = question.partition(" Answer with")[0]
        return typed(CONTINENTS)[longest_in(story, typed(CONTINENTS))]
    options = listed.partition("?")[0].partition(".")[0].split(", ")
    asked = longest_in(story, {name for pair in frontiers() for name in pair})
    neighbours = [name for name in options if (asked, name) in frontiers()]
    assert len(neighbours) == 1
    return neighbours[0]


@solves("general/fact_retrieval/animal_and_group")
def animal_and_group(question: str) -> str:
    if "mammal, bird" in question:
        return typed(CLASSES)[longest_in(question.partition(":")[0], typed(CLASSES))]
    facts = typed(YOUNG if "young" in question else GROUPS)
    return facts[longest_in(question, facts)]
