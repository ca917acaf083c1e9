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
from egide.keeper.prosante import Tokens
from egide.keeper.recount import recount
from egide.keeper.sequencer import Sequencer
from egide.keeper.sessions import gate_conninfo
from egide.keeper.signin import Ceremony
from egide.keeper.verbs import Verbs
from egide.kernel.home import Home
from egide.kernel.prosante import ProSante


def main() -> int:
    """Exit code 3: lost keys; 2: bad arguments; 0 after SIGTERM."""
    parser = argparse.ArgumentParser(prog="egide.keeper")
    parser.add_argument("--home", required=True, type=Path)
    parser.add_argument("--init", action="store_true", help="make the master keys and the birth certificate, once")
    parser.add_argument("--demo", action="store_true", help="with --init: this base is born as a demonstration")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr)
    home = Home(arguments.home.absolute())
    server.harden()
    try:
        if arguments.init:
            masters.make(home.keeper_masters, home.keeper_birth, arguments.demo)
            return 0
        keys = masters.load(home.keeper_masters, home.keeper_birth)
    except masters.LostKeys as error:
        print(f"Le gardien ne démarre pas : {error}.", file=sys.stderr)
        return 3
    origin = os.environ.get("EGIDE_ORIGIN", f"http://localhost:{os.environ.get('EGIDE_PORT', '8400')}")
    for folder in (home.keeper_state, home.keeper_trail):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sequencer = Sequencer(
        gate_conninfo(home), home.keeper_trail, home.keeper_state, keys.signer, f"egide/{keys.base_id}"
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    ceilings = Ceilings(home.keeper_state / "ceilings.bin", lazy=True)
    threading.Thread(target=recount, args=(gate_conninfo(home), ceilings, stop), daemon=True).start()
    ceremony, configured = Ceremony(origin), ProSante.from_environment()
    prosante = Tokens(configured, home.psc_jwks, ceremony) if configured else None
    listening = server.Server(home, Verbs(keys, ceremony, sequencer, ceilings, prosante))
    listening.start()
    logging.getLogger("egide.keeper").info("listening")
    sequencer.run(stop)
    listening.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
