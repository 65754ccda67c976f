"""Write the fact table of Python's modules; run it from the root of the repository.

Levels and purposes are by hand. Modules come from the standard library; each is imported and each
example is evaluated here before it is written.
"""

import importlib
import re
import sys

from coding import write

MODULES = {
    1: (
        ("math", "has square roots, sines and logarithms of floats", "math.sqrt(9) gives 3.0"),
        (
            "random",
            "shuffles lists and draws numbers that a seed makes repeatable",
            "random.Random(1).choice([7]) gives 7",
        ),
        (
            "json",
            "turns lists and dictionaries into text in the notation of JavaScript",
            "json.dumps([1, 2]) gives '[1, 2]'",
        ),
        ("re", "searches text with regular expressions", "re.findall('b+', 'abba') gives ['bb']"),
        (
            "datetime",
            "has classes for calendar dates, times of day and their differences",
            "datetime.date(2024, 1, 31).day gives 31",
        ),
        ("time", "has sleep, localtime and perf_counter", "time.sleep(0) gives None"),
        (
            "os",
            "holds the environment variables in a mapping",
            "os.environ.get('NO_SUCH_NAME') gives None",
        ),
        (
            "sys",
            "holds the command-line arguments in argv",
            "isinstance(sys.argv, list) gives True",
        ),
        (
            "csv",
            "reads and writes the rows of spreadsheets saved as plain text",
            "next(csv.reader(['a,b'])) gives ['a', 'b']",
        ),
        (
            "pathlib",
            "represents file names as objects that a slash operator joins",
            "str(pathlib.PurePosixPath('a') / 'b') gives 'a/b'",
        ),
        (
            "collections",
            "has Counter, deque and defaultdict",
            "collections.Counter('aab')['a'] gives 2",
        ),
        (
            "itertools",
            "has permutations, chain and islice",
            "list(itertools.chain([1], [2])) gives [1, 2]",
        ),
    ),
    2: (
        (
            "functools",
            "has partial, reduce and lru_cache",
            "functools.reduce(max, [1, 3, 2]) gives 3",
        ),
        (
            "statistics",
            "computes the median and the standard deviation of data",
            "statistics.median([1, 5, 9]) gives 5",
        ),
        (
            "string",
            "holds the constants ascii_letters, digits and punctuation",
            "string.digits gives '0123456789'",
        ),
        ("copy", "makes deep duplicates of nested objects", "copy.deepcopy([[1]]) gives [[1]]"),
        (
            "argparse",
            "parses command lines with subcommands and was made to replace optparse",
            "argparse.SUPPRESS gives '==SUPPRESS=='",
        ),
        (
            "logging",
            "passes messages with levels such as DEBUG and WARNING to handlers",
            "logging.WARNING gives 30",
        ),
        (
            "subprocess",
            "starts other programs and captures their output by its function run",
            "subprocess.PIPE gives -1",
        ),
        (
            "unittest",
            "has the class TestCase with assertEqual and setUp",
            "unittest.TestCase.__name__ gives 'TestCase'",
        ),
        (
            "pickle",
            "serialises almost any Python object and can run code when it loads one",
            "pickle.loads(pickle.dumps((1, 2))) gives (1, 2)",
        ),
        (
            "shutil",
            "removes and duplicates whole directory trees",
            "issubclass(shutil.SameFileError, OSError) gives True",
        ),
        (
            "glob",
            "has a function of its own name that lists the files that fit a wildcard",
            "glob.escape('*') gives '[*]'",
        ),
        (
            "decimal",
            "computes with base-ten numbers at a precision that can be set",
            "str(decimal.Decimal('0.1') * 3) gives '0.3'",
        ),
    ),
    3: (
        (
            "typing",
            "has Any, Protocol and TypeVar for annotations",
            "typing.Optional[int] == int | None gives True",
        ),
        (
            "fractions",
            "computes with exact ratios of whole numbers",
            "str(fractions.Fraction(1, 2) + 1) gives '3/2'",
        ),
        (
            "heapq",
            "arranges a plain list so that its smallest item always comes first",
            "heapq.nsmallest(1, [3, 2]) gives [2]",
        ),
        (
            "bisect",
            "finds where to insert into a sorted list by repeated halving",
            "bisect.bisect_left([1, 3], 2) gives 1",
        ),
        (
            "hashlib",
            "computes message digests such as SHA-256",
            "hashlib.sha256(b'').digest_size gives 32",
        ),
        (
            "tempfile",
            "creates files for short use under names that are not taken yet",
            "tempfile.mkdtemp.__name__ gives 'mkdtemp'",
        ),
        (
            "threading",
            "has RLock, Barrier and Timer for functions that run at once in one process",
            "threading.Lock().locked() gives False",
        ),
        (
            "multiprocessing",
            "has Pool, Manager and cpu_count",
            "multiprocessing.Pool.__name__ gives 'Pool'",
        ),
        (
            "asyncio",
            "runs coroutines in an event loop",
            "asyncio.gather.__name__ gives 'gather'",
        ),
        (
            "enum",
            "has base classes for fixed sets of named constants, such as IntFlag",
            "enum.IntFlag.__name__ gives 'IntFlag'",
        ),
        (
            "dataclasses",
            "writes __init__ and __eq__ of a class from its annotated fields",
            "dataclasses.is_dataclass(int) gives False",
        ),
        (
            "contextlib",
            "has suppress, closing and ExitStack",
            "contextlib.suppress.__name__ gives 'suppress'",
        ),
    ),
    4: (
        (
            "sqlite3",
            "opens a relational database that needs no server",
            "sqlite3.apilevel gives '2.0'",
        ),
        (
            "operator",
            "has itemgetter, attrgetter and methodcaller",
            "operator.itemgetter(1)('ab') gives 'b'",
        ),
        (
            "struct",
            "packs numbers into bytes by a format such as '<ih'",
            "struct.calcsize('<ih') gives 6",
        ),
        (
            "textwrap",
            "breaks paragraphs into lines of a given width and has dedent",
            "textwrap.dedent(' a') gives 'a'",
        ),
        (
            "difflib",
            "finds the changes between two sequences of lines",
            "difflib.get_close_matches('aple', ['apple']) gives ['apple']",
        ),
        (
            "inspect",
            "tells the signature and the source code of a live function",
            "str(inspect.signature(lambda x: x)) gives '(x)'",
        ),
        (
            "ast",
            "parses source code into a tree of nodes and has literal_eval",
            "ast.literal_eval('[1]') gives [1]",
        ),
        (
            "secrets",
            "makes tokens that are safe for cryptography",
            "len(secrets.token_hex(4)) gives 8",
        ),
        (
            "calendar",
            "prints a month as a table of weeks and has isleap",
            "calendar.isleap(2024) gives True",
        ),
        (
            "cmath",
            "has square roots and logarithms of complex numbers",
            "cmath.sqrt(-4) gives 2j",
        ),
        (
            "timeit",
            "measures a small piece of code by running it very often",
            "timeit.default_number gives 1000000",
        ),
        (
            "fnmatch",
            "tells whether a name fits a shell pattern, without looking at the disk",
            "fnmatch.fnmatchcase('a.py', '*.py') gives True",
        ),
    ),
    5: (
        (
            "weakref",
            "refers to objects without keeping them alive",
            "len(weakref.WeakSet()) gives 0",
        ),
        (
            "mmap",
            "lets a file on disk be used like a bytearray in memory",
            "mmap.ACCESS_READ gives 1",
        ),
        (
            "ctypes",
            "loads shared libraries and calls their C functions",
            "ctypes.sizeof(ctypes.c_int32) gives 4",
        ),
        (
            "graphlib",
            "sorts nodes topologically",
            "list(graphlib.TopologicalSorter({1: [2]}).static_order()) gives [2, 1]",
        ),
        (
            "tomllib",
            "parses the format of the file pyproject.toml",
            "tomllib.loads('a = 1') gives {'a': 1}",
        ),
        (
            "selectors",
            "waits for many sockets at once by a high-level interface to epoll and kqueue",
            "selectors.EVENT_READ gives 1",
        ),
        (
            "dis",
            "shows the bytecode of a function",
            "dis.Bytecode.__name__ gives 'Bytecode'",
        ),
        (
            "tracemalloc",
            "records in which lines of code memory was reserved",
            "tracemalloc.is_tracing() gives False",
        ),
        (
            "contextvars",
            "holds values that each asynchronous task sees on its own",
            "contextvars.ContextVar('x').name gives 'x'",
        ),
        (
            "linecache",
            "fetches single lines of source files for tracebacks, without reading a file twice",
            "linecache.getline('no such file', 1) gives ''",
        ),
        (
            "unicodedata",
            "gives the official name and the general category of a character",
            "unicodedata.category('a') gives 'Ll'",
        ),
        (
            "numbers",
            "has the abstract classes Integral, Rational and Real",
            "issubclass(int, numbers.Integral) gives True",
        ),
    ),
}


def module_rows() -> list[tuple[str, ...]]:
    """Return the modules, each imported and each example evaluated."""
    rows = []
    for level, facts in MODULES.items():
        for name, purpose, example in facts:
            assert name in sys.stdlib_module_names, name
            assert not re.search(rf"\b{name}\b", purpose), name
            call, result = example.split(" gives ")
            assert repr(eval(call, {name: importlib.import_module(name)})) == result, example
            rows.append((name, purpose, example, str(level)))
    return rows


def main() -> None:
    """Write the table."""
    write(
        "python_modules",
        "names from the standard library; purposes compiled by the project",
        "name purpose example level",
        module_rows(),
    )


if __name__ == "__main__":
    main()
