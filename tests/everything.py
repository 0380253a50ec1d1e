"""Whether a test goes through all that it can, as `make proofs` asks for, or takes the sample of every commit."""

import os
from collections.abc import Collection, Hashable, Iterable
from typing import TypeVar

EVERYTHING = bool(os.environ.get("EVERYTHING"))

T = TypeVar("T", bound=Hashable)


def together(
    names: Iterable[T], one_thing: Collection[Collection[T]] = (), *, at_most: int = 100
) -> list[tuple[T, ...]]:
    """Cases that a test goes through at once, never two of `one_thing`, because the whole way takes long for each.

    With EVERYTHING each is alone.
    """
    made: list[list[T]] = []
    for name in names:
        kin = {other for things in one_thing if name in things for other in things}
        batch = (
            None
            if EVERYTHING
            else next((one for one in made if kin.isdisjoint(one) and len(one) < at_most), None)
        )
        if batch is None:
            made.append(batch := [])
        batch.append(name)
    return [tuple(one) for one in made]
