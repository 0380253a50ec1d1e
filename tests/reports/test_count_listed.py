"""People of a country are counted by another way than those of an office, and come out the same."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms_sync import count_listed
from lms_sync.count_listed import BETWEEN, Listed

_numbers = st.uuids(version=4).map(str)
_persons = st.one_of(_numbers, st.sampled_from(["", "a", "0" * 35, "0" * 37, "ë" * 36, "ë" * 18]))


@given(
    listed=st.lists(st.tuples(st.sampled_from(["berat", "fier", "has"]), _persons), max_size=12),
    others=st.lists(_persons.filter(bool), max_size=5),
    data=st.data(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_many_people_are_counted_as_few_are(
    listed: list[tuple[str, str]], others: list[str], data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Listed([code for code, _ in listed], [person for _, person in listed])
    known = [person for _, person in listed if person]
    asked = data.draw(st.lists(st.sampled_from([*known, *others]), max_size=15)) if known or others else []
    expected = Counter(told.institution_of.get(one) for one in asked)
    for many in (10**9, 0):
        monkeypatch.setattr(count_listed, "_MANY", many)
        assert told.count(BETWEEN.join(asked)) == expected
    assert sum(told.of_institution.values()) == len(listed)
