"""The sequencer: numbers committed rows of the trail, and signs a checkpoint of the tree every ten seconds.

Every visible row is numbered at once; nothing waits for the oldest transaction. An id that is not visible is a *gap*
only once proven: its holder took a transaction id before its serial (audit.append), so that id is older than any taken
after the serial was seen; when a later snapshot says that all of those ended, the row can never appear.

The database is written first, `leaves.bin` next, the checkpoint last, so after a kill the file is at most behind.
Format of leaves and checkpoints: docs/decisions/0010-trail-leaf-and-checkpoint.md
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, LiteralString

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.abc import Buffer
from psycopg.rows import dict_row
from psycopg.types.datetime import TimestamptzLoader

from egide.keeper.trail_files import Alarms, Expectations, Files
from egide.kernel import clock
from egide.kernel.checkpoint import SEPARATOR, Checkpoint, NoteError, VerifyKey, open_note, sign
from egide.kernel.leaf import gap_leaf, row_leaf
from egide.kernel.merkle import Frontier

log = logging.getLogger(__name__)

PAUSE: Final = 0.2  # seconds between two looks
SIGN_GROWN, SIGN_IDLE = 10.0, 60.0  # seconds between two checkpoints, when the tree grew and when it did not
BATCH: Final = 20_000  # ids looked at in one go
SCRUB, SCRUB_EVERY = 5_000, 10.0  # leaves compared with the database again, and seconds until the next ones
PARTITION: Final = 5_000_000
FIRST_KEY, LATEST_KEY = "checkpoint.vkey", "latest.vkey"


class DisagreementError(Exception):
    """The database contradicts what was numbered or signed: nothing is numbered or signed any more."""


class _Instant(TimestamptzLoader):
    """An instant; or its text where Python has none ('infinity'): an altered row must be named, not stop the log."""

    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except psycopg.DataError:
            return bytes(data).decode()


class Sequencer:
    """One a base. `tick` is called by one thread; `expect` and `health` by any.

    trail: leaves.bin, checkpoints.log, frontier.bin, checkpoint.vkey (of the log's first key), latest.vkey (of the key
    handed over to, if any was). state: alarms.log, expected.bin. keys: every live version of the signing key, oldest
    first; the last signs, once handed over to.
    """

    def __init__(self, conninfo: str, trail: Path, state: Path, keys: Sequence[Ed25519PrivateKey], origin: str) -> None:
        self._conninfo, self._origin = conninfo, origin
        self._keys = tuple(keys)
        self._key = self._keys[0]  # that of the last checkpoint
        self._conn: psycopg.Connection[dict[str, Any]] | None = None
        self._files = Files(trail)
        self._alarms = Alarms(state)
        self._tree = Frontier()
        self._missing: dict[int, int] = {}  # id not visible → transaction id whose end proves the gap; ids ascend
        self._signed: Checkpoint | None = None
        self._signed_clock = 0.0
        self._scrubbed, self._scrub_clock = 0, 0.0
        self._behind = False
        self._refused: str | None = None
        self._expected = Expectations(state / "expected.bin")
        if self._files.published(FIRST_KEY) is None:
            self._files.publish(FIRST_KEY, f"{self._vkey(self._key)}\n")

    # ── what the keeper calls ───────────────────────────────────────────────────────────────────────────────────────

    def expect(self, entry_id: int, leaf: bytes) -> None:
        """Called after the commit, before the answer: this entry must get this leaf hash, or an alarm names it."""
        self._expected.add(entry_id, leaf)

    def renew(self, keys: Sequence[Ed25519PrivateKey]) -> None:
        """The live versions, as they are from now on; the next checkpoint hands over to the last of them."""
        self._keys = tuple(keys)

    def health(self) -> dict[str, Any]:
        """tree_size, signed_size, checkpoint_at (ISO or None), alarms (the latest twenty), halted (why, or None)."""
        signed = self._signed
        return {
            "tree_size": self._tree.size,
            "signed_size": signed.size if signed else 0,
            "checkpoint_at": signed.at.isoformat() if signed else None,
            "halted": self._refused,
            "alarms": self._alarms.latest(),
        }

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop`; a database that is away, or a full disk, is waited for."""
        down_since: float | None = None
        while not stop.wait(0.0 if self._behind else PAUSE):
            try:
                self.tick()
                down_since = None
            except (psycopg.Error, OSError, ValueError, TypeError) as error:
                log.warning("sequencer: %s", type(error).__name__)  # the message may quote a value
                down_since = down_since or time.monotonic()
                if time.monotonic() - down_since > SIGN_IDLE:
                    self._alarms.tell(
                        "stopped", None, f"numérotation arrêtée depuis une minute ({type(error).__name__})"
                    )
                stop.wait(1.0)
        with suppress(psycopg.Error, OSError):
            if self._conn is not None and not self._refused:
                self.sign_now()  # an orderly stop leaves nothing unsigned
        self.close()

    def close(self) -> None:
        self._forget_connection()

    def tick(self) -> int:
        """Number what committed, check what was expected, sign when due. The number of leaves added (0 once refused).

        Raises psycopg.Error or OSError when the database or the disk fails: the next tick starts again from the files.
        """
        if self._refused:
            return 0
        expected = self._expected.waiting()  # before the snapshot: each of these rows must be in it
        try:
            if self._conn is None:
                self._load()
            added, later = self._number()
            self._check_expected(expected, later)
            self._sign_if_due()
            self._scrub_if_due()
        except DisagreementError as error:
            self._refused = str(error)
            self._alarms.tell("disagreement", None, str(error))
            self._forget_connection()
            return 0
        except BaseException:
            self._forget_connection()  # what was seen on a lost connection proves nothing on the next
            raise
        return added

    # ── numbering ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _number(self) -> tuple[int, range]:
        """How many leaves were added, and the ids left for the next tick."""
        conn = self._connection
        with conn.transaction():
            at = self._one("SELECT * FROM audit.numbering()")
            if at["size"] != self._tree.size:
                raise DisagreementError(f"la base compte {at['size']} feuilles, le gardien {self._tree.size}")
            if at["drawn"] < at["seen"]:
                raise DisagreementError(f"le compteur de la trace a reculé de {at['seen']} à {at['drawn']}")
            seen, upto = at["seen"], min(at["drawn"], at["seen"] + BATCH)
            later = range(upto + 1, at["drawn"] + 1)
            if upto == seen and not self._missing:
                return 0, later
            # One statement, hence one snapshot: the rows it shows, and the oldest transaction it still sees running.
            found = conn.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest, r.*"
                "  FROM (VALUES (1)) AS one LEFT JOIN audit.rows(%s, %s, %s) r ON true",
                (seen, upto, list(self._missing)),
            ).fetchall()
            oldest = int(found[0]["oldest"])
            leaves = {row["id"]: row_leaf(row) for row in found if row["id"] is not None}
            gaps = [n for n, bound in self._missing.items() if bound <= oldest and n not in leaves]
            still = {n: bound for n, bound in self._missing.items() if bound > oldest and n not in leaves}
            unseen = [n for n in range(seen + 1, upto + 1) if n not in leaves]
            if unseen:
                # Taken after `drawn` was read: newer than the transaction id of whoever holds one of these ids.
                still |= dict.fromkeys(unseen, self._new_bound())
            leaves |= {n: gap_leaf(n) for n in gaps}
            numbered = next(iter(still), upto + 1) - 1
            order = sorted(leaves)
            if order or upto > seen:
                conn.execute(
                    "SELECT audit.number(%s, %s, %s, %s, %s)",
                    (at["size"], order, [leaves[n] for n in order], upto, numbered),
                )
        self._missing, self._behind = still, bool(later)
        self._files.write(self._tree.size, [leaves[n] for n in order])
        self._grow(leaves[n] for n in order)
        if at["drawn"] > at["partition_end"] - PARTITION // 2:
            self._add_partition()
        return len(order), later

    def _add_partition(self) -> None:
        try:
            self._connection.execute("SELECT audit.add_partition()")
        except psycopg.Error:  # half a partition is left: numbering and signing go on
            self._alarms.tell(
                "partition", None, "la partition suivante de la trace ne peut être créée : prévenez l'exploitant"
            )

    def _new_bound(self) -> int:
        return int(self._one("SELECT pg_current_xact_id()::text AS bound")["bound"])

    def _grow(self, leaves: Iterable[bytes]) -> None:
        signed = self._signed
        for leaf in leaves:
            self._tree.append(leaf)
            if signed and self._tree.size == signed.size and self._tree.root() != signed.root:  # while starting only
                raise DisagreementError(f"les {signed.size} premières feuilles n'ont pas la racine signée")

    def _check_expected(self, expected: dict[int, bytes], later: range) -> None:
        if not expected:
            return
        seqs = {
            row["entry_id"]: row["seq"]
            for row in self._connection.execute("SELECT * FROM audit.leaves_of(%s)", (list(expected),))
        }
        settled = []
        for entry_id, leaf in expected.items():
            if entry_id in seqs:
                numbered = self._files.leaf(seqs[entry_id])  # the file's, not what the database says now
                if numbered == gap_leaf(entry_id):
                    self._alarms.tell("missing", entry_id, f"l'ouverture {entry_id} a disparu de la trace")
                elif numbered != leaf:
                    self._alarms.tell(
                        "altered", entry_id, f"l'ouverture {entry_id} a été modifiée avant d'être numérotée"
                    )
            elif entry_id in later:
                continue
            else:
                self._alarms.tell("missing", entry_id, f"l'ouverture {entry_id} a disparu de la trace")
            settled.append(entry_id)
        self._expected.forget(settled)

    # ── signing ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _sign_if_due(self) -> None:
        age = time.monotonic() - self._signed_clock
        grew = self._signed is None or self._tree.size > self._signed.size
        if self._handing_to() is None and self._signed_clock and age < (SIGN_GROWN if grew else SIGN_IDLE):
            return
        self.sign_now()

    def sign_now(self) -> None:
        """Sign the present tree: its leaves are on disk first."""
        self._files.sync()
        fresh = self._handing_to()
        following = str(self._vkey(fresh)) if fresh else ""
        checkpoint = Checkpoint(self._origin, self._tree.size, self._tree.root(), clock.now(), following)
        note = sign(checkpoint, self._key, *([fresh] if fresh else []))
        self._files.append_note(note)
        if fresh is not None:
            self._key = fresh
            self._publish_latest()
        self._files.keep_frontier(self._tree.to_bytes())
        self._signed, self._signed_clock = checkpoint, time.monotonic()
        self._expected.compact()

    def _publish_latest(self) -> None:
        """The key handed over to, for verifiers; nothing while the log's first key still signs."""
        ours = f"{self._vkey(self._key)}\n"
        if ours not in (self._files.published(FIRST_KEY), self._files.published(LATEST_KEY)):
            self._files.publish(LATEST_KEY, ours)

    def _handing_to(self) -> Ed25519PrivateKey | None:
        """The newest key, while the last checkpoint is an earlier one's."""
        newest = self._keys[-1]
        return None if newest.public_key() == self._key.public_key() else newest

    def _vkey(self, key: Ed25519PrivateKey) -> VerifyKey:
        return VerifyKey(self._origin, key.public_key())

    def _scrub_if_due(self) -> None:
        """Walk round the whole trail, a slice at a time: a signed row altered later is named without a verify."""
        if time.monotonic() - self._scrub_clock < SCRUB_EVERY:
            return
        upto = min(self._tree.size, self._scrubbed + SCRUB)
        self._compare(self._scrubbed, upto)
        self._scrubbed = upto if upto < self._tree.size else 0
        self._scrub_clock = time.monotonic()

    # ── starting again ──────────────────────────────────────────────────────────────────────────────────────────────

    def _load(self) -> None:
        """Take up the files where a kill left them, and compare them with the database."""
        self._signed = self._last_checkpoint()
        self._publish_latest()  # killed after the handover was signed, before its key was told
        signed_size = self._signed.size if self._signed else 0
        self._conn = psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row)
        self._conn.adapters.register_loader("timestamptz", _Instant)
        in_base = self._one("SELECT * FROM audit.numbering()")["size"]
        if in_base < signed_size:
            raise DisagreementError(f"la base compte {in_base} feuilles, {signed_size} ont été signées")
        in_file = self._files.held()
        if in_file > in_base:
            self._alarms.tell("lost", None, f"la base a perdu {in_file - in_base} feuilles numérotées et non signées")
            in_file = in_base
        self._files.keep(in_file)
        self._tree = self._known_frontier(in_file)
        for first in range(self._tree.size, in_file, BATCH):
            self._grow(self._files.stored(first, min(first + BATCH, in_file)))
        for first in range(in_file, in_base, BATCH):
            leaves = [row["hash"] for row in self._rows_of_leaves(first, min(first + BATCH, in_base))]
            self._files.write(self._tree.size, leaves)
            self._grow(leaves)
        for first in range(min(in_file, max(0, in_base - SCRUB)), in_base, SCRUB):
            self._compare(first, min(first + SCRUB, in_base), untold=max(in_file, signed_size))
        bound = self._new_bound()
        ids = self._connection.execute("SELECT n FROM audit.unnumbered() AS n ORDER BY n")
        self._missing = {row["n"]: bound for row in ids}

    def _last_checkpoint(self) -> Checkpoint | None:
        whole = self._files.notes()
        if whole is None:
            return None
        for key in reversed(self._keys):
            with suppress(NoteError, UnicodeDecodeError):
                last = open_note(whole.decode().rpartition(SEPARATOR)[2], self._vkey(key))
                self._key = key
                return last
        raise DisagreementError("le dernier point de contrôle n'est pas signé par une clé de ce gardien")

    def _known_frontier(self, in_file: int) -> Frontier:
        """The tree at the last checkpoint, from frontier.bin where it has the signed root; else the empty tree."""
        with suppress(FileNotFoundError, ValueError):
            tree = Frontier.from_bytes(self._files.frontier())
            signed = self._signed
            if signed and tree.size <= in_file and (tree.size, tree.root()) == (signed.size, signed.root):
                return tree
        return Frontier()

    def _compare(self, first: int, upto: int, untold: int | None = None) -> None:
        """Compare leaves first … upto - 1 of the file with the database's leaves and rows; name the first that differs.

        From `untold` on, leaves were taken from the database and no checkpoint covers them: there, refuse.
        """
        stored = self._files.stored(first, upto)
        leaves = self._rows_of_leaves(first, upto)
        ids = [leaf["entry_id"] for leaf in leaves]
        rows = {row["id"]: row for row in self._connection.execute("SELECT * FROM audit.rows(0, 0, %s)", (ids,))}
        for seq, (mine, leaf) in enumerate(zip(stored, leaves, strict=True), first):
            entry_id = leaf["entry_id"]
            row = rows.get(entry_id)
            if mine == leaf["hash"] == (row_leaf(row) if row else gap_leaf(entry_id)):
                continue
            text = f"la feuille {seq} (entrée {entry_id}) ne correspond plus à la base"
            if untold is not None and seq >= untold:
                raise DisagreementError(text)
            self._alarms.tell("altered", entry_id, text)
            return

    def _rows_of_leaves(self, first: int, upto: int) -> list[dict[str, Any]]:
        leaves = self._connection.execute("SELECT * FROM audit.leaves(%s, %s)", (first, upto)).fetchall()
        if [leaf["seq"] for leaf in leaves] != list(range(first, upto)):
            raise DisagreementError(f"il manque à la base des feuilles entre {first} et {upto}")
        return leaves

    # ── small things ────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _connection(self) -> psycopg.Connection[dict[str, Any]]:
        if self._conn is None:
            raise psycopg.OperationalError("no connection")
        return self._conn

    def _forget_connection(self) -> None:
        if self._conn is not None:
            with suppress(psycopg.Error):
                self._conn.close()
        self._conn = None

    def _one(self, query: LiteralString) -> dict[str, Any]:
        row = self._connection.execute(query).fetchone()
        if row is None:
            raise psycopg.DataError("no row")
        return row
