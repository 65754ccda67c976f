"""Second solvers for coding/calculation: execution, `struct` and `ipaddress`."""

import re
import struct
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Network

from solve_coding import printed
from solvers import solves

ADDRESS = r"\d+\.\d+\.\d+\.\d+"


@solves("coding/calculation/slice_arithmetic")
def slice_arithmetic(question: str) -> str:
    return printed(question.split("\n", 1)[1])[0]


@solves("coding/calculation/number_formats")
def number_formats(question: str) -> str:
    if call := re.search(r'(int|format)\([^()]*"\w*"[^()]*\)', question):
        return str(eval(call[0]))
    data = bytes.fromhex(re.search(r"bytes ((?:[0-9a-f]{2} ?)+)", question)[1])
    order = "<" if "little-endian" in question else ">"
    if "integer" in question:
        return str(struct.unpack(f"{order}h", data)[0])
    return str(Fraction(struct.unpack(order + {2: "e", 4: "f"}[len(data)], data)[0]))


@solves("coding/calculation/subnet_arithmetic")
def subnet_arithmetic(question: str) -> str:
    found = re.findall(ADDRESS, question)
    if "hosts are" in question:
        return packed(int(IPv4Address(found[0])), question)
    if len(found) > 1:
        return smallest(found)
    network = IPv4Network(re.search(ADDRESS + r"/\d+", question)[0], strict=False)
    longer = re.search(r"/(\d+) networks", question)
    if longer:
        parts = list(network.subnets(new_prefix=int(longer[1])))
        number = re.search(r"number (\d+)(?:\?|\.$| start)", question)
        return str(parts[int(number[1]) - 1].network_address if number else len(parts))
    address = network.broadcast_address if "broadcast" in question else network.network_address
    one_number = re.search("last of the four|from 0 to 255", question)
    return str(address).split(".")[-1] if one_number else str(address)


def smallest(addresses: list[str]) -> str:
    for prefix in range(32, -1, -1):
        network = IPv4Network(f"{addresses[0]}/{prefix}", strict=False)
        if all(IPv4Address(address) in network for address in addresses):
            return str(network)
    raise AssertionError(addresses)


def packed(address: int, question: str) -> str:
    sizes = re.search(r"for ((?:\d+, )+\d+ and \d+) hosts", question)[1]
    taken: list[IPv4Network] = []
    for hosts in map(int, re.findall(r"\d+", sizes)):
        prefix = max(p for p in range(32) if 2 ** (32 - p) - 2 >= hosts)
        start = taken[-1].broadcast_address + 1 if taken else IPv4Address(address)
        while True:
            try:
                taken.append(IPv4Network(f"{start}/{prefix}"))
                break
            except ValueError:
                start += 1
    return str(taken[-1].network_address)
