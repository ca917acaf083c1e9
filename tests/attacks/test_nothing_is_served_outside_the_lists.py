"""Attack 27: administration, debug, files, traversal, foreign hosts, other methods, unknown fields."""

import pytest

from egide.rehearsal.drill.ungoverned_routes import UNREACHED as UNREACHED_NOTE
from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack
# what no link leads to in this small clinic after the attacks before: each is tried by its own tests
UNREACHED = {
    "approbations/<uuid:act>/",
    "approbations/<uuid:act>/defi/",
    "approbations/<uuid:act>/preuve/",
    "approbations/<uuid:act>/refuser/",
    "arrivee/creer/",
    "commissions/<int:mandate>/terminer/",
    "dossier/<uuid:patient>/acceder/accueil/",
    "dossier/<uuid:patient>/acceder/commission/",
    "dossier/<uuid:patient>/acceder/fiche/defi/",
    "dossier/<uuid:patient>/acceder/fiche/preuve/",
    "dossier/<uuid:patient>/courbe/",
    "dossier/<uuid:patient>/equipe/",
    "dossier/<uuid:patient>/fiche/",
    "dossier/<uuid:patient>/importes/",
    "dossier/<uuid:patient>/importes/<uuid:row>/",
    "dossier/<uuid:patient>/note/jeter/",
    "dossier/<uuid:patient>/proches/<uuid:row>/retirer/",
    "dossier/<uuid:patient>/rendez-vous/<uuid:appointment>/",
    "dossier/<uuid:patient>/sejour/admettre/",
    "dossier/<uuid:patient>/sejour/deplacer/",
    "dossier/<uuid:patient>/transmission/jeter/",
    "favicon.ico",
    "plan-blanc/terminer/",
    "poste/quitter/",
    "postes/<uuid:station>/retirer/",
    "relectures/",
    "relectures/<int:drawn>/",
    "sante/",
    "secours/<uuid:account>/fermer/",
    "secours/lits/",
    "surveillance/dossier/<uuid:patient>/",
    "surveillance/dossier/<uuid:patient>/copie/",
    "surveillance/nommer/",
    "unite/<uuid:unit>/agenda/",
}  # fmt: skip


@pytest.fixture
def ways(drilled: dict[int, Story]) -> Story:
    return drilled[27]


def test_routes_forms_and_files_are_exactly_the_lists(ways: Story) -> None:
    assert not ways.broken("la liste", "champs du formulaire", "aucun lien")


def test_what_no_link_leads_to_is_exactly_this(ways: Story) -> None:
    (said,) = [note.removeprefix(UNREACHED_NOTE) for note in ways.fields["notes"] if note.startswith(UNREACHED_NOTE)]
    assert set(said.split(", ")) == UNREACHED


def test_each_route_answers_its_own_methods_only(ways: Story) -> None:
    assert not ways.broken("ses méthodes")


def test_nothing_stands_where_administration_debug_or_files_would(ways: Story) -> None:
    assert ways.r == 0
    assert not ways.broken("administration", "sans session", "trace")


def test_host_method_and_origin_tricks_are_refused(ways: Story) -> None:
    assert not ways.broken("hôte", "mandataire", "aucune méthode", "envoi", "CSRF")


def test_unknown_fields_have_no_effect(ways: Story) -> None:
    assert not ways.broken("champs inconnus", "champ inconnu", "redirection")


def test_what_is_sent_to_break_a_page_gets_a_sentence(ways: Story) -> None:
    assert not ways.broken("casse", "pages d'erreur")


def test_every_chart_that_was_shown_is_in_the_trail(ways: Story) -> None:
    assert ways.recorded, ways.broken("dossier montré")
