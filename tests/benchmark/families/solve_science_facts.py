"""Second solvers for science/fact_retrieval: typed-in values, sums of quarks, clues."""

import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from solvers import solves

CONSTANTS = {
    "speed of light in vacuum": "299792458",
    "reduced Planck constant": "1.054571817e-34",
    "Planck constant": "6.62607015e-34",
    "elementary charge": "1.602176634e-19",
    "Avogadro constant": "6.02214076e23",
    "Stefan-Boltzmann constant": "5.670374419e-8",
    "Boltzmann constant": "1.380649e-23",
    "gravitational constant": "6.6743e-11",
    "classical electron radius": "2.8179403e-15",
    "Compton wavelength": "2.42631024e-12",
    "electron mass": "9.1093837e-31",
    "proton mass": "1.67262192e-27",
    "neutron mass": "1.67492750e-27",
    "molar gas constant": "8.314462618",
    "vacuum permittivity": "8.8541878e-12",
    "Faraday constant": "96485.33212",
    "Bohr radius": "5.29177211e-11",
    "Rydberg constant": "10973731.568",
    "Wien wavelength displacement constant": "2.897771955e-3",
    "vacuum permeability": "1.25663706e-6",
    "atomic mass constant": "1.66053907e-27",
    "electron volt": "1.602176634e-19",
    "standard atmosphere": "101325",
    "muon mass": "1.88353163e-28",
    "Bohr magneton": "9.27401007e-24",
    "fine-structure constant": "7.29735256e-3",
    "nuclear magneton": "5.05078374e-27",
    "Thomson cross section": "6.65245873e-29",
    "magnetic flux quantum": "2.067833848e-15",
    "conductance quantum": "7.748091729e-5",
    "Josephson constant": "483597.8484e9",
    "von Klitzing constant": "25812.80745",
    "Planck length": "1.616255e-35",
    "Planck mass": "2.176434e-8",
    "Planck time": "5.391247e-44",
    "Planck temperature": "1.416784e32",
    "Hartree energy": "4.35974472e-18",
    "tau mass": "3.16754e-27",
    "deuteron mass": "3.34358377e-27",
    "characteristic impedance of vacuum": "376.730313",
}


@solves("science/fact_retrieval/physical_constant")
def physical_constant(question: str) -> str:
    shown = re.search(r"(\d\.\d+) x 10\^(-?\d+)", question)
    if shown:
        value = Decimal(f"{shown[1]}e{shown[2]}")
        return min(CONSTANTS, key=lambda name: abs(Decimal(CONSTANTS[name]) / value - 1))
    name = next(n for n in CONSTANTS if n in question)
    value = Decimal(CONSTANTS[name])
    exponent = 0
    while value >= 10 or value < 1:
        value, exponent = (value / 10, exponent + 1) if value >= 10 else (value * 10, exponent - 1)
    places = re.search("(two|four) decimals", question)
    if not places:
        return str(exponent)
    step = Decimal("0.01") if places[1] == "two" else Decimal("0.0001")
    return str(value.quantize(step, rounding=ROUND_HALF_UP))


QUARK_CHARGES = {"u": Fraction(2, 3), "c": Fraction(2, 3), "t": Fraction(2, 3)}
QUARK_CHARGES |= {"d": Fraction(-1, 3), "s": Fraction(-1, 3), "b": Fraction(-1, 3)}
FLAVOURS = {q: q[0] for q in ("up", "down", "strange", "charm", "bottom", "top")}
NEUTRAL = ("neutron", "photon", "neutrino", "gluon", "Z boson", "Higgs", "eta", "Lambda baryon")
NEGATIVE = ("electron", "muon", "tau", "antiproton")
HALVES = {
    1: "N1440 N1535 N1650 N1710 Delta1620 Delta1910 Lambda1405 Lambda1600 Lambda1670 Lambda1800 "
    "Lambda1810 Sigma1660 Sigma1750",
    3: "N1520 N1700 N1720 Delta1600 Delta1700 Delta1920 Lambda1520 Lambda1690 Lambda1890 "
    "Sigma1385 Sigma1670 Xi1530 Xi1820",
    5: "N1675 N1680 Delta1905 Delta1930 Lambda1820 Lambda1830 Lambda2110 Sigma1775 Sigma1915",
    7: "N2190 Delta1950 Lambda2100 Sigma2030",
}
SPIN_ZERO = ("Higgs", "pion", "kaon", "eta meson", "D+ meson", "B+ meson")
SPIN_ONE = (
    "photon",
    "gluon",
    "W boson",
    "Z boson",
    "J/psi",
    "Upsilon",
    "rho",
    "K*",
    "omega",
    "phi",
)
LIGHT = {"Delta++": "uuu", "Delta-": "ddd", "Omega-": "sss"}
STRANGENESS = {"Lambda": 1, "Sigma": 1, "Xi": 2, "Omega": 3}
SIGNS = {"++": 2, "+": 1, "0": 0, "-": -1}


def quarks_of(name: str) -> str:
    """Finds the only three quarks with the strangeness of the family and the right charge."""
    if name in ("proton", "neutron"):
        return "uud" if name == "proton" else "udd"
    family, heavy, sign = re.match(
        r"([A-Z][a-z]+?)(?:_([cb]))?(\+\+|\+|0|-)? baryon", name
    ).groups()
    strange = 0 if family == "Delta" else STRANGENESS[family] - (heavy is not None)
    rest = (heavy or "") + "s" * strange
    for up in range(4 - len(rest)):
        quarks = rest + "u" * up + "d" * (3 - len(rest) - up)
        if sum(QUARK_CHARGES[q] for q in quarks) == SIGNS[sign or "0"]:
            return quarks
    raise AssertionError(name)


@solves("science/fact_retrieval/particle_charge_and_spin")
def particle_charge_and_spin(question: str) -> str:
    if "valence quarks" in question:
        name = re.search(
            r"(?:the|does the) ((?:proton|neutron)|[A-Z]\S* baryon)(?: is made| consist|[.?])",
            question,
        )[1]
        return ", ".join(sorted(quarks_of(name)))
    if "spin" in question or "reduced Planck" in question:
        return spin(question)
    quark = re.search(r"(up|down|strange|charm|bottom|top) (anti)?quark", question)
    if quark:
        return str(QUARK_CHARGES[FLAVOURS[quark[1]]] * (-1 if quark[2] else 1))
    text = question.replace("elementary charge", "")
    if any(name in text for name in NEUTRAL):
        return "0"
    return "-1" if any(re.search(rf"\b{name}\b", text) for name in NEGATIVE) else "1"


def spin(question: str) -> str:
    excited = re.search(r"([A-Z][a-z]*)\((\d+)\) baryon", question)
    if excited:
        name = excited[1] + excited[2]
        return next(f"{twice}/2" for twice, names in HALVES.items() if name in names.split())
    if any(name in question for name in SPIN_ZERO):
        return "0"
    if any(name in question for name in SPIN_ONE):
        return "1"
    return "3/2" if re.search("Omega|Delta", question) else "1/2"


CLUES = {
    "F = m a": "Newton's second law",
    "V = R I": "Ohm's law",
    "F = -k x": "Hooke's law",
    "m1 m2": "Newton's law of gravitation",
    "V = n R T": "ideal gas law",
    "counterforce": "Newton's third law",
    "no net force": "Newton's first law",
    "q1 q2": "Coulomb's law",
    "buoyant": "Archimedes' principle",
    "p V stays": "Boyle's law",
    "V / T stays": "Charles's law",
    "sin(a1)": "Snell's law",
    "currents into a node": "Kirchhoff's current law",
    "closed loop": "Kirchhoff's voltage law",
    "on ellipses": "Kepler's first law",
    "equal areas": "Kepler's second law",
    "T^2 / a^3": "Kepler's third law",
    "enclosed fluid": "Pascal's law",
    "equally many molecules": "Avogadro's law",
    "induced voltage": "Faraday's law",
    "induced current": "Lenz's law",
    "rho v^2 / 2": "Bernoulli's equation",
    "sum of the partial": "Dalton's law",
    "proportional to T^4": "Stefan-Boltzmann law",
    "peak wavelength": "Wien's displacement law",
    "gas dissolved": "Henry's law",
    "cos^2": "Malus's law",
    "2 d sin": "Bragg's law",
    "heat capacity": "Dulong-Petit law",
    "heat of a reaction": "Hess's law",
    "mole fraction": "Raoult's law",
    "diffusion flux": "Fick's first law",
    "heat flux": "Fourier's law",
    "absorbance": "Beer-Lambert law",
    "Ea / (R T)": "Arrhenius equation",
    "pKa": "Henderson-Hasselbalch equation",
    "ln(Q)": "Nernst equation",
    "6 pi eta": "Stokes' law",
    "(V - n b)": "van der Waals equation",
    "vapour pressure curve": "Clausius-Clapeyron equation",
    "flow through a pipe": "Hagen-Poiseuille equation",
    "hydrogen lines": "Rydberg formula",
    "effusion": "Graham's law",
    "kappa": "Wiedemann-Franz law",
    "2 c k T": "Rayleigh-Jeans law",
    "paramagnet": "Curie's law",
    "H0 d": "Hubble's law",
    "capillary": "Jurin's law",
    "curved liquid": "Young-Laplace equation",
    "X-ray lines": "Moseley's law",
    "breakdown": "Paschen's law",
}


@solves("science/fact_retrieval/law_and_its_formula")
def law_and_its_formula(question: str) -> str:
    (name,) = [name for clue, name in CLUES.items() if clue in question]
    return name
