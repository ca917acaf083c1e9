"""A small load generator: one thread and one kept connection a client, whole answers read and looked at."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle, islice, product

from egide.kernel.proofs import HEADER
from measures.ground import Signed

AHEAD = 120  # requests a second and client signed before a round of at most 10 s begins: a proof holds for 20 s
LEAST_BYTES = 20_000  # a chart is some 60 kB; a refusal is far below


@dataclass
class Round:
    """What one round did: charts a second over the whole round, latencies in ms."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    size: int = 0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Latency in ms below which `share` of the requests lie."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Request:
    """One GET of a page as her browser asks for it, signed when it is sent."""

    one: Signed
    path: str
    port: int

    def signed(self) -> bytes:
        """The bytes to send, once."""
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nAccept: text/html\r\n"
            f"Accept-Language: fr\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\n"
            f"{HEADER}: {self.one.workstation.proof('GET', self.path)}\r\n"
            f"Cookie: {'; '.join(f'{k}={v}' for k, v in self.one.cookies.items())}\r\n\r\n"
        ).encode()


def requests(sessions: Sequence[Signed], port: int) -> list[Request]:
    """One GET of each chart of each session, sessions within patients: no pair comes twice before all have come."""
    return [Request(one, f"/dossier/{patient}/", port) for patient, one in _pairs(sessions)]


def get(one: Signed, port: int, path: str) -> Request:
    """One GET of any page."""
    return Request(one, path, port)


def _pairs(sessions: Sequence[Signed]) -> Iterator[tuple[str, Signed]]:
    for one, patient in product(sessions, sessions[0].patients):
        yield patient, one


def run(
    port: int, lists: Sequence[Sequence[Request]], seconds: float, *, once: bool, least: int = LEAST_BYTES
) -> Round:
    """One client a list for `seconds`; `once`: a client stops early rather than ask the same thing twice.

    Requests are signed before the round, as far as they will be needed: that work is the browsers', not the server's.

    An answer of fewer than `least` bytes is no page, and ends the measure.
    """
    result, lock = Round(), threading.Lock()
    gate = threading.Barrier(len(lists) + 1, timeout=30)
    faults: list[str] = []

    def client(mine: Sequence[Request]) -> None:
        found: list[float] = []
        with socket.create_connection(("127.0.0.1", port)) as conn:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked = iter(mine) if once else cycle(mine)
            ahead = int(seconds * AHEAD) if seconds <= 10 else 0
            signed = [one.signed() for one in islice(asked, ahead)]
            gate.wait()
            end = time.perf_counter() + seconds
            buffer = bytearray(256 * 1024)
            for ready in chain(signed, (one.signed() for one in asked)):
                began = time.perf_counter()
                if began > end:
                    break
                conn.sendall(ready)
                size = _answer(conn, buffer)
                if size < least:
                    faults.append(bytes(buffer[:200]).decode("latin-1"))
                    break
                found.append((time.perf_counter() - began) * 1000)
                result.size = size
        with lock:
            result.latencies += found

    threads = [threading.Thread(target=client, args=(one,)) for one in lists]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - began
    if faults:
        raise SystemExit(f"Le serveur n'a pas rendu un dossier : {faults[0]}")
    return result


def _answer(conn: socket.socket, buffer: bytearray) -> int:
    """Reads one answer whole; returns the bytes of a 200, 0 for any other status."""
    view = memoryview(buffer)
    have = conn.recv_into(view)
    while (split := buffer.find(b"\r\n\r\n", 0, have)) < 0:
        have += _more(conn, view[have:])
    head = bytes(buffer[:split]).lower()
    total = split + 4 + int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    while have < total:
        have += _more(conn, view[have:])
    return total if head.startswith(b"http/1.1 200") else 0


def _more(conn: socket.socket, into: memoryview) -> int:
    got = conn.recv_into(into)
    if not got:
        raise SystemExit("Le serveur a fermé la connexion au milieu d'une réponse.")
    return got
