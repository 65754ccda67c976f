"""Second solvers for general/fact_retrieval: facts typed in a second time, dates from Python."""

import re
from datetime import date, timedelta

from solvers import solves

MONTHS = [f"{date(2023, n, 1):%B}" for n in range(1, 13)]
DAYS = [f"{date(2024, 1, n):%A}" for n in range(1, 8)]
SUMMERS = {"northern": 7, "southern": 1}
FEASTS = """\
01 New Year's Day;01 Australia Day;01 Burns;02 Valentine;02 Groundhog;03 Patrick;03 Women's Day
04 Earth Day;04 Anzac;07 Independence Day;07 Bastille;07 Canada Day;10 Halloween;11 Saints
11 Veterans;11 Guy Fawkes;11 Thanksgiving;12 Christmas;12 New Year's Eve;12 Boxing"""
NAMESAKES = """\
January two faces;March god of war;July dictator;August emperor;Thursday thunder;Saturday sowing
Wednesday Woden;September seven;October eight;November nine;December Latin word for ten"""
YEARS = """\
al-Muharram Safar al-Awwal-Rabi' ath-Thani-Rabi' al-Awwal-Jumada ath-Thaniyah-Jumada Rajab Sha'ban
Ramadan Shawwal al-Qa'dah al-Hijjah
Farvardin Ordibehesht Khordad Tir Mordad Shahrivar Mehr Aban Azar Dey Bahman Esfand
Vendemiaire Brumaire Frimaire Nivose Pluviose Ventose Germinal Floreal Prairial Messidor Thermidor
Fructidor
Chaitra Vaishakha Jyeshtha Ashadha Shravana Bhadrapada Ashwin Kartika Margashirsha Pausha Magha
Phalguna
Thout Paopi Hathor Koiak Tobi Meshir Paremhat Paremoude Pashons Paoni Epip Mesori"""
FOREIGN = YEARS.split()
FULL = """\
km=kilometre|cm=centimetre|mm=millimetre|kg=kilogram|g=gram|ml=millilitre|min=minute|Mon=Monday
Tue=Tuesday|Wed=Wednesday|Thu=Thursday|Fri=Friday|Sat=Saturday|Sun=Sunday|Jan=January|Feb=February
Aug=August|Sep=September|Oct=October|Nov=November|Dec=December|Dr=doctor|Prof=professor|Mr=mister
UK=United Kingdom|USA=United States of America|EU=European Union|ASAP=as soon as possible
FYI=for your information|FAQ=frequently asked questions|TBA=to be announced|PS=postscript
DIY=do it yourself|VIP=very important person|TV=television|UFO=unidentified flying object
GPS=global positioning system|PIN=personal identification number|ATM=automated teller machine
PC=personal computer|CD=compact disc|SUV=sport utility vehicle|UN=United Nations
FBI=Federal Bureau of Investigation|CIA=Central Intelligence Agency|HQ=headquarters
NATO=North Atlantic Treaty Organisation|WHO=World Health Organisation
BBC=British Broadcasting Corporation|NASA=National Aeronautics and Space Administration
CEO=chief executive officer|IMF=International Monetary Fund|WTO=World Trade Organisation
OPEC=Organisation of the Petroleum Exporting Countries|GDP=gross domestic product
VAT=value added tax|NGO=nongovernmental organization|URL=uniform resource locator
PDF=portable document format|USB=universal serial bus|RAM=random access memory
ROM=read only memory|CPU=central processing unit|WWW=world wide web|IT=information technology
HTML=hypertext markup language|HIV=human immunodeficiency virus|DNA=deoxyribonucleic acid
AIDS=acquired immune deficiency syndrome|MRI=magnetic resonance imaging|LED=light emitting diode
CCTV=closed circuit television|CV=curriculum vitae|ISBN=international standard book number
IQ=intelligence quotient|e.g.=exempli gratia|i.e.=id est|etc.=et cetera|a.m.=ante meridiem
p.m.=post meridiem|A.D.=Anno Domini|N.B.=nota bene|vs.=versus|et al.=et alii
R.I.P.=requiescat in pace|radar=radio detection and ranging|sonar=sound navigation and ranging
laser=light amplification by stimulated emission of radiation|SMS=short message service
scuba=self contained underwater breathing apparatus|GIF=graphics interchange format
JPEG=joint photographic experts group|SIM=subscriber identity module|ECB=European Central Bank
ASCII=American standard code for information interchange
UNESCO=United Nations Educational Scientific and Cultural Organization
OECD=Organisation for Economic Cooperation and Development|op. cit.=opere citato|ibid.=ibidem
viz.=videlicet|q.v.=quod vide|Q.E.D.=quod erat demonstrandum|Q.E.F.=quod erat faciendum
s.v.=sub voce|fl.=floruit|D.V.=deo volente|ad lib.=ad libitum|pro tem.=pro tempore
loc. cit.=loco citato|et seq.=et sequens|S.P.Q.R.=senatus populusque Romanus
I.N.R.I.=Iesus Nazarenus Rex Iudaeorum|stat.=statim|b.i.d.=bis in die|t.i.d.=ter in die
q.i.d.=quater in die|p.o.=per os|p.r.n.=pro re nata|a.c.=ante cibum|p.c.=post cibum"""
HINTS = """\
island=by water|orphan=lost both|widow=husband is dead|thirst=to drink|kitchen=meals|library=books
desert=arid|breakfast=first meal|umbrella=canopy|pilot=aircraft|candle=wick|orchard=cultivated wood
nephew=son of your|century=100 years|volcano=lava|thermometer=temperature|blizzard=snowfall
glacier=moving mass of ice|carpenter=woodworker|envelope=letter|bicycle=two wheels
grandfather=father of your|waiter=serve at table|drought=rainfall|ransom=captured|alibi=accused
nomad=no permanent home|hermit=solitude|famine=shortage of food|avalanche=down a mountain
estuary=nears the sea|dialect=usage or vocabulary|census=count of|epidemic=outbreak
archipelago=many islands|amnesia=loss of memory|sibling=brother|tributary=main stream
insomnia=sleep|herbivore=grass|cannibal=human flesh|monopoly=exclusive|patriot=country
heir=inherit|dowry=marriage|widower=wife is dead|vaccine=antibodies|kleptomaniac=steal
philanthropist=charitable|oligarchy=few people|epitaph=inscription|eulogy=praise
ventriloquist=dummy|cartographer=maps|plagiarism=copied|prologue=a play|placebo=inert
sabbatical=seventh year|anachronism=time when|euphemism=inoffensive|pseudonym=fictitious name
biped=two feet|botany=studies plants|hieroglyph=picture symbols|aviary=birds are kept
convalescence=healing|mutiny=rebellion|perjury=oath|carnivore=feeds on flesh|centenarian=100 years
hypochondriac=imaginary|soliloquy=to yourself|usurer=interest|sinecure=minimal duties
harbinger=approach of|epicure=refined|misogynist=women|polyglot=language|palindrome=backward
hegemony=dominance|vendetta=feud|panacea=remedy|alliteration=consonant|ablution=washing
penury=poverty|apiary=beehives|philately=stamps|numismatics=of money|iconoclast=images
pyromaniac=fire|theocracy=deity|turncoat=betrays|podium=platform|ornithology=studies birds
entomology=insects|parable=moral story|defenestration=window|uxoricide=murder of a wife
tonsure=crown|tintinnabulation=bell|aglet=shoelace|ferrule=splitting|astrolabe=sextant
syzygy=celestial|synecdoche=inclusive|litotes=understatement|zeugma=use of a verb
hendiadys=conjoined|sesquipedalian=long word|simony=ecclesiastical|escheat=legal heirs
palimpsest=manuscript|spelunker=caves|lepidopterist=butterflies|thaumaturgy=supernatural
cenotaph=monument|amanuensis=transcription|ziggurat=Assyrians|limnology=fresh water"""


def typed(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in re.split(r"[|\n]", text))


def listed(text: str) -> list[tuple[str, str]]:
    pairs = [pair.partition(" ") for pair in re.split(r"[;\n]", text)]
    return [(name, hint) for name, _, hint in pairs]


@solves("general/fact_retrieval/month_and_season_facts")
def month_and_season_facts(question: str) -> str:
    if "calendar" in question and "Republican" not in question.partition("calendar")[2]:
        return str(foreign_number(question))
    half = re.search(r"(northern|southern) hemisphere", question)
    names = [n for n in (*MONTHS, *DAYS) if re.search(rf"\b{n}\b", question)]
    if half:
        month = next(n for n in names if n in MONTHS)
        away = (MONTHS.index(month) + 1 - SUMMERS[half[1]] + 1) % 12
        return ("summer", "autumn", "winter", "spring")[away // 3]
    for text, pattern in ((FEASTS, r"\d\d"), (NAMESAKES, r"\w+day|\w+")):
        for name, hint in listed(text):
            if hint in question and re.fullmatch(pattern, name):
                return MONTHS[int(name) - 1] if name.isdigit() else name
    return from_python(question, names)


def from_python(question: str, names: list[str]) -> str:
    number = re.search(r"\b(?:number|month|as) (?:the number )?(\d+)\b(?!,)", question)
    if number:
        found = re.findall(r"\d+", question)[-1]
        return f"{date(2023, int(found), 1):%B}"
    name = names[-1]
    if name in DAYS:
        step = -1 if re.search(r"before|precedes|follows directly", question, re.I) else 1
        day = next(d for n in range(1, 8) if f"{(d := date(2024, 1, n)):%A}" == name)
        return f"{day + timedelta(days=step):%A}"
    first = date(2023, MONTHS.index(name) + 1, 1)
    after = (first + timedelta(days=31)).replace(day=1)
    if re.search(r"\bdays\b", question):
        return str((after - first).days)
    if re.search(r"\bbefore\b|precedes|follows directly", question, re.I):
        return f"{first - timedelta(days=1):%B}"
    return str(first.month) if re.search("number|number.", question) else f"{after:%B}"


def foreign_number(question: str) -> int:
    found = []
    for position, name in enumerate(FOREIGN):
        parts = name.split("-") if name.count("-") == 2 else [name]
        words = {"-".join(parts[:2]), parts[-1]} if len(parts) == 3 else {name}
        if all(re.search(rf"(?<![\w']){re.escape(w)}(?![\w'])", question) for w in words):
            found.append((len(words), position % 12 + 1))
    return max(found)[1]


@solves("general/fact_retrieval/word_meaning")
def word_meaning(question: str) -> str:
    hints = typed(HINTS)
    quoted = re.search(r'"(.+)"', question)[1]
    options = re.findall(r"\w+", question.replace(quoted, ""))
    fits = [word for word in options if word in hints and hints[word] in quoted]
    assert len(fits) == 1, (question, fits)
    return fits[0]


@solves("general/fact_retrieval/common_abbreviation")
def common_abbreviation(question: str) -> str:
    facts = typed(FULL)
    found = [a for a in facts if re.search(rf"(?<!\w){re.escape(a)}(?![\w])", question)]
    return facts[max(found, key=len)]
