"""Attack 21: the thief's code runs as the web process does, with its user, environment and files."""

import pytest

from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.fixture
def takeover(drilled: dict[int, Story]) -> Story:
    story = drilled[21]
    if story.fields["no_wall"]:
        assert story.fields["verdict"] == "absent"
        pytest.skip(story.fields["no_wall"])
    return story


def test_a_cookie_that_passes_by_opens_its_own_patients_only(takeover: Story) -> None:
    assert takeover.r == 0
    assert not takeover.broken("cookie vif", "tout autre verbe")


def test_no_master_key_no_secret_no_memory_of_another(takeover: Story) -> None:
    assert not takeover.broken("ne lit ni clé", "ne change aucun fichier", "mémoire", "aucun autre compte")


def test_neither_other_sockets_nor_other_roles_nor_demo_keys(takeover: Story) -> None:
    assert not takeover.broken("prises d'import", "aucun autre rôle", "clés de démonstration")


def test_the_program_was_really_the_web_s_user(takeover: Story) -> None:
    assert not takeover.broken("témoin")


def test_the_keepers_ceiling_holds_where_the_bases_counters_are_emptied(takeover: Story) -> None:
    assert not takeover.broken("plafond du gardien", "soins liés continuent", "refus du gardien et son alarme")


def test_its_refusals_and_the_forged_cookie_are_in_the_trail(takeover: Story) -> None:
    assert takeover.recorded


def test_the_two_live_sessions_go_on_working(takeover: Story) -> None:
    assert not takeover.broken("fausse alerte")
