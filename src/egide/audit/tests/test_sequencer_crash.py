"""The sequencer killed at any moment, and the database with it: the trail verifies, no honest row is accused."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from random import Random

import psycopg
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from egide.audit.lines import from_base
from egide.audit.tests.private_trail import APPEND, Trail
from egide.audit.verifier import Report, verify
from egide.keeper.sequencer import Sequencer
from egide.kernel.checkpoint import VerifyKey

# A sequencer that signs after every tick, so that a kill falls between any two writes.
CHILD = """
import sys, threading
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from egide.keeper import sequencer
sequencer.PAUSE, sequencer.SIGN_GROWN = 0.001, 0.005
key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(sys.argv[4]))
made = sequencer.Sequencer(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), [key], "egide/test")
print("ready", flush=True)
made.run(threading.Event())
"""


def verified(trail: Trail) -> Report:
    key = VerifyKey.parse((trail.trail / "checkpoint.vkey").read_text())
    data = (trail.trail / "leaves.bin").read_bytes()
    with psycopg.connect(trail.conninfo("auditor"), autocommit=True) as conn:
        return verify(from_base(conn), trail.notes(), key, [data[at : at + 32] for at in range(0, len(data), 32)])


def signed_so_far(trail: Trail) -> int:
    log = trail.trail / "checkpoints.log"
    return log.stat().st_size if log.exists() else 0


def finish(sequencer: Sequencer) -> None:
    sequencer.tick()
    sequencer.tick()
    sequencer.sign_now()


def write_until(stop: threading.Event, trail: Trail, seed: int) -> None:
    """Openings, one in four rolled back; connects again when the server falls."""
    dice = Random(seed)
    while not stop.is_set():
        try:
            with trail.connect() as conn:
                conn.execute("SET ROLE gatekeeper")
                while not stop.is_set():
                    conn.execute("BEGIN")
                    conn.execute(APPEND, ("open",))
                    conn.execute("ROLLBACK" if dice.random() < 0.25 else "COMMIT")
                    time.sleep(dice.random() * 0.004)
        except psycopg.OperationalError:
            time.sleep(0.05)


@pytest.fixture
def writers(trail: Trail) -> Iterator[threading.Event]:
    """Four writers at work until the event is set."""
    stop = threading.Event()
    threads = [threading.Thread(target=write_until, args=(stop, trail, seed)) for seed in range(4)]
    for thread in threads:
        thread.start()
    yield stop
    stop.set()
    for thread in threads:
        thread.join()


def stop_writers(writers: threading.Event) -> None:
    writers.set()
    time.sleep(0.2)


def test_a_sequencer_killed_again_and_again_leaves_a_trail_that_verifies(
    trail: Trail, writers: threading.Event
) -> None:
    secret = trail.key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex()
    dice = Random(7)
    for turn in range(8):
        signed = signed_so_far(trail)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, trail.conninfo("keeper"), str(trail.trail), str(trail.state), secret],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        child.stdout.readline()
        until = time.monotonic() + 20
        while turn % 2 and signed_so_far(trail) == signed and time.monotonic() < until:
            time.sleep(0.01)  # every second one is let sign something first
        time.sleep(dice.random() * 0.1)
        child.kill()
        child.wait()
        child.stdout.close()
    stop_writers(writers)
    finish(trail.sequencer())
    report = verified(trail)
    assert report.findings == []
    assert report.waiting == report.unsigned == 0
    assert report.checkpoints > 4
    assert report.rows > 100
    assert report.gaps > 10
    assert trail.alarms() == ""


def patiently(act: Callable[[], None]) -> None:
    """While the server recovers."""
    until = time.monotonic() + 60
    while True:
        try:
            return act()
        except psycopg.Error:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def crash(trail: Trail) -> None:
    """A server whose child is killed throws away its shared memory and recovers from its log."""

    def kill_one() -> None:
        with trail.connect() as conn:
            pid = conn.execute("SELECT pg_backend_pid() AS pid").fetchall()[0]["pid"]
            os.kill(pid, signal.SIGKILL)

    patiently(kill_one)


def test_a_database_that_crashes_under_load_loses_no_row_and_hides_none_in_a_gap(
    trail: Trail, writers: threading.Event
) -> None:
    sequencer = trail.sequencer()
    with trail.connect() as conn:
        conn.execute("CHECKPOINT")  # recovery need not replay the other tests' databases
    for _ in range(3):
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            try:
                sequencer.tick()
            except psycopg.Error:
                time.sleep(0.05)
        crash(trail)
    stop_writers(writers)
    patiently(lambda: finish(sequencer))
    report = verified(trail)
    assert report.findings == []
    assert report.waiting == 0
    assert trail.alarms() == ""
