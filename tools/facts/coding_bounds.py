"""Write the fact table of complexities; run it from the root of the repository.

Everything is by hand: what is bounded, the bound and why.
"""

from coding import BY_HAND, write

BOUNDS = {
    1: """
        the worst-case time of binary search in a sorted array of n numbers
        = log n: each comparison halves the range
        the worst-case time of linear search in an array of n numbers
        = n: every number may have to be compared
        the worst-case time of bubble sort for n numbers
        = n^2: there are up to n passes over up to n numbers
        the worst-case time of merge sort for n numbers
        = n log n: in log n rounds of merging all n numbers are moved
        the worst-case time of selection sort for n numbers
        = n^2: the smallest of the rest is searched for n times
        the worst-case time of insertion sort for n numbers
        = n^2: each number may move past all before it
        the time to read an element of an array of length n by its index
        = 1: the address follows from the index
        the time to find the largest of n unsorted numbers
        = n: every number is looked at once
        the time to take the top item off a stack of n items
        = 1: the other items stay as they are
        the worst-case time to find a value in a singly linked list of n items
        = n: the links are followed one by one
        the average time to look up a key in a hash table with n entries
        = 1: on average a bucket holds few entries, whatever n is
        the time to print all ordered pairs of n items
        = n^2: each item is paired with each
    """,
    2: """
        the worst-case time of heap sort for n numbers
        = n log n: a number sinks through up to log n levels, n times
        the worst-case time of quicksort for n numbers if the first one is the pivot
        = n^2: each split may put all other numbers on one side
        the average time of quicksort for n distinct numbers in random order
        = n log n: about log n levels of splits compare up to n numbers each
        the worst-case time to insert into a binary heap of n items
        = log n: an item rises through up to log n levels
        the worst-case time to find a key in an AVL tree of n keys
        = log n: the tree stays balanced, so its height grows like log n
        the worst-case time to find a key in an unbalanced binary search tree of n keys
        = n: the tree may be a chain
        the time of insertion sort for n numbers that are already in order
        = n: each number is compared once and stays
        the time to insert an item in front of a singly linked list of n items
        = 1: only the new link and the head are set
        the time to insert an item in front of an array of n items
        = n: all items move by one place
        the time to reverse an array of n items
        = n: about n / 2 pairs are swapped
        the time to visit all subsets of n items, with constant time for each
        = 2^n: each item is in or out
        the worst-case time to find a key in a red-black tree of n keys
        = log n: the tree stays balanced, so its height grows like log n
    """,
    3: """
        the time of breadth-first search with adjacency lists, V vertices and E edges
        = V + E: each vertex and each edge is handled a few times at most
        the time of depth-first search with adjacency lists, V vertices and E edges
        = V + E: each vertex and each edge is handled a few times at most
        the time of breadth-first search with an adjacency matrix and V vertices
        = V^2: V rows of V entries are read
        the time of the Floyd-Warshall algorithm for V vertices
        = V^3: three nested loops run over the vertices
        the time of the schoolbook multiplication of two n x n matrices
        = n^3: each of n^2 entries needs n products
        the time to read the smallest item of a binary min-heap of n items
        = 1: it is at the root
        the time to build a binary heap from n unsorted numbers bottom-up
        = n: most numbers are near the bottom and sink by few levels
        the time to merge two sorted lists of n items each
        = n: each comparison places one item
        the time to visit all permutations of n items, with constant time for each
        = n!: the n places are filled with one choice less each time
        the time of counting sort for n whole numbers from 0 to k - 1
        = n + k: the n numbers are counted and k counters are read
        the amortised time to append to a dynamic array that doubles when it is full
        = 1: all copying together stays below two moves an item
        the worst-case time to remove the smallest item of a binary min-heap of n items
        = log n: an item sinks through up to log n levels
    """,
    4: """
        the worst-case time of the Bellman-Ford algorithm for V vertices and E edges
        = V E: all edges are relaxed in up to V - 1 rounds
        the time of Dijkstra's algorithm with an array as its queue on a simple graph of V vertices
        = V^2: V times the nearest of up to V vertices is searched for
        the time to find the longest common subsequence of n and m letters by a table
        = n m: the table has a cell for each pair of places
        the time to find the edit distance of n and m letters by a full table
        = n m: the table has a cell for each pair of places
        the worst-case time, in n and m, of the Knuth-Morris-Pratt search for m letters in n
        = n + m: the table of prefixes takes m steps and the scan n
        the time of the 0/1 knapsack table for n items and the whole-number capacity W
        = n W: the table has a cell for each item and capacity
        the time of the sieve of Eratosthenes for the numbers up to n
        = n log log n: the sum of n / p over the primes p grows like this
        the number of multiplications to raise a number to the power n by squaring
        = log n: each squaring halves the exponent
        the worst-case number of divisions in Euclid's algorithm for two numbers up to n
        = log n: every two divisions at least halve the remainder
        the time of radix sort for n numbers with d digits, each from 0 to k - 1
        = d (n + k): each digit takes one counting sort
        the time of Tarjan's strongly connected components for V vertices and E edges
        = V + E: one depth-first search is enough
        the time of Kahn's topological sort for V vertices and E edges
        = V + E: each vertex and each edge is removed once
    """,
    5: """
        the time of Karatsuba's multiplication of two numbers of n digits
        = n^(log2 3): three products of half the length replace four
        the time of Strassen's multiplication of two n x n matrices
        = n^(log2 7): seven products of half the size replace eight
        the time of the Held-Karp algorithm for n cities
        = n^2 2^n: for each set of cities and its last city, n cities are tried
        the time of the fast Fourier transform of n samples
        = n log n: in log n stages all n values are combined
        the worst-case time to select the median of n numbers by medians of medians
        = n: the two smaller problems have about 9 n / 10 numbers together
        the worst-case time of the Graham scan for n points
        = n log n: sorting by angle takes longer than the scan
        the worst-case time of the Edmonds-Karp algorithm for V vertices and E edges
        = V E^2: each of up to V E searches looks at E edges
        the worst-case time of the Hopcroft-Karp algorithm for V vertices and E edges
        = E sqrt(V): the number of phases grows like the root of V
        the amortised time to decrease a key in a Fibonacci heap of n items
        = 1: the node is cut off, and marks pay for later cuts
        the worst-case time of Manacher's algorithm for a string of n letters
        = n: the rightmost place that was reached never moves back
        the time to build a suffix automaton of n letters of a fixed alphabet
        = n: each letter adds at most two states
        the worst-case time of the Gale-Shapley algorithm for n men and n women
        = n^2: each man proposes to each woman at most once
    """,
}
ROUNDED = {"n^(log2 3)": "n^1.585|n^1.58|n^1.59", "n^(log2 7)": "n^2.807|n^2.81"}
"""What textbooks write for exponents that are logarithms."""


def bound_rows() -> list[tuple[str, ...]]:
    """Return what is bounded, the bound, its rounded forms, the reason and the level."""
    rows = []
    for level, text in BOUNDS.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        for what, bounded in zip(lines[::2], lines[1::2], strict=True):
            bound, reason = bounded.removeprefix("= ").split(": ")
            rows.append((what, bound, ROUNDED.get(bound, ""), reason, str(level)))
    return rows


def main() -> None:
    """Write the table."""
    write(
        "complexities",
        "compiled by the project; common knowledge",
        "what bound rounded reason level",
        bound_rows(),
        BY_HAND,
    )


if __name__ == "__main__":
    main()
