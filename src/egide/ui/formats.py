"""How dates, numbers and persons are written on a French screen: JJ/MM/AAAA, 24 h, decimal comma, birth name first."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

from egide.ui.text import _, _n


def _as_date(value: date | datetime | str) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    if isinstance(value, datetime):
        return _local(value).date()
    return value


def _local(value: datetime) -> datetime:
    return value.astimezone(timezone.get_default_timezone()) if value.tzinfo else value


def day(value: date | datetime | str | None) -> str:
    """JJ/MM/AAAA; an instant is shown in the site's time zone, an ISO string is taken as a date; None is empty."""
    if value is None:
        return ""
    found = _as_date(value)
    return f"{found.day:02}/{found.month:02}/{found.year:04}"


def clock(value: datetime | None) -> str:
    """HH:MM on 24 hours in the site's time zone."""
    if value is None:
        return ""
    local = _local(value)
    return f"{local.hour:02}:{local.minute:02}"


def moment(value: datetime | None) -> str:
    """JJ/MM/AAAA HH:MM."""
    if value is None:
        return ""
    local = _local(value)
    return f"{local.day:02}/{local.month:02}/{local.year:04} {local.hour:02}:{local.minute:02}"


def recent(value: datetime | None, now: datetime | None = None) -> str:
    """The shortest writing that cannot be mistaken: `08:10` today, `hier 22:05`, `22/11 08:10`, else with the year."""
    if value is None:
        return ""
    local, today = _local(value), _today(now)
    if local.date() == today:
        return clock(value)
    if local.date() == today - timedelta(days=1):
        return _("hier %(time)s") % {"time": clock(value)}
    if local.year == today.year:
        return f"{local.day:02}/{local.month:02} {clock(value)}"
    return moment(value)


def day_title(value: date, now: datetime | None = None) -> str:
    """The heading of a day in a timeline: `aujourd'hui`, `hier`, `lundi 23 novembre`, with the year when it differs."""
    today = _today(now)
    if value == today:
        return _("aujourd'hui")
    if value == today - timedelta(days=1):
        return _("hier")
    return _written_out(value, "l j F" if value.year == today.year else "l j F Y", get_language())


@lru_cache(1024)
def _written_out(value: date, pattern: str, language: str | None) -> str:
    """In the active language (the key tells them apart); headings of a timeline come from chart to chart."""
    del language
    return date_format(value, pattern)


def age(birth: date | str | None, on: date | None = None) -> str:
    """`74 ans`; months under two years, days under 28 days; empty without a date or before birth."""
    if birth is None:
        return ""
    born, at = _as_date(birth), on or _today(None)
    if at < born:
        return ""
    days = (at - born).days
    months = (at.year - born.year) * 12 + at.month - born.month - (at.day < born.day)
    if days == 0:
        return _("moins d'un jour")
    if days < 28:
        return _n("%(count)d jour", "%(count)d jours", days) % {"count": days}
    if months < 24:
        months = max(months, 1)
        return _n("%(count)d mois", "%(count)d mois", months) % {"count": months}
    years = months // 12
    return _n("%(count)d an", "%(count)d ans", years) % {"count": years}


def decimal(value: Decimal | float | None, places: int | None = None) -> str:
    """A number with a decimal comma and no trailing zero, or exactly `places` decimals."""
    if value is None:
        return ""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    if places is not None:
        return f"{exact:.{places}f}".replace(".", ",")
    written = f"{exact:f}"
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return written.replace(".", ",")


def thousands(count: int) -> str:
    """A count with narrow no-break spaces between thousands, as French writes it."""
    return f"{count:,}".replace(",", "\u202f")


_WORD_START = re.compile(r"(^|[\s\-'’])(\w)")


def given(value: str | None) -> str:
    """A first name as it is read: traits are stored in capitals (RNIV), `JEAN-PIERRE` is shown `Jean-Pierre`.

    A value that already mixes cases is left as it was written.
    """
    if not value:
        return ""
    if value != value.upper():
        return value
    return _WORD_START.sub(lambda found: found[1] + found[2].upper(), value.lower())


def ins(value: str | None) -> str:
    """The 15 characters of a matricule INS in the groups printed on the Vitale card."""
    if value is None or len(value) != 15:
        return value or ""
    return " ".join((value[0], value[1:3], value[3:5], value[5:7], value[7:10], value[10:13], value[13:]))


def _today(now: datetime | None) -> date:
    return _local(now or timezone.now()).date()
