"""The verifier against forged trails: each lie is named at its first leaf, and an honest trail passes."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.audit.verifier import Line, Report, verify
from egide.kernel.checkpoint import Checkpoint, VerifyKey, sign
from egide.kernel.merkle import root

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "egide/test"
BORN = datetime(2026, 1, 1, tzinfo=UTC)


def row(seq: int, entry_id: int, word: str = "open") -> Line:
    payload = json.dumps({"id": entry_id, "kind": word}).encode()
    line = Line(seq, entry_id, None, payload, sha256(b"salt%d" % entry_id).digest())
    return replace(line, hash=line.computed())


def gap(seq: int, entry_id: int) -> Line:
    line = Line(seq, entry_id, None, None, None)
    return replace(line, hash=line.computed())


@dataclass
class Case:
    """An honest trail: ten leaves, entry 4 numbered late, entry 7 a gap; checkpoints at 0, 3, 3, 8 and 10 leaves."""

    lines: list[Line]
    sealed: list[bytes]
    notes: list[str]

    @classmethod
    def honest(cls) -> "Case":
        ids = [1, 2, 3, 5, 6, 7, 4, 8, 9, 10]
        lines = [gap(seq, one) if one == 7 else row(seq, one) for seq, one in enumerate(ids)]
        sealed = [line.computed() for line in lines]
        notes = [note(size, sealed) for size in (0, 3, 3, 8, 10)]
        return cls(lines, sealed, notes)

    def verify(self, *, with_file: bool = True) -> Report:
        key = VerifyKey(ORIGIN, KEY.public_key())
        return verify(self.lines, self.notes, key, self.sealed if with_file else None)


def note(size: int, sealed: list[bytes], key: Ed25519PrivateKey = KEY, origin: str = ORIGIN) -> str:
    return sign(Checkpoint(origin, size, root(sealed[:size]), BORN + timedelta(seconds=size)), key)


def altered_row(case: Case) -> None:
    case.lines[4] = replace(row(4, 6, "rien vu"), hash=case.lines[4].hash)


def altered_row_and_leaf(case: Case) -> None:
    case.lines[4] = row(4, 6, "rien vu")


def altered_salt(case: Case) -> None:
    case.lines[4] = replace(case.lines[4], salt=bytes(32))


def altered_leaf(case: Case) -> None:
    case.lines[4] = replace(case.lines[4], hash=bytes(32))


def deleted_row(case: Case) -> None:
    case.lines[4] = replace(case.lines[4], payload=None, salt=None)


def deleted_row_made_a_gap(case: Case) -> None:
    case.lines[4] = gap(4, 6)


def row_in_a_gap(case: Case) -> None:
    case.lines[5] = replace(row(5, 7), hash=case.lines[5].hash)


def deleted_leaf(case: Case) -> None:
    del case.lines[4]


def inserted_row(case: Case) -> None:
    case.lines.append(replace(row(0, 7), seq=None, hash=None))


def inserted_leaf(case: Case) -> None:
    case.lines.insert(4, row(4, 11))
    case.lines[5:] = [replace(line, seq=seq) for seq, line in enumerate(case.lines[5:], 5)]


def same_entry_twice(case: Case) -> None:
    case.lines.append(row(10, 10, "encore"))
    case.sealed.append(case.lines[-1].computed())


def reordered(case: Case) -> None:
    case.lines[4], case.lines[6] = replace(case.lines[6], seq=4), replace(case.lines[4], seq=6)


def out_of_order(case: Case) -> None:
    case.lines.insert(5, case.lines[4])


def truncated(case: Case) -> None:
    del case.lines[9:], case.sealed[9:]


def truncated_base(case: Case) -> None:
    del case.lines[9:], case.notes[4:]


def truncated_file(case: Case) -> None:
    del case.sealed[9:]


def all_rewritten(case: Case) -> None:
    case.lines[4] = row(4, 6, "rien vu")
    case.sealed[4] = case.lines[4].computed()


LEAVES: list[tuple[Callable[[Case], None], str, int | None, int | None]] = [
    (altered_row, "altered_row", 4, 6),
    (altered_row_and_leaf, "replaced", 4, 6),
    (altered_salt, "altered_row", 4, 6),
    (altered_leaf, "altered_leaf", 4, 6),
    (deleted_row, "missing_row", 4, 6),
    (deleted_row_made_a_gap, "missing_row", 4, 6),
    (row_in_a_gap, "extra_row", 5, 7),
    (deleted_leaf, "missing_leaf", 4, None),
    (inserted_row, "extra_row", None, 7),
    (inserted_leaf, "replaced", 4, 11),
    (same_entry_twice, "extra_leaf", 10, 10),
    (reordered, "replaced", 4, 4),
    (out_of_order, "reordered", 4, None),
    (truncated, "truncated", 9, None),
    (truncated_base, "truncated", 9, None),
    (truncated_file, "file_truncated", 9, 10),
    (all_rewritten, "non_extension", 3, None),
]


def test_an_honest_trail_passes() -> None:
    case = Case.honest()
    case.lines.append(replace(row(0, 11), seq=None, hash=None))  # committed since the last look
    report = case.verify()
    assert report.findings == []
    assert (report.leaves, report.rows, report.gaps, report.waiting, report.checkpoints) == (10, 9, 1, 1, 5)
    assert report.latest == BORN + timedelta(seconds=10)
    assert case.verify(with_file=False).findings == []


@pytest.mark.parametrize(("lie", "code", "seq", "entry"), LEAVES, ids=[lie.__name__ for lie, *_ in LEAVES])
def test_the_first_bad_leaf_is_named(
    lie: Callable[[Case], None], code: str, seq: int | None, entry: int | None
) -> None:
    case = Case.honest()
    lie(case)
    (finding,) = case.verify().findings
    assert (finding.code, finding.seq, finding.entry_id) == (code, seq, entry)


@pytest.mark.parametrize("lie", [lie for lie, *_ in LEAVES if lie not in (truncated_base, truncated_file)])
def test_without_the_keepers_file_the_signed_roots_alone_catch_it(lie: Callable[[Case], None]) -> None:
    case = Case.honest()
    lie(case)
    assert case.verify(with_file=False).findings


def forged_signature(case: Case) -> None:
    case.notes[3] = note(8, case.sealed, Ed25519PrivateKey.generate())


def wrong_origin(case: Case) -> None:
    case.notes[3] = note(8, case.sealed, origin="egide/other")


def fork(case: Case) -> None:
    other = [*case.sealed[:2], bytes(32)]
    case.notes[2] = note(3, other)


def going_back(case: Case) -> None:
    case.notes[4] = note(5, case.sealed)


def not_a_note(case: Case) -> None:
    case.notes[1] = "rien\n"


def no_note(case: Case) -> None:
    case.notes.clear()


@pytest.mark.parametrize(
    ("lie", "code", "rank"),
    [
        (forged_signature, "signature", 4),
        (wrong_origin, "signature", 4),
        (fork, "fork", 3),
        (going_back, "non_extension", 5),
        (not_a_note, "malformed", 2),
        (no_note, "no_checkpoint", None),
    ],
)
def test_the_first_bad_checkpoint_is_named(lie: Callable[[Case], None], code: str, rank: int | None) -> None:
    case = Case.honest()
    lie(case)
    (finding,) = case.verify().findings
    assert (finding.code, finding.checkpoint) == (code, rank)


def test_a_signed_root_that_does_not_extend_the_one_before_is_caught() -> None:
    case = Case.honest()
    case.notes[4] = note(10, [*case.sealed[:2], bytes(32), *case.sealed[3:]])
    (finding,) = case.verify().findings
    assert (finding.code, finding.checkpoint, finding.seq) == ("non_extension", 5, 8)


def test_a_bad_leaf_comes_before_a_bad_checkpoint() -> None:
    case = Case.honest()
    altered_row(case)
    forged_signature(case)
    assert [finding.code for finding in case.verify().findings] == ["altered_row", "signature"]


@settings(max_examples=200)
@given(st.data())
def test_no_single_change_of_the_rows_goes_unseen(data: st.DataObject) -> None:
    case = Case.honest()
    at = data.draw(st.integers(0, 9))
    line = case.lines[at]
    case.lines[at] = data.draw(
        st.builds(
            Line,
            st.sampled_from([line.seq, 0, 9, None]),
            st.sampled_from([line.entry_id] if line.payload else [line.entry_id, 1, 7, 99]),
            st.sampled_from([line.hash, bytes(32), None]),
            st.sampled_from([line.payload, None, b"{}"]),
            st.sampled_from([line.salt, None, bytes(32)]),
        )
    )
    changed = case.lines[at]
    hidden = line.payload is None and changed.payload is None and replace(changed, salt=line.salt) == line
    if changed != line and not hidden:
        assert case.verify().findings


FRESH = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FIRST, SECOND = VerifyKey(ORIGIN, KEY.public_key()), VerifyKey(ORIGIN, FRESH.public_key())


def handover(size: int, sealed: list[bytes], *signers: Ed25519PrivateKey, to: VerifyKey = SECOND) -> str:
    return sign(Checkpoint(ORIGIN, size, root(sealed[:size]), BORN + timedelta(seconds=size), str(to)), *signers)


def handed_over() -> Case:
    case = Case.honest()
    case.notes[3:] = [handover(8, case.sealed, KEY, FRESH), note(10, case.sealed, FRESH)]
    return case


def test_a_log_that_changed_its_key_verifies_from_the_first_key_and_says_the_last() -> None:
    case = handed_over()
    for held in (None, FIRST, SECOND):
        report = verify(case.lines, case.notes, FIRST, case.sealed, held=held)
        assert report.findings == []
        assert (report.handovers, str(report.key)) == (1, str(SECOND))


def test_a_key_of_no_time_of_this_log_is_said_so() -> None:
    case = handed_over()
    stranger = VerifyKey(ORIGIN, Ed25519PrivateKey.generate().public_key())
    (finding,) = verify(case.lines, case.notes, FIRST, case.sealed, held=stranger).findings
    assert finding.code == "other_key"


def test_after_the_handover_the_former_key_signs_nothing() -> None:
    case = handed_over()
    case.notes[4] = note(10, case.sealed, KEY)
    (finding,) = case.verify().findings
    assert (finding.code, finding.checkpoint) == ("signature", 5)


def test_a_thief_of_the_former_key_hands_over_to_nobody_else_and_whoever_holds_the_new_one_sees_him() -> None:
    case = handed_over()
    case.notes[3:] = [handover(8, case.sealed, KEY)]  # without the new key's own signature
    (finding,) = case.verify().findings
    assert (finding.code, finding.checkpoint) == ("handover", 4)
    his = Ed25519PrivateKey.generate()
    case.notes[3:] = [handover(8, case.sealed, KEY, his, to=VerifyKey(ORIGIN, his.public_key()))]
    case.notes.append(note(10, case.sealed, his))
    (finding,) = verify(case.lines, case.notes, FIRST, case.sealed, held=SECOND).findings
    assert finding.code == "other_key"
