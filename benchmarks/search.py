"""Search: recall within ten by class of error, and what one search costs, at growing numbers of people.

    python benchmarks/search.py [--people 10000 100000 …] [--searches 200] [--home DIR]
    python benchmarks/search.py --full DIR     on a base that `egide demo load` filled (a copy of it: it ends limits)

Makes a base of its own in a throwaway EGIDE_HOME (deleted at the end), writes identities and tokens of the demo's
people by COPY, and asks the finder in this process, over a connection of the role keeper. CPU is this thread's plus the
PostgreSQL backend's (/proc/<pid>/schedstat): on a shared machine the wall clock says who else was running.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import secrets
import shutil
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "src")]

import msgpack  # noqa: E402
import psycopg  # noqa: E402
from psycopg.rows import dict_row  # noqa: E402

from egide.cli import premises  # noqa: E402
from egide.cli.supervisor import Supervisor  # noqa: E402
from egide.keeper import masters as keys  # noqa: E402
from egide.keeper.client import Keeper  # noqa: E402
from egide.keeper.finder import Finder, parse  # noqa: E402
from egide.keeper.sessions import Bound, Sessions  # noqa: E402
from egide.kernel import likeness, phonetics, sealing, tokens  # noqa: E402
from egide.kernel.home import Home  # noqa: E402
from egide.kernel.tokens import found_by  # noqa: E402
from egide.rehearsal import people  # noqa: E402
from egide.rehearsal.people import Person  # noqa: E402
from egide.rehearsal.rows import SYSTEM  # noqa: E402

SEED = 1
SITE = uuid.UUID(int=0x5E)  # stands alone: everybody is known to it, and each candidate is asked about
KINDS = (
    "birth_name",
    "used_name",
    "first_name",
    "used_first_name",
    "birth_date",
    "birth_place",
    "sex",
    "ipp",
    "status",
)

# ── the base ────────────────────────────────────────────────────────────────────────────────────────────────────────


def load(conn: psycopg.Connection[Any], masters: keys.Masters, first: int, last: int) -> float:
    """People first … last − 1: traits, tokens. Seconds it took."""
    blinder = tokens.Blinder(masters.newest("token"))
    master = masters.keys["identity"]
    began = time.monotonic()
    for start in range(first, last, 20_000):
        traits: list[tuple[Any, ...]] = []
        found: list[tuple[int, uuid.UUID]] = []
        ids = []
        for index in range(start, min(last, start + 20_000)):
            one = people.person(SEED, index)
            patient = patient_of(index)
            ids.append(patient)
            sealing_keys = {version: sealing.patient_key(key, "identity", patient) for version, key in master.items()}
            for rank, value in enumerate(one.traits):
                if value.kind not in KINDS:
                    continue
                row = uuid.UUID(int=patient.int ^ (rank + 1))
                bound = sealing.associated("identity_trait", "sealed", row, "identity")
                shape = msgpack.packb(value.sealed_form(), use_bin_type=True)
                traits.append((row, patient, value.kind, sealing.seal(sealing_keys, shape, bound)))
            pairs = [(value.kind, value.text) for value in (*one.traits, *one.contacts)]
            if one.ins is not None:
                pairs.append(("ins", one.ins.text))
            person_traits = tokens.Traits.parse(found_by(pairs))
            found += [(token, patient) for token in blinder.of_person(person_traits, patient.bytes)]
        found.sort()
        with conn.transaction(), conn.cursor() as cursor:
            for table, columns, rows in (
                ("public.identity_patient", "patient_id, created_at", [(one, datetime.now(UTC)) for one in ids]),
                ("public.identity_trait", "id, patient_id, kind, sealed", traits),
                ("identity.token", "token, patient_id", found),
                ("identity.known", "patient_id, domain", [(one, SITE) for one in ids]),
            ):
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                    for line in rows:
                        copy.write_row(line)
        print(f"  {min(last, start + 20_000):>7,} personnes, {time.monotonic() - began:.0f} s", flush=True)
    conn.execute("VACUUM (ANALYZE) identity.token, identity.known, public.identity_trait")
    return time.monotonic() - began


def patient_of(index: int) -> uuid.UUID:
    """The id that person `index` has on this base."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"bench/{index}")


def a_session(conn: psycopg.Connection[Any], site: uuid.UUID = SITE) -> tuple[uuid.UUID, uuid.UUID]:
    """An admission clerk with a session, and no limit that would end the measure."""
    account, session = uuid.uuid4(), uuid.uuid4()
    conn.execute(
        "INSERT INTO accounts.account (id, username, name, kind, site) VALUES (%s, %s, 'Mesure', 'person', %s)",
        (account, f"mesure.{account.hex[:8]}", site),
    )
    conn.execute(
        "INSERT INTO accounts.membership (account, profession, since) VALUES (%s, 'admission_clerk', now())",
        (account,),
    )
    conn.execute(
        "INSERT INTO accounts.session (id, account, profession, grade, ticket_hash, expires_at)"
        " VALUES (%s, %s, 'admission_clerk', 'strong', %s, now() + interval '1 day')",
        (session, account, secrets.token_bytes(32)),
    )
    conn.execute(
        "UPDATE gate.limits SET value = 1000000"
        " WHERE name ~ '^(search|unlinked|confirmed|group)_(minute|hour|day|month)$'"
    )
    return session, account


# ── what people get wrong ───────────────────────────────────────────────────────────────────────────────────────────

Typed = dict[str, str]
_SPELLINGS = (
    ("PH", "F"), ("EAU", "AU"), ("AU", "O"), ("TT", "T"), ("LL", "L"), ("NN", "N"), ("RR", "R"), ("SS", "S"),
    ("TH", "T"), ("QU", "K"), ("Y", "I"), ("AI", "E"), ("EN", "AN"), ("AN", "EN"), ("IN", "AIN"), ("CH", "SH"),
    ("CE", "SE"), ("CI", "SI"), ("GE", "JE"), ("Z", "S"), ("OU", "OO"), ("H", ""), ("X", "KS"), ("C", "K"), ("L", "LL"),
    ("T", "TT"), ("N", "NN"), ("O", "AU"), ("F", "PH"), ("I", "Y"), ("R", "RR"), ("M", "MM"), ("E", "AI"),
)  # fmt: skip


def misspelt(draw: random.Random, name: str) -> str:
    """One spelling slip that a French ear explains."""
    able = [(old, new) for old, new in _SPELLINGS if old in name[1:]]
    ends = {"D": "T", "T": "D", "S": "", "E": "", "X": ""}
    if name[-1:] in ends and draw.random() < 0.3:
        return name[:-1] + ends[name[-1]]
    if not able:
        return name + "E"
    old, new = draw.choice(able)
    at = name.index(old, 1)
    return name[:at] + new + name[at + len(old) :]


def edited(draw: random.Random, name: str) -> str:
    """One letter dropped, doubled by another, changed, or two exchanged, anywhere."""
    at = draw.randrange(len(name))
    letter = draw.choice("ABCDEFGHIJKLMNOPRSTUVZ")
    kind = draw.randrange(4)
    if kind == 0 and len(name) > 3:
        return name[:at] + name[at + 1 :]
    if kind == 1:
        return name[:at] + letter + name[at:]
    if kind == 2 and at + 1 < len(name):
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + letter + name[at + 1 :]


def wrong_digit(draw: random.Random, day: date) -> date:
    """Another existing date, one digit away."""
    text = day.strftime("%Y%m%d")
    while True:
        at = draw.randrange(8)
        other = text[:at] + draw.choice("0123456789") + text[at + 1 :]
        try:
            found = date(int(other[:4]), int(other[4:6]), int(other[6:]))
        except ValueError:
            continue
        if found != day and found.year >= likeness.OLDEST_YEAR and found <= date(2026, 11, 1):
            return found


def typed(name: str, first: str, day: date) -> Typed:
    """As the page sends it."""
    return {"name": name, "first_name": first, "birth_date": day.isoformat()}


class Slips:
    """What a person's identity becomes under the fingers of who types it. None where the slip cannot be made of her."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)

    @staticmethod
    def of(one: Person) -> tuple[str, str, date]:
        """Birth name, first name, birth date."""
        return str(one.trait("birth_name")), str(one.trait("first_name")), one.birth_date

    def exact(self, one: Person) -> Typed | None:
        return typed(*self.of(one))

    def one_edit(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        return typed(edited(self.draw, name), first, day)

    def french(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        return typed(misspelt(self.draw, name), first, day)

    def married(self, one: Person) -> Typed | None:
        used = one.trait("used_name")
        return typed(used, self.of(one)[1], one.birth_date) if used else None

    def hyphen(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        cut = [piece for piece in name.replace("-", " ").split() if len(piece) > 3]
        if len(cut) > 1:
            return typed(self.draw.choice(cut), first, day)
        return typed(name, first.replace("-", " "), day) if "-" in first else None

    def crossed(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        return typed(first, name, day)

    def three(self, one: Person) -> Typed | None:
        name, _, day = self.of(one)
        return typed(name[:3], "", day) if len(phonetics.letters(name[:3])) >= 3 else None

    def day_month(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        swappable = day.day <= 12 and day.day != day.month
        return typed(name, first, date(day.year, day.day, day.month)) if swappable else None

    def digit(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        return typed(name, first, wrong_digit(self.draw, day))

    def both_wrong(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        return typed(edited(self.draw, name), edited(self.draw, first), day)

    def one_day(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        return typed(name, first, day + timedelta(days=self.draw.choice((-1, 1))))

    def year_off(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        try:
            other = day.replace(year=day.year + self.draw.choice((-10, -1, 1, 10)))
        except ValueError:
            return None
        return typed(name, first, other) if other < date(2026, 11, 1) else None

    def french_digit(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        return typed(misspelt(self.draw, name), first, wrong_digit(self.draw, day))

    def three_digit(self, one: Person) -> Typed | None:
        name, first, day = self.of(one)
        short = len(phonetics.letters(name[:3])) < 3
        return None if short else typed(name[:3], first, wrong_digit(self.draw, day))


# Class of error, recall to keep, how it is made.
CLASSES: tuple[tuple[str, float, Callable[[Slips, Person], Typed | None]], ...] = (
    ("exacte", 1.0, Slips.exact),
    ("une lettre", 1.0, Slips.one_edit),
    ("orthographe française", 1.0, Slips.french),
    ("nom utilisé", 1.0, Slips.married),
    ("trait d'union", 1.0, Slips.hyphen),
    ("nom et prénom échangés", 1.0, Slips.crossed),
    ("3 lettres et la date", 1.0, Slips.three),
    ("jour et mois échangés", 1.0, Slips.day_month),
    ("un chiffre faux", 1.0, Slips.digit),
    ("nom et prénom faux", 0.995, Slips.both_wrong),
    ("un jour d'écart", 0.995, Slips.one_day),
    ("année fausse", 0.995, Slips.year_off),
    ("orthographe et un chiffre", 1.0, Slips.french_digit),
    ("3 lettres, prénom, un chiffre", 0.925, Slips.three_digit),
)


# ── measuring ───────────────────────────────────────────────────────────────────────────────────────────────────────


def on_cpu(pid: int) -> int:
    """Nanoseconds a process has spent on a processor."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


class Meter:
    """CPU and wall of each search, in milliseconds."""

    def __init__(self, backend: int) -> None:
        self.backend = backend
        self.python: list[float] = []
        self.sql: list[float] = []
        self.wall: list[float] = []

    def take(self, work: Callable[[], Any]) -> Any:
        """Do it once, and keep what it took."""
        before, sql, wall = time.thread_time_ns(), on_cpu(self.backend), time.perf_counter_ns()
        found = work()
        self.python.append((time.thread_time_ns() - before) / 1e6)
        self.sql.append((on_cpu(self.backend) - sql) / 1e6)
        self.wall.append((time.perf_counter_ns() - wall) / 1e6)
        return found

    def told(self) -> dict[str, float]:
        """Median and worst hundredth."""
        both = [a + b for a, b in zip(self.python, self.sql, strict=True)]
        return {
            "cpu_p50": quantile(both, 0.5), "cpu_p99": quantile(both, 0.99), "python_p50": quantile(self.python, 0.5),
            "sql_p50": quantile(self.sql, 0.5), "wall_p50": quantile(self.wall, 0.5),
            "wall_p99": quantile(self.wall, 0.99),
        }  # fmt: skip


def quantile(values: list[float], share: float) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)


class Loaded:
    """People that `egide demo load` brought: who number n became, by her foreign id's token."""

    def __init__(self, conn: psycopg.Connection[Any], masters: keys.Masters) -> None:
        self._conn = conn
        self._chain = [tokens.subkey(key, "SRC") for _, key in sorted(masters.keys["token"].items())]
        row = conn.execute("SELECT seed, people FROM rehearsal.load").fetchone()
        if row is None or row[0] != SEED:
            raise SystemExit(f"not a base that `egide demo load --seed {SEED}` filled")
        self.count = int(row[1])

    def __call__(self, index: int) -> uuid.UUID:
        """The id of person `index`."""
        token = tokens.source_token(self._chain, SYSTEM, str(index))
        row = self._conn.execute("SELECT patient_id FROM gate.token WHERE token = %s", (token,)).fetchone()
        return row[0] if row else uuid.UUID(int=0)

    def site(self) -> uuid.UUID:
        """A site of the entity that knows most people."""
        row = self._conn.execute(
            "SELECT s.id FROM directory_site s JOIN (SELECT domain, count(*) FROM identity.known GROUP BY 1 ORDER BY 2"
            " DESC LIMIT 1) k ON k.domain IN (s.entity_id, s.id) LIMIT 1"
        ).fetchone()
        return row[0] if row else SITE

    def knows(self, index: int, site: uuid.UUID) -> bool:
        """Whether the entity of a site knows person `index`."""
        row = self._conn.execute(
            "SELECT 1 FROM identity.known k JOIN directory_site s ON k.domain IN (s.entity_id, s.id)"
            " WHERE s.id = %s AND k.patient_id = %s", (site, self(index)),
        ).fetchone()  # fmt: skip
        return row is not None


def recall(
    finder: Finder, conn: Any, count: int, searches: int, who_is: Callable[[int], uuid.UUID], site: uuid.UUID | None
) -> Iterator[tuple[str, float, float, int]]:
    """For each class: mark, share found among the ten likest, number tried. Without `site`, in the whole group."""
    slips, draw = Slips(7), random.Random(8)
    for name, mark, make in CLASSES:
        found = tried = 0
        attempts = 0
        while tried < searches and attempts < searches * 60:
            attempts += 1
            index = draw.randrange(count)
            asked = make(slips, people.person(SEED, index))
            if asked is None:
                continue
            what = parse(asked)
            tried += 1
            door = what.door
            _, candidates = finder.candidates(conn, what, door, site)
            shown = finder.ranked(candidates, what, door)[:10]
            found += who_is(index) in [one.id for one in shown]
        yield name, mark, found / max(1, tried), tried


def cost(
    finder: Finder, conn: Any, who: tuple[uuid.UUID, uuid.UUID], count: int, searches: int, domain: str = "entity",
    known: Callable[[int], bool] = lambda _index: True,
) -> dict[str, float]:  # fmt: skip
    """Whole searches, trail and purse included, as a desk asks: 6 exact, 2 three letters, 2 with a slip."""
    slips, draw = Slips(11), random.Random(12)
    made = {name: make for name, _, make in CLASSES}
    kinds = ["exacte"] * 6 + ["3 lettres et la date"] * 2 + ["orthographe et un chiffre", "un jour d'écart"]
    meter = Meter(conn.info.backend_pid)
    for turn in range(searches + 50):
        index = next(one for one in iter(lambda: draw.randrange(count), -1) if known(one))
        asked = made[draw.choice(kinds)](slips, people.person(SEED, index))
        if asked is None:
            continue
        if turn == 50:
            meter = Meter(conn.info.backend_pid)
        meter.take(partial(finder.search, conn, *who, asked, False, domain))
    return meter.told()


def throughput(home: Home, cookie: str, count: int, clients: int, seconds: float) -> dict[str, float]:
    """Exact searches through the keeper's socket by `clients` at once (threads of this process)."""
    done: list[float] = []
    lock = threading.Lock()
    until = time.monotonic() + seconds

    def client(number: int) -> None:
        slips, draw, line = Slips(number), random.Random(number), Keeper(home.keeper_socket("finder"))
        asked = [slips.exact(people.person(SEED, draw.randrange(count))) for _ in range(200)]
        own: list[float] = []
        while time.monotonic() < until:
            began = time.perf_counter()
            line.call("search", cookie=cookie, typed=draw.choice(asked))
            own.append((time.perf_counter() - began) * 1000)
        line.close()
        with lock:
            done.extend(own)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return {
        "clients": clients, "searches_per_second": round(len(done) / seconds, 1),
        "client_p50": quantile(done, 0.5), "client_p99": quantile(done, 0.99),
    }  # fmt: skip


def pass_of(masters: keys.Masters, session: uuid.UUID, account: uuid.UUID) -> str:
    """The pass the keeper would have given to one request of this session, for two minutes."""
    return Sessions(masters).passing(Bound(session, account, b""), asked=True, now=int(time.time() * 1000))


def report(told: dict[str, Any]) -> str:
    """results/search.md."""
    sizes = told["sizes"]
    heads = " | ".join(f"{one['people']:,}" for one in sizes)
    lines = [
        "# Searching for a person", "",
        (f"`{told['command']}`; {told['cores']} cores ({told['machine']}), Python {told['python']}, load average"
        f" {told['load']}. The machine is shared: CPU figures and their growth hold, wall times say who else ran."), "",
        ("One search is whole: session, door and pace, candidates, ranking, accounting, the row of the trail, the rows"
        " shown. A desk's mix: 6 exact, 2 of three letters, 2 with a slip (second tier). CPU: this thread's and the"
        " PostgreSQL backend's."), "",
        f"| People | {heads} |", "|---|" + "---|" * len(sizes),
    ]  # fmt: skip
    for key, label in (
        ("cpu_p50", "CPU + SQL p50, ms"), ("cpu_p99", "CPU + SQL p99, ms"), ("python_p50", "of it Python p50, ms"),
        ("sql_p50", "of it PostgreSQL p50, ms"), ("wall_p50", "wall p50, ms"), ("wall_p99", "wall p99, ms"),
        ("tokens", "tokens"), ("token_bytes", "bytes of tokens, indexes included"), ("load_seconds", "load, s"),
        ("group_cpu_p50", "whole group: CPU + SQL p50, ms"), ("group_cpu_p99", "whole group: CPU + SQL p99, ms"),
        ("group_wall_p99", "whole group: wall p99, ms"), ("searches_per_second", "searches/s by 8 clients"),
    ):  # fmt: skip
        lines.append(f"| {label} | " + " | ".join(f"{one[key]:,}" if key in one else "" for one in sizes) + " |")
    lines += ["", "| Recall within ten | to keep | " + heads + " |", "|---|---|" + "---|" * len(sizes)]
    for place, first in enumerate(sizes[0]["recall"]):
        cells = " | ".join(f"{one['recall'][place]['recall']:.4f} (n={one['recall'][place]['tried']})" for one in sizes)
        lines.append(f"| {first['class']} | {first['mark']} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Runs everything, prints a table, writes results/search.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--costs", type=int, default=1_000)
    parser.add_argument("--full", type=Path, help="a copy of a base that `egide demo load` filled")
    parser.add_argument("--home", type=Path, help="keep the base there, and go on from what it holds")
    arguments = parser.parse_args()
    os.umask(0o022)
    root = (
        arguments.full
        or arguments.home
        or Path(tempfile.mkdtemp(prefix="egide-search-", dir="/var/lib" if os.geteuid() == 0 else None))
    )
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    os.environ |= {"EGIDE_HOME": str(root), "DJANGO_SETTINGS_MODULE": "egide.config.settings"}
    home = Home(root)
    house = Supervisor(home, 8498, demo=True, durable=False)
    results: list[dict[str, Any]] = []
    try:
        premises.prepare(house.home)
        house.start_postgres()
        house.migrate()
        house.start_keeper()
        masters = keys.load(home.keeper_masters, home.keeper_birth)
        with (
            psycopg.connect(house.cluster.superuser_dsn(), autocommit=True) as root_conn,
            psycopg.connect(
                house.cluster.dsn("keeper"), autocommit=True, prepare_threshold=1, row_factory=dict_row
            ) as conn,
        ):
            full = Loaded(root_conn, masters) if arguments.full else None
            site = full.site() if full else SITE
            who = a_session(root_conn, site)
            if full:
                arguments.people = [full.count]
            here = root_conn.execute("SELECT count(*) FROM identity_patient").fetchone()
            loaded = int(here[0]) if here else 0
            for count in sorted(arguments.people):
                print(f"== {count:,} personnes", flush=True)
                took = load(root_conn, masters, loaded, count) if count > loaded and not full else 0.0
                loaded = max(loaded, count)
                finder = Finder(masters, lambda _entry, _leaf: None, lambda _told, _ids: None)
                known = (lambda index, full=full: full.knows(index, site)) if full else (lambda _index: True)
                figures = cost(finder, conn, who, count, arguments.costs, known=known)
                if full:
                    figures |= {
                        f"group_{k}": v for k, v in cost(finder, conn, who, count, arguments.costs, "group").items()
                    }
                figures |= throughput(home, pass_of(masters, *who), count, 8, 10)
                print(" ", figures, flush=True)
                recalls = []
                for name, mark, share, tried in recall(
                    finder, conn, count, arguments.searches, full or patient_of, None if full else site
                ):
                    recalls.append({"class": name, "mark": mark, "recall": round(share, 4), "tried": tried})
                    print(f"  {name:<32} {share:.4f}  (à tenir : {mark})  n={tried}", flush=True)
                stored = root_conn.execute(
                    "SELECT count(*), pg_total_relation_size('identity.token') FROM identity.token"
                ).fetchone()
                results.append(
                    {
                        "people": count, "load_seconds": round(took, 1), **figures, "recall": recalls,
                        "tokens": stored[0] if stored else 0, "token_bytes": stored[1] if stored else 0,
                    }
                )  # fmt: skip
    finally:
        house.stop_all()
        if arguments.home is None and arguments.full is None:
            shutil.rmtree(root, ignore_errors=True)
    out = HERE / "results" / ("search_full.json" if arguments.full else "search.json")
    out.parent.mkdir(exist_ok=True)
    told = {
        "command": "python benchmarks/search.py " + " ".join(sys.argv[1:]),
        "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(), "python": platform.python_version(), "seed": SEED,
        "load": round(os.getloadavg()[0], 1), "sizes": results,
    }  # fmt: skip
    out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    out.with_suffix(".md").write_text(report(told), encoding="utf-8")
    print(f"écrit : {out}")


if __name__ == "__main__":
    main()
