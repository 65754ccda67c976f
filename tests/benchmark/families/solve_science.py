"""Second solvers for science: brute force, typed-in tables and other formulas."""

import operator
import re
from collections import Counter
from fractions import Fraction
from itertools import combinations, product

from solvers import solves

NUMBER = r"-?\d+(?:\.\d+)?"


@solves("science/calculation/kinematics")
def kinematics(question: str) -> str:
    """Integrates second by second; the midpoint rule is exact for constant acceleration."""
    speed = Fraction(re.search(rf"({NUMBER}) m/s(?!\^)", question)[1])
    path = Fraction(0)
    pattern = rf"(accelerates|brakes|keeps)(?: at ({NUMBER}) m/s\^2| its speed) for (\d+) s"
    for verb, size, seconds in re.findall(pattern, question):
        rate = Fraction(size or 0) * (-1 if verb == "brakes" else 1)
        for _ in range(int(seconds)):
            path += speed + rate / 2
            speed += rate
    value = speed if re.search(r"final speed|at the end", question) else path
    return str(value)


class Resistor:
    def __init__(self, ohm: int | Fraction) -> None:
        self.ohm = Fraction(ohm)

    def __add__(self, other: "Resistor") -> "Resistor":
        return Resistor(self.ohm + other.ohm)

    def __or__(self, other: "Resistor") -> "Resistor":
        return Resistor(1 / (1 / self.ohm + 1 / other.ohm))


@solves("science/calculation/ohm_and_circuits")
def ohm_and_circuits(question: str) -> str:
    if "||" in question:
        network = max(re.findall(r"[\d(][\d()+| ]*[\d)]", question), key=len)
        text = re.sub(r"\d+", lambda m: f"R({m[0]})", network.replace("||", "|"))
        return str(eval(text, {"R": Resistor}).ohm)
    ohms = [int(n) for n in re.findall(r"(\d+) ohm", question)]
    volts = [int(n) for n in re.findall(r"(\d+) V", question)]
    amperes = [int(n) for n in re.findall(r"(\d+) A", question)]
    if not volts:
        return f"{sum(amperes[0] * ohm for ohm in ohms)} V"
    candidates = range(1, 100)
    if not amperes:
        return f"{next(i for i in candidates if i * ohms[0] == volts[0])} A"
    return f"{next(r for r in candidates if r * amperes[0] == volts[0])} ohm"


SIZES = {
    **{"mm": "1/1000", "cm": "1/100", "dm": "1/10", "m": "1", "km": "1000"},
    **{"mg": "1/1000000", "g": "1/1000", "kg": "1", "t": "1000"},
    **{"s": "1", "min": "60", "h": "3600", "mL": "1/1000", "L": "1"},
    **{"mC": "1/1000", "C": "1", "J": "1", "kJ": "1000"},
}


def size_of(unit: str) -> Fraction:
    size = Fraction(1)
    for side, text in enumerate(unit.split("/")):
        for name, power in re.findall(r"([A-Za-z]+)\^?(\d*)", text):
            factor = Fraction(SIZES[name]) ** int(power or 1)
            size = size / factor if side else size * factor
    return size


@solves("science/calculation/unit_conversion")
def unit_conversion(question: str) -> str:
    question = question.split(" Answer with")[0]
    unit = r"[A-Za-z]+(?:[\^*/()]+[A-Za-z0-9]+)*\)?"
    amounts = re.findall(rf"(?<![\^\d])(\d+) ({unit})", question)
    target = re.search(rf"How many ({unit}) are|(?:to|in) ({unit})[.?]$", question)
    total = sum(int(n) * size_of(u) for n, u in amounts)
    return str(total / size_of(target[1] or target[2]))


WORDS = {
    "at least": operator.ge,
    "at most": operator.le,
    "greater than": operator.gt,
    "less than": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


def microstates(shell: str, count: int, total: int, spin: Fraction) -> int:
    reach = "spdf".index(shell)
    orbitals = [(m, s) for m in range(-reach, reach + 1) for s in (1, -1)]
    twice = int(2 * spin)
    chosen = combinations(orbitals, count)
    return sum(1 for c in chosen if sum(s for _, s in c) == twice and sum(m for m, _ in c) == total)


@solves("science/enumeration/quantum_states")
def quantum_states(question: str) -> str:
    total = re.search(r"M_L = (-?\d+)", question)
    if total:
        shell, count = (
            re.search(r"([spdf])\^(\d+)", question).groups()
            if "^" in question
            else (
                re.search(r"one ([spdf]) subshell", question)[1],
                re.search(r"of (\d+) equivalent", question)[1],
            )
        )
        spin = Fraction(re.search(r"M_S = (-?\d+(?:/\d+)?)", question)[1])
        return str(microstates(shell, int(count), int(total[1]), spin))
    rule = re.search(r"with (l [-+] m|m) (<=|>=|<|>|=) (-?\d+)", question)
    if not rule:
        orbital = int(re.search(r"l = (\d+)", question)[1])
        word, limit = re.search(
            r"(at least|at most|greater than|less than) (-?\d+)", question
        ).groups()
        fits = WORDS[word]
        return ", ".join(
            str(m) for m in range(-9, 10) if m * m <= orbital**2 and fits(m, int(limit))
        )
    listed = re.search(r"((?:\d+, )*\d+) or (\d+)", question)
    orbitals = {int(n) for n in [*listed[1].split(", "), listed[2]]}
    sign = {"m": 0, "l + m": 1, "l - m": -1}[rule[1]]
    found = []
    for orbital, m in product(range(12), range(-12, 13)):
        value = m if sign == 0 else orbital + sign * m
        if orbital in orbitals and abs(m) <= orbital and WORDS[rule[2]](value, int(rule[3])):
            found.append(f"({orbital}, {m})")
    return ", ".join(found)


@solves("science/enumeration/punnett_offspring")
def punnett_offspring(question: str) -> str:
    """Crosses whole gametes instead of one gene at a time."""
    opening = question.partition(". ")[0]
    names = re.findall(r"[A-Z]\d[A-Z]\d", opening)
    half = len(names) // 2
    gametes = [
        list(product(*((n[:2], n[2:]) for n in side))) for side in (names[:half], names[half:])
    ]
    offspring = {
        tuple("".join(sorted(pair)) for pair in zip(*both, strict=True))
        for both in product(*(set(g) for g in gametes))
    }
    same = {o: sum(n[:2] == n[2:] for n in o) for o in offspring}
    exactly = re.search(r"exactly (\d+) of", question)
    if exactly:
        return str(sum(n == int(exactly[1]) for n in same.values()))
    carried = re.search(r"carry the allele ([A-Z]\d)", question)
    if carried:
        offspring = {o for o in offspring if carried[1] in o[0]}
    if "at least one" in question:
        offspring = {o for o in offspring if same[o]}
    return ", ".join(sorted(" ".join(o) for o in offspring)) or "none"


@solves("science/enumeration/transition_lines")
def transition_lines(question: str) -> str:
    """Tests every energy in the window instead of every pair."""
    first, _, rest = question.partition("List all")
    levels = re.findall(r"(\d+)(?: \(l = (\d)\))?", first.replace("exactly 1", ""))
    window = re.search(r"from (\d+) eV to (\d+) eV", rest)
    low, high = (int(window[1]), int(window[2])) if window else (1, 500)
    by_energy = {int(e): n for e, n in levels}
    lines = []
    for line in range(low, high + 1):
        ends = [(n, by_energy[e + line]) for e, n in by_energy.items() if e + line in by_energy]
        if any(not a or abs(int(a) - int(b)) == 1 for a, b in ends):
            lines.append(str(line))
    return ", ".join(lines) or "none"


@solves("science/simulation/stepwise_motion")
def stepwise_motion(question: str) -> str:
    x, v, up, middle, down, seconds = map(int, re.findall(r"\d+", question))
    places = [x - v, x]
    pushes = [0]
    for _ in range(seconds):
        places.append(2 * places[-1] - places[-2] + pushes[-1])
        pushes.append(up if places[-1] < middle else -down)
    return str(places[-1])


@solves("science/simulation/heat_exchange_step")
def heat_exchange_step(question: str) -> str:
    state = {n: int(t) for n, t in re.findall(r"([A-G]) (\d+)", question)}
    share = {"half": 2, "third": 3, "quarter": 4, "fifth": 5}
    parts = share[re.search(r"half|third|quarter|fifth", question)[0]]
    for pair in re.findall(r"([A-G])-([A-G])", question):
        cold, hot = sorted(pair, key=state.get)
        flow = sum(1 for n in range(1, 1000) if n * parts <= state[hot] - state[cold])
        state[hot], state[cold] = state[hot] - flow, state[cold] + flow
    return ", ".join(str(state[n]) for n in sorted(state))


@solves("science/simulation/circuit_switching")
def circuit_switching(question: str) -> str:
    wiring = re.search(r"(?:exactly when|whenever) (.*?) (?:is|are) closed", question)[1]
    names = sorted(set(re.findall(r"\b[A-E]\b", wiring)))
    start = re.search(
        r"At first (all switches are open|all switches are closed|only [^.]*)", question
    )[1]
    closed = dict.fromkeys(names, start.endswith("are closed") and start.startswith("all"))
    if start.startswith("only"):
        closed.update(dict.fromkeys(re.findall(r"\b[A-E]\b", start), True))
    relay = re.search(r"relay flips ([A-E])", question)
    flips = re.search(r"in turn: ([A-E, ]+)\.", question)[1].split(", ")
    lit = []
    for number, name in enumerate(flips, start=1):
        closed[name] = not closed[name]
        if eval(wiring, {}, closed):
            lit.append(str(number))
            if relay:
                closed[relay[1]] = not closed[relay[1]]
    if "After how many" in question:
        return str(len(lit))
    return ", ".join(lit) or "none"


SYMBOLS = re.findall(
    r"\w+",
    """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm
Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr
Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
""",
)
NAMES = re.findall(
    r"\w+",
    """
hydrogen helium lithium beryllium boron carbon nitrogen oxygen fluorine neon sodium magnesium
aluminium silicon phosphorus sulfur chlorine argon potassium calcium scandium titanium vanadium
chromium manganese iron cobalt nickel copper zinc gallium germanium arsenic selenium bromine krypton
rubidium strontium yttrium zirconium niobium molybdenum technetium ruthenium rhodium palladium
silver cadmium indium tin antimony tellurium iodine xenon caesium barium lanthanum cerium
praseodymium neodymium promethium samarium europium gadolinium terbium dysprosium holmium erbium
thulium ytterbium lutetium hafnium tantalum tungsten rhenium osmium iridium platinum gold mercury
thallium lead bismuth polonium astatine radon francium radium actinium thorium protactinium uranium
neptunium plutonium americium curium berkelium californium einsteinium fermium mendelevium nobelium
lawrencium rutherfordium dubnium seaborgium bohrium hassium meitnerium darmstadtium roentgenium
copernicium nihonium flerovium moscovium livermorium tennessine oganesson
""",
)
NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)


def group_of(number: int) -> int:
    """Counts from the noble gas before and the one behind."""
    before = max(n for n in NOBLE if n < number)
    behind = min(n for n in NOBLE if n >= number)
    past = number - before
    return past if (past <= 2 and number > 2) or number == 1 else 18 - (behind - number)


@solves("science/fact_retrieval/element_symbol_number_group")
def element_symbol_number_group(question: str) -> str:
    named = [w for w in re.findall(r"[a-z]+", question) if w in NAMES and w != "lead"]
    named = named or (["lead"] if re.search(r"\blead\b", question) else [])
    number = re.search(r"\b(\d+)\b", question.replace("1 to 18", "").replace("(1 to 18)", ""))
    if named:
        place = NAMES.index(named[0]) + 1
        if "group" in question:
            return str(group_of(place))
        if "period" in question and "symbol" not in question and "number what" not in question:
            return str(sum(n < place for n in NOBLE))
        if "symbol" in question:
            return SYMBOLS[place - 1]
        return str(place)
    if number:
        return NAMES[int(number[1]) - 1]
    candidates = re.findall(r"(?:symbol|element|does|is) ([A-Z][a-z]?)\b", question)
    return NAMES[SYMBOLS.index(candidates[-1])]


UNITS = {
    "second s": "time",
    "metre m": "length",
    "kilogram kg": "mass",
    "kelvin K": "temperature",
    "ampere A": "electric current",
    "newton N": "force",
    "joule J": "energy",
    "watt W": "power",
    "volt V": "voltage",
    "hertz Hz": "frequency",
    "coulomb C": "electric charge",
    "pascal Pa": "pressure",
    "mole mol": "amount of substance",
    "candela cd": "luminous intensity",
    "farad F": "capacitance",
    "radian rad": "plane angle",
    "tesla T": "magnetic flux density",
    "henry H": "inductance",
    "weber Wb": "magnetic flux",
    "siemens S": "electric conductance",
    "lumen lm": "luminous flux",
    "lux lx": "illuminance",
    "becquerel Bq": "radioactive activity",
    "gray Gy": "absorbed dose",
    "steradian sr": "solid angle",
    "sievert Sv": "equivalent dose",
    "katal kat": "catalytic activity",
    "newton second N.s": "momentum",
    "newton per metre N/m": "surface tension",
    "pascal second Pa.s": "dynamic viscosity",
    "square metre per second m2/s": "kinematic viscosity",
    "volt per metre V/m": "electric field strength",
    "ampere per metre A/m": "magnetic field strength H",
    "watt per metre kelvin W/m.K": "thermal conductivity",
    "joule per kilogram kelvin J/kg.K": "specific heat capacity",
    "candela per square metre cd/m2": "luminance",
    "watt per steradian W/sr": "radiant intensity",
    "coulomb metre C.m": "electric dipole moment",
}
DEFINITIONS = {
    "newton": "kilogram metre /second /second",
    "pascal": "newton /metre /metre",
    "joule": "newton metre",
    "watt": "joule /second",
    "coulomb": "ampere second",
    "volt": "joule /coulomb",
    "farad": "coulomb /volt",
    "ohm": "volt /ampere",
    "siemens": "ampere /volt",
    "weber": "volt second",
    "tesla": "weber /metre /metre",
    "henry": "weber /ampere",
    "gray": "joule /kilogram",
    "katal": "mole /second",
    "hertz": "/second",
}
BASE = {"kilogram": "kg", "metre": "m", "second": "s", "ampere": "A", "mole": "mol"}


def exponents(unit: str) -> Counter:
    """Follows the definitions of the units down to the base units."""
    if unit in BASE:
        return Counter({BASE[unit]: 1})
    total = Counter()
    for part in DEFINITIONS[unit].split():
        for base, power in exponents(part.lstrip("/")).items():
            total[base] += -power if part.startswith("/") else power
    return total


@solves("science/fact_retrieval/si_unit_of_quantity")
def si_unit_of_quantity(question: str) -> str:
    if "base unit" in question:
        unit = next(w for w in re.findall(r"the ([a-z]+)", question) if w in DEFINITIONS)
        return ", ".join(f"{b}^{n}" for b, n in exponents(unit).items() if n)
    asked = [(q, u) for u, q in UNITS.items() if re.search(rf"\b{q}\b", question)]
    _, unit = max(asked, key=lambda pair: len(pair[0]))
    name, _, symbol = unit.rpartition(" ")
    return symbol if re.search(r"symbol|abbreviated", question) else name


ORBITS = ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")
MOONS = {
    "Mars": "phobos deimos",
    "Jupiter": """io europa ganymede callisto amalthea himalia elara pasiphae sinope lysithea carme
        ananke leda thebe adrastea metis callirrhoe themisto""",
    "Saturn": """mimas enceladus tethys dione rhea titan hyperion iapetus phoebe janus epimetheus
        helene telesto calypso atlas prometheus pandora pan ymir kiviuq daphnis""",
    "Uranus": """ariel umbriel titania oberon miranda cordelia ophelia bianca cressida desdemona
        juliet portia rosalind belinda puck caliban sycorax prospero setebos""",
    "Neptune": """triton nereid naiad thalassa despina galatea larissa proteus halimede psamathe sao
        laomedeia neso""",
}


@solves("science/fact_retrieval/planet_facts")
def planet_facts(question: str) -> str:
    words = set(re.findall(r"[a-z]+", question.lower()))
    if words & {"moon", "satellite"}:
        return next(p for p, moons in MOONS.items() if words & set(moons.split()))
    text = question.replace("If Mercury is planet 1", "").replace("(1 to 8)", "")
    number = re.search(r"\d", text)
    if number:
        return ORBITS[int(number[0]) - 1]
    place = next(i for i, p in enumerate(ORBITS) if p in text)
    if re.search(r"what number|[Ww]hich number|position|which place|the number of", text):
        return str(place + 1)
    inward = re.search(r"before|inward|inside|toward the Sun|to the Sun", text)
    return ORBITS[place - 1] if inward else ORBITS[place + 1]


@solves("science/diagnostic/dimension_check")
def dimension_check(question: str) -> str:
    """Gives every base unit a prime-like size and compares the two sides as numbers."""
    sizes = {
        "kg": Fraction(2),
        "m": Fraction(3),
        "s": Fraction(5),
        "A": Fraction(7),
        "1": Fraction(1),
    }
    quantities = {}
    for symbol, unit in re.findall(r"\b([A-Za-z]) in ([^,.]+?)(?=, |\. )", question):
        size = Fraction(1)
        for side, text in enumerate(unit.split("/")):
            for name, power in re.findall(r"(kg|[msA1])(?:\^(\d))?", text):
                size *= sizes[name] ** (int(power or 1) * (-1 if side else 1))
        quantities[symbol] = size
    for number, left, right in re.findall(r"(\d+): (\w) = ([\w */]+)", question):
        value = Fraction(1)
        for sign, symbol in re.findall(r"([*/]?) ?([A-Za-z])\b", right):
            value = value / quantities[symbol] if sign == "/" else value * quantities[symbol]
        if value != quantities[left]:
            return number
    return "none"


def atoms_of(formula: str) -> Counter:
    """Writes brackets and indices out and counts the symbols."""
    while "(" in formula:
        formula = re.sub(r"\(([^()]*)\)(\d+)", lambda m: m[1] * int(m[2]), formula)
    return Counter(
        s
        for symbol, n in re.findall(r"([A-Z][a-z]?)(\d*)", formula)
        for s in [symbol] * int(n or 1)
    )


def difference(equation: str) -> Counter:
    total = Counter()
    for side, text in enumerate(equation.split(" -> ")):
        for term in text.split(" + "):
            amount, formula = re.fullmatch(r"(?:(\d+) )?(\S+)", term.strip()).groups()
            for element, count in atoms_of(formula).items():
                total[element] += int(amount or 1) * count * (-1 if side else 1)
    return total


@solves("science/diagnostic/unbalanced_equation")
def unbalanced_equation(question: str) -> str:
    side = r"(?:\d+ )?[A-Z][A-Za-z0-9()]*(?: \+ (?:\d+ )?[A-Z][A-Za-z0-9()]*)*"
    equations = re.findall(rf"{side} -> {side}", question)
    if "\n" in question:
        wrong = [str(i) for i, e in enumerate(equations, 1) if any(difference(e).values())]
        return ", ".join(wrong) or "none"
    return ", ".join(e for e, n in difference(equations[0]).items() if n) or "none"


@solves("science/diagnostic/energy_account_violated")
def energy_account_violated(question: str) -> str:
    rows = [
        [int(n) for n in line.split(": ")[1].split(", ")]
        for line in question.splitlines()
        if re.match(r"\d+: ", line)
    ]
    with_work = "row: work" in question
    excess = [
        sum(row[with_work:]) - sum(r[0] for r in rows[: i + 1]) * with_work
        for i, row in enumerate(rows)
    ]
    return next((str(i) for i, e in enumerate(excess, 1) if e != excess[0]), "none")
