"""Packages from anyone: what is hostile is refused by its code, what is risky is named with its place, nothing is written."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from authoring.course import Course
from authoring.messages import LANGUAGES, describe, remedy, text
from authoring.target import HtmlTarget, ScormTarget
from course_packages import build_target, scorm12_files, target_files
from course_packages.editions import MANIFEST
from course_packages.foreign import inspect_package
from course_packages.foreign.open_zip import Limits
from course_packages.zip_file import content_sha256, zip_bytes
from tests.cli.conftest import Ended, command

__all__ = ["command"]

SCHEMA = Path(__file__).resolve().parents[2] / "lms_sync" / "schemas" / "inspect.schema.json"

MINIMAL = b"""<?xml version="1.0"?>
<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
<metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
<organizations default="o"><organization identifier="o"><title>Golf &amp; law</title>
<item identifier="i" identifierref="r"><title>Play</title><adlcp:masteryscore>80</adlcp:masteryscore></item></organization></organizations>
<resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="a.html"><file href="a.html"/></resource></resources>
</manifest>"""
PAGE = b"<!DOCTYPE html><title>t</title><script>LMSInitialize('')</script>"
GOOD = {MANIFEST: MINIMAL, "a.html": PAGE}

Change = Callable[[zipfile.ZipInfo], None]


def packed(
    files: Mapping[str, bytes] | list[tuple[str, bytes]],
    method: int = zipfile.ZIP_DEFLATED,
    **changed: Change,
) -> bytes:
    """A zip; `changed` alters the entry of the name that it begins with, before it is written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            for begins, change in changed.items():
                if name.startswith(begins):
                    change(info)
            archive.writestr(info, content)
    return buffer.getvalue()


def renamed(old: str, new: bytes) -> bytes:
    """A zip in which a name is overwritten by one of the same length that no zip program would write."""
    content = packed({**GOOD, old: b"x"})
    assert len(old.encode()) == len(new)
    return content.replace(old.encode(), new)


def claims(size: int) -> bytes:
    """A small zip whose directory says that a member unpacks to `size` bytes."""
    content = bytearray(packed({**GOOD, "big.bin": b"0" * 1000}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(content)


def overlapping() -> bytes:
    """Two members that lie on the same bytes."""
    content = bytearray(packed({**GOOD, "b.html": PAGE}))
    first = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", first + 4)
    third = content.index(b"PK\x01\x02", second + 4)
    content[third + 42 : third + 46] = content[second + 42 : second + 46]
    return bytes(content)


def damaged() -> bytes:
    content = bytearray(packed({**GOOD, "z.html": bytes(range(256)) * 50}, zipfile.ZIP_STORED))
    content[content.index(bytes(range(200))) + 5] ^= 0xFF
    return bytes(content)


def many() -> bytes:
    """A directory that claims more members than anybody needs."""
    content = bytearray(packed(GOOD))
    at = content.rindex(b"PK\x05\x06")
    content[at + 8 : at + 12] = struct.pack("<HH", 60_000, 60_000)
    return bytes(content)


def manifest(old: str, new: str) -> bytes:
    assert old in MINIMAL.decode()
    return packed({**GOOD, MANIFEST: MINIMAL.decode().replace(old, new).encode()})


def without(first: str, last: str) -> bytes:
    """The manifest without what stands from `first` up to `last`."""
    words = MINIMAL.decode()
    return (words[: words.index(first)] + words[words.index(last) :]).encode()


LAUGHS = (
    '<!DOCTYPE m [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
OUTSIDE = '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


def _link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def _device(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFCHR | 0o666) << 16


def locked() -> bytes:
    content = bytearray(packed(GOOD))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rindex(signature) + flags] |= 1
    return bytes(content)


HOSTILE: list[tuple[str, Callable[[], bytes]]] = [
    ("foreign.not-a-zip", lambda: b""),
    ("foreign.not-a-zip", lambda: b"hello"),
    ("foreign.not-a-zip", lambda: packed(GOOD)[:-30]),
    ("foreign.zip-damaged", damaged),
    ("foreign.zip-damaged", lambda: b"\0" * 100 + packed(GOOD)[90:]),
    ("foreign.too-many-files", many),
    ("foreign.bomb", lambda: packed({**GOOD, "b.bin": b"\0" * 3_000_000})),
    ("foreign.bomb", lambda: claims(0xFFFFFFF0)),
    ("foreign.overlap", overlapping),
    ("foreign.link", lambda: packed({**GOOD, "link": b"/etc/passwd"}, link=_link)),
    ("foreign.link", lambda: packed({**GOOD, "null": b""}, null=_device)),
    ("foreign.encrypted", locked),
    ("foreign.compression", lambda: packed({**GOOD, "b.js": b"x" * 50}, zipfile.ZIP_LZMA)),
    ("foreign.compression", lambda: packed({**GOOD, "b.js": b"x" * 50}, zipfile.ZIP_BZIP2)),
    ("foreign.name-twice", lambda: renamed("b.html", b"a.html")),
    ("foreign.file-and-folder", lambda: packed({**GOOD, "a.html/b.js": b""})),
    ("foreign.file-and-folder", lambda: packed({**GOOD, "a.html/b/c.js": b""})),
    ("package.name-unsafe", lambda: packed({**GOOD, "../evil.js": b""})),
    ("package.name-unsafe", lambda: packed({**GOOD, "a/../../evil.js": b""})),
    ("package.name-unsafe", lambda: packed({**GOOD, "/etc/cron.d/evil": b""})),
    ("package.name-unsafe", lambda: packed({**GOOD, "C:/evil.js": b""})),
    ("package.name-unsafe", lambda: packed({**GOOD, "a\\..\\evil.js": b""})),
    ("package.name-unsafe", lambda: renamed("evilx.js", b"evil\0.js")),
    ("package.name-unsafe", lambda: packed({**GOOD, "../": b""})),
    ("package.names-collide", lambda: packed({**GOOD, "A.HTML": b""})),
    ("package.names-collide", lambda: packed({**GOOD, "me\u0308.js": b"", "m\u00eb.js": b""})),
    ("package.manifest-not-at-root", lambda: packed({"course/" + name: each for name, each in GOOD.items()})),
    ("package.manifest-not-xml", lambda: manifest("<manifest", LAUGHS + "<manifest")),
    ("package.manifest-not-xml", lambda: manifest("<manifest", OUTSIDE + "<manifest")),
    ("package.manifest-not-xml", lambda: packed({**GOOD, MANIFEST: b"\xff\xfe<"})),
    ("package.manifest-not-xml", lambda: packed({**GOOD, MANIFEST: b"<?xml version='1.0' encoding='none'?><a/>"})),
    ("package.manifest-root", lambda: manifest("imscp_rootv1p1p2", "imscp_rootv9")),
    ("package.no-organization", lambda: packed({**GOOD, MANIFEST: without("<organization ", "</organizations>")})),
    ("foreign.manifest-too-large", lambda: packed({**GOOD, MANIFEST: MINIMAL + b"<!-- -->" * 1_000_001}, 0)),
    ("foreign.manifest-too-deep", lambda: packed({**GOOD, MANIFEST: b"<a>" * 50_000 + b"</a>" * 50_000})),
    ("foreign.no-sco", lambda: manifest(' identifierref="r"', "")),
    ("foreign.no-sco", lambda: manifest('"sco"', '"asset"')),
    ("foreign.page-missing", lambda: manifest('href="a.html">', 'href="b.html">')),
]  # fmt: skip


@pytest.fixture
def inspected(tmp_path: Path) -> Callable[..., Any]:
    def inspect(content: bytes | Mapping[str, bytes], limits: Limits | None = None) -> Any:
        path = tmp_path / "one.zip"
        path.write_bytes(content if isinstance(content, bytes) else packed(content))
        found = inspect_package(path, limits)
        assert list(tmp_path.iterdir()) == [path]
        return found

    return inspect


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("code", "make"), HOSTILE, ids=[f"{n}-{code}" for n, (code, _) in enumerate(HOSTILE)]
)
def test_what_is_hostile_or_broken_is_refused_by_its_code(
    inspected: Callable[..., Any], code: str, make: Callable[[], bytes]
) -> None:
    found = inspected(make())
    refused = [one for one in found.refusals if one.code == code]
    assert refused, found.problems
    for language in LANGUAGES:
        words = describe(refused[0], language)
        assert "{" not in words
        assert remedy(code, refused[0].params, language)


def test_limits_are_told_before_anything_is_read(inspected: Callable[..., Any]) -> None:
    assert inspected(GOOD, Limits(package=10)).refusals[0].code == "foreign.too-large"
    assert inspected(GOOD, Limits(files=1)).refusals[0].code == "foreign.too-many-files"
    assert inspected(GOOD, Limits(directory=10)).refusals[0].code == "foreign.too-many-files"
    bomb = inspected(packed({**GOOD, "b.bin": b"\0" * 3_000_000}))
    assert bomb.content_sha256 == ""
    assert bomb.scos == ()


@given(data=st.data())
def test_no_zip_however_spoilt_makes_the_inspector_fall(data: Any, tmp_path_factory: Any) -> None:
    content = bytearray(packed(GOOD))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "spoilt.zip"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    for problem in inspect_package(path).problems:
        assert describe(problem, "en")


RISKY: list[tuple[str, str, str, str]] = [
    ("risk.remote-script", "a.html", '<script src="https://cdn.example.org/x.js"></script>', "cdn.example.org"),
    ("risk.remote-script", "a.js", 'import x from "y";\nimport("https://cdn.example.org/x.js")', "cdn.example.org"),
    ("risk.remote-script", "a.js", "importScripts('//cdn.example.org/x.js')", "cdn.example.org"),
    ("risk.tracker", "a.html", '<script async src="//www.google-analytics.com/ga.js">', "www.google-analytics.com"),
    ("risk.tracker", "a.html", '<img src="https://www.facebook.com/tr?id=1">', "www.facebook.com"),
    ("risk.remote", "a.html", '<link rel=stylesheet href="https://fonts.example.org/a.css">', "fonts.example.org"),
    ("risk.remote", "a.html", "<iframe width=1 src='http://video.example.org/1'>", "video.example.org"),
    ("risk.remote", "a.css", "body{background:url(//img.example.org/a.png)}", "img.example.org"),
    ("risk.remote", "a.css", '@import "https://img.example.org/a.css";', "img.example.org"),
    ("risk.remote", "a.js", "fetch(`https://api.example.org/log`)", "api.example.org"),
    ("risk.remote", "a.js", 'r.open("POST", "https://api.example.org/log")', "api.example.org"),
    ("risk.remote", "a.js", 'new WebSocket("wss://api.example.org")', "api.example.org"),
    ("risk.remote", "a.js", "img.src = 'https://api.example.org/p.gif'", "api.example.org"),
    ("risk.moodle", "a.js", "post('/lib/ajax/service.php?sesskey=' + M.cfg.sesskey)", "/lib/ajax/service.php"),
    ("risk.page-around", "a.js", "window.parent.document.body.innerHTML = ''", "parent.document"),
    ("risk.page-around", "a.js", "top.location = 'x'", "top.location"),
    ("risk.cookies", "a.js", "x = document.cookie", "document.cookie"),
    ("risk.form", "a.html", '<form method=post action="https://forms.example.org/">', "forms.example.org"),
    ("risk.password", "a.html", '<input name=p type="password">', "password"),
    ("risk.device", "a.js", "navigator.mediaDevices.getUserMedia({})", "getUserMedia"),
    ("risk.eval", "a.js", "eval(x)", "eval("),
    ("risk.eval", "a.js", "new Function('a')", "new Function("),
    ("risk.eval", "a.js", "setTimeout('go()', 1)", "setTimeout('"),
    ("risk.svg-script", "a.svg", '<svg xmlns="http://www.w3.org/2000/svg" onload="x()">', "onload="),
    ("risk.unload", "a.html", '<body onunload="finish()">', "onunload="),
    ("risk.unload", "a.js", "window.addEventListener('beforeunload', f)", "addEventListener('beforeunload'"),
    ("risk.unload", "a.js", "$(window).unload(f)", ".unload("),
    ("risk.waits", "a.js", "r.open('GET', url, false)", ".open('GET', url, false)"),
    ("risk.program", "tools/setup.EXE", "MZ", ".exe"),
    ("risk.program", "upload.php", "<?php", ".php"),
    ("risk.program", ".htaccess", "Options", ".htaccess"),
    ("risk.archive", "more.zip", "PK", ".zip"),
    ("risk.flash", "film.swf", "FWS", ".swf"),
    ("risk.unknown-element", "a.js", 'LMSSetValue("cmi.core.lesson_statu", x)', "cmi.core.lesson_statu"),
    ("risk.unknown-element", "a.js", "doLMSGetValue('cmi.core.name')", "cmi.core.name"),
    ("risk.wrong-value", "a.js", "\n\nLMSSetValue('cmi.core.exit', 'normal')", "cmi.core.exit=normal"),
    ("risk.wrong-value", "a.js", 'SetValue("cmi.core.lesson_status", "not attempted")', "cmi.core.lesson_status=not attempted"),
    ("risk.wrong-value", "a.js", 'SetValue("cmi.core.score.raw", "101")', "cmi.core.score.raw=101"),
    ("risk.wrong-value", "a.js", 'SetValue("cmi.core.score.raw", "")', "cmi.core.score.raw="),
    ("risk.wrong-value", "a.js", 'SetValue("cmi.core.session_time", "PT1H")', "cmi.core.session_time=PT1H"),
    ("risk.wrong-value", "a.js", 'SetValue("cmi.core.student_name", "x")', "cmi.core.student_name=x"),
    ("risk.wrong-value", "a.js", 'SetValue("cmi.interactions.3.result", "incorrect")', "cmi.interactions.3.result=incorrect"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "name", "content", "found"), RISKY, ids=[f"{n}-{one[0]}" for n, one in enumerate(RISKY)]
)
def test_what_is_risky_is_named_with_its_place(
    inspected: Callable[..., Any], code: str, name: str, content: str, found: str
) -> None:
    files = dict(GOOD)
    if name == "a.html":
        content = PAGE.decode() + "\n" + content
    files[name] = content.encode()
    risks = {risk.code: risk for risk in inspected(files).risks}
    assert code in risks
    assert found in risks[code].found
    assert risks[code].places[0].file == name
    written = content.split(found.partition("=")[0])[0] if name.startswith("a.") else ""
    if written:
        assert risks[code].places[0].line == written.count("\n") + 1
    for language in LANGUAGES:
        assert "{" not in text(code, {"found": found}, language)
        assert remedy(code, {}, language)


def test_what_is_ordinary_is_no_risk(inspected: Callable[..., Any]) -> None:
    page = """<html xmlns="http://www.w3.org/1999/xhtml"><!-- https://example.org -->
    <a href="https://example.org/law">law</a> <script src="js/a.js"></script><img src="a.png">
    <form><input type="text"></form> <p>evaluate the retrieval of cookies; see http://example.org</p>"""
    script = """// https://cdn.example.org/x.js
    const svg = "http://www.w3.org/2000/svg"; LMSInitialize(""); LMSSetValue("cmi.core.exit", "suspend");
    LMSSetValue("cmi.interactions." + n + ".id", id); LMSGetValue("cmi.objectives.0.score._children");
    window.addEventListener("pagehide", f); fetch("data.json"); medieval(); x.open("GET", u, true);"""
    assert inspected({**GOOD, "a.html": page.encode(), "a.js": script.encode()}).risks == ()


def test_a_text_made_to_keep_the_scan_busy_is_read_in_one_go(inspected: Callable[..., Any]) -> None:
    """Were some pattern to look at the same stretch again and again, this would not end."""
    begun = (
        "<script ",
        "<img src=",
        "import ",
        "eval",
        ".open('get',",
        "setvalue(",
        "url(",
        "addeventlistener(",
        "\n",
    )
    page = "".join(begin * 2000 + begin + " " * 200_000 for begin in begun)
    assert (
        inspected(packed({**GOOD, "a.html": (PAGE.decode() + page).encode()}, zipfile.ZIP_STORED)).refusals
        == ()
    )


def test_a_package_that_never_asks_for_its_editions_api_is_told_of(inspected: Callable[..., Any]) -> None:
    risks = inspected({**GOOD, "a.html": b"<script>API_1484_11.Initialize('')</script>"}).risks
    assert [(risk.code, risk.found) for risk in risks] == [("risk.no-api", ("LMSInitialize",))]


def test_packages_of_ours_break_no_rule_and_hold_no_risk(example_course: Course, tmp_path: Path) -> None:
    for kind, scos in (("scorm12", "course"), ("scorm2004", "lessons")):
        target = ScormTarget(kind=kind, scos=scos)  # type: ignore[arg-type]
        built = build_target(example_course, target, tmp_path / f"{kind}.zip")
        found = inspect_package(built.path)
        assert (found.problems, found.risks) == ((), ())
        assert {sco.identifier for sco in found.scos} == set(built.items)
        assert (found.sha1, found.sha256, found.size) == (built.sha1, built.sha256, built.size)
        assert (
            found.content_sha256
            == built.content_sha256
            == content_sha256(target_files(example_course, target).files)
        )
    html = target_files(example_course, HtmlTarget(kind="html")).files
    (tmp_path / "html.zip").write_bytes(zip_bytes(html))
    assert inspect_package(tmp_path / "html.zip").risks == ()


def test_a_package_with_other_rules_broken_is_usable_all_the_same(inspected: Callable[..., Any]) -> None:
    found = inspected({**GOOD, "notes.txt": b""})
    assert found.refusals == ()
    assert {one.code for one in found.broken_rules} == {
        "package.schema-not-mapped",
        "package.file-not-listed",
    }
    assert (found.edition, found.title) == ("SCORM 1.2", "Golf & law")
    assert [(sco.identifier, sco.title, sco.page, sco.mastery) for sco in found.scos] == [
        ("i", "Play", "a.html", "80")
    ]
    assert [(one.name, one.files) for one in found.types] == [("data", 2), ("pages", 1)]


def test_pages_have_their_base_and_parameters_as_platforms_join_them(inspected: Callable[..., Any]) -> None:
    def pages(resource: str, item: str, name: str = "c/a.html") -> list[str]:
        content = MINIMAL.decode().replace("<resource ", f"<resource {resource} ", 1)
        content = content.replace("<item ", f"<item {item} ")
        found = inspected({MANIFEST: content.encode(), name: PAGE})
        assert found.refusals == ()
        return [sco.page for sco in found.scos]

    assert pages('xml:base="c/"', 'parameters="?l=1"') == ["c/a.html?l=1"]
    assert pages('xml:base="c/"', 'parameters="l=1"') == ["c/a.html?l=1"]
    assert pages('xml:base="c/"', 'parameters="#top"') == ["c/a.html#top"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_inspect_speaks_to_people_in_their_language_and_to_machines_by_its_schema(
    command: Callable[..., Ended], tmp_path: Path, example_course: Course, language: str
) -> None:
    files = scorm12_files(example_course)
    files["player/more.js"] = b"eval(x); LMSSetValue('cmi.core.exit', 'normal')"
    (tmp_path / "one.zip").write_bytes(zip_bytes({**files, **{f"extra{n}.txt": b"" for n in range(9)}}))
    ended = command("inspect", "one.zip", language=language)
    assert ended.code == 1
    assert "extra0.txt" in ended.out
    assert "extra8.txt" not in ended.out  # the rest of a kind is counted
    assert "player/more.js:1" in ended.out
    assert not any(sign in ended.out for sign in ("{", "inspect.", "risk.", "foreign."))
    told = json.loads(command("inspect", "one.zip", "--json", language=language).out)
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(told)
    assert told["usable"] is True
    assert {risk["code"] for risk in told["risks"]} == {"risk.eval", "risk.wrong-value"}
    assert len(told["problems"]) == 10


def test_inspect_ends_well_where_nothing_is_wrong_and_says_what_file_is_not_there(
    command: Callable[..., Ended], tmp_path: Path, example_course: Course
) -> None:
    (tmp_path / "one.zip").write_bytes(zip_bytes(scorm12_files(example_course)))
    assert command("inspect", "one.zip", "--strict").code == 0
    spoilt = {**scorm12_files(example_course)}
    spoilt[MANIFEST] = spoilt[MANIFEST].replace(b"<organization ", b"<banana/><organization ", 1)
    (tmp_path / "banana.zip").write_bytes(zip_bytes(spoilt))
    assert command("inspect", "banana.zip").code == 0
    assert "banana" in command("inspect", "banana.zip", "--strict").out
    ended = command("inspect", "two.zip")
    assert ended.code == 1
    assert "two.zip" in ended.err
