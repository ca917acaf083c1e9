"""The verifier: a pure function over the trail's lines, the keeper's leaf file and its signed checkpoints.

It trusts the public key alone. The first bad leaf is named, then the first bad checkpoint; the rest is left to people.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from egide.kernel.checkpoint import Checkpoint, NoteError, VerifyKey, open_note
from egide.kernel.leaf import entry_leaf, gap_leaf
from egide.kernel.merkle import EMPTY_ROOT, Frontier


@dataclass(frozen=True, slots=True)
class Line:
    """One leaf with its row (payload and salt None when there is no row), or a row without leaf (seq and hash None).

    `entry_id` is the id inside the payload, where there is one: whoever reads lines sees to it.
    """

    seq: int | None
    entry_id: int
    hash: bytes | None
    payload: bytes | None
    salt: bytes | None

    def computed(self) -> bytes:
        """The hash that the line's own content has."""
        if self.payload is None:
            return gap_leaf(self.entry_id)
        return entry_leaf(self.salt or b"", self.payload)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and where: a leaf (seq, entry) or a checkpoint (its rank in the log, from 1)."""

    code: str
    text: str
    seq: int | None = None
    entry_id: int | None = None
    checkpoint: int | None = None


@dataclass
class Report:
    """leaves = rows + gaps, all checked when `findings` is empty; `waiting` rows are not numbered yet."""

    leaves: int = 0
    rows: int = 0
    gaps: int = 0
    waiting: int = 0
    unsigned: int = 0
    checkpoints: int = 0
    latest: datetime | None = None
    key: VerifyKey | None = None  # that of the last checkpoint
    handovers: int = 0
    findings: list[Finding] = field(default_factory=list)


class _Bad(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


def verify(
    lines: Iterable[Line],
    notes: Sequence[str],
    key: VerifyKey,
    sealed: Iterable[bytes] | None = None,
    progress: Callable[[int], None] = lambda _: None,
    held: VerifyKey | None = None,
) -> Report:
    """Check the whole trail. `key`: that of the first checkpoint. `held`: one's own copy, first or last of the log's.

    lines: leaves by seq, then rows without leaf. notes: the signed checkpoints, oldest first. sealed: leaf hashes as
    the keeper wrote them (leaves.bin); without them a bad leaf that agrees with itself is placed between two
    checkpoints, not named. progress: called with the number of leaves done, once a thousand.
    """
    report = Report(checkpoints=len(notes))
    points, bad_note = _signed_points(notes, key, report)
    report.latest = points[-1][1].at if points else None
    if bad_note is None and held not in (None, key, report.key):
        bad_note = Finding(
            "other_key", "la clé que vous tenez n'est ni la première de cette trace, ni celle d'aujourd'hui"
        )
    walk = _Walk(report, points, iter(sealed) if sealed is not None else None)
    try:
        for line in lines:
            walk.take(line)
            if report.leaves % 1000 == 0:
                progress(report.leaves)
        walk.finish()
    except _Bad as bad:
        report.findings.append(bad.finding)
    if bad_note:
        report.findings.append(bad_note)
    return report


def _signed_points(
    notes: Sequence[str], key: VerifyKey, report: Report
) -> tuple[list[tuple[int, Checkpoint]], Finding | None]:
    """The checkpoints, with their ranks, up to the first that does not stand; and why it does not.

    After a handover, signed by both keys, the former one signs nothing any more: whoever stole it forges nothing new.
    """
    points: list[tuple[int, Checkpoint]] = []
    if not notes:
        return points, Finding("no_checkpoint", "aucun point de contrôle signé")
    for rank, note in enumerate(notes, 1):
        try:
            point = open_note(note, key)
        except NoteError as error:
            text = {
                "signature": "n'est pas signé par la clé du gardien",
                "origin": "vient d'une autre base",
            }.get(error.code, "n'est pas un point de contrôle")
            return points, Finding(error.code, f"le point de contrôle n° {rank} {text}", checkpoint=rank)
        before = points[-1][1] if points else None
        if before and point.size < before.size:
            text = f"le point de contrôle n° {rank} recule de {before.size} à {point.size} feuilles"
            return points, Finding("non_extension", text, checkpoint=rank)
        if before and point.size == before.size and point.root != before.root:
            text = (
                f"les points de contrôle n° {rank - 1} et {rank} donnent deux racines aux {point.size} mêmes feuilles"
            )
            return points, Finding("fork", text, checkpoint=rank)
        points.append((rank, point))
        if point.next:
            try:
                key = VerifyKey.parse(point.next)
                open_note(note, key)
            except (ValueError, NoteError):
                text = f"le point de contrôle n° {rank} passe la main à une clé qui ne l'a pas signé"
                return points, Finding("handover", text, checkpoint=rank)
            report.handovers += 1
        report.key = key
    return points, None


class _Walk:
    """Takes the leaves in order; raises _Bad at the first that is wrong."""

    def __init__(
        self, report: Report, points: Sequence[tuple[int, Checkpoint]], sealed: Iterator[bytes] | None
    ) -> None:
        self._report, self._sealed = report, sealed
        self._points = iter(points)
        self._signed_size = points[-1][1].size if points else 0
        self._next = next(self._points, None)
        self._tree = Frontier()
        self._covered_to = 0  # every id up to here has its leaf
        self._covered_beyond: set[int] = set()
        self._last_good = 0
        self._check_roots()

    def take(self, line: Line) -> None:
        if line.seq is None:
            self._stray(line)
            return
        at = self._tree.size
        if line.seq > at:
            raise _Bad(Finding("missing_leaf", f"la feuille {at} manque à la base", seq=at))
        if line.seq < at:
            raise _Bad(Finding("reordered", f"la feuille {line.seq} revient après la feuille {at - 1}", line.seq))
        self._compare(line)
        self._cover(line)
        if line.payload is None:
            self._report.gaps += 1
        else:
            self._report.rows += 1
        self._tree.append(line.computed())
        self._report.leaves += 1
        self._check_roots()

    def finish(self) -> None:
        at = self._tree.size
        if self._next is not None:
            rank, point = self._next
            text = f"la feuille {at} manque : le point de contrôle n° {rank} en signe {point.size}"
            raise _Bad(Finding("truncated", text, seq=at, checkpoint=rank))
        if self._sealed is not None and next(self._sealed, None) is not None:
            raise _Bad(Finding("truncated", f"la feuille {at} manque : le gardien l'a écrite", seq=at))
        self._report.unsigned = at - self._signed_size

    def _compare(self, line: Line) -> None:
        computed = line.computed()
        kept = next(self._sealed, None) if self._sealed is not None else None
        if kept is None and self._sealed is not None and self._tree.size < self._signed_size:
            raise _Bad(self._finding("file_truncated", line, "manque au fichier du gardien alors qu'elle est signée"))
        truth = kept or line.hash
        if computed == truth == line.hash:
            return
        if computed == truth:
            raise _Bad(self._finding("altered_leaf", line, "a une autre empreinte dans la base que chez le gardien"))
        if line.payload is None:
            raise _Bad(self._finding("missing_row", line, "n'a plus sa ligne : elle a été effacée"))
        if truth == gap_leaf(line.entry_id):
            raise _Bad(self._finding("extra_row", line, "est un numéro jamais validé, et une ligne l'occupe"))
        if computed == line.hash:
            raise _Bad(self._finding("replaced", line, "n'est pas celle que le gardien a numérotée à ce rang"))
        raise _Bad(self._finding("altered_row", line, "ne correspond plus à sa ligne : elle a été modifiée"))

    def _cover(self, line: Line) -> None:
        entry_id = line.entry_id
        if entry_id <= self._covered_to or entry_id in self._covered_beyond:
            raise _Bad(self._finding("extra_leaf", line, "numérote une seconde fois la même entrée"))
        self._covered_beyond.add(entry_id)
        while self._covered_to + 1 in self._covered_beyond:
            self._covered_to += 1
            self._covered_beyond.remove(self._covered_to)

    def _stray(self, line: Line) -> None:
        if line.entry_id <= self._covered_to or line.entry_id in self._covered_beyond:
            text = f"l'entrée {line.entry_id} est une ligne en trop : ce numéro a déjà sa feuille"
            raise _Bad(Finding("extra_row", text, entry_id=line.entry_id))
        self._report.waiting += 1

    def _check_roots(self) -> None:
        size = self._tree.size
        root: bytes | None = None
        while self._next is not None and self._next[1].size == size:
            rank, point = self._next
            root = root or (self._tree.root() if size else EMPTY_ROOT)
            if point.root != root:
                text = (
                    f"le point de contrôle n° {rank} signe une autre racine : une feuille entre {self._last_good} "
                    f"et {size - 1} n'est pas celle qui a été signée"
                )
                raise _Bad(Finding("non_extension", text, seq=self._last_good, checkpoint=rank))
            self._last_good = size
            self._next = next(self._points, None)

    def _finding(self, code: str, line: Line, text: str) -> Finding:
        return Finding(code, f"la feuille {line.seq} (entrée {line.entry_id}) {text}", line.seq, line.entry_id)
