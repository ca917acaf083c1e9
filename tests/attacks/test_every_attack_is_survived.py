"""Every check of every script holds: none is left out by the files beside, which say by name what matters most."""

import pytest

from egide.rehearsal.drill.run import SCRIPTS
from tests.attacks.conftest import Story

pytestmark = pytest.mark.attack


@pytest.mark.parametrize("number", sorted(SCRIPTS))
def test_no_check_is_broken_and_no_more_is_taken_than_the_target_admits(drilled: dict[int, Story], number: int) -> None:
    story = drilled[number]
    if story.fields["no_wall"]:
        pytest.skip(story.fields["no_wall"])
    assert story.broken() == []
    assert story.fields["verdict"] == "pass"
