"""The checker passes what we build, and catches each breach of SCORM 1.2's package rules by its code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from authoring.course import Course
from authoring.messages import LANGUAGES, describe
from course_packages import scorm12_files
from course_packages.conformance import conformance_problems, schema_problems
from course_packages.manifest import MANIFEST

SCHEMAS = Path(__file__).resolve().parents[2] / "course_packages" / "schemas"

Files = dict[str, bytes]
Spoil = Callable[[Files], None]


@pytest.fixture(scope="module")
def files(example_course: Course) -> Mapping[str, bytes]:
    return scorm12_files(example_course)


def codes_of(files: Mapping[str, bytes]) -> list[str]:
    return [problem.code for problem in conformance_problems(files.keys(), files.get(MANIFEST))]


def edit(old: str, new: str) -> Spoil:
    def spoil(files: Files) -> None:
        text = files[MANIFEST].decode("utf-8")
        assert old in text, old
        files[MANIFEST] = text.replace(old, new, 1).encode("utf-8")

    return spoil


def cut(first: str, last: str) -> Spoil:
    def spoil(files: Files) -> None:
        before, _, rest = files[MANIFEST].decode("utf-8").partition(first)
        files[MANIFEST] = (before + rest.partition(last)[2]).encode("utf-8")

    return spoil


def add_file(name: str) -> Spoil:
    return lambda files: files.update({name: b""})


def drop(name: str) -> Spoil:
    return lambda files: files.pop(name) and None


ITEM = "<adlcp:masteryscore>70</adlcp:masteryscore>"
PAGE = '<file href="index.html" />'

SPOILT: list[tuple[str, Spoil]] = [
    ("package.manifest-not-at-root", drop(MANIFEST)),
    ("package.manifest-not-at-root", lambda files: files.update({"IMSMANIFEST.XML": files.pop(MANIFEST)})),
    ("package.manifest-not-at-root", lambda files: files.update({"sub/imsmanifest.xml": files.pop(MANIFEST)})),
    ("package.manifest-not-xml", edit("</manifest>", "")),
    ("package.manifest-not-xml", edit("<manifest", "<!DOCTYPE manifest><manifest")),
    ("package.manifest-not-xml", edit("Arkivi", "Arkivi & co")),
    ("package.manifest-root", edit('xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"', 'xmlns="urn:x"')),
    ("package.manifest-root", edit('xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"', "")),
    ("package.manifest-inside", edit("</manifest>", '<manifest identifier="m2"/></manifest>')),
    ("package.part-count", edit("</manifest>", "<resources/></manifest>")),
    ("package.part-count", edit("</manifest>", "<metadata/></manifest>")),
    ("package.part-count", edit("</manifest>", '<organizations default="x"/></manifest>')),
    ("package.schema-version", edit("<schemaversion>1.2<", "<schemaversion>2004 4th Edition<")),
    ("package.schema-version", edit("<schemaversion>1.2</schemaversion>", "")),
    ("package.schema-version", edit("ADL SCORM", "ADL")),
    ("package.schema-location", edit('adlcp_rootv1p2.xsd"', 'adlcp_rootv1p2.xsd extra"')),
    ("package.schema-missing", drop("imscp_rootv1p1p2.xsd")),
    ("package.schema-missing", drop("adlcp_rootv1p2.xsd")),
    ("package.schema-missing", drop("imsmd_rootv1p2p1.xsd")),
    ("package.schema-missing", drop("ims_xml.xsd")),
    ("package.schema-missing", edit(" adlcp_rootv1p2.xsd", " adlcp.xsd")),
    ("package.schema-not-mapped", edit("http://www.adlnet.org/xsd/adlcp_rootv1p2 adlcp_rootv1p2.xsd", "")),
    ("package.schema-not-mapped", edit("<item ", '<item xmlns:o="urn:o" o:a="1" ')),
    ("package.identifier-missing", edit('<manifest identifier="course-archive-officers"', "<manifest")),
    ("package.identifier-missing", edit('<item identifier="item-archive-officers"', "<item")),
    ("package.identifier-not-a-name", edit('<item identifier="item-', '<item identifier="1item-')),
    ("package.identifier-not-a-name", edit('<item identifier="item-', '<item identifier="an item-')),
    ("package.identifier-twice", edit('<item identifier="item-', '<item identifier="course-')),
    ("package.no-organization", cut("<organization ", "</organization>")),
    ("package.default-organization", edit('default="organization-', 'default="_organization-')),
    ("package.default-organization", edit('default="organization-archive-officers"', "")),
    ("package.organization-empty", edit("</organization>", '</organization><organization identifier="o2"><title>T</title></organization>')),
    ("package.title-missing", edit("<title>Arkivi dhe protokolli në bashki</title>", "")),
    ("package.title-missing", edit("<title>Arkivi dhe protokolli në bashki</title>", "<title> </title>")),
    ("package.title-missing", edit("<title>", "<title>Another</title><title>")),
    ("package.title-too-long", edit("<title>Arkivi", "<title>" + "long " * 50)),
    ("package.title-control", edit("<title>Arkivi", "<title>Ar\u007fkivi")),
    ("package.item-leads-nowhere", edit('identifierref="resource-archive-officers"', "")),
    ("package.item-reference", edit('identifierref="resource-', 'identifierref="res-')),
    ("package.item-reference", edit("</resource>", '<dependency identifierref="none"/></resource>')),
    ("package.item-parameters", edit('identifierref="resource-archive-officers"', 'parameters="?a=1"')),
    ("package.item-order", edit(ITEM, ITEM + "<metadata/>")),
    ("package.item-order", edit(ITEM, ITEM + "<adlcp:datafromlms>x</adlcp:datafromlms>")),
    ("package.item-value", edit(ITEM, ITEM.replace("70", "170"))),
    ("package.item-value", edit(ITEM, ITEM.replace("70", "seventy"))),
    ("package.item-value", edit(ITEM, "<adlcp:prerequisites>a</adlcp:prerequisites>" + ITEM)),
    ("package.item-value", edit(ITEM, "<adlcp:maxtimeallowed>90 min</adlcp:maxtimeallowed>" + ITEM)),
    ("package.item-value", edit(ITEM, "<adlcp:timelimitaction>stop</adlcp:timelimitaction>" + ITEM)),
    ("package.item-value", edit(ITEM, f"<adlcp:datafromlms>{'x' * 256}</adlcp:datafromlms>" + ITEM)),
    ("package.resource-type", edit('type="webcontent"', 'type="text/html"')),
    ("package.resource-type", edit('type="webcontent"', "")),
    ("package.scorm-type", edit("adlcp:scormtype", "adlcp:scormType")),
    ("package.scorm-type", edit('scormtype="sco"', 'scormtype="SCO"')),
    ("package.scorm-type", edit('adlcp:scormtype="sco"', "")),
    ("package.sco-without-page", edit(' href="index.html">', ">")),
    ("package.base-path", edit("<resource ", '<resource xml:base="sub/" ')),
    ("package.page-not-listed", edit(PAGE, "")),
    ("package.href-outside", edit('href="index.html">', 'href="https://example.org/index.html">')),
    ("package.href-outside", edit(PAGE, PAGE + '<file href="//example.org/a.js"/>')),
    ("package.href-escape", edit(PAGE, PAGE + '<file href="a%zz.html"/>')),
    ("package.href-unsafe", edit(PAGE, PAGE + '<file href="../a.html"/>')),
    ("package.href-unsafe", edit(PAGE, PAGE + '<file href="%2e%2e/a.html"/>')),
    ("package.href-unsafe", edit(PAGE, PAGE + '<file href="/a.html"/>')),
    ("package.href-unsafe", edit(PAGE, PAGE + '<file href="a\\b.html"/>')),
    ("package.href-missing", edit(PAGE, PAGE + '<file href="none.html"/>')),
    ("package.href-missing", drop("player/player.css")),
    ("package.href-other-case", edit("player/player.css", "Player/player.css")),
    ("package.file-not-listed", add_file("notes.txt")),
    ("package.name-unsafe", add_file("../evil.js")),
    ("package.name-unsafe", add_file("C:/evil.js")),
    ("package.name-unsafe", add_file("a\\b.js")),
    ("package.name-unsafe", add_file("a\nb.js")),
    ("package.names-collide", add_file("INDEX.html")),
]  # fmt: skip


def test_a_package_of_ours_keeps_every_rule(files: Mapping[str, bytes]) -> None:
    assert codes_of(files) == []


@pytest.mark.parametrize(("code", "spoil"), SPOILT, ids=[f"{n}-{code}" for n, (code, _) in enumerate(SPOILT)])
def test_each_breach_is_caught_by_its_code_and_told_in_three_languages(
    files: Mapping[str, bytes], code: str, spoil: Spoil
) -> None:
    spoilt = dict(files)
    spoil(spoilt)
    found = [p for p in conformance_problems(spoilt.keys(), spoilt.get(MANIFEST)) if p.code == code]
    assert found, codes_of(spoilt)
    for language in LANGUAGES:
        assert "{" not in describe(found[0], language)


def test_at_least_sixty_breaches_are_tried() -> None:
    assert len(SPOILT) >= 60


def test_the_manifest_is_valid_by_the_schemas_it_names(
    files: Mapping[str, bytes], small_course: Course
) -> None:
    assert schema_problems(files[MANIFEST], SCHEMAS) == []
    assert schema_problems(scorm12_files(small_course)[MANIFEST], SCHEMAS) == []


def test_the_schemas_see_what_the_rules_do_not(files: Mapping[str, bytes]) -> None:
    spoilt = dict(files)
    edit("<organization ", "<banana/><organization ")(spoilt)
    assert {problem.code for problem in schema_problems(spoilt[MANIFEST], SCHEMAS)} == {"package.schema-says"}


def test_the_schema_files_are_those_of_the_readme() -> None:
    readme = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    names = [path.name for path in SCHEMAS.glob("*.xsd")]
    assert len(names) == 4
    for name in names:
        digest = hashlib.sha256((SCHEMAS / name).read_bytes()).hexdigest()
        assert f"`{name}`" in readme
        assert digest in readme
