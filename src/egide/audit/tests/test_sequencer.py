"""The sequencer against a real database: nothing lost, nothing waited for, every lie named."""

import os
import threading
import time
from random import Random
from uuid import uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.rows import dict_row

from egide.audit.tests.private_trail import APPEND, Trail
from egide.keeper import sequencer as module
from egide.keeper.sequencer import Sequencer
from egide.kernel.checkpoint import NoteError, VerifyKey, open_note
from egide.kernel.leaf import gap_leaf, row_leaf
from egide.kernel.merkle import root


def settle(sequencer: Sequencer) -> None:
    """Two looks: the second proves the gaps that the first saw."""
    sequencer.tick()
    sequencer.tick()


def test_every_committed_row_gets_its_leaf_and_the_checkpoint_signs_them(trail: Trail) -> None:
    rows = trail.append(5)
    sequencer = trail.sequencer()
    assert sequencer.tick() == 5
    leaves = trail.leaves()
    assert [leaf["hash"] for leaf in leaves] == [row_leaf(row) for row in rows]
    checkpoint = open_note(trail.notes()[-1], VerifyKey.parse((trail.trail / "checkpoint.vkey").read_text()))
    assert (checkpoint.size, checkpoint.root) == (5, root([leaf["hash"] for leaf in leaves]))
    assert (trail.trail / "leaves.bin").read_bytes() == b"".join(leaf["hash"] for leaf in leaves)
    assert sequencer.health()["tree_size"] == 5
    assert trail.alarms() == ""


def test_a_rolled_back_opening_becomes_a_named_gap(trail: Trail) -> None:
    sequencer = trail.sequencer()
    with trail.connect() as conn:
        conn.execute("SET ROLE gatekeeper")
        conn.execute("BEGIN")
        conn.execute(APPEND, ("open",))
        conn.execute("ROLLBACK")
    settle(sequencer)
    assert [(leaf["entry_id"], leaf["hash"]) for leaf in trail.leaves()] == [(1, gap_leaf(1))]


def test_an_open_transaction_holds_back_its_own_row_only(trail: Trail) -> None:
    sequencer = trail.sequencer()
    with trail.connect() as slow:
        slow.execute("SET ROLE gatekeeper")
        slow.execute("BEGIN")
        slow.execute(APPEND, ("open_new",))
        trail.append(3)
        for _ in range(3):
            sequencer.tick()
        assert [leaf["entry_id"] for leaf in trail.leaves()] == [2, 3, 4]
        slow.execute("COMMIT")
    settle(sequencer)
    leaves = trail.leaves()
    assert [leaf["entry_id"] for leaf in leaves] == [2, 3, 4, 1]
    assert leaves[3]["hash"] != gap_leaf(1)


def test_a_transaction_that_has_no_serial_yet_is_not_taken_for_ended(trail: Trail) -> None:
    """Its transaction id is newer than every one that completed: the snapshot's xmax would not have covered it."""
    sequencer = trail.sequencer()
    trail.append()
    sequencer.tick()
    with trail.connect() as slow:
        slow.execute("SET ROLE gatekeeper")
        slow.execute("BEGIN")
        slow.execute(APPEND, ("open",))  # the newest transaction id of all, alone
        for _ in range(4):
            sequencer.tick()
        assert [leaf["entry_id"] for leaf in trail.leaves()] == [1]
        slow.execute("COMMIT")
    settle(sequencer)
    assert [leaf["hash"] for leaf in trail.leaves()].count(gap_leaf(2)) == 0


def test_twenty_writers_that_roll_back_at_random_beside_a_long_transaction(trail: Trail) -> None:
    sequencer = trail.sequencer()
    committed: set[int] = set()
    lock = threading.Lock()

    def write(seed: int) -> None:
        dice = Random(seed)
        with psycopg.connect(trail.conninfo("super"), autocommit=True, row_factory=dict_row) as conn:
            conn.execute("SET ROLE gatekeeper")
            for _ in range(60):
                conn.execute("BEGIN")
                ids = [conn.execute(APPEND, ("open",)).fetchall()[0]["id"] for _ in range(dice.choice((1, 1, 1, 3)))]
                if dice.random() < 0.3:
                    conn.execute("ROLLBACK")
                else:
                    conn.execute("COMMIT")
                    with lock:
                        committed.update(ids)

    with trail.connect() as slow:
        slow.execute("SET ROLE gatekeeper")
        slow.execute("BEGIN")
        late = slow.execute(APPEND, ("open_new",)).fetchall()[0]["id"]
        writers = [threading.Thread(target=write, args=(seed,)) for seed in range(20)]
        for writer in writers:
            writer.start()
        while any(writer.is_alive() for writer in writers):
            sequencer.tick()
            time.sleep(0.01)
        settle(sequencer)
        during = {leaf["entry_id"] for leaf in trail.leaves()}
        assert committed <= during  # the long transaction stopped nothing
        slow.execute("COMMIT")
    settle(sequencer)
    leaves = trail.leaves()
    with trail.connect() as conn:
        drawn = conn.execute("SELECT last_value FROM audit.entry_id").fetchall()[0]["last_value"]
    numbered = [leaf["entry_id"] for leaf in leaves]
    gaps = {leaf["entry_id"] for leaf in leaves if leaf["hash"] == gap_leaf(leaf["entry_id"])}
    assert sorted(numbered) == list(range(1, drawn + 1))
    assert set(numbered) - gaps == committed | {late}
    assert [leaf["seq"] for leaf in leaves] == list(range(len(leaves)))
    with trail.connect() as conn:
        horizon = conn.execute("SELECT size, seen, numbered FROM audit.horizon").fetchall()[0]
    assert horizon == {"size": drawn, "seen": drawn, "numbered": drawn}


def test_gaps_are_still_proven_after_a_restart_in_the_middle(trail: Trail) -> None:
    sequencer = trail.sequencer()
    with trail.connect() as slow:
        slow.execute("SET ROLE gatekeeper")
        slow.execute("BEGIN")
        slow.execute(APPEND, ("open",))
        trail.append(2)
        sequencer.tick()
        sequencer.close()
        again = trail.sequencer()
        settle(again)
        assert [leaf["entry_id"] for leaf in trail.leaves()] == [2, 3]
        slow.execute("ROLLBACK")
    settle(again)
    assert [leaf["entry_id"] for leaf in trail.leaves()] == [2, 3, 1]


@pytest.mark.parametrize("cut", [0, 1, 31, 32, 40, 96, 150])
def test_a_torn_or_late_file_is_completed_from_the_database(trail: Trail, cut: int) -> None:
    """Killed after the database's commit, before or in the middle of the file's write."""
    trail.append(3)
    sequencer = trail.sequencer()
    sequencer.tick()
    trail.append(2)
    sequencer.tick()  # numbered, not signed: the last checkpoint is seconds old
    sequencer.close()
    whole = (trail.trail / "leaves.bin").read_bytes()
    os.truncate(trail.trail / "leaves.bin", len(whole) - cut)
    again = trail.sequencer()
    trail.append()
    assert again.tick() == 1
    assert (trail.trail / "leaves.bin").read_bytes()[: len(whole)] == whole
    assert again.health()["halted"] is None
    assert trail.alarms() == ""


def test_a_lost_frontier_or_a_torn_checkpoint_is_rebuilt(trail: Trail) -> None:
    trail.append(7)
    sequencer = trail.sequencer()
    sequencer.tick()
    sequencer.close()
    (trail.trail / "frontier.bin").write_bytes(b"torn")
    with (trail.trail / "checkpoints.log").open("a") as log:
        log.write("egide/test\n7\nAAAA")
    again = trail.sequencer()
    again.tick()
    assert again.health()["halted"] is None
    assert len(trail.notes()) == 2
    assert {open_note(note, VerifyKey(trail.origin, trail.key.public_key())).root for note in trail.notes()} == {
        root([one["hash"] for one in trail.leaves()])
    }


def test_unsigned_leaves_that_the_database_lost_are_numbered_again_with_an_alarm(trail: Trail) -> None:
    trail.append(2)
    sequencer = trail.sequencer()
    sequencer.tick()
    sequencer.close()
    with (trail.trail / "leaves.bin").open("ab") as file:
        file.write(b"x" * 70)
    again = trail.sequencer()
    trail.append()
    assert again.tick() == 1
    assert '"code": "lost"' in trail.alarms()
    assert (trail.trail / "leaves.bin").read_bytes() == b"".join(leaf["hash"] for leaf in trail.leaves())


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM audit.leaf; UPDATE audit.horizon SET size = 0, seen = 0, numbered = 0",
        "TRUNCATE audit.leaf",
        "DELETE FROM audit.leaf WHERE seq = 2",
        "UPDATE audit.horizon SET size = 2",
        "SELECT setval('audit.entry_id', 2)",
    ],
)
def test_a_database_that_contradicts_what_was_signed_is_refused(trail: Trail, harm: str) -> None:
    trail.append(4)
    sequencer = trail.sequencer()
    sequencer.tick()
    sequencer.close()
    trail.tamper(harm)
    again = trail.sequencer()
    again.tick()
    signed = len(trail.notes())
    assert again.health()["halted"]
    assert '"code": "disagreement"' in trail.alarms()
    again.tick()
    assert len(trail.notes()) == signed


def test_another_key_is_refused(trail: Trail) -> None:
    trail.append()
    sequencer = trail.sequencer()
    sequencer.tick()
    sequencer.close()
    trail.key = Ed25519PrivateKey.generate()
    again = trail.sequencer()
    again.tick()
    assert again.health()["halted"]


def test_a_second_sequencer_does_not_fork_the_tree(trail: Trail) -> None:
    one, two = trail.sequencer(), trail.sequencer()
    trail.append()
    one.tick()
    two._files._leaves = os.open(trail.trail / "other.bin", os.O_RDWR | os.O_CREAT)
    two.tick()
    trail.append()
    one.tick()
    two.tick()
    assert two.health()["halted"]
    assert one.health()["halted"] is None


def test_an_opening_deleted_or_altered_before_it_is_numbered_is_missed_by_name(trail: Trail) -> None:
    sequencer = trail.sequencer()
    rows = trail.append(4)
    for row in rows:
        sequencer.expect(row["id"], row_leaf(row))
    sequencer.expect(4_000, b"?" * 32)  # the database answered an opening that it never wrote
    trail.tamper("DELETE FROM audit.entry WHERE id = 2; UPDATE audit.entry SET ids = NULL WHERE id = 3")
    settle(sequencer)
    alarms = trail.alarms()
    assert '"code": "missing", "entry": 2' in alarms
    assert '"code": "altered", "entry": 3' in alarms
    assert '"code": "missing", "entry": 4000' in alarms
    assert alarms.count("\n") == 3
    assert sequencer._expected.waiting() == {}


def test_expectations_outlive_a_kill(trail: Trail) -> None:
    sequencer = trail.sequencer()
    (row,) = trail.append()
    sequencer.expect(row["id"], row_leaf(row))
    with (trail.state / "expected.bin").open("ab") as file:
        file.write(b"torn")
    trail.tamper("DELETE FROM audit.entry")
    again = trail.sequencer()
    settle(again)
    assert '"code": "missing", "entry": 1' in trail.alarms()


def test_a_signed_row_altered_later_is_named_without_a_verify(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SCRUB_EVERY", 0.0)
    trail.append(3)
    sequencer = trail.sequencer()
    sequencer.tick()
    trail.tamper("UPDATE audit.entry SET at = 'infinity' WHERE id = 2")
    sequencer.tick()
    assert '"code": "altered", "entry": 2' in trail.alarms()
    trail.append()
    assert sequencer.tick() == 1  # the log goes on: stopping it would be the attacker's gain


def test_a_backlog_is_taken_in_batches(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    rows = trail.append(10)
    sequencer = trail.sequencer()
    for row in rows:
        sequencer.expect(row["id"], row_leaf(row))
    assert [sequencer.tick() for _ in range(4)] == [4, 4, 2, 0]
    assert trail.alarms() == ""


def test_the_next_partition_is_made_in_time(trail: Trail) -> None:
    sequencer = trail.sequencer()
    trail.append()
    sequencer.tick()
    trail.tamper("UPDATE audit.horizon SET partition_end = 5000000; DROP TABLE audit.entry_0001")
    trail.tamper(
        "UPDATE audit.horizon SET seen = 2600000, numbered = 2600000; SELECT setval('audit.entry_id', 2600000)"
    )
    trail.append()
    sequencer.tick()
    with trail.connect() as conn:
        assert conn.execute("SELECT partition_end FROM audit.horizon").fetchall()[0]["partition_end"] == 10_000_000
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("TRUNCATE audit.entry_0001")


def test_the_run_loop_waits_for_a_database_that_is_away(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SIGN_IDLE", 0.5)
    sequencer = Sequencer(f"host={trail.host}/nowhere user=keeper", trail.trail, trail.state, [trail.key], trail.origin)
    stop = threading.Event()
    thread = threading.Thread(target=sequencer.run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 20
    while "stopped" not in trail.alarms() and time.monotonic() < deadline:
        time.sleep(0.1)
    sequencer._conninfo = trail.conninfo("keeper")
    trail.append()
    while sequencer.health()["tree_size"] < 1 and time.monotonic() < deadline:
        time.sleep(0.1)
    stop.set()
    thread.join()
    assert sequencer.health()["tree_size"] == 1
    assert '"code": "stopped"' in trail.alarms()


@pytest.mark.parametrize("user", ["web", "auditor", "keeper"])
def test_nobody_writes_the_trail_directly(trail: Trail, user: str) -> None:
    trail.append()
    with trail.connect(user) as conn:
        for sql in (
            "INSERT INTO audit.leaf VALUES (9, 9, decode(repeat('00', 32), 'hex'))",
            "UPDATE audit.entry SET kind = 'x'",
            "DELETE FROM audit.entry",
            "SELECT audit.append('open')",
            "SELECT nextval('audit.entry_id')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(sql.encode())


@pytest.mark.parametrize("sql", ["UPDATE audit.entry SET kind = 'x'", "DELETE FROM audit.leaf", "TRUNCATE audit.entry",
                                 "DELETE FROM audit.entry_0000", "DELETE FROM audit.horizon"])  # fmt: skip
def test_even_the_owner_of_the_trail_cannot_change_it(trail: Trail, sql: str) -> None:
    trail.append()
    with trail.connect() as conn:
        conn.execute("SET ROLE gatekeeper")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="ne se modifie pas"):
            conn.execute(sql.encode())


def test_an_append_carries_exactly_what_it_was_given(trail: Trail) -> None:
    account, patient = uuid4(), uuid4()
    with trail.connect() as conn:
        conn.execute("SET ROLE gatekeeper")
        row = conn.execute(
            "SELECT r.* FROM audit.append('open', %s, profession => 'nurse', ids => %s, reads => '{identity}',"
            " nonce => %s) r",
            (account, [patient], b"\x00\xff"),
        ).fetchall()[0]
        stored = conn.execute("SELECT * FROM audit.entry").fetchall()
    assert stored == [row]
    assert (row["account"], row["ids"], row["nonce"], len(row["salt"])) == (account, [patient], b"\x00\xff", 32)


def test_a_full_disk_loses_no_expectation_and_tears_no_file(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    sequencer = trail.sequencer()
    one, two = trail.append(2)
    write = os.pwrite

    def torn(file: int, data: bytes, at: int) -> int:
        return write(file, bytes(data)[:7], at)

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", torn)
        with pytest.raises(OSError, match="disk full"):
            sequencer.expect(one["id"], row_leaf(one))
    sequencer.expect(two["id"], row_leaf(two))
    assert (trail.state / "expected.bin").stat().st_size == 40

    def full_after_seven(file: int, data: bytes, at: int) -> int:
        write(file, bytes(data)[:7], at)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", full_after_seven)
        with pytest.raises(OSError, match="No space"):
            sequencer.tick()
    sequencer.tick()
    assert sequencer.health()["tree_size"] == 2
    assert (trail.trail / "leaves.bin").read_bytes() == row_leaf(one) + row_leaf(two)
    assert trail.alarms() == ""


def test_a_partition_that_cannot_be_made_is_an_alarm_and_the_log_goes_on(trail: Trail) -> None:
    trail.tamper("DROP TABLE audit.entry_0001; CREATE TABLE audit.entry_0001 ()")
    trail.tamper("UPDATE audit.horizon SET partition_end = 5000000, seen = 2600000, numbered = 2600000")
    trail.tamper("SELECT setval('audit.entry_id', 2600000)")
    sequencer = trail.sequencer()
    trail.append(2)
    assert sequencer.tick() == 2
    assert '"code": "partition"' in trail.alarms()
    assert len(trail.notes()) == 1


def test_the_alarms_are_told_even_when_a_line_is_torn(trail: Trail) -> None:
    sequencer = trail.sequencer()
    sequencer._alarms.tell("missing", 3, "é")
    with (trail.state / "alarms.log").open("a") as log:
        log.write('{"at": "20')
    assert [alarm["entry"] for alarm in sequencer.health()["alarms"]] == [3]


def signed_by(trail: Trail, key: Ed25519PrivateKey) -> list[bool]:
    """Which checkpoints of the log this key signed."""
    found = []
    for note in trail.notes():
        try:
            found.append(open_note(note, VerifyKey(trail.origin, key.public_key())).origin == trail.origin)
        except NoteError:
            found.append(False)
    return found


def test_a_new_key_takes_over_by_a_checkpoint_that_both_sign(trail: Trail) -> None:
    fresh = Ed25519PrivateKey.generate()
    trail.append(2)
    sequencer = trail.sequencer()
    sequencer.tick()
    sequencer.renew([trail.key, fresh])
    trail.append(1)
    sequencer.tick()  # at once, whatever the pace
    sequencer.sign_now()
    assert signed_by(trail, trail.key) == [True, True, False]
    assert signed_by(trail, fresh) == [False, True, True]
    assert open_note(trail.notes()[1], VerifyKey(trail.origin, fresh.public_key())).next.startswith(trail.origin)
    sequencer.close()
    latest = trail.trail / "latest.vkey"
    said = latest.read_text()
    assert said == f"{VerifyKey(trail.origin, fresh.public_key())}\n"
    latest.unlink()  # as if killed between the checkpoint that hands over and this file
    again = Sequencer(trail.conninfo("keeper"), trail.trail, trail.state, [fresh], trail.origin)  # the former: retired
    trail.append(1)
    again.tick()
    again.sign_now()
    assert again.health()["halted"] is None
    assert signed_by(trail, fresh)[-1]
    assert latest.read_text() == said
    again.close()


def test_the_first_key_alone_is_no_latest(trail: Trail) -> None:
    for _ in range(2):
        sequencer = trail.sequencer()
        sequencer.tick()
        sequencer.close()
    assert not (trail.trail / "latest.vkey").exists()


def test_a_keeper_killed_before_it_handed_over_hands_over_when_it_starts(trail: Trail) -> None:
    trail.append(2)
    sequencer = trail.sequencer()
    sequencer.tick()
    sequencer.close()
    fresh = Ed25519PrivateKey.generate()
    again = Sequencer(trail.conninfo("keeper"), trail.trail, trail.state, [trail.key, fresh], trail.origin)
    again.tick()
    again.close()
    assert signed_by(trail, trail.key) == [True, True]
    assert signed_by(trail, fresh) == [False, True]
    assert trail.alarms() == ""
