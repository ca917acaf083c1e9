"""Curves drawn on the server as SVG: they print, need no script, and carry a title, a description and their values.

Blood pressure is one vertical bar from diastolic to systolic an instant, as on a ward's paper chart. Reference lines at
140 and 90 mmHg: HAS, fiche mémo "Prise en charge de l'hypertension artérielle de l'adulte", 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.utils import timezone
from markupsafe import Markup, escape

from egide.ui.formats import moment
from egide.ui.text import _

Number = Decimal | float | int

UPPER, LOWER = 140, 90
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 44, 14, 28


class Pressure(Protocol):
    """One measure: `at` an aware datetime, `systolic` and `diastolic` in mmHg (either may be missing)."""

    @property
    def at(self) -> datetime: ...
    @property
    def systolic(self) -> Number | None: ...
    @property
    def diastolic(self) -> Number | None: ...


@dataclass(frozen=True, slots=True)
class _Scale:
    """From instants and mmHg to the drawing's units."""

    start: datetime
    span: float
    low: int
    high: int
    width: int
    height: int

    def x(self, at: datetime) -> float:
        return round(_LEFT + (at - self.start).total_seconds() / self.span * (self.width - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(_TOP + (self.high - value) / (self.high - self.low) * (self.height - _TOP - _BOTTOM), 1)


def blood_pressure(
    points: Sequence[Pressure], *, width: int = 720, height: int = 236, ident: str = "curve-bp"
) -> Markup:
    """An SVG element of the given size in user units; empty markup without a point.

    `ident` must be unique in the page: title and description are bound to it. Points may come in any order.
    """
    known = sorted((p for p in points if p.systolic is not None or p.diastolic is not None), key=lambda p: p.at)
    if not known:
        return Markup("")
    scale = _scale(known, width, height)
    title = _("Pression artérielle")
    described = _("%(count)s mesures du %(first)s au %(last)s ; la dernière : %(value)s mmHg.") % {
        "count": len(known),
        "first": moment(known[0].at),
        "last": moment(known[-1].at),
        "value": _written(known[-1]),
    }
    parts = [
        f'<svg class="curve" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"',
        f' aria-labelledby="{escape(ident)}-t {escape(ident)}-d" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{escape(ident)}-t">{escape(title)}</title><desc id="{escape(ident)}-d">{escape(described)}</desc>',
    ]
    parts += _grid(scale)
    parts += _dates(scale, known)
    parts += _lines(scale, known)
    parts += [_mark(scale, point, last=point is known[-1]) for point in known]
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 (numbers, and words escaped above)


def _scale(known: Sequence[Pressure], width: int, height: int) -> _Scale:
    values = [float(v) for p in known for v in (p.systolic, p.diastolic) if v is not None]
    low = min(60, int(min(values) // 20) * 20)
    high = max(160, -int(-max(values) // 20) * 20)
    start, end = known[0].at, known[-1].at
    margin = max((end - start) * 0.02, timedelta(hours=2))
    start, end = start - margin, end + margin
    return _Scale(start, (end - start).total_seconds(), low, high, width, height)


def _grid(scale: _Scale) -> list[str]:
    right = scale.width - _RIGHT
    parts = []
    for value in range(scale.low, scale.high + 1, 20):
        y = scale.y(value)
        parts.append(f'<line class="curve-grid" x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
        parts.append(f'<text class="curve-tick" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value}</text>')
    for value in (UPPER, LOWER):
        y = scale.y(value)
        parts.append(f'<line class="curve-limit" x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
    parts.append(f'<text class="curve-unit" x="2" y="{scale.height - 8}">mmHg</text>')
    return parts


def _dates(scale: _Scale, known: Sequence[Pressure]) -> list[str]:
    """Day lines at local midnight, as many labels as fit."""
    days = scale.span / 86400
    first = _local(scale.start).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    room = (scale.width - _LEFT - _RIGHT) / max(days, 0.1)
    step = max(1, -int(-46 // room))
    parts: list[str] = []
    at, index, labelled = first, 0, 0
    end = _local(known[-1].at)
    while at <= end and index < 4000:
        if index % step == 0:
            x = scale.x(at)
            parts.append(f'<line class="curve-day" x1="{x}" y1="{_TOP}" x2="{x}" y2="{scale.height - _BOTTOM + 4}"/>')
            parts.append(_tick(scale, x, f"{at.day:02}/{at.month:02}"))
            labelled += 1
        at, index = at + timedelta(days=1), index + 1
    if not labelled:
        x = scale.x(known[-1].at)
        parts.append(_tick(scale, x, f"{end.day:02}/{end.month:02}"))
    return parts


def _tick(scale: _Scale, x: float, label: str) -> str:
    return f'<text class="curve-tick" x="{x}" y="{scale.height - 8}" text-anchor="middle">{label}</text>'


def _lines(scale: _Scale, known: Sequence[Pressure]) -> list[str]:
    parts = []
    for name in ("systolic", "diastolic"):
        trace = [(scale.x(p.at), scale.y(float(v))) for p in known if (v := getattr(p, name)) is not None]
        if len(trace) > 1:
            path = " ".join(f"{x},{y}" for x, y in trace)
            parts.append(f'<polyline class="curve-line" points="{path}"/>')
    return parts


def _mark(scale: _Scale, point: Pressure, *, last: bool) -> str:
    x = scale.x(point.at)
    kind = "curve-mark curve-last" if last else "curve-mark"
    out = [f'<g class="{kind}"><title>{escape(moment(point.at))} : {escape(_written(point))} mmHg</title>']
    if point.systolic is not None and point.diastolic is not None:
        top, bottom = scale.y(float(point.systolic)), scale.y(float(point.diastolic))
        out.append(f'<line class="curve-bar" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>')
    for value, name in ((point.systolic, "curve-sys"), (point.diastolic, "curve-dia")):
        if value is not None:
            y = scale.y(float(value))
            out.append(f'<circle class="{name}" cx="{x}" cy="{y}" r="3"/>')
            if last:
                out.append(f'<text class="curve-value" x="{x + 8}" y="{y + 4}">{round(float(value))}</text>')
    out.append("</g>")
    return "".join(out)


def _written(point: Pressure) -> str:
    top = "–" if point.systolic is None else str(round(float(point.systolic)))
    bottom = "–" if point.diastolic is None else str(round(float(point.diastolic)))
    return f"{top}/{bottom}"


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value
