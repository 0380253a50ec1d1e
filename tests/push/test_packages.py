"""Packages on the way to a site: their content counts, not their bytes; those from elsewhere go the same way."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from authoring.problems import ContentError
from authoring.target import ScormTarget
from course_packages import build_target
from lms_sync.academy import build_academy, read_academy
from lms_sync.foreign_packages import foreign_problems
from lms_sync.plan import Action
from tests.pushed_academy import COURSE, Push

COURSE_FILE = f"courses/{COURSE}/course.yaml"
ACTIVITY = "{id: bought, kind: package, file: packages/bought.zip, title: {sq: E blerë, en: Bought}, completion: viewed}"


def packed_otherwise(path: Path) -> bytes:
    """The same files with another packer: other bytes, the same content."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in reversed(old.namelist()):
            new.writestr(name, old.read(name))
    return buffer.getvalue()


def with_other_bytes(push: Push) -> None:
    """As if this machine had another zlib than the one that pushed."""
    content = []
    for one in push.built.content:
        assert one.package is not None
        path = one.package.path.with_name("otherwise.zip")
        path.write_bytes(packed_otherwise(one.package.path))
        content.append(replace(one, package=replace(one.package, path=path, sha1="0" * 40)))
    push.built = replace(push.built, content=tuple(content))


def take_in(push: Push, content: bytes, activity: str = ACTIVITY) -> None:
    """Puts a package from elsewhere into the course and builds anew."""
    path = push.folder / "courses" / COURSE / "packages" / "bought.zip"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    text = (push.folder / COURSE_FILE).read_text(encoding="utf-8")
    first = "      - id: package\n"
    assert first in text
    push.set_text(COURSE_FILE, first, f"      - {activity}\n{first}")


@pytest.fixture
def bought(push: Push, tmp_path: Path) -> bytes:
    """A package of another course, as somebody else's builder would have made it."""
    course = read_academy(push.folder).courses[COURSE]
    other = replace(course, id="bought-course", sections=(), complete_when=None)
    return build_target(other, other.targets[0], tmp_path / "other.zip").path.read_bytes()


def test_the_same_content_in_other_bytes_is_no_change_and_is_not_sent_with_another(pushed: Push) -> None:
    with_other_bytes(pushed)
    assert pushed.work() == []
    as_it_was = pushed.built
    content = as_it_was.content[0]
    sections = tuple(
        section.model_copy(
            update={
                "activities": tuple(
                    one.model_copy(update={"groups": "visible"}) if one.kind == "package" else one
                    for one in section.activities
                )
            }
        )
        for section in content.course.sections
    )
    changed = replace(content, course=replace(content.course, sections=sections))
    pushed.built = replace(as_it_was, content=(changed,))
    [change] = pushed.prepare().plan.doing(Action.UPDATE)
    assert [one.name for one in change.differences] == ["groupmode"]
    pushed.built = as_it_was
    pushed.engine.dispose()
    (pushed.folder / ".lms-sync" / "state.db").unlink()  # another administrator, who has never pushed
    assert pushed.prepare(remember=False).plan.work == ()


def test_other_content_is_a_change_and_a_package_that_somebody_replaced_is_an_edit(pushed: Push) -> None:
    module = next(one for one in pushed.site.modules.values() if one.modname == "scorm")
    scorm = pushed.site.scorms[module.instance]
    before = scorm.sha1hash
    scorm.sha1hash = "1" * 40
    [change] = pushed.prepare().plan.refused
    assert ([one.name for one in change.differences], change.reason) == (["sha1"], "plan.edited-in-moodle")
    scorm.sha1hash = before
    lesson = next((pushed.folder / "courses" / COURSE / "lessons").glob("*/lesson.en.md"))
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text + "\nOne more sentence.\n", encoding="utf-8")
    pushed.built = build_academy(read_academy(pushed.folder))
    [change] = pushed.prepare().plan.work
    assert "sha1" in [one.name for one in change.differences]


def test_a_package_from_elsewhere_is_pushed_as_an_activity_and_stays_the_same(
    push: Push, bought: bytes
) -> None:
    take_in(push, bought)
    report, left = push.apply()
    assert report.complete
    assert left.plan.work == ()
    key = f"{COURSE}/bought"
    module = next(one for one in push.site.modules.values() if one.idnumber == key)
    assert push.site.scorms[module.instance].package.content == bought
    assert (module.modname, push.site.scorms[module.instance].version) == ("scorm", "SCORM_1.2")
    path = push.folder / "courses" / COURSE / "packages" / "bought.zip"
    path.write_bytes(packed_otherwise(path))
    push.built = build_academy(read_academy(push.folder))
    assert push.work() == []


def test_a_package_that_cannot_be_used_stops_the_build_with_its_place(push: Push, bought: bytes) -> None:
    buffer = io.BytesIO(bought)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("../evil.js", "x")
    with pytest.raises(ContentError) as caught:
        take_in(push, buffer.getvalue())
    [problem] = caught.value.problems
    assert (problem.code, problem.place.file) == (
        "package.name-unsafe",
        f"courses/{COURSE}/packages/bought.zip",
    )


def test_a_package_of_2004_from_elsewhere_is_known_as_such_and_what_moodle_does_with_it_is_told(
    push: Push, tmp_path: Path
) -> None:
    course = read_academy(push.folder).courses[COURSE]
    two = replace(course, id="bought", lessons=course.lessons[:2], sections=(), complete_when=None)
    target = ScormTarget("scorm2004", "lessons")
    take_in(push, build_target(two, target, tmp_path / "other.zip").path.read_bytes())
    [content] = push.built.content
    assert content.files["bought"].edition == "SCORM 2004"
    codes = [one.code for one in foreign_problems(content.course)]
    assert codes == ["foreign.edition-2004", "foreign.several-2004"]
