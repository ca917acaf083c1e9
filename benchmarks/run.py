"""Single entry of the benchmarks: `python benchmarks/run.py [chart openings profile lists first_chart loads]`.

Starts a house of its own (EGIDE_BENCH_HOME, EGIDE_BENCH_PORT) unless one runs there, measures, writes results/.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

WHOLE = ("chart", "openings", "profile")


def main() -> None:
    """Runs what is named, or all that needs no network and no import folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"what to measure (default: {' '.join(WHOLE)})")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of one side in one round")
    arguments = parser.parse_args()
    names = arguments.names or WHOLE
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "egide.config.settings")
    from measures.ground import ground

    if "first_chart" in names:
        from measures import first_chart

        first_chart.measure()
    if "loads" in names:
        from measures import loads

        loads.measure()
    names = [name for name in names if name not in ("first_chart", "loads")]
    if not names:
        return
    with ground() as here:
        import django

        django.setup()
        for name in names:
            if name == "chart":
                from measures import chart

                chart.measure(here, arguments.rounds, arguments.seconds)
            elif name == "openings":
                from measures import openings

                openings.measure(here, arguments.rounds, max(2, arguments.seconds // 3))
            elif name == "lists":
                from measures import lists

                lists.measure(here, arguments.rounds, arguments.seconds)
            elif name == "profile":
                from measures import profile

                profile.measure(here)


if __name__ == "__main__":
    main()
