"""page(): one way to HTML, behind a wall."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest
from django.test import RequestFactory

import egide
from egide.ui import QueryWhileRenderingError, page, rendering_active
from egide.ui.environment import environment
from egide.ui.tests import samples

ROOMS = Path(egide.__file__).parent


def request(path: str = "/unite", **headers: str) -> HttpRequest:
    return RequestFactory().get(path, headers=headers)


def rendered(name: str, **headers: str) -> str:
    template, context = samples.contexts()[name]
    return page(request("/" + name, **headers), template, **context).content.decode()


class Checked(HTMLParser):
    """Collects what a page must not have, and ids."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "use"})

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        for name in named:
            if name == "style" or (name.startswith("on") and name != "on") or name.startswith("hx-on"):
                self.wrong.append(f"<{tag} {name}>")
        if tag == "style" or (tag == "script" and "src" not in named):
            self.wrong.append(f"<{tag}> inline")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")


@pytest.mark.parametrize("name", samples.NAMES)
def test_every_template_renders_whole_balanced_and_without_inline_code(name: str) -> None:
    checked = Checked()
    checked.feed(rendered(name))
    assert checked.wrong == []
    assert checked.open == []
    assert len(checked.ids) == len(set(checked.ids))


def test_every_sample_names_a_template_and_every_template_of_this_room_is_shown() -> None:
    assert set(samples.NAMES) == set(samples.contexts())
    shown = {template for template, _ in samples.contexts().values()}
    parts = {"ui/frame.html", "ui/kit.html", "ui/banner.html", "ui/notice.html", "ui/session_ended.html"}
    parts |= {"record/curve.html", "record/vitals_form.html", "record/note_form.html", "ui/lock_screen.html"}
    listed = set(environment().list_templates(extensions=["html"]))
    assert shown | parts <= listed
    assert {name for name in listed if name.startswith("ui/")} <= shown | parts


def test_an_answer_is_kept_by_nobody_and_varies_by_what_asks() -> None:
    answer = page(request(), *[samples.contexts()["aide"][0]], status=418, trigger="now")
    assert answer["Cache-Control"] == "no-store"
    assert {"HX-Request", "Cookie"} <= {one.strip() for one in answer["Vary"].split(",")}
    assert (answer.status_code, answer["HX-Trigger"]) == (418, "now")


def test_htmx_gets_the_panel_alone_and_a_history_miss_the_whole() -> None:
    assert "<html" not in rendered("unite", **{"HX-Request": "true"})
    assert 'data-row="' in rendered("unite", **{"HX-Request": "true"})
    assert "<html" in rendered("unite", **{"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in rendered("sessions", **{"HX-Request": "true"}), "a page without a panel is given whole"


def test_sql_from_a_template_raises_before_it_reaches_the_base() -> None:
    class Lazy:
        def __str__(self) -> str:
            # no server stands behind this cursor: the wall must refuse before anything is sent
            CursorWrapper(object(), connections["default"]).execute("SELECT 'secret'")
            return "never"

    with pytest.raises(QueryWhileRenderingError) as raised:
        page(request(), "ui/notice.html", title=Lazy(), sentence="", next_step="", icon="lock")
    assert "secret" not in str(raised.value)
    assert not rendering_active()


def test_others_can_ask_whether_a_template_is_running() -> None:
    seen: list[bool] = []

    class Watch:
        def __str__(self) -> str:
            seen.append(rendering_active())
            return ""

    page(request(), "ui/notice.html", title=Watch(), sentence="", next_step="", icon="lock")
    assert seen
    assert all(seen)
    assert not rendering_active()


def test_a_name_that_was_not_given_raises() -> None:
    with pytest.raises(jinja2.UndefinedError):
        page(request(), "ui/notice.html", title="", sentence="")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE identity_patient; --",
    "A" * 200,
    "🫀👩‍⚕️",
    "{{ 7*7 }}{% raw %}",
    "a\u202eb",
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_whatever_a_name_holds_is_text(typed: str) -> None:
    chart = samples.contexts()["dossier"][1]
    one = samples.ward()[0]
    one.birth_name = one.used_name = one.first_name = typed
    html = page(request(), "record/chart.html", **{**chart, "patient": one}).content.decode()
    unit = page(request(), "stays/unit.html", **{**samples.contexts()["unite"][1], "patients": [one]}).content.decode()
    for body in (html, unit):
        assert "<script>alert" not in body
        assert "<img" not in body
        assert "49{" not in body
        checked = Checked()
        checked.feed(body)
        assert checked.wrong == []
        assert checked.open == []


def test_what_was_typed_comes_back_with_its_refusal_beside_it() -> None:
    context = {**samples.chart_context(), "form": samples.VitalsForm({"bp": '142"><b>', "pulse": "999"})}
    html = page(request(), "record/vitals.html", status=422, **context).content.decode()
    assert 'value="142&#34;&gt;&lt;b&gt;"' in html
    assert html.count('aria-invalid="true"') == 2
    assert "attendue entre 10 et 300 /min" in html


def templates() -> Iterator[Path]:
    yield from ROOMS.glob("*/templates/**/*.html")


def test_no_template_switches_escaping_off_or_imports_upward_code() -> None:
    for path in templates():
        text = path.read_text()
        assert not re.search(r"\|\s*safe|autoescape|Markup\(", text), path
        assert text.lstrip().startswith("{#"), f"{path} says no context"


def test_titles_hold_no_expression_but_words_and_names_of_places() -> None:
    for path in templates():
        for title in re.findall(r"{% block title %}(.*?){% endblock %}", path.read_text()):
            assert "patient" not in title, path
