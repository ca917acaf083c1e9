"""How the web process asks the relay: one connection a call."""

import socket
from pathlib import Path

from egide.kernel import frames
from egide.kernel.capabilities import Refused

TIMEOUT_SECONDS = 25.0


def exchange(path: Path, code: str, verifier: str, redirect_uri: str) -> str:
    """The ID token for a code; Refused(psc_down) when the relay or the provider is not there, psc_refused otherwise."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as conn:
            conn.settimeout(TIMEOUT_SECONDS)
            conn.connect(str(path))
            frames.send(conn, {"code": code, "verifier": verifier, "redirect_uri": redirect_uri})
            answer = frames.receive(conn)
    except (OSError, frames.FrameError):
        answer = None
    if answer is None:
        raise Refused("psc_down")
    if "refused" in answer:
        raise Refused(str(answer["refused"]))
    return str(answer["id_token"])
