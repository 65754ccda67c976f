"""Describe the constants, particles and laws of the domain science for `science.py`."""

import re
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import version

from particle import Particle
from scipy.constants import physical_constants

Row = tuple[object, ...]

CONSTANTS = """
1|speed of light in vacuum||m/s|speed of light;c;light speed
1|Planck constant||J s|Planck's constant;h
1|elementary charge||C|charge of the proton;e
1|Avogadro constant||1/mol|Avogadro's constant;Avogadro number;Avogadro's number
1|Boltzmann constant||J/K|Boltzmann's constant;k
1|gravitational constant|Newtonian constant of gravitation|N m^2/kg^2|G;Newton's constant
1|electron mass||kg|mass of the electron;rest mass of the electron;mass of an electron
1|proton mass||kg|mass of the proton;rest mass of the proton;mass of a proton
1|neutron mass||kg|mass of the neutron;rest mass of the neutron;mass of a neutron
1|molar gas constant||J/(mol K)|gas constant;universal gas constant;ideal gas constant;R
1|vacuum permittivity|vacuum electric permittivity|F/m|electric constant;permittivity of free space
1|Faraday constant||C/mol|Faraday's constant
3|Bohr radius||m|
3|Rydberg constant||1/m|
3|Stefan-Boltzmann constant||W/(m^2 K^4)|
3|Wien wavelength displacement constant|Wien wavelength displacement law constant|m K|
3|vacuum permeability|vacuum mag. permeability|N/A^2|
3|reduced Planck constant||J s|
3|atomic mass constant||kg|
3|electron volt||J|
3|standard atmosphere||Pa|
3|muon mass||kg|
3|Bohr magneton||J/T|
3|fine-structure constant|||
4|nuclear magneton||J/T|
4|classical electron radius||m|
4|Compton wavelength of the electron|Compton wavelength|m|
4|Thomson cross section||m^2|
4|magnetic flux quantum|mag. flux quantum|Wb|
4|conductance quantum||S|
4|Josephson constant||Hz/V|
4|von Klitzing constant||ohm|
4|Planck length||m|
4|Planck mass||kg|
4|Planck time||s|
4|Planck temperature||K|
4|Hartree energy||J|
4|tau mass||kg|
4|deuteron mass||kg|
4|characteristic impedance of vacuum||ohm|
"""
"""Level, name, name in `scipy` where it differs, unit, other names."""
DIGITS = 5
FEWER_DIGITS = {"gravitational constant": 3, "standard atmosphere": 3, "tau mass": 3}
"""Constants of which the fifth digit is uncertain, or a matter of how a 5 is rounded."""

PARTICLES = """
1|electron|e-|charge spin
1|positron|e+|charge spin
1|proton|p|charge spin
1|neutron|n|charge spin
1|photon|gamma|charge spin
1|up quark|u|charge spin
1|down quark|d|charge spin
1|electron neutrino|nu(e)|charge spin
2|muon|mu-|charge spin
2|tau lepton|tau-|charge spin
2|strange quark|s|charge spin
2|charm quark|c|charge spin
2|bottom quark|b|charge spin
2|top quark|t|charge spin
2|gluon|g|charge spin
2|W boson|W+|spin
2|Z boson|Z0|charge spin
2|Higgs boson|H0|charge spin
2|muon neutrino|nu(mu)|charge spin
2|antiproton|p~|charge spin
3|up antiquark|u~|charge
3|down antiquark|d~|charge
3|strange antiquark|s~|charge
3|charm antiquark|c~|charge
3|bottom antiquark|b~|charge
3|top antiquark|t~|charge
3|charged pion|pi+|spin
3|neutral pion|pi0|spin
3|charged kaon|K+|spin
3|eta meson|eta|spin charge
3|Lambda baryon|Lambda|spin charge quarks
3|Omega- baryon|Omega-|spin quarks
3|Delta++ baryon|Delta(1232)++|spin quarks
3|Delta- baryon|Delta(1232)-|quarks
3|proton|p|quarks
3|neutron|n|quarks
3|Sigma+ baryon|Sigma+|spin quarks
3|Sigma- baryon|Sigma-|quarks
3|Xi0 baryon|Xi0|spin quarks
3|Xi- baryon|Xi-|quarks
4|J/psi meson|J/psi(1S)|spin
4|Upsilon(1S) meson|Upsilon(1S)|spin
4|rho(770) meson|rho(770)+|spin
4|K*(892) meson|K*(892)+|spin
4|omega(782) meson|omega(782)|spin
4|phi(1020) meson|phi(1020)|spin
4|D+ meson|D+|spin
4|B+ meson|B+|spin
4|Lambda_c+ baryon|Lambda(c)+|quarks
4|Sigma_c++ baryon|Sigma(c)(2455)++|quarks
4|Sigma_c0 baryon|Sigma(c)(2455)0|quarks
4|Omega_c0 baryon|Omega(c)0|quarks
4|Xi_c+ baryon|Xi(c)+|quarks
4|Xi_c0 baryon|Xi(c)0|quarks
4|Lambda_b0 baryon|Lambda(b)0|quarks
4|Sigma_b+ baryon|Sigma(b)+|quarks
4|Sigma_b- baryon|Sigma(b)-|quarks
4|Xi_b0 baryon|Xi(b)0|quarks
4|Xi_b- baryon|Xi(b)-|quarks
4|Omega_b- baryon|Omega(b)-|quarks
"""
"""Level, name, name in `particle`, what is asked."""
RESONANCES = {
    "N": "1440 1520 1535 1650 1675 1680 1700 1710 1720 2190",
    "Delta": "1600 1620 1700 1905 1910 1920 1930 1950",
    "Lambda": "1405 1520 1600 1670 1690 1800 1810 1820 1830 1890 2100 2110",
    "Sigma": "1385 1660 1670 1750 1775 1915 2030",
    "Xi": "1530 1820",
}
"""The excited baryons of level 5, of which the spin is asked."""

LAWS = """
1|F = m a for force, mass and acceleration|Newton's second law|second law of Newton;Newton's
  second law of motion;second law of motion;Newton's 2nd law
1|V = R I for voltage, resistance and current|Ohm's law|Ohm law
1|F = -k x for the force of a stretched spring|Hooke's law|Hooke law
1|F = G m1 m2 / r^2 for two masses|Newton's law of gravitation|Newton's law of universal
  gravitation;law of universal gravitation;law of gravitation;universal law of gravitation;law of
  gravity;Newton's law of gravity
1|p V = n R T|ideal gas law|general gas equation;ideal gas equation;perfect gas law;universal gas
  law;equation of state of an ideal gas
1|every force has an equal and opposite counterforce|Newton's third law|third law of
  Newton;Newton's third law of motion;action and reaction;third law of motion;law of action and
  reaction;Newton's 3rd law
1|a body keeps its velocity while no net force acts on it|Newton's first law|law of
  inertia;Newton's first law of motion;first law of Newton;first law of motion;principle of
  inertia;Newton's 1st law
1|F = k q1 q2 / r^2 for two electric charges|Coulomb's law|Coulomb law
1|the buoyant force equals the weight of the displaced fluid|Archimedes' principle|Archimedes
  principle;Archimedes's principle;principle of Archimedes;Archimedes' law;Archimedes law;law of
  buoyancy
2|p V stays the same in a gas at constant temperature|Boyle's law|Boyle-Mariotte law;Mariotte's
  law;Boyle law;law of Boyle and Mariotte
2|V / T stays the same in a gas at constant pressure|Charles's law|Charles' law;Charles
  law;Gay-Lussac's law;law of Charles;Charles and Gay-Lussac's law;law of volumes
2|n1 sin(a1) = n2 sin(a2) at the border of two media|Snell's law|law of refraction;Snell
  law;Snell-Descartes law;Descartes' law;Snellius' law
2|the currents into a node add up to those out of it|Kirchhoff's current law|Kirchhoff's first
  law;Kirchhoff's junction rule;Kirchhoff's node rule;junction rule;node rule;Kirchhoff's first
  rule;KCL
2|the voltages around a closed loop of a circuit add up to zero|Kirchhoff's voltage
  law|Kirchhoff's second law;Kirchhoff's loop rule;loop rule;mesh rule;Kirchhoff's second rule;KVL
2|planets move on ellipses with the Sun at a focus|Kepler's first law|first law of Kepler;Kepler's
  first law of planetary motion;law of ellipses;law of orbits;Kepler's 1st law
2|the line from the Sun to a planet sweeps equal areas in equal times|Kepler's second law|second
  law of Kepler;Kepler's second law of planetary motion;law of equal areas;law of areas;Kepler's
  2nd law
2|T^2 / a^3 is the same for all planets|Kepler's third law|third law of Kepler;Kepler's third law
  of planetary motion;harmonic law;law of periods;law of harmonies;Kepler's 3rd law
2|pressure on an enclosed fluid spreads equally in all directions|Pascal's law|Pascal's
  principle;Pascal law;Pascal principle;principle of Pascal
2|equal volumes of gases at equal T and p hold equally many molecules|Avogadro's law|Avogadro
  law;Avogadro's hypothesis;Avogadro's principle
3|an induced voltage equals minus the rate of change of the magnetic flux|Faraday's law|Faraday's
  law of induction;law of induction;Faraday's law of electromagnetic induction;Faraday
  law;Maxwell-Faraday equation
3|an induced current opposes the change that causes it|Lenz's law|Lenz law;Lenz' law;Lenz's rule
3|p + rho v^2 / 2 + rho g h stays the same along a streamline|Bernoulli's equation|Bernoulli's
  principle;Bernoulli equation;Bernoulli's law;Bernoulli principle;Bernoulli's theorem
3|the pressure of a gas mixture is the sum of the partial pressures|Dalton's law|Dalton's law of
  partial pressures;Dalton law;law of partial pressures
3|the total power radiated by a black body is proportional to T^4|Stefan-Boltzmann law|Stefan's
  law;Stefan Boltzmann law;law of Stefan and Boltzmann
3|the peak wavelength of a black body times T is a constant|Wien's displacement law|Wien's
  law;Wien displacement law;Wien law
3|the amount of gas dissolved in a liquid is proportional to its partial pressure|Henry's
  law|Henry law
3|I = I0 cos^2(theta) for light behind a polariser|Malus's law|Malus' law;Malus law;law of Malus
3|2 d sin(theta) = n lambda for X-rays in a crystal|Bragg's law|Bragg law;Bragg equation;Bragg
  condition;Bragg's condition;Wulff-Bragg condition
3|the heat capacity of a solid element is about 3 R per mole|Dulong-Petit law|law of Dulong and
  Petit;Dulong Petit law;Dulong and Petit law;rule of Dulong and Petit
4|the heat of a reaction does not depend on the path|Hess's law|Hess' law;Hess law;Hess's law of
  constant heat summation;law of constant heat summation
4|the vapour pressure of a component is its mole fraction times that of the pure liquid|Raoult's
  law|Raoult law
4|a diffusion flux is -D times the gradient of the concentration|Fick's first law|Fick's
  law;Fick's first law of diffusion;Fick's law of diffusion;Fick law
4|a heat flux is -k times the gradient of the temperature|Fourier's law|Fourier's law of heat
  conduction;law of heat conduction;Fourier law;Fourier's law of conduction
4|absorbance = epsilon c l for light in a solution|Beer-Lambert law|Beer's law;Lambert-Beer
  law;Beer Lambert law;Beer-Lambert-Bouguer law;Bouguer-Lambert-Beer law;Bouguer-Beer-Lambert law
4|k = A e^(-Ea / (R T)) for the rate of a reaction|Arrhenius equation|Arrhenius law;Arrhenius'
  equation;Arrhenius's equation;Arrhenius' law
4|pH = pKa + log10([A-] / [HA])|Henderson-Hasselbalch equation|Henderson Hasselbalch
  equation;buffer equation
4|E = E0 - (R T / (n F)) ln(Q) for the voltage of a cell|Nernst equation|Nernst's equation
4|F = 6 pi eta r v for the drag on a small sphere|Stokes' law|Stokes law;Stokes's law;Stokes' drag
  law
4|(p + a n^2 / V^2) (V - n b) = n R T|van der Waals equation|van der Waals equation of state;van
  der Waals' equation
5|dp/dT = L / (T (V2 - V1)) for the vapour pressure curve|Clausius-Clapeyron
  equation|Clausius-Clapeyron relation;Clapeyron equation;Clapeyron relation;Clausius
  Clapeyron equation
5|Q = pi r^4 (p1 - p2) / (8 eta l) for the flow through a pipe|Hagen-Poiseuille
  equation|Poiseuille's law;Hagen-Poiseuille law;Poiseuille equation;Poiseuille's
  equation;Hagen Poiseuille equation;Poiseuille law
5|1 / lambda = R (1 / n1^2 - 1 / n2^2) for hydrogen lines|Rydberg formula|Rydberg
  equation;Rydberg's formula;Rydberg-Ritz formula
5|the rate of effusion of a gas is proportional to 1 / sqrt(M)|Graham's law|Graham's law of
  effusion;Graham law;Graham's law of diffusion
5|kappa / (sigma T) is the same for all metals|Wiedemann-Franz law|Wiedemann Franz law;law of
  Wiedemann and Franz;Wiedemann-Franz-Lorenz law
5|the spectral radiance of a black body is 2 c k T / lambda^4 at long wavelengths|Rayleigh-Jeans
  law|Rayleigh Jeans law;law of Rayleigh and Jeans
5|the susceptibility of a paramagnet is C / T|Curie's law|Curie law
5|v = H0 d for distant galaxies|Hubble's law|Hubble-Lemaitre law;Hubble law;Hubble Lemaitre law
5|h = 2 gamma cos(theta) / (rho g r) for the rise in a capillary|Jurin's law|Jurin law
5|p1 - p2 = gamma (1 / R1 + 1 / R2) across a curved liquid surface|Young-Laplace
  equation|Young Laplace equation;Laplace's law;Laplace-Young equation
5|sqrt(f) = k (Z - b) for the X-ray lines of the elements|Moseley's law|Moseley law
5|the breakdown voltage of a gas depends on pressure times gap|Paschen's law|Paschen law
"""
"""Level, statement, name, other names; an indented line goes on with the line before."""


def constants() -> tuple[tuple[str, str, str], tuple[str, ...], list[Row]]:
    """Return origin, header and rows of the table of constants."""
    rows: list[Row] = []
    for line in CONSTANTS.strip().splitlines():
        level, name, in_scipy, unit, others = line.split("|")
        value = Decimal(repr(physical_constants[in_scipy or name][0]))
        exponent = value.adjusted()
        mantissa = round(value.scaleb(-exponent), FEWER_DIGITS.get(name, DIGITS) - 1)
        rows.append((level, name, mantissa, exponent, unit, others))
    source = "scipy.constants, CODATA 2022; levels and other names by the project"
    header = ("level", "name", "mantissa", "exponent", "unit", "other_names")
    return (source, f"scipy {version('scipy')}", "BSD-3-Clause"), header, rows


def particles() -> tuple[tuple[str, str, str], tuple[str, ...], list[Row]]:
    """Return origin, header and rows of the table of particles."""
    known = {p.name: p for p in reversed(Particle.all()) if abs(int(p.pdgid)) < 10**9}
    rows: list[Row] = []
    for line in PARTICLES.strip().splitlines():
        level, name, in_package, asked = line.split("|")
        found = known[in_package]
        values = {
            "charge": Fraction(found.charge),
            "spin": Fraction(found.J),
            "quarks": ", ".join(sorted(found.quarks)),
        }
        rows += [(level, name, what, values[what]) for what in asked.split()]
    for kind, masses in RESONANCES.items():
        for mass in masses.split():
            spins = {p.J for n, p in known.items() if n.startswith(f"{kind}({mass})")}
            (spin,) = spins
            rows.append((5, f"{kind}({mass}) baryon", "spin", spin))
    source = "particle (PyPI), after the Particle Data Group; levels and names by the project"
    return (
        (source, version("particle"), "BSD-3-Clause"),
        ("level", "particle", "asked", "value"),
        rows,
    )


def laws() -> tuple[tuple[str, ...], list[Row]]:
    """Return header and rows of the table of laws."""
    rows: list[Row] = [
        tuple(line.split("|")) for line in re.sub(r"\n  ", " ", LAWS).strip().splitlines()
    ]
    return ("level", "statement", "name", "aliases"), rows
