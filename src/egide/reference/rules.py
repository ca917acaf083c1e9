"""How codes and labels of the CIM-10 are written and compared; pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_CODE = re.compile(r"[A-Z][0-9]{2}(?:[0-9+][0-9+]{0,3})?")
_WORD = re.compile(r"[a-z0-9]+")


def plain(text: str) -> str:
    """Lower case, without accents: `Œdème` → `oedeme`."""
    spread = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae"))
    return "".join(one for one in spread if not unicodedata.combining(one)).lower()


def asked(typed: str) -> list[str]:
    """The words that a search asks for, at most six; a code may be typed with its dot or without."""
    return _WORD.findall(plain(re.sub(r"\b([A-Za-z][0-9]{2})\.(?=[0-9])", r"\1", typed)))[:6]


def words(code: str, label: str) -> str:
    """What a search is compared with: the code without its dot, then the label."""
    return f"{code.replace('.', '').lower()} {plain(label)}"


def dotted(code: str) -> str:
    """`I509` → `I50.9`."""
    return code if len(code) < 4 else f"{code[:3]}.{code[3:]}"


def rows(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(code, label) of the lines of the ATIH's `LIBCIM10MULTI` (six fields parted by |) or of our own extract (a tab).

    Raises ValueError with the number of the first line that is neither.
    """
    for number, line in enumerate(lines, 1):
        text = line.strip("\r\n\ufeff")
        if not text.strip() or text.startswith("#"):
            continue
        fields, wanted = (text.split("|"), 6) if "|" in text else (text.split("\t"), 2)
        code, label = fields[0].strip().replace(".", ""), fields[-1].strip()
        if len(fields) != wanted or not _CODE.fullmatch(code) or not 0 < len(label) <= 300 or "\x00" in label:
            raise ValueError(number)
        yield dotted(code), label
