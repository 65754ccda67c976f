"""Rows of the domain general that no package has; `general_words.py` writes them into tables."""

DEFINED = {
    1: "island orphan widow thirst kitchen library desert breakfast umbrella pilot candle orchard"
    " nephew century volcano thermometer blizzard glacier carpenter envelope bicycle"
    " grandfather waiter",
    2: "drought ransom alibi nomad hermit:2 famine:2 avalanche estuary dialect census epidemic"
    " archipelago amnesia sibling tributary insomnia herbivore cannibal monopoly:2 patriot heir"
    " dowry widower vaccine",
    3: "kleptomaniac philanthropist oligarchy epitaph eulogy ventriloquist cartographer plagiarism"
    " prologue placebo sabbatical anachronism euphemism pseudonym biped botany:2 hieroglyph:2"
    " aviary convalescence mutiny perjury carnivore:2 centenarian hypochondriac",
    4: "soliloquy usurer sinecure:2 harbinger epicure misogynist polyglot palindrome hegemony"
    " vendetta panacea:2 alliteration ablution penury apiary philately numismatics iconoclast"
    " pyromaniac theocracy turncoat podium ornithology entomology parable",
    5: "defenestration uxoricide:2 tonsure tintinnabulation aglet ferrule astrolabe syzygy"
    " synecdoche litotes zeugma hendiadys sesquipedalian simony escheat palimpsest spelunker"
    " lepidopterist thaumaturgy cenotaph amanuensis ziggurat limnology",
}
"""By level, nouns with the number of their sense in WordNet where it is not the first."""

ABBREVIATIONS = """
1 measures: km = kilometre|kilometres; cm = centimetre|centimetres;
  mm = millimetre|millimetres; kg = kilogram|kilogramme|kilograms|kilogrammes;
  g = gram|gramme|grams|grammes; ml = millilitre|millilitres; min = minute|minutes
1 calendars: Mon = Monday; Tue = Tuesday; Wed = Wednesday; Thu = Thursday; Fri = Friday;
  Sat = Saturday; Sun = Sunday; Jan = January; Feb = February; Aug = August; Sep = September;
  Oct = October; Nov = November; Dec = December
1 titles of persons: Dr = doctor; Prof = professor; Mr = mister
1 politics: UK = United Kingdom|United Kingdom of Great Britain and Northern
  Ireland; USA = United States of America; EU = European Union
2 messages: ASAP = as soon as possible; FYI = for your information;
  FAQ = frequently asked questions|frequently asked question; TBA = to be announced;
  PS = postscript|post scriptum|post-script
2 everyday life: DIY = do it yourself|do-it-yourself; VIP = very important person; TV = television;
  UFO = unidentified flying object; GPS = global positioning system;
  PIN = personal identification number; ATM = automated teller machine|automatic teller machine;
  CD = compact disc|compact disk;
  SUV = sport utility vehicle|sport-utility vehicle|sports utility vehicle
2 computing: PC = personal computer
2 politics: UN = United Nations|United Nations Organization; FBI = Federal Bureau of Investigation;
  CIA = Central Intelligence Agency; NATO = North Atlantic Treaty Organization
2 the names of organizations: WHO = World Health Organization;
  BBC = British Broadcasting Corporation;
  NASA = National Aeronautics and Space Administration
2 companies: CEO = chief executive officer; HQ = headquarters
3 economics: IMF = International Monetary Fund; WTO = World Trade Organization;
  OPEC = Organization of the Petroleum Exporting Countries|Organization of Petroleum Exporting
  Countries; GDP = gross domestic product; VAT = value added tax|value-added tax
3 politics: NGO = non-governmental organization|nongovernmental organization
3 computing: URL = uniform resource locator; PDF = portable document format;
  USB = universal serial bus; RAM = random access memory|random-access memory;
  ROM = read-only memory; CPU = central processing unit; WWW = world wide web|world-wide web;
  HTML = hypertext markup language|hyper text markup language; IT = information technology
3 medicine: HIV = human immunodeficiency virus|human immune deficiency virus;
  AIDS = acquired immunodeficiency syndrome|acquired immune deficiency syndrome;
  MRI = magnetic resonance imaging|magnetic-resonance imaging; DNA = deoxyribonucleic acid
3 everyday life: LED = light-emitting diode; CCTV = closed-circuit television;
  CV = curriculum vitae; ISBN = international standard book number; IQ = intelligence quotient
4 Latin: e.g. = exempli gratia; i.e. = id est; etc. = et cetera; a.m. = ante meridiem;
  p.m. = post meridiem; A.D. = anno Domini|anno Domini nostri Iesu Christi; N.B. = nota bene;
  vs. = versus; et al. = et alii|et aliae|et alia; R.I.P. = requiescat in pace|requiescant in pace
4 technology: radar = radio detection and ranging|radio detecting and ranging|radio direction and
  ranging; sonar = sound navigation and ranging|sound navigation ranging;
  laser = light amplification by stimulated emission of radiation|light amplification by the
  stimulated emission of radiation; scuba = self-contained underwater breathing apparatus
4 computing: GIF = graphics interchange format|graphic interchange format;
  JPEG = Joint Photographic Experts Group; SMS = short message service|short messaging service;
  ASCII = American Standard Code for Information Interchange;
  SIM = subscriber identity module|subscriber identification module
4 politics: UNESCO = United Nations Educational, Scientific and Cultural Organization|United
  Nations Educational, Scientific, and Cultural Organization;
  OECD = Organization for Economic Co-operation and Development|Organization for Economic
  Cooperation and Development; ECB = European Central Bank
5 Latin: op. cit. = opere citato|opus citatum; ibid. = ibidem; viz. = videlicet; q.v. = quod vide;
  Q.E.D. = quod erat demonstrandum; Q.E.F. = quod erat faciendum; s.v. = sub voce|sub verbo;
  fl. = floruit; D.V. = Deo volente; ad lib. = ad libitum; pro tem. = pro tempore;
  loc. cit. = loco citato|locus citatus; et seq. = et sequens|et sequentes|et sequentia;
  S.P.Q.R. = Senatus Populusque Romanus|Senatus Populus Que Romanus;
  I.N.R.I. = Iesus Nazarenus, Rex Iudaeorum|Jesus Nazarenus, Rex Iudaeorum|Jesus Nazarenus,
  Rex Judaeorum
5 Latin prescriptions: stat. = statim; b.i.d. = bis in die; t.i.d. = ter in die;
  q.i.d. = quater in die; p.o. = per os; p.r.n. = pro re nata; a.c. = ante cibum|ante cibos;
  p.c. = post cibum|post cibos
"""
"""Level and field, then each abbreviation with what it stands for, and other forms of that."""

FEASTS = """
3 January: New Year's Day; Australia Day; Burns Night
3 February: Valentine's Day; Groundhog Day
3 March: Saint Patrick's Day; International Women's Day
3 April: Earth Day; Anzac Day
3 July: Independence Day of the United States; Bastille Day; Canada Day
3 October: Halloween
3 November: All Saints' Day; Veterans Day in the United States; Guy Fawkes Night;
  Thanksgiving in the United States
3 December: Christmas Day in the Western churches; New Year's Eve; Boxing Day
"""
ORIGINS = """
4 January: the Roman god of doors and beginnings, who has two faces
4 March: the Roman god of war
4 July: the Roman dictator who was killed on the Ides of March
4 August: the first Roman emperor
4 Thursday: the Germanic god of thunder
4 Saturday: the Roman god of sowing and the harvest
4 Wednesday: the Germanic god Woden
4 September: the Latin word for seven
4 October: the Latin word for eight
4 November: the Latin word for nine
4 December: the Latin word for ten
"""
"""Who or what an English month or day is named after."""
