"""Verification ids: random, readable, and typed wrongly without harm."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from certificates.verification_id import ALPHABET, LENGTH, in_groups, new_verification_id, normal_form


def test_an_id_has_at_least_128_random_bits() -> None:
    # 27 free characters; ids whose check symbol would be none of the 32 letters are left out.
    assert (LENGTH - 1) * math.log2(len(ALPHABET)) + math.log2(32 / 37) > 128
    made = {new_verification_id() for _ in range(2000)}
    assert len(made) == 2000
    assert {len(one) for one in made} == {LENGTH}
    assert set("".join(made)) == set(ALPHABET)


def test_an_id_is_recognised_however_it_is_typed() -> None:
    one = "0" + new_verification_id()[1:]
    while normal_form(one) is None:
        one = "01" + new_verification_id()[2:]
    for typed in (
        one,
        in_groups(one),
        one.lower(),
        " " + in_groups(one).lower().replace("-", " "),
        one.replace("0", "o").replace("1", "l"),
    ):
        assert normal_form(typed) == one


def test_one_wrong_character_or_two_swapped_ones_are_noticed() -> None:
    one = new_verification_id()
    for place in range(LENGTH):
        for other in set(ALPHABET) - {one[place]}:
            assert normal_form(one[:place] + other + one[place + 1 :]) is None
    for place in range(LENGTH - 2):
        swapped = one[:place] + one[place + 1] + one[place] + one[place + 2 :]
        assert swapped == one or normal_form(swapped) is None


@given(st.text(max_size=200))
def test_anything_may_be_typed(typed: str) -> None:
    found = normal_form(typed)
    assert found is None or (len(found) == LENGTH and set(found) <= set(ALPHABET))
