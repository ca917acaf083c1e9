"""Pro Santé Connect from our door to its page and back: who enters, and every lie that is refused."""

import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener
from uuid import UUID, uuid4

import pytest
from joserfc.jwk import RSAKey

from egide.gate.tests import rescued
from egide.gate.tests.browser import Browser, text
from egide.gate.tests.factories import Hospital, Person
from egide.gate.tests.test_stations import Machine
from egide.keeper import masters, server
from egide.keeper.client import Keeper
from egide.keeper.prosante import Tokens
from egide.keeper.signin import BadAssertion, Ceremony
from egide.keeper.verbs import Verbs
from egide.kernel.capabilities import Refused
from egide.kernel.home import Home
from egide.kernel.proofs import MACHINE, STATION
from egide.kernel.prosante import ProSante, rpps_of
from egide.psc import client
from egide.psc.listening import Listener
from egide.psc.relay import NoAnswer, Relay
from egide.rehearsal.prosante import CLIENT, Provider
from egide.rehearsal.workstation import Bearer, Workstation

POINT = Workstation().point

Browse = Callable[..., Browser]
BACK = "http://localhost:8499/connexion/psc/retour/"


class Mute:
    """A trail that nobody reads."""

    def expect(self, entry_id: int, leaf: bytes) -> None:
        """Nothing."""

    def health(self) -> dict[str, Any]:
        """Nothing."""
        return {}


@dataclass
class Configured:
    """A provider, our relay and a keeper that knows it, in a home of their own beside the session's."""

    provider: Provider
    prosante: ProSante
    home: Home
    relay: Relay
    keeper: Keeper
    tokens: Tokens


@pytest.fixture(scope="module")
def client_key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.fixture(scope="module")
def provider_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})


@pytest.fixture
def configured(hospital: Hospital, home: Home, client_key: RSAKey, provider_key: RSAKey) -> Iterator[Configured]:
    provider = Provider(client_key, key=provider_key)
    folder = Path(tempfile.mkdtemp(prefix="egide-psc-", dir="/tmp"))
    own = Home(folder)
    for one in (own.psc_run, own.psc_secrets, own.keeper_run):
        one.mkdir(parents=True)
    own.psc_key.write_bytes(client_key.as_pem(private=True))
    prosante = ProSante.from_environment({"EGIDE_PSC_ISSUER": provider.issuer, "EGIDE_PSC_CLIENT_ID": CLIENT})
    assert prosante is not None
    relay = Relay(prosante, own)
    relay.refresh()
    listener = Listener(own, relay)
    threading.Thread(target=listener.serve, daemon=True).start()
    keys = masters.load(home.keeper_masters, home.keeper_birth)
    ceremony = Ceremony(hospital.origin)
    tokens = Tokens(prosante, own.psc_jwks, ceremony)
    running = server.Server(_Line(own, home), Verbs(keys, ceremony, Mute(), prosante=tokens), ("web",))
    running.start()
    keeper = Keeper(own.keeper_socket("web"))
    try:
        yield Configured(provider, prosante, own, relay, keeper, tokens)
    finally:
        keeper.close()
        running.stop()
        listener.close()
        provider.close()
        shutil.rmtree(folder, ignore_errors=True)


class _Line(Home):
    """Sockets in one home, the gate's line to PostgreSQL of another."""

    def __new__(cls, sockets: Home, base: Home) -> Any:
        made = object.__new__(cls)
        object.__setattr__(made, "root", sockets.root)
        object.__setattr__(made, "base_home", base)
        return made

    def __init__(self, sockets: Home, base: Home) -> None:
        """Made already."""

    def connection(self, role: str) -> dict[str, str]:
        found: dict[str, str] = self.base_home.connection(role)  # type: ignore[attr-defined]
        return found


@pytest.fixture
def midwife(hospital: Hospital) -> Person:
    """A professional whose RPPS the directory knows."""
    person = hospital.person("midwife", hospital.unit())
    register(hospital, person, rpps())
    return person


_drawn = iter(range(10_000_000_000, 99_999_999_999))


def rpps() -> str:
    """Eleven digits that nobody bears yet."""
    return str(next(_drawn))


def register(hospital: Hospital, person: Person, number: str) -> None:
    """Write her in the directory, as the administrators' act does."""
    hospital.sql(
        "INSERT INTO directory_professional (id, family, given, title, profession, rpps)"
        " VALUES (%s, 'E', 'C', '', %s, %s) ON CONFLICT (id) DO UPDATE SET rpps = excluded.rpps",
        person.account, person.profession, number,
    )  # fmt: skip


def number_of(hospital: Hospital, person: Person) -> str:
    return str(hospital.value("SELECT rpps FROM directory_professional WHERE id = %s", person.account))


def token_for(configured: Configured, nonce: str) -> str:
    """What the provider signs for an authorization request that bears this nonce."""
    return configured.provider.id_token({"nonce": nonce})


def finish(configured: Configured, **played: Any) -> Any:
    """Begin, have the token signed as the test plays it, and hand it to the keeper."""
    for name, value in played.items():
        setattr(configured.provider.played, name, value)
    begun = configured.keeper.call("sign_in", step="psc_begin")
    token = token_for(configured, begun["nonce"])
    return configured.keeper.call(
        "sign_in", step="psc_finish", challenge_id=begun["challenge_id"], token=token, device_key=POINT
    )


def refused(configured: Configured, **played: Any) -> str:
    with pytest.raises(Refused) as caught:
        finish(configured, **played)
    return caught.value.code


# ── who enters ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_known_rpps_enters_its_account_and_is_given_nothing_more(
    hospital: Hospital, configured: Configured, midwife: Person
) -> None:
    answer = finish(configured, subject=f"8{number_of(hospital, midwife)}")
    actor = answer["actor"]
    assert (UUID(bytes=actor["account"]), actor["profession"], actor["grade"]) == (midwife.account, "midwife", "psc")
    assert [UUID(bytes=unit) for unit in actor["units"]] == list(midwife.units)
    (entry,) = hospital.entries(account=midwife.account, kind="sign_in")
    assert (entry["purpose"], entry["verdict"]) == ("psc", "ok")


@pytest.mark.parametrize(
    "subject", ["899999999999", "0123456789", "1750100125", "8123", "", "8" + "9" * 12, "x8" + "1" * 11]
)
def test_whom_the_directory_does_not_know_is_told_so(hospital: Hospital, configured: Configured, subject: str) -> None:
    assert refused(configured, subject=subject) in {"psc_unknown", "psc_refused"}


def test_an_ended_account_or_profession_and_a_number_borne_by_two_do_not_enter(
    hospital: Hospital, configured: Configured, midwife: Person
) -> None:
    number = number_of(hospital, midwife)
    twin = hospital.person("nurse", hospital.unit())
    register(hospital, twin, number)
    assert refused(configured, subject=f"8{number}") == "psc_unknown"
    hospital.sql("UPDATE accounts.account SET ended_at = now() WHERE id = %s", twin.account)
    assert finish(configured, subject=f"8{number}")["cookie"]
    hospital.sql("UPDATE accounts.membership SET until = now() WHERE account = %s", midwife.account)
    assert refused(configured, subject=f"8{number}") == "psc_unknown"
    reasons = [row["reason"] for row in hospital.entries(account=midwife.account, kind="sign_in_refused")]
    assert reasons == ["psc_unknown"]


GO, WHERE = "/connexion/psc/", "SELECT workstation FROM accounts.session WHERE id = %s"


@pytest.fixture
def machine(hospital: Hospital) -> Machine:
    """A workstation of the site."""
    person, found = hospital.person("administrator"), Machine(hospital)
    found.enrol(hospital.sign_in(person), person)
    return found


def left_from(machine: Machine, method: str = "GET") -> dict[str, Any]:
    return {"path": GO, "machine": {"key": machine.key.point, "proof": machine.key.proof(method, GO)}}


def test_who_leaves_from_a_workstation_sits_there_when_she_is_back(
    hospital: Hospital, configured: Configured, midwife: Person, machine: Machine
) -> None:
    configured.provider.played.subject = f"8{number_of(hospital, midwife)}"
    for method, seated in (("GET", True), ("POST", False)):
        begun = configured.keeper.call("sign_in", step="psc_begin", **left_from(machine, method))
        answer = configured.keeper.call(
            "sign_in", step="psc_finish", challenge_id=begun["challenge_id"], device_key=POINT,
            token=token_for(configured, begun["nonce"]), seat=begun["seat"],
        )  # fmt: skip
        sits = hospital.value(WHERE, UUID(bytes=answer["actor"]["session"]))
        assert (sits.hex if sits else "", bool(sits)) == (begun["seat"], seated)


@pytest.mark.parametrize("said", ["", "another"])
def test_nobody_comes_back_to_another_workstation_than_she_left_from(
    hospital: Hospital, configured: Configured, midwife: Person, machine: Machine, said: str
) -> None:
    configured.provider.played.subject = f"8{number_of(hospital, midwife)}"
    begun = configured.keeper.call("sign_in", step="psc_begin", **left_from(machine))
    with pytest.raises(Refused, match="psc_refused"):
        configured.keeper.call(
            "sign_in", step="psc_finish", challenge_id=begun["challenge_id"], device_key=POINT,
            token=token_for(configured, begun["nonce"]), seat=said and uuid4().hex,
        )  # fmt: skip


# ── lies ────────────────────────────────────────────────────────────────────────────────────────────────────────────

NOW = int(time.time())
BENT: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example/auth/realms/esante-wallet"},
    "the issuer with a slash more": {"iss": "ISSUER/"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "someone-else"},
    "no audience": {"aud": None},
    "an empty audience": {"aud": []},
    "ours among others, for another": {"aud": [CLIENT, "other"], "azp": "other"},
    "ours among others, for nobody": {"aud": [CLIENT, "other"], "azp": None},
    "authorized for another": {"azp": "other"},
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 12},
    "ended": {"exp": NOW - 61},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "demain"},
    "made in the future": {"iat": NOW + 3_000},
    "made long ago": {"iat": NOW - 1_000},
    "no making": {"iat": None},
    "not yet": {"nbf": NOW + 3_000},
    "a sign-in of this morning": {"auth_time": NOW - 3_600},
    "a sign-in at no time": {"auth_time": "hier"},
    "another level": {"acr": "eidas0"},
    "no level": {"acr": None},
    "two subjects": {"preferred_username": "810000000001"},
    "no subject": {"preferred_username": None, "SubjectNameID": None},
    "a subject that is no text": {"preferred_username": 810000000001, "SubjectNameID": None},
}


@pytest.mark.parametrize("name", BENT)
def test_a_token_that_says_anything_else_is_refused(hospital: Hospital, configured: Configured, name: str) -> None:
    claims = {key: value.replace("ISSUER", configured.provider.issuer) if isinstance(value, str) else value
              for key, value in BENT[name].items()}  # fmt: skip
    if "exp" not in claims and "nbf" not in claims and any(key in claims for key in ("iat", "auth_time")):
        claims["exp"] = int(time.time()) + 120
    before = len(hospital.entries(kind="sign_in_refused", reason="psc_refused"))
    assert refused(configured, claims=claims) == "psc_refused"
    assert len(hospital.entries(kind="sign_in_refused", reason="psc_refused")) == before + 1


@pytest.mark.parametrize("lie", ["unsigned", "confused", "by_another_key"])
def test_a_token_that_the_provider_did_not_sign_is_refused(configured: Configured, lie: str) -> None:
    assert refused(configured, sign=getattr(configured.provider, lie)) == "psc_refused"


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "é.è.ê", "x" * 20_000, None, 7])
def test_what_is_no_token_is_refused(configured: Configured, token: Any) -> None:
    begun = configured.keeper.call("sign_in", step="psc_begin")
    with pytest.raises(Refused) as caught:
        configured.keeper.call(
            "sign_in", step="psc_finish", challenge_id=begun["challenge_id"], token=token, device_key=POINT
        )
    assert caught.value.code == "psc_refused"


def test_a_published_symmetric_key_is_no_proof(configured: Configured) -> None:
    published = json.loads(configured.home.psc_jwks.read_text())
    published["keys"].append({"kty": "oct", "kid": "shared", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"})
    configured.home.psc_jwks.write_text(json.dumps(published))
    assert refused(configured, sign=configured.provider.confused) == "psc_refused"


def test_a_token_serves_once_and_a_nonce_lives_three_minutes(
    configured: Configured, hospital: Hospital, midwife: Person
) -> None:
    configured.provider.played.subject = f"8{number_of(hospital, midwife)}"
    begun = configured.keeper.call("sign_in", step="psc_begin")
    token = token_for(configured, begun["nonce"])
    asked = {"step": "psc_finish", "challenge_id": begun["challenge_id"], "token": token, "device_key": POINT}
    assert configured.keeper.call("sign_in", **asked)["cookie"]
    with pytest.raises(Refused) as caught:
        configured.keeper.call("sign_in", **asked)
    assert caught.value.code == "challenge_ended"
    other = configured.keeper.call("sign_in", step="psc_begin")
    with pytest.raises(Refused) as crossed:  # a token that answers somebody else's nonce
        configured.keeper.call(
            "sign_in", step="psc_finish", challenge_id=other["challenge_id"], token=token, device_key=POINT
        )
    assert crossed.value.code == "psc_refused"


@pytest.mark.parametrize(("late", "believed"), [(59, True), (61, False)])
def test_a_clock_may_be_a_minute_late(configured: Configured, late: int, believed: bool) -> None:
    begun = configured.tokens.begin()
    token = token_for(configured, begun["nonce"])
    at = time.time() + 120 + late
    later = Tokens(configured.prosante, configured.home.psc_jwks, configured.tokens._ceremony, now=lambda: at)
    if believed:
        assert later.rpps(begun["challenge_id"], token) == "99700218896"
    else:
        with pytest.raises(BadAssertion):
            later.rpps(begun["challenge_id"], token)


def test_a_keeper_that_is_not_configured_believes_nothing(hospital: Hospital) -> None:
    for step in ("psc_begin", "psc_finish", "psc_other"):
        with pytest.raises(Refused) as caught:
            hospital.web.call("sign_in", step=step)
        assert caught.value.code == "psc_down"


# ── the relay ───────────────────────────────────────────────────────────────────────────────────────────────────────


def authorized(configured: Configured, verifier_digest: str = "x") -> str:
    """A code that the provider gave for a request with this PKCE challenge."""
    back = configured.provider.authorize(
        {"redirect_uri": BACK, "state": "s", "nonce": "n", "code_challenge": verifier_digest, "client_id": CLIENT}
    )
    return parse_qs(urlsplit(back).query)["code"][0]


def test_a_code_needs_its_own_verifier_and_serves_once(configured: Configured) -> None:
    with pytest.raises(Refused) as caught:
        client.exchange(configured.home.psc_socket, authorized(configured), "not-its-verifier", BACK)
    assert caught.value.code == "psc_refused"


def test_a_provider_of_another_name_is_not_read(configured: Configured) -> None:
    other = ProSante(configured.provider.issuer + "x", CLIENT, configured.prosante.discovery)
    with pytest.raises(NoAnswer):
        Relay(other, configured.home).refresh()


def test_a_provider_that_is_not_there_is_said_to_be_down(configured: Configured) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gone = ProSante("http://localhost:1/x", CLIENT, f"http://localhost:{port}/.well-known/openid-configuration")
    with pytest.raises(NoAnswer) as caught:
        Relay(gone, configured.home).refresh()
    assert caught.value.code == "psc_down"
    with pytest.raises(Refused) as unheard:
        client.exchange(configured.home.root / "nobody.sock", "c", "v", BACK)
    assert unheard.value.code == "psc_down"


def test_without_our_secret_nothing_is_exchanged(configured: Configured) -> None:
    configured.home.psc_key.unlink()
    with pytest.raises(Refused) as caught:
        client.exchange(configured.home.psc_socket, authorized(configured), "v", BACK)
    assert caught.value.code == "psc_down"


# ── what is configured ──────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_configured_by_default() -> None:
    from django.conf import settings

    assert ProSante.from_environment({}) is None
    assert ProSante.from_environment({"EGIDE_PSC_ISSUER": "https://a.example"}) is None
    assert settings.PSC is None


@pytest.mark.parametrize("address", ["http://auth.example/realm", "ftp://x", "https", "http://localhost.evil.example/"])
def test_an_address_that_others_could_read_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="https"):
        ProSante.from_environment({"EGIDE_PSC_ISSUER": address, "EGIDE_PSC_CLIENT_ID": "x"})


def test_the_well_known_document_of_production_is_given_apart() -> None:
    found = ProSante.from_environment(
        {"EGIDE_PSC_ISSUER": "https://a.example/auth/realms/esante-wallet", "EGIDE_PSC_CLIENT_ID": "x",
         "EGIDE_PSC_DISCOVERY": "https://a.example/auth/realms/esante-wallet/.well-known/wallet-openid-configuration"}
    )  # fmt: skip
    assert found is not None
    assert found.discovery.endswith("wallet-openid-configuration")


@pytest.mark.parametrize(
    ("subject", "number"),
    [("899700218896", "99700218896"), ("810003461033", "10003461033"), ("0123456789", None), ("8997002188961", None),
     (None, None), (899700218896, None), ("8９9700218896", None)],
)  # fmt: skip
def test_only_an_rpps_names_somebody(subject: object, number: str | None) -> None:
    assert rpps_of(subject) == number


# ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pages(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configured]:
    """The pages as they are where it is configured: addresses, relay, keeper."""
    from django.conf import settings
    from django.test.utils import override_settings
    from django.urls import clear_url_caches

    from egide.accounts import psc as views
    from egide.accounts import urls
    from egide.config import urls as root

    monkeypatch.setattr(settings, "PSC", configured.prosante)
    monkeypatch.setattr(settings, "HOME", configured.home)
    monkeypatch.setattr(views, "keeper", lambda: configured.keeper)
    monkeypatch.setattr(root, "urlpatterns", [*root.urlpatterns, *urls.PSC_PATTERNS])
    clear_url_caches()
    with override_settings(ROOT_URLCONF="egide.config.urls"):
        yield configured
    clear_url_caches()


class Stay(HTTPRedirectHandler):
    """A browser that shows where it is led."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Nowhere."""


def led(address: str) -> str:
    """Where the provider sends the browser back to: path and query."""
    from urllib.error import HTTPError

    with pytest.raises(HTTPError) as answer:
        build_opener(Stay).open(address)
    with answer.value:
        parts = urlsplit(answer.value.headers["Location"])
    return f"{parts.path}?{parts.query}"


def test_from_the_door_to_the_provider_and_back_to_my_day(
    hospital: Hospital, browser: Browse, pages: Configured, midwife: Person
) -> None:
    pages.provider.played.subject = f"8{number_of(hospital, midwife)}"
    page = browser()
    assert "/connexion/psc/" in page.get("/connexion/").content.decode()
    away = page.get("/connexion/psc/")
    assert away.status_code == 302
    kept = away.cookies["egide_psc"]
    assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "Lax", "/connexion/psc/retour/")
    home = led(away["Location"])
    asked = pages.provider.played.asked
    assert (asked["acr_values"], asked["code_challenge_method"], asked["response_type"]) == ("eidas1", "S256", "code")
    assert asked["client_id"] == CLIENT
    entered = page.get(home, Sec_Fetch_Site="cross-site")
    assert entered.status_code == 200
    assert 'content="0; url=/"' in entered.content.decode()
    assert entered.cookies["egide_session"]["samesite"] == "Strict"
    assert entered.cookies["egide_psc"]["max-age"] == 0
    assert page.workstation is not None
    cookie = Bearer.of(page.client.cookies["egide_session"].value, page.workstation)
    assert hospital.web.call("who", cookie=cookie)["actor"]["grade"] == "psc"
    again = page.get(home, Sec_Fetch_Site="cross-site")
    assert again.status_code == 403


def test_leaving_for_the_provider_locks_who_was_here_and_takes_the_machine_s_word(
    hospital: Hospital, browser: Browse, pages: Configured, midwife: Person, machine: Machine
) -> None:
    pages.provider.played.subject = f"8{number_of(hospital, midwife)}"
    _, hers = hospital.signed_in("nurse", hospital.unit())
    page = browser(hers)
    page.client.cookies[STATION] = Workstation().named
    page.client.cookies[MACHINE] = f"{machine.key.named}.{machine.key.proof('GET', GO)}"
    home = led(page.get(GO)["Location"])
    with pytest.raises(Refused, match="session_locked"):
        hospital.web.call("who", cookie=hers)
    entered = page.get(home, Sec_Fetch_Site="cross-site")
    session = rescued.session_of(entered.cookies["egide_session"].value)
    assert hospital.value(WHERE, session) is not None


@pytest.mark.parametrize("bend", ["state", "no state", "no code", "no cookie", "another browser's cookie", "an error"])
def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    hospital: Hospital, browser: Browse, pages: Configured, midwife: Person, bend: str
) -> None:
    pages.provider.played.subject = f"8{number_of(hospital, midwife)}"
    if bend == "an error":
        pages.provider.played.refused = "access_denied"
    page, other = browser(), browser()
    home = led(page.get("/connexion/psc/")["Location"])
    other.get("/connexion/psc/")
    if bend == "state":
        home = home.replace("state=", "state=x")
    elif bend == "no state":
        home = home.replace("state=", "etat=")
    elif bend == "no code":
        home = home.replace("code=", "kode=")
    elif bend == "no cookie":
        del page.client.cookies["egide_psc"]
    elif bend == "another browser's cookie":
        page.client.cookies["egide_psc"] = other.client.cookies["egide_psc"].value
    answer = page.get(home, Sec_Fetch_Site="cross-site")
    assert answer.status_code == 403
    assert "personne n" in text(answer)
    assert not page.client.cookies.get("egide_session") or not page.client.cookies["egide_session"].value


def test_an_unknown_rpps_is_told_what_to_do(browser: Browse, pages: Configured) -> None:
    pages.provider.played.subject = "899999999998"
    page = browser()
    answer = page.get(led(page.get("/connexion/psc/")["Location"]), Sec_Fetch_Site="cross-site")
    assert answer.status_code == 403
    assert "RPPS" in text(answer)


def test_the_addresses_exist_only_where_it_is_configured(browser: Browse, hospital: Hospital) -> None:
    page = browser()
    for path in ("/connexion/psc/", "/connexion/psc/retour/"):
        assert page.get(path).status_code == 404
    assert "psc" not in page.get("/connexion/").content.decode()
