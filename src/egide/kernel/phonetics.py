"""Names as French ears hear them: normalisation, then a phonetic key by ordered rewriting. Pure, versioned.

Whoever changes a rule raises VERSION: stored tokens were made under the old one and must be made again.
"""

import re
import unicodedata
from functools import lru_cache

VERSION = 1

_LIGATURES = str.maketrans(
    {"Œ": "OE", "Æ": "AE", "ß": "SS", "ẞ": "SS", "Ø": "O", "Ł": "L", "Đ": "D", "Ð": "D", "Þ": "TH"}
)
_STRANGE = re.compile(r"[^A-Z0-9]+")
# Written apart, together or with an apostrophe by turns: joined to what follows.
_PARTICLES = frozenset(
    {
        "D", "DA", "DAL", "DE", "DEL", "DELLA", "DEN", "DER", "DES", "DI", "DO", "DOS", "DU", "L", "LA", "LE", "LES",
        "LO", "O", "EL", "AL", "BEN", "BEL", "VAN", "VON", "VER", "TEN", "MAC", "MC", "ABD", "AIT",
    }
)  # fmt: skip
_SAINTS = {"ST": "SAINT", "STE": "SAINTE"}
MEMORY = 1 << 17


def _words(name: str) -> list[str]:
    upper = name[:400].replace("ß", "SS").upper().translate(_LIGATURES)
    plain = "".join(c for c in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(c))
    return _STRANGE.sub(" ", plain.translate(_LIGATURES)).split()


@lru_cache(MEMORY)
def letters(name: str) -> str:
    """The name as one run of capitals and digits: no accent, ligature, hyphen, apostrophe or space.

    Digits stay: without them the people of a de-identified set would all bear one name.
    """
    words = _words(name)
    return "".join(_SAINTS.get(word, word) for word in words) if len(words) > 1 else "".join(words)


@lru_cache(MEMORY)
def parts(name: str) -> tuple[str, ...]:
    """The pieces of a compound name, each normalised, particles joined to the next: LE GALL-MARTIN → LEGALL, MARTIN.

    One piece (the whole) for a simple name; none for a name without a letter.
    """
    found: list[str] = []
    held = ""
    for word in _words(name):
        if word in _PARTICLES:
            held += word
        elif word in _SAINTS or word in ("SAINT", "SAINTE"):
            held += _SAINTS.get(word, word)
        else:
            found.append(held + word)
            held = ""
    if held:
        found[-1:] = [found[-1] + held] if found else [held]
    return tuple(found)


@lru_cache(MEMORY)
def forms(name: str) -> tuple[str, ...]:
    """The whole name first, then its pieces of three letters or more, each once."""
    whole = letters(name)
    if not whole:
        return ()
    return tuple(dict.fromkeys((whole, *(part for part in parts(name) if len(part) >= 3))))


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def head_slips(normalised: str) -> set[str]:
    """First three letters that the name may truly have when one letter was missed, added, changed or exchanged."""
    start = normalised[:4]
    found: set[str] = set()
    for at in range(3):
        found.add(start[:at] + start[at + 1 :])
        found.add(start[:at] + start[at + 1 : at + 2] + start[at : at + 1] + start[at + 2 :])
        for letter in _ALPHABET:
            found.add(start[:at] + letter + start[at + 1 :])
            found.add(start[:at] + letter + start[at:])
    return {head[:3] for head in found} - {normalised[:3]}


# Ordered; each works on what the one before it left. V stands for a vowel, 9 for French ch, 1 2 3 for in, an, on.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"^H|(?<![CPS])H", ""),
        (r"PH", "F"),
        (r"SCH|SH", "CH"),
        (r"CH(?=[LRNT])", "K"),
        (r"CH", "9"),
        (r"H", ""),
        (r"BV(?=R)|BU(?=RE)", "V"),
        (r"CQU|CQ|QU|Q|CK", "K"),
        (r"GE(?=[AOU])", "J"),
        (r"C(?=[EIY])", "S"),
        (r"C", "K"),
        (r"G(?=[EIY])", "J"),
        (r"GU(?=[EIY])", "G"),
        (r"(?<=.)X(?=.)", "KS"),
        (r"Y", "I"),
        (r"W", "V"),
        (r"(?<=[AEIOU])S(?=[AEIOU])", "Z"),
        (r"(.)\1+", r"\1"),
        (r"(?:EAUX|EAULT|AULT|AUD|AUT|AUX|EAU|AU|OT|OD|OS|OZ)$", "O"),
        (r"EAU|AU", "O"),
        (r"(?:ERS|ERT|ERD|ER|EZ|ET|ES|AIS|AIT|AI|EI|E)$", "E"),
        (r"S(?=[NM])|(?<=AI)S(?=T)", ""),
        (r"(?:AIN|EIN|IN)(?![AEIOUN])|IM(?=[BP])|(?:UN|AIM|IEN)$", "1"),
        (r"[AE]N(?![AEIOUN])|[AE]M(?=[BP])", "2"),
        (r"ON(?![AEIOUN])|OM(?=[BP])", "3"),
        (r"AI|EI|OE|EU|AE", "E"),
        (r"OU", "U"),
        (r"(?<=.)[TDSXZP]+$", ""),
        (r"(?<=.)E$", ""),
        # mute: an open syllable that is neither the first nor the last
        (r"(?<=[AEIOU123][^AEIOU123])E(?=[^AEIOU123][AEIOU123])", ""),
        (r"Z", "S"),
        (r"(.)\1+", r"\1"),
    )
)
_DIGITS = re.compile(r"[0-9]+")


@lru_cache(MEMORY)
def key(normalised: str) -> str:
    """The phonetic key of what `letters` or `parts` gave. Equal keys: a French ear may hear the same name.

    Digits of the name, if any, follow a `#` as they are, so that they never pass for the key's own signs.
    """
    digits = "".join(_DIGITS.findall(normalised))
    text = _DIGITS.sub("", normalised)
    for pattern, into in _RULES:
        text = pattern.sub(into, text)
    return f"{text}#{digits}" if digits else text
