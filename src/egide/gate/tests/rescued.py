"""Opening a rescue and using it in tests, as an administrator, a colleague and the rescued person would."""

import base64
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from egide.gate.tests.factories import Hospital, Person
from egide.kernel import totp
from egide.rehearsal.workstation import Bearer, Workstation

DEVICE = "Firefox · Linux"
STATION = Workstation()


@dataclass
class Telephone:
    """What the rescued person's authenticator holds; each code is of a step that did not serve yet."""

    secret: bytes
    known: str
    served: list[int] = field(default_factory=list)

    def code(self) -> str:
        """A code that signs in now, and still will if the step ends meanwhile; two at most within one step."""
        now = int(time.time()) // totp.STEP_SECONDS
        step = max([now, *(one + 1 for one in self.served)])
        assert step <= now + 1, "no fresh step is left: three codes within one step"
        self.served.append(step)
        return totp.code_at(self.secret, step * totp.STEP_SECONDS)


def begin(hospital: Hospital, cookie: str, username: str, reason: str = "key_lost") -> dict[str, Any]:
    """The act, written down."""
    return hospital.web.call("rescue", step="begin", cookie=cookie, username=username, reason=reason)


def yes(hospital: Hospital, cookie: str, begun: dict[str, Any], key: Person) -> dict[str, Any]:
    """One person's yes."""
    response = key.key.assertion(begun["options"], hospital.origin)
    return hospital.web.call("rescue", step="finish", cookie=cookie, act=begun["act"], response=response)


def opened(hospital: Hospital, person: Person, reason: str = "key_lost") -> Telephone:
    """A rescue for this person, by an administrator of her site and a colleague."""
    administrator = hospital.person("administrator", site=person.site)
    witness = hospital.person("nurse", site=person.site)
    cookie = hospital.sign_in(administrator)
    begun = begin(hospital, cookie, person.username, reason)
    assert yes(hospital, cookie, begun, administrator)["state"] == "colleague_needed"
    shown = yes(hospital, cookie, begun, witness)
    assert shown["state"] == "ok"
    return Telephone(base64.b32decode(shown["secret"]), shown["device"])


def sign_in(hospital: Hospital, person: Person, telephone: Telephone) -> Bearer:
    """The cookie of a rescue session, with its workstation."""
    answer = try_code(hospital, person.username, telephone.code())
    return Bearer.of(answer["cookie"], STATION)


def try_code(hospital: Hospital, username: str, code: str, known: str = "") -> dict[str, Any]:
    """The keeper's answer to a name and a code; Refused as it says."""
    return hospital.web.call(
        "sign_in", step="rescue", username=username, code=code, known=known, device=DEVICE, device_key=STATION.point
    )


def session_of(cookie: str) -> UUID:
    """The session's id, which its cookie shows."""
    return UUID(bytes=base64.urlsafe_b64decode(cookie + "==")[:16])
