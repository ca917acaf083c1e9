"""What counts as a person taken: homonyms, twins, and both sides of the size past which a name is many people's."""

from __future__ import annotations

from typing import Any

import pytest

from egide.rehearsal.drill import loot
from egide.rehearsal.drill.loot import Loot, Truth

ONE, TWO = (f"/dossier/{number:08d}-0000-4000-8000-000000000000/" for number in (1, 2))
PHONE = "06 39 98 12 34"


def _person(index: int, name: str, first: str, born: str, *, phone: str = "") -> dict[str, Any]:
    traits = (("birth_name", name), ("first_name", first), ("birth_date", born), ("ipp", f"80000{index:05d}"))
    return {
        "index": index,
        "traits": [{"kind": kind, "v": value} for kind, value in traits],
        "contacts": [{"kind": "phone", "v": phone}] if phone else [],
        "ins": None,
    }


@pytest.fixture
def truth() -> Truth:
    """Two homonyms (0, 1), two twins (2, 3), and two who bear a name alone, one a part of the other's (4, 5)."""
    return Truth(
        [
            _person(0, "MARTIN", "JEAN", "1950-02-03", phone=PHONE),
            _person(1, "MARTIN", "JEAN", "1981-06-07"),
            _person(2, "LEROY", "ANNE", "1999-09-09"),
            _person(3, "LEROY", "ZOE", "1999-09-09"),
            _person(4, "DURAND", "PAUL", "1960-01-01"),
            _person(5, "DURAND", "PAUL HENRI", "1970-01-01"),
        ]
    )


@pytest.fixture
def group(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> Truth:
    """The same people, in a base where a name is many people's."""
    monkeypatch.setattr(loot, "MANY", len(truth) - 1)
    return truth


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("M. Martin Jean", {0, 1}),
        ("Jean Martin, né le 03/02/1950", {0, 1}),
        ("Martin, 03/02/1950", {0}),
        ("Leroy Anne 09/09/1999", {2, 3}),
        ("Zoé, née le 09/09/1999", {3}),
        ("Durand Paul", {4}),
        ("Durand Paul-Henri", {4, 5}),
        ("Martin", set()),
        ("09/09/1999", set()),
        (PHONE, {0}),
        ("IPP 8000000004", {4}),
        ("<td><strong>Durand</strong> <span>Paul</span></td>", {4}),
        ("<p>Durand<br>Paul</p>", {4}),
        ("<td>Durand</td> <td>Paul</td>", set()),
        ("<li>Durand</li><li class='x'>Paul</li>", set()),
        ("<h2>Durand</h2>Paul", set()),
        ("<td>Martin</td><td>03/02/1950</td>", {0}),
        ("Durand \ue000 Paul", {4}),
    ],
)
def test_every_homonym_of_a_small_base_counts(truth: Truth, text: str, whose: set[int]) -> None:
    assert truth.persons(text) == whose


@pytest.mark.parametrize(
    ("text", "whose"),
    [
        ("M. Martin Jean", set()),
        ("Jean Martin, né le 03/02/1950", {0}),
        ("Martin, 03/02/1950", set()),
        ("Leroy Anne 09/09/1999", {2}),
        ("Durand Paul", {4}),
        ("Durand Paul-Henri", {5}),
        ("Durand, Paul", {4}),
        ("Leroy 09/09/1999, M. Martin Anne", set()),
        ("Jean, fils de Martin, né le 03/02/1950", set()),
        ("<td>Martin Jean</td><td>F, 72 ans</td><td>03/02/1950</td>", {0}),
        ("<h1>Martin Jean</h1> 03/02/1950", {0}),
        ("<td>Martin</td><td>Jean</td><td>03/02/1950</td>", set()),
        ("<td>Durand</td><td>Paul</td>", set()),
        (PHONE, {0}),
    ],
)
def test_a_name_of_many_is_nobody_on_the_groups_base(group: Truth, text: str, whose: set[int]) -> None:
    assert group.persons(text) == whose


def test_the_limit_itself_is_a_small_base(truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loot, "MANY", len(truth))
    assert truth.persons("Martin Jean") == {0, 1}


def test_two_homonyms_without_an_id_are_two(truth: Truth) -> None:
    taken = Loot(truth)
    assert taken.take("Martin Jean") == {0, 1}


def test_one_chart_names_one_of_two_homonyms(truth: Truth) -> None:
    taken = Loot(truth)
    assert taken.take("Martin Jean, né le 03/02/1950", ONE) == {0}
    assert taken.take("Martin Jean", f"{ONE}impression/") == set()
    assert taken.take("Martin Jean", TWO) == {1}, "another chart is another person"
    assert taken.r == 2


def test_a_name_shared_by_two_is_still_somebodys(truth: Truth) -> None:
    taken = Loot(truth)
    taken.take("Durand Paul-Henri Martin Jean", ONE)
    assert taken.r == 2, "a second name on one chart is a second person"


def test_a_list_shows_as_many_homonyms_as_it_has_charts(truth: Truth) -> None:
    taken = Loot(truth)
    taken.take(f'<a href="{ONE}">Martin Jean</a> <a href="{TWO}">Martin Jean</a>')
    assert taken.persons == {0, 1}


def test_a_twin_is_not_taken_with_the_other(truth: Truth) -> None:
    taken = Loot(truth)
    assert taken.take("Leroy Anne, née le 09/09/1999", ONE) == {2}
    assert taken.take("Leroy Zoé, née le 09/09/1999", TWO) == {3}


def test_what_identifies_alone_counts_beside_any_id(truth: Truth) -> None:
    taken = Loot(truth)
    taken.take(f"Leroy Anne {PHONE}, IPP 8000000004", ONE)
    assert taken.persons == {0, 2, 4}


def test_what_was_typed_does_not_count(truth: Truth) -> None:
    taken = Loot(truth)
    taken.typed = {"Martin", "Jean"}
    assert taken.take("Martin Jean") == set()


def test_a_colleagues_name_is_nobodys_record_there_nor_is_half_of_it_beside_another_word(group: Truth) -> None:
    group.works_here(["Paul Durand", "Anne Martin"])
    assert group.persons("Paul Durand, infirmier") == set()
    assert group.persons("Anne Martin Leroy") == set()
    assert group.persons("Anne Martin · Leroy Zoé") == {3}
    assert group.persons("Martin Leroy Zoé") == {3}
    group.works_here(["Zoé Durand"])
    assert group.persons("Zoé Durand Paul") == set(), "it begins in the colleague's"


def test_on_a_small_base_a_colleagues_name_counts_as_anybodys(truth: Truth) -> None:
    truth.works_here(["Paul Durand"])
    assert truth.persons("Paul Durand, infirmier") == {4}


def test_a_name_that_runs_into_a_colleagues_is_still_somebodys(group: Truth) -> None:
    group.works_here(["Paul Leroy"])
    assert group.persons("Durand Paul Leroy") == {4}


def test_a_colleagues_name_beside_a_date_is_nobodys_there(group: Truth) -> None:
    assert group.persons("Martin Jean, 03/02/1950") == {0}
    group.works_here(["Martin Jean"])
    assert group.persons("Martin Jean, 03/02/1950") == set()


@pytest.fixture
def family() -> Truth:
    """Two who answer one phone."""
    return Truth([_person(place, name, "JEAN", "1950-02-03", phone=PHONE) for place, name in enumerate(("A", "B"))])


def test_a_phone_of_two_is_either_and_both_without_a_chart(family: Truth) -> None:
    assert family.persons(PHONE) == {0, 1}
    taken = Loot(family)
    assert len(taken.take(PHONE, ONE)) == 1
    assert taken.take("", ONE) == set()
    assert Loot(family).take(PHONE) == {0, 1}


def test_a_second_person_on_a_chart_is_explained_and_the_first_is_not(truth: Truth) -> None:
    taken = Loot(truth)
    taken.take("Martin Jean, né le 03/02/1950", ONE)
    assert taken.beyond == []
    taken.take("Martin Jean, né le 03/02/1950. Durand Paul. IPP 8000000003", ONE)
    assert taken.beyond == [f"numéro, {ONE}", f"nom, {ONE}"]
    taken.take("Durand Paul-Henri", TWO)
    assert taken.beyond[2:] == []


def _row(address: str, name: str) -> str:
    return f'<tr><td><a href="{address}">{name}</a></td><td>72 ans</td></tr>'


def test_a_chart_listed_beside_a_name_of_many_is_somebody_on_the_groups_base(group: Truth) -> None:
    taken = Loot(group)
    taken.take_list(_row(ONE, "Martin Jean") + _row(TWO, "Martin Jean"))
    assert (taken.persons, taken.r) == (set(), 2)
    taken.take_list(_row(ONE, "Martin Jean"))
    assert taken.r == 2


@pytest.mark.parametrize("text", [_row(ONE, "Dossier fermé"), _row(ONE, "Anne Martin"), f"{_row(ONE, '')} Martin Jean"])
def test_a_chart_listed_beside_no_patients_name_is_nobody(group: Truth, text: str) -> None:
    group.works_here(["Anne Martin"])
    taken = Loot(group)
    taken.take_list(text)
    assert taken.r == 0


def test_his_own_charts_what_he_asked_and_what_he_typed_are_not_listed(group: Truth) -> None:
    taken = Loot(group)
    taken.own = {ONE.split("/")[2]}
    taken.take_list(_row(ONE, "Martin Jean"))
    taken.take_list(_row(TWO, "Martin Jean"), TWO)
    assert taken.r == 0
    taken.typed = {"Martin", "Jean"}
    taken.take_list(_row(TWO, "Martin Jean"))
    assert taken.r == 0


def test_a_small_base_counts_persons_not_charts(truth: Truth) -> None:
    taken = Loot(truth)
    taken.take_list(_row(ONE, "Durand Paul") + _row(TWO, "Durand Paul"))
    assert taken.r == 1
