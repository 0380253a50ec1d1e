"""What a course is built into: `targets` of `course.yaml`, one class for each kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from authoring.checked_value import NO_OTHER_KEYS
from authoring.languages import Language

if TYPE_CHECKING:
    from authoring.activity import PackageActivity


@dataclass(frozen=True)
class ScormTarget:
    """A SCORM package: 1.2, or 2004 4th Edition; one SCO for the course, or one for each lesson."""

    __pydantic_config__ = NO_OTHER_KEYS

    kind: Literal["scorm12", "scorm2004"]
    scos: Literal["course", "lessons"] = "course"
    languages: tuple[Language, ...] = ()  # none named: every language that the course offers
    push: bool = False  # whether this is the one that goes into Moodle


@dataclass(frozen=True)
class HtmlTarget:
    """Pages that open from a folder or a web server, without a learning platform."""

    __pydantic_config__ = NO_OTHER_KEYS

    kind: Literal["html"]
    languages: tuple[Language, ...] = ()


@dataclass(frozen=True)
class ManualTarget:
    """A manual to print: one PDF for each language."""

    __pydantic_config__ = NO_OTHER_KEYS

    kind: Literal["manual"]
    languages: tuple[Language, ...] = ()


Target = ScormTarget | HtmlTarget | ManualTarget
"""Everything that a course can be built into."""

DEFAULT_TARGETS: tuple[ScormTarget | HtmlTarget, ...] = (ScormTarget(kind="scorm12"),)
"""What is built where `targets` is left out: the package that goes into Moodle."""


WARNINGS = frozenset({"course.target-2004"})
"""What `target_problems` says of targets that can be built and pushed all the same."""


def target_name(target: Target) -> str:
    """The target's short name, of which file names are made: `scorm12`, `scorm12-lessons`, `html-sq`."""
    lessons = ["lessons"] if isinstance(target, ScormTarget) and target.scos == "lessons" else []
    return "-".join([target.kind, *lessons, *target.languages])


def pushed_target(targets: Iterable[Target]) -> ScormTarget | None:
    """The target that goes into Moodle: the one with `push`, else the first of SCORM 1.2."""
    able = [one for one in targets if isinstance(one, ScormTarget) and (one.push or one.kind == "scorm12")]
    return min(able, key=lambda one: not one.push, default=None)


def target_problems(
    targets: Sequence[Target],
    offered: Collection[Language],
    packages: Sequence[PackageActivity],
) -> Iterator[tuple[str, tuple[str | int, ...], dict[str, object]]]:
    """What is to be said of the targets: code, place below `targets`, values. `WARNINGS` are no mistakes.

    `packages` are the activities that show the course's own package.
    """
    names: set[str] = set()
    values: dict[str, object]
    marked = ""
    for index, target in enumerate(targets):
        for number, language in enumerate(target.languages):
            if language not in offered:
                values = {"language": language, "offered": ", ".join(offered)}
                yield "course.target-language", (index, "languages", number), values
        name = target_name(target)
        if name in names:
            yield "course.target-twice", (index,), {"name": name}
        names.add(name)
        if isinstance(target, ScormTarget) and target.push:
            if marked:
                yield "course.target-pushed-twice", (index, "push"), {"name": name, "other": marked}
            marked = marked or name
    pushed = pushed_target(targets)
    for activity in packages:
        if pushed is None:
            yield "course.target-missing", (), {"id": activity.id}
        elif pushed.scos == "lessons" and activity.completion in ("passed", "completed"):
            at = targets.index(pushed)
            yield "course.target-completion", (at,), {"id": activity.id, "completion": activity.completion}
    if packages and pushed is not None and pushed.kind == "scorm2004":
        code = "course.target-2004-lessons" if pushed.scos == "lessons" else "course.target-2004"
        yield code, (targets.index(pushed),), {"id": packages[0].id}
