"""Write the fact tables of the domain science.

Needs `mendeleev`, `particle` and `scipy`, which are not dependencies.

Run from the root: `python tools/facts/science.py`.
"""

from importlib.metadata import version
from pathlib import Path

from mendeleev import get_all_elements
from science_physics import constants, laws, particles

FACTS = Path(__file__).parents[2] / "src/metaprobe/benchmark/facts"
OWN = "compiled by the project; common knowledge"

ELEMENT_LEVELS = {
    1: "H He C N O Na Mg Al Si P S Cl K Ca Fe Cu Zn Ag Au Pb",
    2: "Li Be B F Ne Ar Ti Cr Mn Co Ni Br Kr Sn I Pt Hg U Ba W",
    3: "Sc V Ga Ge As Se Rb Sr Zr Mo Pd Cd Sb Xe Cs Bi Ra Rn Pu Th Nb Y Te In",
    4: "La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Tc Ru Rh Hf Ta Re Os Ir Tl Po At Fr",
    5: "Ac Pa Np Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og",
}
SPELLINGS = {
    "Aluminum": "aluminium",
    "Cesium": "caesium",
}
"""Names that IUPAC spells in another way than `mendeleev`."""
OTHER_NAMES = {"Al": "aluminum", "Cs": "cesium", "S": "sulphur"}
GROUP_IN_DISPUTE = ("La", "Ac", "Lu", "Lr")
"""Elements that periodic tables put into group 3 or into none."""

PLANETS = ("Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune")
MOONS = {
    3: {
        "Mars": "Phobos Deimos",
        "Jupiter": "Io Europa Ganymede Callisto",
        "Saturn": "Titan Enceladus Mimas",
        "Uranus": "Titania Oberon",
        "Neptune": "Triton",
    },
    4: {
        "Jupiter": "Amalthea Himalia Thebe Metis",
        "Saturn": "Rhea Iapetus Dione Tethys Hyperion Phoebe Pandora Janus",
        "Uranus": "Miranda Ariel Umbriel Puck",
        "Neptune": "Nereid Proteus",
    },
    5: {
        "Jupiter": "Adrastea Elara Pasiphae Sinope Carme Ananke Leda Lysithea Callirrhoe Themisto",
        "Saturn": "Epimetheus Prometheus Atlas Pan Daphnis Telesto Calypso Helene Ymir Kiviuq",
        "Uranus": "Cordelia Ophelia Bianca Cressida Desdemona Juliet Portia Rosalind Belinda "
        "Caliban Sycorax Prospero Setebos",
        "Neptune": "Naiad Thalassa Despina Galatea Larissa Halimede Psamathe Neso Sao Laomedeia",
    },
}

UNITS = """
1|time|second|s|
1|length|metre|m|
1|mass|kilogram|kg|
1|temperature|kelvin|K|
1|electric current|ampere|A|
1|force|newton|N|
1|energy|joule|J|
1|power|watt|W|
1|voltage|volt|V|
1|frequency|hertz|Hz|
2|electric charge|coulomb|C|
2|pressure|pascal|Pa|
2|amount of substance|mole|mol|
2|luminous intensity|candela|cd|
2|capacitance|farad|F|
2|plane angle|radian|rad|
3|magnetic flux density|tesla|T|
3|inductance|henry|H|
3|magnetic flux|weber|Wb|
3|electric conductance|siemens|S|
3|luminous flux|lumen|lm|
3|illuminance|lux|lx|
3|radioactive activity|becquerel|Bq|
3|absorbed dose|gray|Gy|
4|solid angle|steradian|sr|
4|equivalent dose|sievert|Sv|
4|catalytic activity|katal|kat|
4|momentum|kilogram metre per second|kg m/s|newton second
4|surface tension|newton per metre|N/m|joule per square metre;kilogram per second squared
4|dynamic viscosity|pascal second|Pa s|kilogram per metre second;newton second per square metre
4|kinematic viscosity|square metre per second|m^2/s|metre squared per second
4|electric field strength|volt per metre|V/m|newton per coulomb
4|magnetic field strength H|ampere per metre|A/m|
4|thermal conductivity|watt per metre kelvin|W/(m K)|watt per metre per kelvin
4|specific heat capacity|joule per kilogram kelvin|J/(kg K)|joule per kilogram per kelvin
4|luminance|candela per square metre|cd/m^2|nit
4|radiant intensity|watt per steradian|W/sr|
4|electric dipole moment|coulomb metre|C m|
5|force|newton|kg^1, m^1, s^-2|
5|pressure|pascal|kg^1, m^-1, s^-2|
5|energy|joule|kg^1, m^2, s^-2|
5|power|watt|kg^1, m^2, s^-3|
5|electric charge|coulomb|s^1, A^1|
5|voltage|volt|kg^1, m^2, s^-3, A^-1|
5|capacitance|farad|kg^-1, m^-2, s^4, A^2|
5|electric resistance|ohm|kg^1, m^2, s^-3, A^-2|
5|electric conductance|siemens|kg^-1, m^-2, s^3, A^2|
5|magnetic flux|weber|kg^1, m^2, s^-2, A^-1|
5|magnetic flux density|tesla|kg^1, s^-2, A^-1|
5|inductance|henry|kg^1, m^2, s^-2, A^-2|
5|absorbed dose|gray|m^2, s^-2|
5|catalytic activity|katal|mol^1, s^-1|
5|frequency|hertz|s^-1|
"""


def main() -> None:
    """Write all tables of the domain."""
    level_of = {s: level for level, row in ELEMENT_LEVELS.items() for s in row.split()}
    rows = []
    for e in get_all_elements():
        group = e.group_id if e.group_id and e.symbol not in GROUP_IN_DISPUTE else ""
        name = SPELLINGS.get(e.name, e.name.lower())
        other = OTHER_NAMES.get(e.symbol, "")
        rows.append((e.atomic_number, e.symbol, name, other, group, e.period, level_of[e.symbol]))
    write(
        "elements",
        ("mendeleev (PyPI); levels and spellings by the project", version("mendeleev"), "MIT"),
        ("number", "symbol", "name", "other_name", "group", "period", "level"),
        rows,
    )
    write(
        "atomic_masses",
        ("mendeleev (PyPI), standard atomic weights", version("mendeleev"), "MIT"),
        ("symbol", "mass"),
        [(e.symbol, e.atomic_weight) for e in get_all_elements() if not e.is_radioactive],
    )
    moons = [
        (moon, planet, level)
        for level, by_planet in MOONS.items()
        for planet, names in by_planet.items()
        for moon in names.split()
    ]
    write(
        "planets", (OWN, "1", "Apache-2.0"), ("order", "planet"), list(enumerate(PLANETS, start=1))
    )
    write("moons", (OWN, "1", "Apache-2.0"), ("moon", "planet", "level"), moons)
    write(
        "si_units",
        (OWN + ", after the SI Brochure (BIPM)", "1", "Apache-2.0"),
        ("level", "quantity", "unit", "symbol", "other_names"),
        [tuple(line.split("|")) for line in UNITS.strip().splitlines()],
    )
    write("constants", *constants())
    write("particles", *particles())
    write("laws", (OWN, "1", "Apache-2.0"), *laws())


def write(
    name: str,
    origin: tuple[str, str, str],
    header: tuple[str, ...],
    rows: list[tuple[object, ...]],
) -> None:
    """Write one table with its source, version and licence on top."""
    lines = [f"# {k}: {v}" for k, v in zip(("source", "version", "licence"), origin, strict=True)]
    lines += ["\t".join(map(str, row)) for row in (header, *rows)]
    (FACTS / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
