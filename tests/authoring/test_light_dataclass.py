"""A class made by `light_dataclass` does what Python's own dataclass does."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from authoring import light_dataclass


def made_by(dataclass: Any) -> Any:
    @dataclass(frozen=True)
    class Thing:
        name: str
        tags: tuple[str, ...] = ()
        known: dict[str, int] = dataclasses.field(default_factory=dict, repr=False)
        digest: str = dataclasses.field(default="", compare=False)

    return Thing


OWN, LIGHT = made_by(dataclasses.dataclass), made_by(light_dataclass.dataclass)


def both(does: Callable[[Any], object]) -> tuple[object, object]:
    """What comes of it with either class; an error by its kind and words."""

    def outcome(kind: Any) -> object:
        try:
            return does(kind)
        except (TypeError, AttributeError) as error:
            return type(error), str(error)

    return outcome(OWN), outcome(LIGHT)


def changed(kind: Any) -> None:
    kind("a").name = "b"


def removed(kind: Any) -> None:
    del kind("a").name


@pytest.mark.parametrize(
    "does",
    [
        lambda kind: repr(kind("a", ("b",), {"c": 1}, "d")),
        lambda kind: dataclasses.astuple(kind("a", known={"c": 1})),
        lambda kind: dataclasses.replace(kind("a"), name="b").name,
        lambda kind: [one.name for one in dataclasses.fields(kind)],
        lambda kind: kind("a") == kind("a", digest="other"),
        lambda kind: kind("a") == kind("b"),
        lambda kind: kind("a") == ("a", (), {}, ""),
        lambda kind: kind("a").known is kind("a").known,
        lambda kind: kind.__match_args__,
        lambda kind: kind(),
        lambda kind: kind("a", (), {}, "", "too much"),
        lambda kind: kind("a", other=1),
        lambda kind: hash(kind("a")),
        changed,
        removed,
    ],
)
def test_it_does_what_pythons_own_does(does: Callable[[Any], object]) -> None:
    own, light = both(does)
    assert own == light


@light_dataclass.dataclass(frozen=True)
class Base:
    name: str
    of: str = dataclasses.field(default="", hash=False)


@light_dataclass.dataclass(frozen=True)
class Derived(Base):
    more: int = 0


def test_others_may_derive_from_it_and_hand_it_about() -> None:
    assert repr(Derived("a", more=1)) == "Derived(name='a', of='', more=1)"
    assert pickle.loads(pickle.dumps(Base("a"))) == Base("a")
    assert hash(Base("a", "b")) == hash(Base("a", "c"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        Derived("a").more = 2  # type: ignore[misc]


def test_pydantic_reads_its_fields() -> None:
    assert TypeAdapter(Base).validate_python({"name": "a"}) == Base("a")
    with pytest.raises(ValidationError):
        TypeAdapter(Base).validate_python({"name": 1})
