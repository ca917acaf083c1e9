"""`python -m egide.keeper --home H`: the keeper's first program, the door; `--init [--demo]`: the birth of its keys."""

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from egide.keeper import masters, server
from egide.keeper.ceilings import Ceilings
from egide.keeper.custody import Custody
from egide.keeper.masters import Masters
from egide.keeper.possession import Memory
from egide.keeper.prosante import Tokens
from egide.keeper.recount import recount
from egide.keeper.sequencer import Sequencer
from egide.keeper.sessions import gate_conninfo
from egide.keeper.signin import Ceremony
from egide.keeper.switch import Locked, Switch
from egide.keeper.verbs import Verbs
from egide.kernel import logs
from egide.kernel.home import Home
from egide.kernel.prosante import ProSante

log = logging.getLogger("egide.keeper")


def main() -> int:
    """Exit code 3: lost keys; 2: bad arguments; 0 after SIGTERM."""
    parser = argparse.ArgumentParser(prog="egide.keeper")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--init", action="store_true", help="make the master keys and the birth certificate, once")
    parser.add_argument("--demo", action="store_true", help="with --init: this base is born as a demonstration")
    arguments = parser.parse_args()
    logs.configure()
    home = Home(arguments.home.absolute())
    server.harden()
    custody = Custody(home)
    door = Door(home, custody)
    custody.on_change = door.open
    try:
        if arguments.init:
            masters.make(home.keeper_masters, home.keeper_birth, arguments.demo)
            return 0
        for folder in (home.keeper_state, home.keeper_trail):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unlocked = custody.begin()
    except masters.LostKeys as error:
        print(f"Le gardien ne démarre pas : {error}.", file=sys.stderr)
        return 3
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: door.stop.set())
    listening = server.Server(home, door.switch)
    listening.start()
    log.info("listening" if unlocked else "locked: waiting for the operator's passphrase")
    door.run()
    listening.stop()
    return 0


class Door:
    """The door's parts: made when the keys are there; its verbs are made anew when they change."""

    def __init__(self, home: Home, custody: Custody) -> None:
        self._home, self._custody = home, custody
        origin = os.environ.get("EGIDE_ORIGIN", f"http://localhost:{os.environ.get('EGIDE_PORT', '8400')}")
        self._ceremony, configured = Ceremony(origin), ProSante.from_environment()
        self._prosante = Tokens(configured, home.psc_jwks, self._ceremony) if configured else None
        self._memory = Memory()
        self._parts: tuple[Sequencer, Ceilings] | None = None
        self._ready, self.stop = threading.Event(), threading.Event()
        self.switch = Switch(Locked(custody))

    def open(self, keys: Masters) -> None:
        """Verbs with these keys; what outlives a change of keys (numbering, counters) is made once."""
        if self._parts is None:
            self._parts = self._begun(keys)
        sequencer, ceilings = self._parts
        sequencer.renew(keys.signers)
        self.switch.to(Verbs(keys, self._ceremony, sequencer, ceilings, self._prosante, self._custody, self._memory))
        self._ready.set()

    def _begun(self, keys: Masters) -> tuple[Sequencer, Ceilings]:
        home, conninfo = self._home, gate_conninfo(self._home)
        sequencer = Sequencer(conninfo, home.keeper_trail, home.keeper_state, keys.signers, f"egide/{keys.base_id}")
        ceilings = Ceilings(home.keeper_state / "ceilings.bin", lazy=True)
        threading.Thread(target=recount, args=(conninfo, ceilings, self.stop), daemon=True).start()
        return sequencer, ceilings

    def run(self) -> None:
        """Numbers the trail, once there are keys to sign with, until SIGTERM."""
        while not (self._ready.wait(0.1) or self.stop.is_set()):
            pass
        if self._parts is not None and not self.stop.is_set():
            self._parts[0].run(self.stop)


if __name__ == "__main__":
    sys.exit(main())
