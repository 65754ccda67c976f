"""The store of decisions on a folder of picks: `reviews.sqlite`.

Decisions are rows that are only added: triggers refuse to change or delete one. Several people
write at the same time; each call has a connection of its own, and a decision is on the disk
before the call returns. Nothing in the store is ever executed or rendered.
"""

import hashlib
import json
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from pydantic import ValidationError

from metaprobe.benchmark.curation.decisions import (
    Action,
    Decision,
    Kind,
    Outcome,
    State,
    checked_name,
    fits,
    outcome,
    standing,
)
from metaprobe.benchmark.curation.picks import Candidate, read_picks
from metaprobe.benchmark.items import Item
from metaprobe.core.errors import ConfigError, InputError, MetaprobeError, StorageError
from metaprobe.core.streams import short_hash

REVIEWS = "reviews.sqlite"

_BUSY_SECONDS = 5.0
_ATTEMPTS = 100
_COLUMNS = tuple(Decision.model_fields)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS annotators (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, token_sha256 TEXT UNIQUE
) STRICT;
CREATE TABLE IF NOT EXISTS decisions (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL, cell TEXT NOT NULL, annotator TEXT NOT NULL REFERENCES annotators,
    time TEXT NOT NULL, action TEXT NOT NULL, reason TEXT, to_cell TEXT, answer TEXT,
    note TEXT NOT NULL, kind TEXT NOT NULL, seconds REAL, seen TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS by_item ON decisions (id);
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON decisions
BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
CREATE TRIGGER IF NOT EXISTS no_replace BEFORE INSERT ON decisions
WHEN EXISTS (SELECT 1 FROM decisions WHERE serial = NEW.serial)
BEGIN SELECT RAISE(ABORT, 'decisions are only added'); END;
"""
_INSERT = f"INSERT INTO decisions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


class Role(StrEnum):
    """What a person may do."""

    ANNOTATOR = "annotator"
    ADJUDICATOR = "adjudicator"
    """Reviews like the others, and decides where they disagree."""


class StaleError(MetaprobeError, ValueError):
    """A decision was made in sight of another state of the candidate than the present one."""


class Annotator(NamedTuple):
    """A person who decides."""

    name: str
    role: Role


class ReviewStore:
    """Decisions on the candidates of one folder; may be shared by threads."""

    def __init__(self, folder: Path) -> None:
        """Open the store of a folder of picks; make it where there is none.

        Raises:
            InputError: the folder holds no picks, or the store is damaged.
            StorageError: the store cannot be made.
        """
        self._path = folder / REVIEWS
        self.picks = read_picks(folder)
        self.candidates: dict[str, Candidate] = {c.item.id: c for c in self.picks.candidates}
        """By the item's id, in the order of the picks."""
        if len(self.candidates) < len(self.picks.candidates):
            raise InputError(f"{folder}: an item is a candidate more than once; select again")
        self._seen = {name: _digest(one.item) for name, one in self.candidates.items()}
        self._read: list[tuple[int, Decision]] = []
        self._reading = Lock()
        self._standing: tuple[int, dict[str, list[Decision]]] | None = None
        """What stood after so many decisions."""
        with self._connected() as connection:
            self._use_wal(connection)
            connection.executescript(_SCHEMA)

    def add_annotator(self, name: str, role: Role = Role.ANNOTATOR) -> str:
        """Return a new token of a person; only its SHA-256 is kept, so this shows it once.

        For a name that is there, the token before ends and the role becomes this one.

        Raises:
            ConfigError: the name is none; see `checked_name`.
        """
        token = secrets.token_urlsafe(32)
        with self._connected() as connection:
            connection.execute(
                "INSERT INTO annotators VALUES (?, ?, ?) ON CONFLICT (name) "
                "DO UPDATE SET role = excluded.role, token_sha256 = excluded.token_sha256",
                (checked_name(name), role, _sha256(token)),
            )
        return token

    def annotators(self) -> list[Annotator]:
        """Return everybody, by name."""
        with self._connected() as connection:
            rows = connection.execute("SELECT name, role FROM annotators ORDER BY name").fetchall()
        return [Annotator(name, Role(role)) for name, role in rows]

    def annotator_of(self, token: str) -> Annotator | None:
        """Return whose token this is, or None."""
        with self._connected() as connection:
            row = connection.execute(
                "SELECT name, role FROM annotators WHERE token_sha256 = ?", (_sha256(token),)
            ).fetchone()
        return Annotator(row[0], Role(row[1])) if row else None

    def record(self, decision: Decision, *, against: int | None = None) -> int:
        """Add a decision and return its serial number, from 1.

        The same decision as the one that stands, made again, is not added: that one's number is
        returned, so that a request may be repeated.

        Args:
            decision: by somebody who has been added.
            against: what `serial` gave when the person was shown the candidate; None for no check.

        Raises:
            StaleError: the person has decided on the candidate since then.
            ConfigError: the candidate or the person is not known, the item was another one when it
                was decided on, the person may not adjudicate it, the answer is none of the item's
                class, or there is nothing to undo.
        """
        with self._writing() as connection:
            return self._add(connection, decision, against)[0]

    def serial(self, item: str, annotator: str, kind: Kind = Kind.REVIEW) -> int:
        """Return the number of a person's last decision on an item, an undo too; 0 without any."""
        with self._connected() as connection:
            return _last_serial(_rows(connection, item), annotator, kind)

    def take_in(self, decisions: Sequence[Decision]) -> int:
        """Add decisions that were made elsewhere, all or none; return how many were new.

        A decision that is there already is passed over. People who are not known get no token.

        Raises:
            ConfigError: as `record`; the number of the decision is named, from 1.
        """
        adjudicators = {one.annotator for one in decisions if one.kind is Kind.ADJUDICATION}
        added = 0
        with self._writing() as connection:
            for number, one in enumerate(decisions, start=1):
                role = Role.ADJUDICATOR if one.annotator in adjudicators else Role.ANNOTATOR
                connection.execute(
                    "INSERT INTO annotators VALUES (?, ?, NULL) ON CONFLICT (name) DO NOTHING",
                    (one.annotator, role),
                )
                try:
                    added += self._add(connection, one)[1]
                except ConfigError as error:
                    raise ConfigError(f"decision {number}: {error}") from error
        return added

    def decisions(self) -> list[Decision]:
        """Return every decision in the order in which they were made, undos among them.

        Those on items that are no candidates any more, or were others then, are left out; see
        `outdated`.
        """
        return [one for one in self._all() if one.seen == self._seen.get(one.id)]

    def outdated(self) -> int:
        """Return the number of decisions on what is no candidate any more."""
        return len(self._all()) - len(self.decisions())

    def current(self, annotator: str, kind: Kind = Kind.REVIEW) -> dict[str, Decision]:
        """Return by item what a person's decision is now."""
        return {
            item: one
            for item, of in self.standing().items()
            for one in of
            if one.annotator == annotator and one.kind is kind
        }

    def standing(self) -> dict[str, list[Decision]]:
        """Return by item the decisions that nobody has taken back."""
        rows = self.decisions()
        if self._standing is None or self._standing[0] != len(rows):
            self._standing = len(rows), standing(rows)
        return {item: list(of) for item, of in self._standing[1].items()}

    def history(self, item: str) -> list[Decision]:
        """Return every decision on an item in order, undos among them."""
        with self._connected() as connection:
            rows = _rows(connection, item)
        return [one for _, one in rows if one.seen == self._seen.get(item)]

    def last(self, annotator: str, kind: Kind = Kind.REVIEW) -> Decision | None:
        """Return a person's latest decision that is not taken back: what an undo would undo."""
        done: list[Decision] = []
        for one in self.decisions():
            if (one.annotator, one.kind) != (annotator, kind):
                continue
            if one.action is Action.UNDO:
                place = next(n for n in reversed(range(len(done))) if done[n].id == one.id)
                del done[place]
            else:
                done.append(one)
        return done[-1] if done else None

    def queue(self, annotator: str, per_item: int = 2) -> list[Candidate]:
        """Return the candidates that a person is to decide on, in order.

        Those that fewest people have decided on come first, and among them the best ones of each
        cell; what the person is unsure of comes last. Left out are those that the person, an
        adjudicator, or `per_item` others have decided on.
        """
        now = self.standing()
        waiting = []
        for place, (item, candidate) in enumerate(self.candidates.items()):
            of = now.get(item, [])
            sure = [one for one in of if one.action is not Action.UNSURE]
            unsure = any(one.annotator == annotator for one in of if one not in sure)
            people = {one.annotator for one in sure if one.kind is Kind.REVIEW}
            ruled = any(one.kind is Kind.ADJUDICATION for one in sure)
            if annotator not in people and len(people) < per_item and not ruled:
                order = (unsure, len(people), candidate.rank, place)
                waiting.append((order, candidate))
        return [candidate for _, candidate in sorted(waiting, key=lambda one: one[0])]

    def outcome(self, candidate: str, *, accepts: int = 2) -> Outcome:
        """Return what has become of a candidate, named by its item; see `decisions.outcome`.

        Raises:
            ConfigError: there is no such candidate.
        """
        return self.outcomes(accepts=accepts)[self._known(candidate).item.id]

    def outcomes(self, *, accepts: int = 2) -> dict[str, Outcome]:
        """Return by item what has become of every candidate."""
        now = self.standing()
        return {
            item: outcome(candidate.item, now.get(item, []), accepts=accepts)
            for item, candidate in self.candidates.items()
        }

    def disagreements(self, adjudicator: str | None = None) -> list[Candidate]:
        """Return the candidates that wait for an adjudicator, in the order of the picks.

        Args:
            adjudicator: leaves out what this person has reviewed, and so may not adjudicate.
        """
        own = self.current(adjudicator) if adjudicator else {}
        return [
            self.candidates[item]
            for item, found in self.outcomes().items()
            if found.state is State.NEEDS_ADJUDICATION and item not in own
        ]

    def progress(self) -> Counter[State]:
        """Return the number of candidates in each state."""
        return Counter(found.state for found in self.outcomes().values())

    def _add(
        self, connection: sqlite3.Connection, given: Decision, against: int | None = None
    ) -> tuple[int, bool]:
        """Return the serial number of a decision, and whether it is new."""
        one = self._checked(connection, given)
        rows = _rows(connection, one.id)
        kept = standing(d for _, d in rows if d.seen == one.seen).get(one.id, [])
        mine = [d for d in kept if (d.annotator, d.kind) == (one.annotator, one.kind)]
        for serial, there in rows:
            if there == one or (there in mine and _content(there) == _content(one)):
                return serial, False
        if against is not None and against != _last_serial(rows, one.annotator, one.kind):
            raise StaleError(f"item {one.id}: {one.annotator} has decided on it meanwhile")
        if one.action is Action.UNDO and not mine:
            raise ConfigError(f"item {one.id}: {one.annotator} has no decision to undo")
        reviewed = any(d.annotator == one.annotator and d.kind is Kind.REVIEW for d in kept)
        if one.kind is Kind.ADJUDICATION and reviewed:
            raise ConfigError(f"item {one.id}: {one.annotator} has reviewed it; another decides")
        table = one.model_dump(mode="json")
        table["answer"] = one.answer.model_dump_json() if one.answer else None
        added = connection.execute(_INSERT, [table[name] for name in _COLUMNS])
        return int(added.lastrowid or 0), True

    def _checked(self, connection: sqlite3.Connection, given: Decision) -> Decision:
        candidate = self._known(given.id)
        item = candidate.item
        if given.cell != str(item.cell):
            raise ConfigError(f"item {item.id}: was suggested for {item.cell}, not {given.cell}")
        seen = self._seen[item.id]
        if given.seen not in (None, seen):
            raise ConfigError(f"item {item.id}: it is not the one any more that was decided on")
        row = connection.execute(
            "SELECT role FROM annotators WHERE name = ?", (given.annotator,)
        ).fetchone()
        if row is None:
            raise ConfigError(f"no annotator {given.annotator!r} has been added")
        if given.kind is Kind.ADJUDICATION and row[0] != Role.ADJUDICATOR:
            raise ConfigError(f"{given.annotator} is no adjudicator")
        if given.answer is not None and not fits(item.answer, given.answer):
            raise ConfigError(
                f"item {item.id}: answer {given.answer.render()[:60]!r}: not one of the kind "
                f"{item.answer.kind}"
            )
        return given.model_copy(update={"seen": seen, "time": given.time.astimezone(UTC)})

    def _known(self, item: str) -> Candidate:
        if item not in self.candidates:
            raise ConfigError(f"item {item}: no candidate")
        return self.candidates[item]

    def _all(self) -> list[Decision]:
        """Return every row; those that were read before are not read again, as none changes."""
        with self._reading, self._connected() as connection:
            # There is one writer at a time, so serial numbers appear in their order.
            self._read += _rows(connection, None, after=self._read[-1][0] if self._read else 0)
            return [one for _, one in self._read]

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        # SQLite does not wait while another changes the journal, as it does for everything else.
        for _ in range(_ATTEMPTS):
            with suppress(sqlite3.OperationalError):
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
                if mode == "wal":
                    return
            time.sleep(_BUSY_SECONDS / _ATTEMPTS)
        raise StorageError(f"{self._path}: SQLite cannot use WAL there; choose a local folder")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that no other can write beside; an error takes all back."""
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            opened = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            with closing(opened) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
        except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
            raise StorageError(f"{self._path}: {error}; run the same command again") from error
        except (sqlite3.DatabaseError, ValidationError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(f"{self._path}: damaged ({reason}); restore a copy") from error


def _last_serial(rows: list[tuple[int, Decision]], annotator: str, kind: Kind) -> int:
    of = [serial for serial, one in rows if (one.annotator, one.kind) == (annotator, kind)]
    return max(of, default=0)


def _rows(
    connection: sqlite3.Connection, item: str | None, after: int = 0
) -> list[tuple[int, Decision]]:
    rows = connection.execute(
        f"SELECT serial, {', '.join(_COLUMNS)} FROM decisions "
        "WHERE serial > ?2 AND (?1 IS NULL OR id = ?1) ORDER BY serial",
        (item, after),
    )
    found = []
    for serial, *values in rows:
        table = dict(zip(_COLUMNS, values, strict=True))
        table["answer"] = json.loads(table["answer"]) if table["answer"] else None
        found.append((serial, Decision.model_validate(table)))
    return found


def _digest(item: Item) -> str:
    """Return what changes when a decision on the item would no longer be one on it."""
    return short_hash(item.question, item.answer.model_dump_json(), item.cell)


def _content(decision: Decision) -> dict[str, object]:
    return decision.model_dump(exclude={"time", "seconds"})


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
