"""What is fixed is written into the compiled template; what is not is still asked for; nothing changes on the page."""

from uuid import uuid4

import pytest
from django.urls import NoReverseMatch
from django.utils.translation import override

from egide.ui.environment import environment, url


def _compiled(source: str) -> str:
    return str(environment().compile(source, raw=True))


@pytest.mark.parametrize(("language", "said"), [("fr", "Dossier"), ("en", "Record")])
def test_a_fixed_sentence_and_symbol_are_written_in_the_language_of_the_page(language: str, said: str) -> None:
    with override(language):
        code = _compiled('<b>{{ _("Dossier") }}</b>{{ kit.icon("lock", small=True) }}')
        assert f"<b>{said}</b><svg" in code
        assert environment().from_string('{{ _("Dossier") }}').render() == said


def test_what_depends_on_a_name_is_asked_for_at_each_rendering() -> None:
    shown = environment().from_string('{{ kit.icon(name) }}{{ _("Compte de %(name)s", name=name) }}')
    assert "icons.svg#lock" in shown.render(name="lock")
    assert "&lt;i&gt;" in shown.render(name="<i>")
    assert "<i>" not in shown.render(name="<i>")


def test_words_given_to_a_symbol_are_escaped_once() -> None:
    shown = environment().from_string('{{ kit.icon("lock", label="<à>") }}').render()
    assert "&lt;à&gt;" in shown
    assert "&amp;lt;" not in shown


def test_addresses_are_those_of_the_routes_with_any_number_of_ids() -> None:
    patient, row = uuid4(), uuid4()
    shown = environment().from_string('{{ url("chart", patient=patient) }} {{ url("day") }}').render(patient=patient)
    assert shown == f"/dossier/{patient}/ {url('day')}"
    assert url("amend", patient=patient, fact="note", row=row) == url("amend", row=row, fact="note", patient=patient)
    assert str(patient) in url("amend", patient=patient, fact="note", row=row)
    assert str(row) in url("amend", patient=patient, fact="note", row=row)
    with pytest.raises(NoReverseMatch):
        url("amend", patient=patient)
    with pytest.raises(NoReverseMatch):
        environment().from_string('{{ url("nowhere") }}').render()
