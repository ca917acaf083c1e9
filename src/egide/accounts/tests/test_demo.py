"""Whom a demo base's sign-in page offers, among 1,400."""

from hypothesis import given
from hypothesis import strategies as st

from egide.accounts.demo import SHOWN, offered

ACCOUNTS = [
    {
        "username": f"p{n}",
        "name": f"Hélène {n}",
        "profession": ("nurse", "dpo")[n % 2],
        "site": f"Site {n % 3}",
        "unit": "",
    }
    for n in range(300)
]


def test_at_first_the_first_site_is_offered() -> None:
    found = offered(ACCOUNTS, {})
    assert found is not None
    assert found.site == "Site 0"
    assert {one["site"] for one in found.people} == {"Site 0"}
    assert (len(found.people), found.more) == (SHOWN, 40)


def test_site_profession_and_name_narrow_it() -> None:
    found = offered(ACCOUNTS, {"site": "Site 1", "metier": "dpo"})
    assert found is not None
    assert {(one["site"], one["profession"]) for one in found.people} == {("Site 1", "dpo")}
    by_name = offered(ACCOUNTS, {"nom": "helene 299"})
    assert by_name is not None
    assert [one["username"] for one in by_name.people] == ["p299"]


def test_a_list_of_before_sites_is_offered_whole_and_no_list_is_none() -> None:
    old = [{"username": "a", "name": "A", "profession": "nurse", "unit": "Médecine"}]
    found = offered(old, {})
    assert found is not None
    assert (len(found.people), found.sites) == (1, [])
    assert offered([], {}) is None


@given(st.fixed_dictionaries({}, optional={key: st.text(max_size=200) for key in ("site", "metier", "nom")}))
def test_whatever_is_asked_a_page_comes_back(asked: dict[str, str]) -> None:
    found = offered(ACCOUNTS, asked)
    assert found is not None
    assert len(found.people) <= SHOWN
