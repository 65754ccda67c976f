"""coding/calculation: addresses of IPv4 networks."""

from random import Random

from metaprobe.benchmark.answers import IntegerAnswer, TextAnswer
from metaprobe.benchmark.family import Problem, family

_FIRST_WORDINGS = (
    "An IPv4 host is 10.0.0.{x}/{prefix}. What is the last of the four numbers in the address of "
    "its network?",
    "With which of the numbers from 0 to 255 does the network address of 10.0.0.{x}/{prefix} end?",
    "In the network address of 10.0.0.{x}/{prefix}, what is the last of the four numbers?",
)
_LAST_WORDINGS = (
    "An IPv4 host is 10.0.0.{x}/{prefix}. What is the last of the four numbers in the broadcast "
    "address of its network?",
    "With which of the numbers from 0 to 255 does the broadcast address of 10.0.0.{x}/{prefix} "
    "end?",
    "What is the last of the four numbers in the broadcast address for 10.0.0.{x}/{prefix}?",
)
_ADDRESS_WORDINGS = (
    "What is the {kind} address of the IPv4 network that contains {address}/{prefix}?",
    "A host has the address {address}/{prefix}. What is its {kind} address?",
    "Give the {kind} address for the IPv4 host {address}/{prefix}.",
)
_COUNT_WORDINGS = (
    "How many /{longer} networks does the IPv4 network {network}/{prefix} contain?",
    "{network}/{prefix} is split into /{longer} networks. How many are there?",
    "Into how many /{longer} networks can the IPv4 network {network}/{prefix} be split?",
)
_NTH_WORDINGS = (
    "{network}/{prefix} is split into /{longer} networks, counted from 1 in order of their "
    "addresses. What is the network address of number {n}?",
    "Split {network}/{prefix} into /{longer} networks and number them from 1 in order of their "
    "addresses. Give the network address of number {n}.",
    "The /{longer} networks within {network}/{prefix} are numbered in order of address, and the "
    "first is number 1. At which address does number {n} start?",
)
_COMMON_WORDINGS = (
    "Which is the smallest IPv4 network that contains {listed}? Answer in the form "
    "address/prefix length.",
    "Find the longest prefix whose IPv4 network contains {listed}. Answer with the network in the "
    "form address/prefix length.",
    "A single route must cover {listed} and as few other addresses as possible. Which IPv4 "
    "network is it? Answer in the form address/prefix length.",
)
_PACK_WORDINGS = (
    "Starting at {network}, IPv4 networks for {sizes} hosts are laid out in this order. Each is as "
    "small as possible, with a network and a broadcast address besides the hosts, and starts at "
    "the first address after the previous network that is a multiple of its size; gaps stay empty. "
    "What is the network address of the last?",
    "Networks for {sizes} hosts are placed in this order from {network} on. Each has the smallest "
    "size (a power of two) with room for its hosts, a network and a broadcast address, and starts "
    "at the first address after the previous network that is divisible by its size; nothing is put "
    "into gaps. At which address does the last one start?",
)


@family(
    "coding/calculation",
    capacity={1: 1_536, 2: 3_000, 3: 10**6, 4: 10**6, 5: 10**9},
)
def subnet_arithmetic(rng: Random, level: int) -> Problem:
    """Compute addresses of IPv4 networks from prefix lengths.

    Isolates block sizes as powers of two and carrying between the four numbers of an address.
    Levels 1 and 2 are within the last number (network and broadcast address), level 3 reaches into
    the third, level 4 splits networks, level 5 joins addresses or lays out networks of many sizes.
    """
    if level <= 2:
        return _within_last(rng, level)
    return (_ends, _split, _join)[level - 3](rng)


def _within_last(rng: Random, level: int) -> Problem:
    x, prefix = rng.randrange(256), rng.randint(25, 30)
    size = 2 ** (32 - prefix)
    first = x // size * size
    steps = [
        f"32 - {prefix} = {32 - prefix}",
        f"2 ** {32 - prefix} = {size}",
        f"{x} = {x // size} * {size} + {x % size}",
        f"{x // size} * {size} = {first}",
    ]
    value, wordings = first, _FIRST_WORDINGS
    broadcast = level == 2 and rng.random() < 0.7
    if broadcast:
        value, wordings = first + size - 1, _LAST_WORDINGS
        steps.append(f"{first} + {size} - 1 = {value}")
    return Problem(
        question=rng.choice(wordings).format(x=x, prefix=prefix),
        answer=IntegerAnswer(value=value),
        short=(f"the block {'ends' if broadcast else 'starts'} at {value}",),
        long=tuple(steps),
        key=f"subnet_arithmetic {x}/{prefix} {broadcast}",
    )


def _dotted(address: int) -> str:
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def _random_address(rng: Random) -> int:
    """Return an address whose first number is one that hosts have."""
    first = rng.choice((10, 20, 34, 52, 81, 93, 104, 130, 151, 172, 185, 192, 203))
    return first << 24 | rng.randrange(1, 2**24 - 1)


def _block(address: int, prefix: int) -> tuple[int, list[str]]:
    """Return the first address of the network, and the steps to it."""
    size = 2 ** (32 - prefix)
    octet = (prefix - 1) // 8
    value = address >> (24 - 8 * octet) & 255
    step = 2 ** (8 * (octet + 1) - prefix)
    steps = [
        f"/{prefix} ends in number {octet + 1}, block {step}",
        f"{value} = {value // step} * {step} + {value % step}",
    ]
    return address // size * size, steps


def _ends(rng: Random) -> Problem:
    address, prefix = _random_address(rng), rng.randint(17, 23)
    first, steps = _block(address, prefix)
    kind = rng.choice(("network", "broadcast"))
    value = first if kind == "network" else first + 2 ** (32 - prefix) - 1
    steps.append(f"the network starts at {_dotted(first)}")
    if kind == "broadcast":
        steps.append(f"its last address is {_dotted(value)}")
    return Problem(
        question=rng.choice(_ADDRESS_WORDINGS).format(
            kind=kind, address=_dotted(address), prefix=prefix
        ),
        answer=TextAnswer(
            value=_dotted(value),
            aliases=(f"{_dotted(value)}/{prefix}",) if kind == "network" else (),
        ),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"subnet_arithmetic {kind} {address}/{prefix}",
    )


def _split(rng: Random) -> Problem:
    prefix = rng.randint(10, 20)
    longer = prefix + rng.randint(4, min(10, 30 - prefix))
    network, _ = _block(_random_address(rng), prefix)
    count, size = 2 ** (longer - prefix), 2 ** (32 - longer)
    shown = {"network": _dotted(network), "prefix": prefix, "longer": longer}
    steps = [f"{longer} - {prefix} = {longer - prefix}, 2 ** {longer - prefix} = {count} networks"]
    if rng.random() < 0.25:
        return Problem(
            question=rng.choice(_COUNT_WORDINGS).format(**shown),
            answer=IntegerAnswer(value=count),
            short=(f"2 ** {longer - prefix}",),
            long=tuple(steps),
            key=f"subnet_arithmetic split {network}/{prefix} {longer}",
        )
    n = rng.randint(3, count)
    start = network + (n - 1) * size
    steps += [
        f"32 - {longer} = {32 - longer}, 2 ** {32 - longer} = {size} addresses each",
        f"({n} - 1) * {size} = {(n - 1) * size} = {_dotted((n - 1) * size)}",
        f"{_dotted(network)} plus that is {_dotted(start)}",
    ]
    return Problem(
        question=rng.choice(_NTH_WORDINGS).format(**shown, n=n),
        answer=TextAnswer(value=_dotted(start), aliases=(f"{_dotted(start)}/{longer}",)),
        short=(f"it starts at {_dotted(start)}",),
        long=tuple(steps),
        key=f"subnet_arithmetic split {network}/{prefix} {longer} {n}",
    )


def _join(rng: Random) -> Problem:
    return rng.choice((_common, _pack))(rng)


def _common(rng: Random) -> Problem:
    prefix = rng.randint(9, 26)
    network, _ = _block(_random_address(rng), prefix)
    size = 2 ** (32 - prefix)
    addresses = [network + offset for offset in rng.sample(range(1, size), 4)]
    while len({address // (size // 2) for address in addresses}) == 1:
        addresses = [network + offset for offset in rng.sample(range(1, size), 4)]
    low, high = min(addresses), max(addresses)
    octet = prefix // 8
    a, b = (address >> (24 - 8 * octet) & 255 for address in (low, high))
    steps = [
        f"smallest {_dotted(low)}, largest {_dotted(high)}",
        f"they first differ in number {octet + 1}: {a} is {a:08b}, {b} is {b:08b}",
        f"{8 * octet} + {prefix - 8 * octet} = {prefix} bits agree",
        f"the network is {_dotted(network)}/{prefix}",
    ]
    shown = [_dotted(address) for address in addresses]
    listed = f"{', '.join(shown[:-1])} and {shown[-1]}"
    return Problem(
        question=rng.choice(_COMMON_WORDINGS).format(listed=listed),
        answer=TextAnswer(value=f"{_dotted(network)}/{prefix}"),
        short=(steps[-1],),
        long=tuple(steps),
        key=f"subnet_arithmetic common {sorted(addresses)}",
    )


def _pack(rng: Random) -> Problem:
    network, _ = _block(_random_address(rng), 18)
    hosts = [rng.choice((rng.randint(3, 60), rng.randint(61, 1500))) for _ in range(5)]
    free, start, steps = network, network, []
    for count in hosts:
        bits = max(2, (count + 1).bit_length())
        size = 2**bits
        start = -(-free // size) * size
        free = start + size
        steps.append(
            f"{count} + 2 = {count + 2}, size {size}: {_dotted(start)} to {_dotted(free - 1)}"
        )
    sizes = f"{', '.join(map(str, hosts[:-1]))} and {hosts[-1]}"
    return Problem(
        question=rng.choice(_PACK_WORDINGS).format(network=_dotted(network), sizes=sizes),
        answer=TextAnswer(value=_dotted(start), aliases=(f"{_dotted(start)}/{32 - bits}",)),
        short=(f"the last starts at {_dotted(start)}",),
        long=tuple(steps),
        key=f"subnet_arithmetic pack {network} {hosts}",
    )
