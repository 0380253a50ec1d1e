"""Pictures are what they say, know their size, and carry no code."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from authoring.problems import Place, Problem
from authoring.read_image import Image, find_image


def png(width: int, height: int) -> bytes:
    head = struct.pack(">II5B", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + head
        + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    )


def jpeg(width: int, height: int) -> bytes:
    app0 = b"\xff\xe0\x00\x04ab"
    frame = b"\xff\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width) + b"\0\0\0\0"
    return b"\xff\xd8" + app0 + frame


def webp(form: bytes, body: bytes) -> bytes:
    return b"RIFF\0\0\0\0WEBP" + form + b"\0\0\0\0" + body


SIZED = {
    "a.png": png(640, 480),
    "a.jpg": jpeg(640, 480),
    "a.gif": b"GIF89a" + struct.pack("<HH", 640, 480),
    "lossy.webp": webp(b"VP8 ", b"\0" * 6 + struct.pack("<HH", 640, 480)),
    "lossless.webp": webp(b"VP8L", b"\x2f" + ((639) | (479 << 14)).to_bytes(4, "little")),
    "large.webp": webp(b"VP8X", b"\0" * 4 + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
    "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480"/>',
    "b.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="640px" height="480"/>',
    "c.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="100%" viewBox="0,0,640,480"/>',
}


def find(folder: Path, name: str) -> Image | list[Problem]:
    return find_image(name, beside=folder, inside=folder, place=Place("lesson.md", 3))


@pytest.mark.parametrize("name", SIZED)
def test_the_size_is_read_from_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(SIZED[name])
    found = find(tmp_path, name)
    assert isinstance(found, Image)
    assert (found.width, found.height) == (640, 480)


@pytest.mark.parametrize("name", [name for name in SIZED if not name.endswith(".svg")])
@pytest.mark.parametrize("kept", [0, 3, 9])
def test_a_file_cut_short_is_not_of_its_kind(tmp_path: Path, name: str, kept: int) -> None:
    (tmp_path / name).write_bytes(SIZED[name][:kept])
    found = find(tmp_path, name)
    assert isinstance(found, list)
    assert [problem.code for problem in found] == ["image.not-its-kind"]


@pytest.mark.parametrize(
    "part",
    [
        "<script>1</script>",
        "<foreignObject/>",
        '<rect onclick="x()"/>',
        '<a href="https://x"/>',
        '<use href="https://x/#a"/>',
        '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="other.svg#a"/>',
        '<image href="https://x/a.png"/>',
        '<image href="data:image/svg+xml;base64,aa"/>',
        '<rect style="fill:url(https://x)"/>',
        "<rect fill=\"url( 'http://x#a')\"/>",
        "<style>@import 'x.css';</style>",
        "<style>rect{fill:url(x.svg#a)}</style>",
        "<animate attributeName='href'/>",
        '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
        '<x:element xmlns:x="http://www.w3.org/1999/XSL/Transform" name="script"/>',
        '<rect xmlns=""/>',
        "<?xml-stylesheet href='a.xsl'?>",
        r'<rect style="fill:u\72l(https://x)"/>',
        r'<rect fill="u\72l(https://x)"/>',
        r"<style>@\69mport 'x.css';</style>",
        "<svg style=\"background:image-set('https://x' 1x)\"/>",
        '<g xml:base="https://x/"><use href="#a"/></g>',
        '<g xmlns:ev="http://www.w3.org/2001/xml-events" ev:event="load"/>',
    ],
)
def test_an_svg_that_could_run_code_or_fetch_is_refused(tmp_path: Path, part: str) -> None:
    (tmp_path / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{part}</svg>', encoding="utf-8")
    found = find(tmp_path, "a.svg")
    assert isinstance(found, list)
    assert {problem.code for problem in found} == {"image.svg-unsafe"}


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_stylesheet_around_the_picture_is_refused(tmp_path: Path, where: str) -> None:
    instruction, picture = '<?xml-stylesheet type="text/xsl" href="#x"?>', SIZED["a.svg"].decode()
    parts = [instruction, picture] if where == "before" else [picture, instruction]
    (tmp_path / "a.svg").write_text("<?xml version='1.0'?>" + "".join(parts), encoding="utf-8")
    found = find(tmp_path, "a.svg")
    assert isinstance(found, list)
    assert [problem.params["what"] for problem in found] == ["<?xml-stylesheet?>"]


def test_metadata_and_language_are_not_refused(tmp_path: Path) -> None:
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:c="http://creativecommons.org/ns#" xmlns:d="http://purl.org/dc/elements/1.1/" xml:space="preserve">'
        '<metadata><r:RDF><c:Work r:about=""><d:format>image/svg+xml</d:format>'
        '<c:license r:resource="https://creativecommons.org/licenses/by/4.0/"/></c:Work></r:RDF></metadata>'
        '<text xml:lang="sq" data-from="C:\\a">x</text></svg>'
    )
    (tmp_path / "a.svg").write_text(drawn, encoding="utf-8")
    assert isinstance(find(tmp_path, "a.svg"), Image)


def test_entities_and_document_types_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>'
    (tmp_path / "a.svg").write_text(bomb, encoding="utf-8")
    found = find(tmp_path, "a.svg")
    assert isinstance(found, list)
    assert found[0].params["what"] == "DOCTYPE"


def test_drawing_programs_leave_their_own_marks_and_that_is_fine(tmp_path: Path) -> None:
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape">'
        '<metadata/><inkscape:grid/><!-- x --><g inkscape:label="a"><rect fill="url(#g)"/><use href="#a"/></g></svg>'
    )
    (tmp_path / "a.svg").write_text(drawn, encoding="utf-8")
    assert isinstance(find(tmp_path, "a.svg"), Image)
