"""A lesson begins in a Word document: what can come over does, what cannot is told, and nothing in it does harm."""

from __future__ import annotations

import datetime
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from authoring.html_tree import meaning
from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError
from authoring.read_markdown import render
from course_packages.zip_file import read_content
from lms_sync.course_preview.shown_course import ShownCourse
from lms_sync.word.open_word import open_word
from tests.cli.conftest import Ended, command, files_below
from tests.schemas import must_be
from tests.word.documents import SPACES, as_word_writes, by_hand, inline_picture, p, picture, relations

if TYPE_CHECKING:
    from lms_sync.word.to_lesson import WordLesson

__all__ = ["command"]

Command = Callable[..., Ended]
LETTERS = "Çdo shkresë: ç ë Ç Ë. Fiecare cerere: ă â î ș ț Ș Ț. Every “letter” – ok"


def read(path: Path) -> WordLesson:
    from lms_sync.word.to_lesson import lesson_of  # and mammoth, for which other processes need not wait

    return lesson_of(open_word(path), lesson_id="l", notes_title="Notes")


def lost(made: WordLesson) -> set[str]:
    return {one.code.removeprefix("docx.") for one in made.losses}


@pytest.fixture
def academy(tmp_path: Path, command: Command) -> Path:
    """An academy with one course in Albanian."""
    folder = tmp_path / "academy"
    assert command("new", "course", "Kursi im", "--language", "sq", "--dir", folder).code == 0
    return folder


def _whole_document(made: Any) -> None:
    made.add_heading("Pranimi i shkresave", 0)
    made.add_heading("Çfarë vjen", 1)
    paragraph = made.add_paragraph(LETTERS + " ")
    paragraph.add_run("i trashë").bold = True
    paragraph.add_run(" dhe ")
    paragraph.add_run("i pjerrët").italic = True
    paragraph.add_run(", 5 * 3 < 20 & [x] `y` _z_ #1")
    made.add_paragraph("::: nuk është bllok")
    made.add_paragraph("1. nuk është listë")
    made.add_heading("Hapat", 3)
    for style, words in (
        ("List Bullet", "a"), ("List Bullet 2", "b"), ("List Bullet 3", "c"), ("List Bullet", "d"),
        ("List Number", "një"), ("List Number 2", "brenda"), ("List Number", "dy"),
    ):  # fmt: skip
        made.add_paragraph(words, style=style)
    table = made.add_table(2, 2)
    for cell, words in zip(table._cells, ("Shkresa", "Vite", "Libri | faqja", "10"), strict=True):
        cell.text = words
    table.cell(1, 1).add_paragraph("ose më shumë")
    from io import BytesIO

    made.add_picture(BytesIO(picture()))
    made.add_paragraph('Zyra e "protokollit"', style="Caption")


def test_text_headings_lists_tables_and_pictures_come_over_and_the_course_is_clean_but_for_words_of_pictures(
    tmp_path: Path, academy: Path, command: Command
) -> None:
    source = as_word_writes(tmp_path / "Pranimi i shkresave (v2).docx", _whole_document)
    ended = command("new", "lesson", source, "--course", "kursi-im", "--dir", academy)
    assert ended.code == 0, ended.said
    course = academy / "courses" / "kursi-im"
    text = (course / "lessons" / "pranimi-i-shkresave-v2" / "lesson.sq.md").read_text(encoding="utf-8")
    head, body = text.split("---\n")[1:]
    assert head == 'title: "Pranimi i shkresave"\n'
    html = render(body, file="x", find_picture=lambda source, place: _shown(course, source)).html
    assert "<h2>Çfarë vjen</h2>" in html
    assert "<h3>Hapat</h3>" in html  # no level is skipped
    plain = re.sub(r"<[^>]+>", "", html).replace("&amp;", "&").replace("&lt;", "<")
    for words in (LETTERS, "5 * 3 < 20 & [x] `y` _z_ #1", "::: nuk është bllok", "1. nuk është listë"):
        assert words in plain
    assert "<strong>i trashë</strong> dhe <em>i pjerrët</em>" in html
    tight = re.sub(r">\s+<", "><", re.sub(r"\s*\n\s*", "", html))
    assert "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>" in tight
    assert "<ol><li>një<ol><li>brenda</li></ol></li><li>dy</li></ol>" in tight
    assert '<th scope="col">Shkresa</th>' in html
    assert "<td>Libri | faqja</td>" in html
    assert "<td>10<br>ose më shumë</td>" in html
    assert '<figcaption>Zyra e "protokollit"</figcaption>' in html
    assert (course / "media" / "pranimi-i-shkresave-v2-1.png").read_bytes() == picture()
    assert "- {id: pranimi-i-shkresave-v2}" in (course / "course.yaml").read_text(encoding="utf-8")
    report = json.loads(command("check", "--json", "--dir", academy).out)
    errors = [one["code"] for one in report["problems"] if one["severity"] == "error"]
    assert errors == ["markdown.image-without-alt"]
    assert "1 thing is still to be done" in ended.err


def _shown(course: Path, source: str) -> Any:
    from authoring.read_markdown import Picture

    assert (course / "lessons" / "x" / source).resolve().is_file()
    return Picture(source)


NOTES = (
    f'<w:footnotes {SPACES}><w:footnote w:id="2"><w:p><w:r><w:t>Ligji nr. 9154, neni </w:t></w:r>'
    "<w:r><w:rPr><w:b/></w:rPr><w:t>15</w:t></w:r></w:p></w:footnote></w:footnotes>"
)


def test_links_notes_line_breaks_and_pictures_of_other_kinds_come_over(tmp_path: Path) -> None:
    body = (
        "<w:p><w:r><w:t>Shih </w:t></w:r><w:hyperlink r:id='l1'><w:r><w:t>faqen</w:t></w:r></w:hyperlink>"
        "<w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:br/><w:t>rresht</w:t></w:r>"
        "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>2</w:t></w:r></w:p>"
        f"<w:p>{inline_picture('p1', 'Një vulë e kuqe')}</w:p><w:p>{inline_picture('p2', 'Një libër')}</w:p>"
    )
    related = (
        ("l1", "hyperlink", "https://example.org/a?b=1&amp;c=(2)"), ("f1", "footnotes", "footnotes.xml"),
        ("p1", "image", "media/a.png"), ("p2", "image", "media/b.bmp"),
    )  # fmt: skip
    more = {
        "word/footnotes.xml": NOTES,
        "word/media/a.png": picture(),
        "word/media/b.bmp": picture("BMP", "blue"),
    }
    made = read(by_hand(tmp_path / "a.docx", body, related=related, more=more))
    assert "Shih [faqen](<https://example.org/a?b=1&c=(2)>)<sup>1</sup>\\\nrresht<sup>2</sup>" in made.body
    assert made.body.rstrip().endswith("## Notes\n\n1. Ligji nr. 9154, neni **15**")
    assert "![Një vulë e kuqe](../../media/l-1.png)" in made.body
    assert "![Një libër](../../media/l-2.png)" in made.body
    assert made.pictures["l-2.png"].startswith(b"\x89PNG")
    assert lost(made) == set()


BOX = (
    "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:txbx><w:txbxContent>{0}</w:txbxContent></wps:txbx>"
    "</w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>{0}</w:txbxContent></v:textbox>"
    "</v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)
GRAPHIC = "<w:r><w:drawing><wp:inline><a:graphic><a:graphicData>{0}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
CELL = "<w:tc><w:tcPr>{0}</w:tcPr><w:p><w:r><w:t>{1}</w:t></w:r></w:p></w:tc>"
LOSSES: list[tuple[str, str, str]] = [
    ("comment", p("Afati ", '<w:r><w:commentReference w:id="0"/></w:r>'), "Afati"),
    ("inserted", p("Afati ", '<w:ins w:id="1"><w:r><w:t>dhjetë</w:t></w:r></w:ins>'), "dhjetë"),
    ("deleted", p("Afati ", '<w:del w:id="1"><w:r><w:delText>pesë</w:delText></w:r></w:del>'), "pesë"),
    ("equation", p("Sa është ", "<m:oMathPara><m:oMath><m:r><m:t>a+b</m:t></m:r></m:oMath></m:oMathPara>"), "a+b"),
    ("text-box", p("Pranë ", BOX.format(p("Kujdes, vula"))), "Kujdes, vula"),
    ("smartart", p("Këtu ", GRAPHIC.format('<dgm:relIds r:dm="x"/>')), "Këtu"),
    ("chart", p("Shifrat ", GRAPHIC.format('<c:chart r:id="x"/>')), "Shifrat"),
    ("embedded", p("Fleta ", "<w:r><w:object/></w:r>"), "Fleta"),
    ("link-inside", p("Shih ", '<w:hyperlink w:anchor="x"><w:r><w:t>më poshtë</w:t></w:r></w:hyperlink>'), "më poshtë"),
    ("link-kind", p("Hap ", '<w:hyperlink r:id="bad"><w:r><w:t>skedarin</w:t></w:r></w:hyperlink>'), "skedarin"),
    ("merged-cells", "<w:tbl><w:tblPr><w:tblLook w:firstRow='1'/></w:tblPr><w:tr>" + CELL.format('<w:gridSpan w:val="2"/>', "Gjerë")
     + "</w:tr><w:tr>" + CELL.format("", "a") + CELL.format("", "b") + "</w:tr></w:tbl>", "Gjerë"),
    ("no-header-row", "<w:tbl><w:tr>" + CELL.format("", "Pa kokë") + CELL.format("", "x") + "</w:tr><w:tr>" + CELL.format("", "a")
     + CELL.format("", "b") + "</w:tr></w:tbl>", "Pa kokë"),
    ("picture-kind", f"<w:p>{inline_picture('emf', 'Një skemë')}</w:p>", "Një skemë"),
    ("picture-elsewhere", f"<w:p>{inline_picture('far', 'Larg', link=True)}</w:p>", "Larg"),
    ("marks-lost", "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Shënim:</w:t></w:r><w:r><w:t>menjëherë</w:t></w:r></w:p>", "Shënim:"),
]  # fmt: skip


def test_each_thing_that_does_not_come_over_is_told_with_the_words_near_it(tmp_path: Path) -> None:
    """All in one document: each is told once, near its own words, in every language; the words themselves came over."""
    related = (
        ("bad", "hyperlink", "file:///etc/passwd"),
        ("emf", "image", "media/x.emf"),
        ("far", "image", "https://example.org/x.png"),
    )
    more: dict[str, bytes | str] = {
        "word/media/x.emf": b"\x01\x00\x00\x00emf",
        "word/header1.xml": f"<w:hdr {SPACES}>{p('Bashkia')}</w:hdr>",
        "word/vbaProject.bin": b"\xd0\xcf\x11\xe0macro",
    }
    made = read(
        by_hand(tmp_path / "a.docx", "".join(body for _, body, _ in LOSSES), related=related, more=more)
    )
    told = {one.code.removeprefix("docx."): str(one.params.values()) for one in made.losses}
    assert set(told) == {code for code, _, _ in LOSSES} | {"header-or-footer", "macros"}
    assert {code for code, _, near in LOSSES if near not in told[code]} == set()
    assert len(made.losses) == len(told)
    for language in LANGUAGES:
        said = [describe(one, language) for one in made.losses]
        assert not [one for one in said if "docx." in one.removeprefix("a.docx") or "{" in one]
    plain = made.body.replace("\\", "")
    assert "Afati dhjetë" in plain  # a change that was put in
    assert "pesë" not in plain
    assert "Kujdes, vula" in plain
    assert "Shih më poshtë" in plain
    assert "Shënim:menjëherë" in plain
    assert "passwd" not in plain
    assert "example.org" not in plain


def bomb(path: Path) -> Path:
    return by_hand(path, "", more={"word/media/a.png": b"\0" * 3_000_000})


def entities(path: Path) -> Path:
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    return by_hand(
        path,
        "",
        document=f"<!DOCTYPE d [{lines}]><w:document {SPACES}><w:body>{p('&l9;')}</w:body></w:document>",
    )


def entities_in_a_part_of_another_name(path: Path) -> Path:
    reaching = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><w:styles {SPACES}>&x;</w:styles>'
    return by_hand(
        path, p("x"), related=(("s", "styles", "harmless.bin"),), more={"word/harmless.bin": reaching}
    )


def deep(path: Path) -> Path:
    return by_hand(path, "<w:tbl><w:tr><w:tc>" * 3000 + p("x") + "</w:tc></w:tr></w:tbl>" * 3000)


def long(path: Path) -> Path:
    words = " ".join(str(number * 7919 % 100_003) for number in range(600))
    return by_hand(path, p(words) * 1700)


def many_words(path: Path) -> Path:
    return by_hand(path, p("fjalë të tjera " * 2000) * 14)


def climbing(path: Path) -> Path:
    return by_hand(path, p("x"), more={"../../evil.sh": b"echo"})


def no_document(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("[Content_Types].xml", relations())
    return path


def locked(path: Path) -> Path:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    return path


def cut(path: Path) -> Path:
    whole = by_hand(path, p("x")).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return path


def broken_xml(path: Path) -> Path:
    return by_hand(path, "", document="<w:document")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (bomb, "foreign.bomb"), (entities, "docx.unsafe-xml"), (entities_in_a_part_of_another_name, "docx.unsafe-xml"),
        (deep, "docx.too-deep"), (long, "docx.too-large"), (many_words, "docx.too-long"), (climbing, "package.name-unsafe"), (no_document, "docx.not-word"),
        (locked, "docx.old-or-locked"), (cut, "foreign.not-a-zip"), (broken_xml, "docx.damaged"),
    ],
)  # fmt: skip
def test_a_hostile_or_broken_document_is_refused_in_words_and_nothing_is_written(
    tmp_path: Path, academy: Path, command: Command, make: Callable[[Path], Path], code: str
) -> None:
    source = make(tmp_path / "bad.docx")
    with pytest.raises(ContentError) as error:
        open_word(source)
    assert code in {one.code for one in error.value.problems}
    before = files_below(academy)
    ended = command("new", "lesson", source, "--course", "kursi-im", "--dir", academy, language="ro")
    assert (ended.code, ended.out) == (1, "")
    assert "bad.docx" in ended.err
    assert "Traceback" not in ended.err
    assert files_below(academy) == before


def test_nothing_is_overwritten_and_what_cannot_be_is_refused(
    tmp_path: Path, academy: Path, command: Command
) -> None:
    source = by_hand(tmp_path / "mësimi.docx", p("x"))
    common = ("--course", academy / "courses" / "kursi-im", "--dir", academy)
    assert command("new", "lesson", source, *common).code == 0
    before = files_below(academy)
    for arguments, said in (
        ((source, *common), "is there already"),
        ((source, "--course", "other", "--dir", academy), "There is no course other"),
        ((source, *common, "--language", "ro"), "not in ro"),
        ((source, *common, "--id", "no good"), "cannot be the id"),
        ((tmp_path / "a.odt", *common), "no Word document"),
        ((tmp_path / "none.docx", *common), "no file none.docx"),
        ((by_hand(tmp_path / "empty.docx", p(" ")), *common), "no text"),
    ):
        ended = command("new", "lesson", *arguments)
        assert ended.code == 1, ended.said
        assert said in ended.err
    assert files_below(academy) == before


def test_the_same_lesson_in_another_language_stands_beside_the_first(
    tmp_path: Path, command: Command
) -> None:
    academy = tmp_path / "academy"
    languages = ("--language", "en", "--language", "ro")
    assert command("new", "course", "c", *languages, "--dir", academy).code == 0
    common = ("--course", "c", "--dir", academy, "--id", "third")
    body = p("Text") + f"<w:p>{inline_picture('p1', 'A stamp')}</w:p>"
    for language, colour in (("en", "red"), ("ro", "blue")):
        source = by_hand(
            tmp_path / f"{language}.docx",
            body,
            related=(("p1", "image", "media/a.png"),),
            more={"word/media/a.png": picture("PNG", colour)},
        )
        ended = command("new", "lesson", source, *common, "--language", language)
        assert ended.code == 0, ended.said
        assert ("--language ro" in ended.out) == (language == "en")
    assert command("check", "--dir", academy).code == 0
    assert (academy / "courses" / "c" / "course.yaml").read_text(encoding="utf-8").count("id: third") == 1


def test_a_lesson_without_translation_and_words_for_its_picture_can_be_looked_at_while_check_refuses_it(
    tmp_path: Path, command: Command
) -> None:
    academy = tmp_path / "academy"
    assert command("new", "course", "c", "--language", "en", "--language", "ro", "--dir", academy).code == 0
    body = p("Doar aici") + f"<w:p>{inline_picture('p1', '')}</w:p>"
    source = by_hand(
        tmp_path / "third.docx",
        body,
        related=(("p1", "image", "media/a.png"),),
        more={"word/media/a.png": picture()},
    )
    common = ("--course", "c", "--dir", academy)
    printed = command("new", "lesson", source, *common, "--language", "ro", "--json")
    must_be("new-lesson", json.loads(printed.out))
    assert json.loads(printed.out)["missing_languages"] == ["en"]
    assert command("check", "--dir", academy).code == 1
    shown = ShownCourse(academy / "courses" / "c", academy, lambda: datetime.date(2026, 11, 22))
    assert shown.look()
    assert (shown.now.build, shown.now.broken) == (1, False)
    for language in ("en", "ro"):  # where it is not translated, it stands as it is
        assert b"Doar aici" in read_content(shown.now.contents[f"lessons/third.{language}.js"])
    errors = {one.code for one in shown.now.problems if one.severity == "error"}
    assert errors == {"markdown.image-without-alt", "course.lesson-not-translated"}


@settings(max_examples=25)
@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn"), exclude_characters="\u2028\u2029"),
            max_size=60,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_stands_in_a_paragraph_reads_the_same_in_the_lesson(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    import unicodedata
    from xml.sax.saxutils import escape

    path = tmp_path_factory.mktemp("any") / "a.docx"
    body = "".join(f'<w:p><w:r><w:t xml:space="preserve">{escape(one)}</w:t></w:r></w:p>' for one in words)
    made = read(by_hand(path, body))
    shown = render(made.body, file="x")
    assert [one for one in shown.problems if one.severity == "error"] == []
    wanted = "".join(f"<p>{escape(unicodedata.normalize('NFC', one))}</p>" for one in words if one.strip())
    assert meaning(shown.html) == meaning(wanted)
