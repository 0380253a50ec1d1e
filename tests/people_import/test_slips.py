"""Who has no e-mail gets a slip; the password on it is in Moodle and on paper, and nowhere else."""

from __future__ import annotations

import io
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from click.testing import CliRunner

from authoring.messages import LANGUAGES
from lms_sync.cli import commands
from lms_sync.package_data import example_academy
from lms_sync.people import Participant, read_people
from lms_sync.people.slip_logos import slip_logos
from lms_sync.people.slips import Slip, one_time_password, placeholder_email, usernames_for, without_email
from lms_sync.people.slips_pdf import Logo, slips_pdf
from lms_sync.settings import Secret
from moodle_standin.site import Site
from tests.people.conftest import TOKEN, StartSite, address, start_site
from tests.people_import.conftest import INSTITUTIONS

__all__ = ["address", "start_site"]

PEOPLE = """idnumber,username,email,firstname,lastname,institution,courses,gender,language
N-1,,,Çlirim,Këllezi,elbasan,,M,sq
N-2,,,Drita,Mëhilli,elbasan,,F,sq
N-3,,mail@example.org,Genti,Marku,elbasan,,M,sq
N-4,,,Ana,Leka,berat,,F,sq
"""
PASSWORD = re.compile(r"\b[A-HJ-NP-Z][a-km-np-z2-9]{3}-[a-km-np-z2-9]{4}-[a-km-np-z2-9]{4}\b")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "institutions.csv").write_text(INSTITUTIONS, encoding="utf-8")
    (tmp_path / "people" / "participants.csv").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("LMS_TEST_TOKEN", TOKEN)
    return tmp_path


Run = Callable[..., Any]


@pytest.fixture
def run(folder: Path, start_site: StartSite) -> tuple[Run, Site]:
    site, client = start_site(
        [{"username": "drita.mehilli", "firstname": "D", "lastname": "M", "email": "d@example.org"}]
    )
    config = f"sites:\n  main:\n    url: {client.url}\n    token_env: LMS_TEST_TOKEN\n    language: sq\n"
    (folder / "config.yaml").write_text(config, encoding="utf-8")

    def slips(*arguments: str) -> Any:
        given = ["people", "slips", "--institution", "elbasan", "--dir", str(folder), "--yes", *arguments]
        return CliRunner().invoke(commands, given, standalone_mode=False, catch_exceptions=False)

    return slips, site


def printed(folder: Path) -> str:
    """The text of the newest PDF."""
    path = max((folder / "build" / "slips").glob("*.pdf"), key=lambda one: one.stat().st_mtime_ns)
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def by_number(site: Site, idnumber: str) -> Any:
    return next(user for user in site.users.values() if user.idnumber == idnumber)


def test_accounts_are_made_for_those_without_an_address_and_printed(
    run: tuple[Run, Site], folder: Path
) -> None:
    slips, site = run
    assert slips().return_value == 0
    text = printed(folder)
    first, second = by_number(site, "N-1"), by_number(site, "N-2")
    assert first.username == "clirim.kellezi"
    assert second.username == "drita.mehilli2"  # the plain one belongs to somebody else
    for user in (first, second):
        assert user.password in text
        assert user.username in text
        assert user.email.endswith("@noemail.invalid")
        assert user.preferences == {"auth_forcepasswordchange": "1"}
    assert "Çlirim Këllezi" in text
    assert "Genti" not in text
    assert not [user for user in site.users.values() if user.idnumber in ("N-3", "N-4")]


def test_the_password_is_kept_nowhere(run: tuple[Run, Site], folder: Path) -> None:
    slips, site = run
    said = slips()
    passwords = [by_number(site, number).password for number in ("N-1", "N-2")]
    assert all(PASSWORD.fullmatch(one) for one in passwords)
    assert not any(one in said.output for one in passwords)
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pdf":
            raw = path.read_bytes()
            assert not any(one.encode() in raw or one.encode("utf-16-le") in raw for one in passwords), path
    (pdf,) = (folder / "build" / "slips").glob("*.pdf")
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    assert "state.db" in {path.name for path in (folder / ".lms-sync").iterdir()}


def test_a_second_run_makes_nothing_and_says_so(run: tuple[Run, Site], folder: Path) -> None:
    slips, site = run
    slips()
    before = {user.id: user.password for user in site.users.values()}
    assert slips().return_value == 0
    assert {user.id: user.password for user in site.users.values()} == before
    assert len(list((folder / "build" / "slips").glob("*.pdf"))) == 1


def allow_renewal(site: Site) -> None:
    account = next(user for user in site.users.values() if user.username == "lmssync")
    site.capabilities[account.id].add("moodle/user:update")
    for service in site.services.values():
        service.functions = {*service.functions, "core_user_update_users"}


def test_only_unused_accounts_of_ours_get_a_new_password(run: tuple[Run, Site], folder: Path) -> None:
    slips, site = run
    slips()
    allow_renewal(site)
    first, second = by_number(site, "N-1"), by_number(site, "N-2")
    second.lastaccess = 1_770_000_000
    before = (first.password, second.password)
    assert slips("--again").return_value == 0
    assert second.password == before[1]
    assert first.password != before[0]
    assert first.preferences == {"auth_forcepasswordchange": "1"}
    text = printed(folder)
    assert first.password in text
    assert "Drita" not in text


def test_a_token_that_may_not_set_passwords_is_told_and_changes_nothing(
    run: tuple[Run, Site], folder: Path
) -> None:
    slips, site = run
    slips()
    before = {user.id: user.password for user in site.users.values()}
    said = slips("--again")
    assert said.return_value == 4
    assert "core_user_update_users" in said.output
    assert {user.id: user.password for user in site.users.values()} == before
    assert len(list((folder / "build" / "slips").glob("*.pdf"))) == 1


def test_an_account_of_others_is_never_touched(run: tuple[Run, Site], folder: Path) -> None:
    slips, site = run
    other = next(user for user in site.users.values() if user.username == "drita.mehilli")
    other.idnumber, before = "N-2", other.password
    slips()
    slips("--again")
    assert other.password == before
    assert "drita.mehilli" not in printed(folder)


def test_one_time_passwords_are_random_and_meet_the_policy_of_a_new_moodle() -> None:
    made = {one_time_password() for _ in range(500)}
    assert len(made) == 500
    for one in made:
        assert PASSWORD.fullmatch(one)
        assert any(c.isdigit() for c in one)
        assert any(c.islower() for c in one)


def test_a_password_shows_in_no_print() -> None:
    slip = Slip("N-1", "Ana Leka", "ana.leka", Secret("Kf7m-2xpa-9trq"))
    assert "Kf7m" not in f"{slip} {slip!r}"


@pytest.mark.parametrize(("number", "address_"), [("N-1", "n-1"), ("A/7 ë", "a-7"), ("..", "person")])
def test_addresses_that_stand_for_none_are_addresses(number: str, address_: str) -> None:
    assert placeholder_email(number) == f"{address_}@noemail.invalid"


def test_user_names_are_made_of_letters_that_moodle_takes() -> None:
    for first, last in (("Çlirim", "Këllezi"), ("Ion", "Țurcanu-Șerban"), ("Иван", "Петров")):
        names = usernames_for(Participant("N", first, last, "x"))
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z0-9.]+", name) for name in names)


def test_who_has_an_address_needs_no_slip() -> None:
    people = [
        Participant("1", "A", "B", "x"),
        Participant("2", "A", "B", "x", "", "a@example.org"),
        Participant("3", "A", "B", "y"),
    ]
    assert [one.idnumber for one in without_email(people, "x")] == ["1"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_slips_are_two_sheets_in_each_language(language: str) -> None:
    made = [
        Slip(f"N-{n}", f"Çlirim Këllezi {n}", f"clirim.kellezi{n}", Secret(f"Kf7m-2xpa-9tr{n}"))
        for n in range(9)
    ]
    content = slips_pdf(
        made, institution="Bashkia Elbasan", site_url="https://moodle.example.org", language=language
    )
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert len(reader.pages) == 2
    text = "".join(page.extract_text() for page in reader.pages)
    assert all(f"Kf7m-2xpa-9tr{n}" in text for n in range(9))
    assert b"Kf7m" not in content.split(b"stream")[0]


def test_slips_carry_the_partners_logos_and_a_broken_one_costs_no_password(tmp_path: Path) -> None:
    made = [Slip("N-1", "Çlirim Këllezi", "clirim.kellezi", Secret("Kf7m-2xpa-9trx"))]
    whole, broken = tmp_path / "whole.svg", tmp_path / "broken.svg"
    whole.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><path fill="#c81e64" d="M0 0h40v20H0z"/></svg>',
        encoding="utf-8",
    )
    broken.write_text("<svg", encoding="utf-8")

    def text_of(*logos: Path) -> tuple[str, int]:
        content = slips_pdf(
            made,
            institution="Bashkia Elbasan",
            site_url="https://moodle.example.org",
            language="sq",
            logos=[Logo(one.stem, one) for one in logos],
        )
        (page,) = pypdf.PdfReader(io.BytesIO(content)).pages
        return page.extract_text(), page.get_contents().get_data().count(b"0.78")  # its red, in parts of one

    plain, nowhere = text_of()
    shown, red = text_of(whole)
    assert (plain, nowhere) == (shown, 0)
    assert red > 0
    assert text_of(whole, broken) == (plain, 0)
    assert "Kf7m-2xpa-9trx" in plain


def test_the_logos_are_those_of_the_programmes_in_which_the_institution_takes_part() -> None:
    folder = example_academy("archive-officers")
    elbasan = next(one for one in read_people(folder).institutions if one.code == "elbasan")
    logos = slip_logos(folder, elbasan, "en")
    assert [one.name for one in logos][:2] == ["DPA", "Implementing agency"]
    assert len(logos) == 7
    assert slip_logos(folder, replace(elbasan, code="x", kind="school"), "en") == ()
