"""The checker passes what we build, and catches each breach of SCORM's package rules by its code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authoring.course import Course
from authoring.messages import LANGUAGES, describe
from authoring.target import ScormTarget
from course_packages import scorm12_files, target_files
from course_packages.conformance import conformance_problems, schema_problems
from course_packages.editions import MANIFEST, SCORM_12, SCORM_2004

SCHEMAS = Path(__file__).resolve().parents[2] / "course_packages" / "schemas"

Files = dict[str, bytes]
Spoil = Callable[[Files], None]


@pytest.fixture(scope="module")
def files(example_course: Course) -> Mapping[str, bytes]:
    return scorm12_files(example_course)


def codes_of(files: Mapping[str, bytes]) -> list[str]:
    return [problem.code for problem in conformance_problems(files.keys(), files.get(MANIFEST))]


def edit(old: str, new: str, times: int = 1) -> Spoil:
    def spoil(files: Files) -> None:
        text = files[MANIFEST].decode("utf-8")
        assert old in text, old
        files[MANIFEST] = text.replace(old, new, times).encode("utf-8")

    return spoil


def in_item(xml: str) -> Spoil:
    """At the end of the item."""
    return edit("</item>", xml + "</item>")


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

SPOILT_12: list[tuple[str, Spoil]] = [
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
    ("package.schema-version", edit("<schema>", "<description>x</description><schema>")),
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
    ("package.item-parameters", edit("isvisible=", 'parameters="?a=1 b" isvisible=')),
    ("package.item-value", edit('isvisible="true"', 'isvisible="yes"')),
    ("package.item-without-page", edit(' href="index.html">', ">")),
    ("package.adl-element", in_item(ITEM.replace("adlcp:masteryscore", "adlcp:masteryScore"))),
    ("package.adl-element", in_item("<adlcp:completionThreshold/>" + ITEM)),
    ("package.item-order", in_item(ITEM + "<metadata/>")),
    ("package.item-order", in_item(ITEM + "<adlcp:datafromlms>x</adlcp:datafromlms>")),
    ("package.item-value", in_item(ITEM.replace("70", "170"))),
    ("package.item-value", in_item(ITEM.replace("70", "seventy"))),
    ("package.item-value", in_item("<adlcp:prerequisites>a</adlcp:prerequisites>" + ITEM)),
    ("package.item-value", in_item("<adlcp:maxtimeallowed>90 min</adlcp:maxtimeallowed>" + ITEM)),
    ("package.item-value", in_item("<adlcp:timelimitaction>stop</adlcp:timelimitaction>" + ITEM)),
    ("package.item-value", in_item(f"<adlcp:datafromlms>{'x' * 256}</adlcp:datafromlms>" + ITEM)),
    ("package.resource-type", edit('type="webcontent"', 'type="text/html"')),
    ("package.resource-type", edit('type="webcontent"', "")),
    ("package.scorm-type", edit("adlcp:scormtype", "adlcp:scormType")),
    ("package.scorm-type", edit('scormtype="sco"', 'scormtype="SCO"')),
    ("package.scorm-type", edit('adlcp:scormtype="sco"', "")),
    ("package.sco-without-page", edit(' href="index.html">', ">")),
    ("package.base-path", edit("<resource ", '<resource xml:base="sub/" ')),
    ("package.base-path-form", edit("<resource ", '<resource xml:base="sub" ')),
    ("package.base-path-form", edit("<resources", '<resources xml:base="/sub/"')),
    ("package.href-missing", edit("<schema>ADL SCORM</schema>", "<schema>ADL SCORM</schema><adlcp:location>none.xml</adlcp:location>")),
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
    ("package.names-collide", lambda files: files.update({"me\u0308.txt": b"", "m\u00eb.txt": b""})),
    ("package.name-too-long", add_file("x" * 250)),
]  # fmt: skip


SEQUENCED = "<imsss:objectives>"
PRIMARY = 'objectiveID="primary-archive-officers" satisfiedByMeasure="true"'
SECOND = '<imsss:objective objectiveID="two"/>'
END = "</imsss:primaryObjective>"

SPOILT_2004: list[tuple[str, Spoil]] = [
    ("package.manifest-not-at-root", drop(MANIFEST)),
    ("package.manifest-not-xml", edit("</manifest>", "</Manifest>")),
    ("package.manifest-not-xml", edit("<manifest", '<!DOCTYPE m [<!ENTITY a "b">]><manifest')),
    ("package.manifest-root", edit('xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"', 'xmlns="http://www.imsglobal.org/xsd/imscp_v1p2"')),
    ("package.manifest-inside", edit("</manifest>", '<manifest identifier="m2"/></manifest>')),
    ("package.part-count", edit("</manifest>", "<metadata/></manifest>")),
    ("package.part-count", cut("<organizations ", "</organizations>")),
    ("package.schema-version", edit("2004 4th Edition", "1.2")),
    ("package.schema-version", edit("2004 4th Edition", "2004 5th Edition")),
    ("package.schema-version", edit("<schema>ADL SCORM</schema>", "")),
    ("package.schema-location", edit('imsss_v1p0.xsd"', 'imsss_v1p0.xsd http://example.org"')),
    *[("package.schema-missing", drop(name)) for name in SCORM_2004.schema_files],
    ("package.schema-not-mapped", edit("http://www.adlnet.org/xsd/adlnav_v1p3 adlnav_v1p3.xsd", "")),
    ("package.schema-not-mapped", edit("</metadata>", '<lom xmlns="http://ltsc.ieee.org/xsd/LOM"/></metadata>')),
    ("package.identifier-missing", edit('<resource identifier="resource-archive-officers"', "<resource")),
    ("package.identifier-not-a-name", edit('<manifest identifier="', '<manifest identifier="2004-')),
    ("package.identifier-twice", edit('<resource identifier="resource-', '<resource identifier="item-')),
    ("package.default-organization", edit('default="organization-', 'default="org-')),
    ("package.organization-empty", edit("</organization>", '</organization><organization identifier="o2"><title>T</title></organization>')),
    ("package.title-missing", edit("<title>Arkivi dhe protokolli në bashki</title>", "")),
    ("package.title-too-long", edit("<title>Arkivi", "<title>" + "long " * 50)),
    ("package.item-leads-nowhere", edit('identifierref="resource-archive-officers"', "")),
    ("package.item-reference", edit('identifierref="resource-', 'identifierref="res-')),
    ("package.item-both", edit("<adlcp:completionThreshold", '<item identifier="i2" identifierref="resource-archive-officers"><title>T</title></item><adlcp:completionThreshold')),
    ("package.item-without-page", edit(' href="index.html">', ">")),
    ("package.item-parameters", edit("isvisible=", 'parameters="a b" isvisible=')),
    ("package.item-order", edit("<adlcp:completionThreshold", "<adlnav:presentation/><adlcp:completionThreshold")),
    ("package.item-order", edit("<adlcp:completionThreshold", "<adlcp:completionThreshold/><adlcp:dataFromLMS>x</adlcp:dataFromLMS><adlcp:completionThreshold")),
    ("package.item-value", edit('minProgressMeasure="1.0"', 'minProgressMeasure="100"')),
    ("package.item-value", edit('minProgressMeasure="1.0"', 'minProgressMeasure="all"')),
    ("package.item-value", edit('completedByMeasure="true"', 'completedByMeasure="yes"')),
    ("package.item-value", edit('minProgressMeasure="1.0"', 'minProgressMeasure="1.0" progressWeight="2"')),
    ("package.item-value", edit("<adlcp:completionThreshold", "<adlcp:timeLimitAction>exit</adlcp:timeLimitAction><adlcp:completionThreshold")),
    ("package.item-value", edit("<adlcp:completionThreshold", f"<adlcp:dataFromLMS>{'x' * 4001}</adlcp:dataFromLMS><adlcp:completionThreshold")),
    ("package.item-value", edit("hideLMSUI>previous<", "hideLMSUI>Previous<")),
    ("package.item-value", edit(">0.70<", ">70<")),
    ("package.item-value", edit('satisfiedByMeasure="true"', 'satisfiedByMeasure="TRUE"')),
    ("package.item-value", edit('choice="true"', 'choice="on"')),
    ("package.item-value", edit('flow="true"', 'Flow="true"')),
    ("package.item-value", edit('objectiveSetByContent="true"', 'objectivesetbycontent="true"')),
    ("package.adl-element", edit("<adlcp:completionThreshold", "<adlcp:masteryscore>70</adlcp:masteryscore><adlcp:completionThreshold")),
    ("package.adl-element", edit("<adlcp:completionThreshold", "<adlcp:datafromlms>x</adlcp:datafromlms><adlcp:completionThreshold")),
    ("package.sequencing-twice", edit("</organization>", "<imsss:sequencing/></organization>")),
    ("package.sequencing-reference", edit("<imsss:sequencing>", '<imsss:sequencing IDRef="none">')),
    ("package.sequencing-order", edit(SEQUENCED, "<imsss:deliveryControls/>" + SEQUENCED)),
    ("package.objective-primary", cut("<imsss:primaryObjective", END)),
    ("package.objective-without-id", edit(END, END + "<imsss:objective/>")),
    ("package.objective-without-id", edit(PRIMARY + ">", '><imsss:mapInfo targetObjectiveID="g"/>')),
    ("package.objective-twice", edit(END, END + SECOND + SECOND)),
    ("package.resource-type", edit('type="webcontent"', 'type="web"')),
    ("package.scorm-type", edit("adlcp:scormType", "adlcp:scormtype")),
    ("package.scorm-type", edit('scormType="sco"', 'scormType="Sco"')),
    ("package.base-path", edit("<resources", '<resources xml:base="content/"')),
    ("package.page-not-listed", edit(PAGE, "")),
    ("package.href-outside", edit('href="index.html">', 'href="http://example.org/index.html">')),
    ("package.href-escape", edit(PAGE, PAGE + '<file href="100%.html"/>')),
    ("package.href-unsafe", edit(PAGE, PAGE + '<file href="a/../../b.html"/>')),
    ("package.href-missing", drop("player/player.js")),
    ("package.href-other-case", edit('href="index.html">', 'href="Index.html">')),
    ("package.file-not-listed", add_file("player/notes.txt")),
    ("package.name-unsafe", add_file("/etc/passwd")),
    ("package.names-collide", add_file("Player/player.css")),
]  # fmt: skip


@pytest.fixture(scope="module")
def files_2004(example_course: Course) -> Mapping[str, bytes]:
    return target_files(example_course, ScormTarget(kind="scorm2004")).files


EVERY = [*((SCORM_12.name, *one) for one in SPOILT_12), *((SCORM_2004.name, *one) for one in SPOILT_2004)]


@pytest.mark.parametrize("kind", ["scorm12", "scorm2004"])
@pytest.mark.parametrize("scos", ["course", "lessons"])
def test_a_package_of_ours_keeps_every_rule_and_the_schemas_of_its_edition(
    example_course: Course, small_course: Course, kind: Any, scos: Any
) -> None:
    for course in (example_course, small_course, replace(small_course, passing=None)):
        built = target_files(course, ScormTarget(kind=kind, scos=scos))
        assert codes_of(built.files) == []
        assert len(built.scos) == (1 if scos == "course" else len(course.lessons))
        assert schema_problems(built.files[MANIFEST], SCHEMAS) == []


@pytest.mark.parametrize(
    ("edition", "code", "spoil"), EVERY, ids=[f"{n}-{code}" for n, (_, code, _) in enumerate(EVERY)]
)
def test_each_breach_is_caught_by_its_code_and_told_in_three_languages(
    files: Mapping[str, bytes], files_2004: Mapping[str, bytes], edition: str, code: str, spoil: Spoil
) -> None:
    spoilt = dict(files if edition == SCORM_12.name else files_2004)
    spoil(spoilt)
    found = [p for p in conformance_problems(spoilt.keys(), spoilt.get(MANIFEST)) if p.code == code]
    assert found, codes_of(spoilt)
    for language in LANGUAGES:
        assert "{" not in describe(found[0], language)


def test_at_least_sixty_breaches_are_tried_in_each_edition() -> None:
    assert len(SPOILT_12) >= 60
    assert len(SPOILT_2004) >= 60


@pytest.mark.parametrize(
    "spoil",
    [
        edit("<organization ", "<banana/><organization "),
        edit('minProgressMeasure="1.0"', 'minProgressMeasure="2"'),
        edit("<imsss:deliveryControls", "<imsss:delivery"),
        edit(">previous<", ">back<"),
    ],
)
def test_the_schemas_see_what_is_not_in_them(files_2004: Mapping[str, bytes], spoil: Spoil) -> None:
    spoilt = dict(files_2004)
    spoil(spoilt)
    assert {problem.code for problem in schema_problems(spoilt[MANIFEST], SCHEMAS)} == {"package.schema-says"}


def test_the_schema_files_are_those_of_the_readme() -> None:
    readme = (SCHEMAS / "README.md").read_text(encoding="utf-8")
    paths = list(SCHEMAS.glob("*/*"))
    assert len(paths) == 4 + 17
    for path in paths:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert f"| `{path.name}` |" in readme
        assert digest in readme
