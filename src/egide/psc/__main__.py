"""`python -m egide.psc --home H`: runs where Pro Santé Connect is configured; no database, no key of ours."""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from egide.kernel import logs
from egide.kernel.home import Home
from egide.kernel.prosante import ProSante
from egide.psc.listening import Listener
from egide.psc.relay import NoAnswer, Relay

REFRESH_SECONDS = 3600.0
RETRY_SECONDS = 20.0


def main() -> int:
    """Exit code 2 when nothing is configured; 0 after SIGTERM."""
    parser = argparse.ArgumentParser(prog="egide.psc")
    parser.add_argument("--home", required=True, type=Path)
    home = Home(parser.parse_args().home.absolute())
    logs.configure()
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    configured = ProSante.from_environment()
    if configured is None:
        print("Pro Santé Connect n'est pas configuré.", file=sys.stderr)
        return 2
    relay = Relay(configured, home)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    listener = Listener(home, relay)
    threading.Thread(target=listener.serve, daemon=True).start()
    wait = 0.0
    while not stop.wait(wait):
        try:
            relay.refresh()
            wait = REFRESH_SECONDS
        except NoAnswer:
            logging.getLogger("egide.psc").warning("Pro Santé Connect ne répond pas")
            wait = RETRY_SECONDS
    listener.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
