"""The training of trainers from sheet to award: who attended, who led, who may train, and why something does not count."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from sqlalchemy import Engine, insert, select

from authoring.messages import LANGUAGES
from authoring.problems import ContentError, Refused
from certificates.explain import Explanation, explain
from certificates.held import read_held
from certificates.issuer import open_issuer
from certificates.keys import make_key
from certificates.policy import Policy, read_policies
from certificates.register import approve, certify, issue_approved, proposals
from lms_sync.cli import commands
from lms_sync.cli.officer_explain import explanation_lines
from lms_sync.clock import FixedClock
from lms_sync.facts import ATTENDANCE, SESSION_LED, Fact, facts_of, store_facts
from lms_sync.package_data import example_academy
from lms_sync.people import meet_institution, read_people, remember_people
from lms_sync.programme_files import programmes_by_id
from lms_sync.sessions.kit import make_kit, may_have_kit
from lms_sync.sessions.record import Recorded, record_attendance
from lms_sync.sessions.sheet import find_session, sheet_of
from lms_sync.sessions.sheet_xlsx import sheet_xlsx
from lms_sync.store import schema
from lms_sync.store.database import open_database, reading
from programmes.attendance import Cells, read_attendance
from tests.schemas import must_be

SITE = "main"
COURSE = "migration-governance"
CONFIG = """\
language: en
sites: {main: {url: "https://moodle.example.org", token_env: TOKEN}}
database: {url: "sqlite:///state.db"}
"""


class Academy:
    """The example in a folder of its own, with its clock."""

    def __init__(self, folder: Path, example: str) -> None:
        shutil.copytree(example_academy(example), folder, dirs_exist_ok=True)
        (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
        self.folder = folder
        self.engine: Engine = open_database(f"sqlite:///{(folder / 'state.db').as_posix()}")
        self.clock = FixedClock(datetime(2026, 1, 20, 12, tzinfo=UTC))
        self.people = read_people(folder)
        self.policies: Mapping[str, Policy] = {one.id: one for one in read_policies(folder)}
        self.programmes = programmes_by_id(folder)
        with self.engine.begin() as connection:
            remember_people(connection, SITE, self.people.participants, {}, self.clock.now())

    def to(self, day: str) -> None:
        self.clock.advance(datetime.fromisoformat(f"{day}T18:00:00+00:00") - self.clock.now())

    def person(self, number: str) -> str:
        data = schema.person_data
        with reading(self.engine) as connection:
            return str(
                connection.execute(select(data.c.person_id).where(data.c.idnumber == number)).scalar_one()
            )

    def passes(self, number: str) -> None:
        person, now = self.person(number), self.clock.now()
        facts = [
            Fact("course_completion", f"c{number}", now, person, COURSE, "", {"complete": True}),
            Fact(
                "grade", f"g{number}", now, person, COURSE, f"{COURSE}/final",
                {"item": "mod", "grade": 90.0, "max": 100.0},
            ),
        ]  # fmt: skip
        with self.engine.begin() as connection:
            store_facts(connection, SITE, facts, now, None)

    def record(self, session: str, cells: Mapping[str, object], *, by: str = "Officer") -> Recorded:
        """Fills the session's own sheet in: everybody in `cells` gets that word for each day and exercise."""
        programme, found = find_session(self.programmes, session)
        sheet = sheet_of(programme, found, self.people, self.policies.values())
        book = openpyxl.load_workbook(io.BytesIO(sheet_xlsx(sheet, "sq")))
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        head = next(row for row in rows if row[0] == "idnumber")
        for row in rows:
            for column, title in enumerate(head):
                is_day = re.fullmatch(r"\d{4}-\d\d-\d\d", str(title))
                is_exercise = str(title).startswith("exercise:")
                if row[0] in cells and (is_day or (is_exercise and row[3] == "pjesëmarrës")):
                    row[column] = cells[str(row[0])] if is_day else "pranuar"
        told = read_attendance(
            Cells("sheet.xlsx", tuple(map(tuple, rows))),
            found,
            people={one.idnumber: one.name for one in self.people.participants},
            exercises=sheet.exercises,
            today=self.clock.now().date(),
        )
        return record_attendance(self.engine, SITE, sheet, told, self.people, by=by, now=self.clock.now())

    def certify(self) -> None:
        certify(self.engine, SITE, list(self.policies.values()), self.clock, programmes=self.programmes)

    def approve_all(self) -> int:
        return approve(self.engine, SITE, None, by="Registrar", clock=self.clock)

    def explain(self, who: str, award: str) -> Explanation:
        return explain(self.engine, SITE, self.policies[award], who, self.clock, programmes=self.programmes)

    def words(self, who: str, award: str, language: str = "en") -> str:
        found = self.explain(who, award)
        return "\n".join(explanation_lines(found, self.policies, self.programmes, language))


@pytest.fixture
def academy(tmp_path: Path) -> Academy:
    return Academy(tmp_path / "academy", "training-of-trainers")


@pytest.fixture
def trained(academy: Academy) -> Academy:
    """MG-0001 has become a trainer; MG-0003 has not, and led a pilot session before anybody was certified."""
    academy.to("2026-03-05")
    academy.record("tot-tirana", dict.fromkeys(("MG-T-001", "MG-0001"), "i pranishëm"))
    academy.to("2026-03-18")
    academy.record("pilot-durres-early", {"MG-0003": "i pranishëm", "MG-0024": "i pranishëm"})
    academy.to("2026-03-25")
    academy.passes("MG-0001")
    for _ in range(2):  # the participant's award first, then the trainer's, which asks for it
        academy.certify()
        academy.approve_all()
    return academy


def test_a_trainer_is_certified_and_the_session_then_counts_for_who_attended(trained: Academy) -> None:
    assert trained.explain("MG-0001", "governance-trainer").state == "approved"
    assert trained.explain("MG-0001", "governance-trainer").earned_on == date(2026, 3, 25)
    trained.to("2026-04-15")
    told = trained.record("pilot-korce", {"MG-0001": "x", "MG-0017": "x", "MG-0018": "mungon"})
    assert (told.people, told.days, told.hours, told.leaders) == (2, 1, 1.5, 1)
    trained.certify()
    assert trained.explain("MG-0017", "pilot-session-attendance").state == "approved"
    assert trained.explain("MG-0018", "pilot-session-attendance").state == "pending"
    led = next(
        one
        for one in trained.explain("MG-0001", "governance-trainer-practised").why
        if one.requirement == "pilot_led"
    )
    assert (led.met, led.on) == ("yes", date(2026, 4, 15))


def test_explain_says_why_a_session_did_not_count_in_three_languages(trained: Academy) -> None:
    trained.certify()
    said = {one: trained.words("MG-0024", "pilot-session-attendance", one) for one in LANGUAGES}
    assert "led by Arta Dëshira, who held no valid award" in said["en"]
    assert "on 18 March 2026 [recorded by Officer, 18 March 2026]" in said["en"]
    assert "u drejtua nga Arta Dëshira" in said["sq"]
    assert "18 martie 2026" in said["ro"]
    assert not re.search(r"explain\.|\{", " ".join(said.values()))
    plain = trained.explain("MG-0024", "pilot-session-attendance").as_json()
    must_be("explain", json.loads(json.dumps(plain)))
    for who, award in (("MG-0001", "governance-trainer"), ("MG-0018", "pilot-session-attendance")):
        must_be("explain", trained.explain(who, award).as_json())
    (requirement,) = plain["requirements"]  # type: ignore[misc]
    assert requirement["notes"][0]["what"] == "leader-without-award"
    assert requirement["notes"][0]["leader_names"] == ["Arta Dëshira"]
    assert requirement["notes"][0]["observed"]["recorded_by"] == "Officer"


def test_a_certificate_that_comes_later_does_not_make_an_earlier_session_count(trained: Academy) -> None:
    trained.to("2026-03-30")
    trained.record("tot-tirana", dict.fromkeys(("MG-T-001", "MG-0001", "MG-0003"), "x"))
    trained.passes("MG-0003")
    for _ in range(3):
        trained.certify()
        trained.approve_all()
    assert trained.explain("MG-0003", "governance-trainer").state == "approved"
    assert trained.explain("MG-0024", "pilot-session-attendance").state == "pending"
    words = trained.words("MG-0003", "governance-trainer-practised")
    assert "led without holding the valid award" in words


def test_recording_the_same_sheet_again_changes_nothing_and_a_correction_is_added(academy: Academy) -> None:
    academy.to("2026-04-15")
    first = academy.record("pilot-korce", {"MG-0001": "x", "MG-0017": "x"})
    assert first.new == 3  # who attended, who led, the exercise
    academy.to("2026-04-16")
    assert academy.record("pilot-korce", {"MG-0001": "x", "MG-0017": "x"}, by="Other").new == 0
    assert academy.record("pilot-korce", {"MG-0001": "x", "MG-0017": "mungon"}).new == 1
    with reading(academy.engine) as connection:
        told = list(facts_of(connection, SITE))
    assert [one.value["present"] for one in told if one.stream == ATTENDANCE] == [True, False]
    assert sum(one.stream == SESSION_LED for one in told) == 1


def test_nothing_is_stored_of_a_sheet_with_a_mistake(academy: Academy) -> None:
    academy.to("2026-04-15")
    with pytest.raises(ContentError):
        academy.record("pilot-korce", {"MG-0001": "x", "MG-0017": "x", "MG-0018": "perhaps"})
    with reading(academy.engine) as connection:
        assert list(facts_of(connection, SITE)) == []


def test_the_register_knows_from_when_to_when_an_award_was_valid(trained: Academy) -> None:
    key = trained.folder / "issuer.pem"
    make_key(key, demo=True, clock=trained.clock)
    issuer = open_issuer(
        did="did:web:v.example.gov.al",
        base_url="https://v.example.gov.al",
        key_file=key,
        logos=trained.folder,
    )
    assert issue_approved(trained.engine, SITE, issuer, trained.clock).problems == ()
    person = trained.person("MG-0001")
    with trained.engine.begin() as connection:
        issue = schema.issue
        award = connection.execute(
            select(issue.c.id).where(issue.c.policy == "governance-trainer")
        ).scalar_one()
        for at, event in (
            ("2026-05-05T23:30:00+00:00", "suspended"),
            ("2026-05-09T08:00:00+00:00", "resumed"),
        ):
            moment = datetime.fromisoformat(at)
            connection.execute(
                insert(schema.status_event).values(
                    site=SITE, issue_id=award, event=event, at=moment, actor="x"
                )
            )
        held = read_held(connection, SITE)
    days = {day: held.valid_on(person, "governance-trainer", date(2026, *day)) for day in (
        (3, 24), (3, 25), (5, 5), (5, 6), (5, 8), (5, 9),
    )}  # fmt: skip
    # Half past eleven at night in UTC is the next day in Tirana.
    assert list(days.values()) == [False, True, True, False, False, True]
    assert not held.valid_on(person, "governance-trainer", date(2028, 3, 25))


def test_a_municipality_earns_its_own_award_and_is_no_person(tmp_path: Path) -> None:
    academy = Academy(tmp_path / "archive", "archive-officers")
    academy.to("2026-11-12")
    now = academy.clock.now()
    with academy.engine.begin() as connection:
        holder = meet_institution(connection, SITE, "shkoder", "Bashkia Shkodër", now)
        steps = [one.id for one in academy.programmes["archive-61"].milestones]
        facts = [
            Fact(
                "milestone", f"archive-61/{step}/{holder}", now - timedelta(days=n), holder, "archive-61", step,
                {"reached": True, "on": f"2026-11-{12 - n:02d}", "evidence": "letter", "recorded_by": "Officer"},
            )
            for n, step in enumerate(steps)
        ]  # fmt: skip
        store_facts(connection, SITE, facts, now, None)
    academy.certify()
    (waiting,) = proposals(academy.engine, SITE)
    assert (waiting.policy, waiting.name, waiting.earned_on) == (
        "certified-municipality",
        "Bashkia Shkodër",
        date(2026, 11, 12),
    )
    assert academy.explain("shkoder", "certified-municipality").state == "eligible"
    with pytest.raises(Refused):
        academy.explain("shkoder", "archive-officer")


def test_who_is_meant_has_to_be_clear(academy: Academy) -> None:
    for said in (
        "MG-0017",
        "mg-0017",
        "Fatbardha Mëhilli",
        "mëhilli  fatbardha",
        "fatbardha.mehilli@korce.example.org",
    ):
        assert academy.explain(said, "governance-trainer").name == "Fatbardha Mëhilli"
    with pytest.raises(Refused) as caught:
        academy.explain("Nobody", "governance-trainer")
    assert caught.value.code == "explain.nobody"


# --- as typed ---------------------------------------------------------------------------------


def test_the_sheet_is_printed_with_everybody_and_the_same_each_time(academy: Academy) -> None:
    run = CliRunner().invoke(
        commands, ["sessions", "sheet", "tot-tirana", "--language", "sq", "--dir", str(academy.folder)]
    )
    assert run.exit_code == 0, run.output
    pdf = academy.folder / "build" / "sessions" / "migration-governance-tot-tirana.sq.pdf"
    text = " ".join(page.extract_text() for page in PdfReader(pdf).pages)
    for word in (
        "Çobani Mimoza",
        "Përvathi Genti",
        "Bashkia Korçë",
        "Mirëseardhja",
        "Nënshkrimi".upper(),
        "Program shembull",
    ):
        assert word in text, word
    assert "migration-governance/tot-tirana · " in text
    first = pdf.read_bytes()
    CliRunner().invoke(
        commands, ["sessions", "sheet", "tot-tirana", "--language", "sq", "--dir", str(academy.folder)]
    )
    assert pdf.read_bytes() == first


def test_the_spreadsheet_says_which_session_it_is_and_offers_words_to_choose(academy: Academy) -> None:
    programme, session = find_session(academy.programmes, "migration-governance/tot-tirana")
    sheet = sheet_of(programme, session, academy.people, academy.policies.values())
    content = sheet_xlsx(sheet, "ro")
    assert content == sheet_xlsx(sheet, "ro")
    page = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert page["B2"].value == "migration-governance/tot-tirana"
    choices = {str(one.formula1) for one in page.data_validations.dataValidation if one.type == "list"}
    assert '"prezent,absent,parțial"' in choices
    assert '"acceptat,neacceptat"' in choices
    assert sheet.exercises == ("migration-governance/micro-teaching",)


def test_a_session_is_listed_with_who_was_there(trained: Academy) -> None:
    run = CliRunner().invoke(commands, ["sessions", "list", "--json", "--dir", str(trained.folder)])
    assert run.exit_code == 0, run.output
    assert '"persons_present": 1' in run.output
    must_be("sessions", json.loads(run.output))
    shown = CliRunner().invoke(commands, ["sessions", "list", "--dir", str(trained.folder)])
    assert re.search(r"pilot-durres-early .* 2026-03-18 +1 +1 +1 +1.5 +✓", shown.output)


def test_what_recording_prints_is_what_its_schema_says(trained: Academy) -> None:
    sheet = trained.folder / "sheet.csv"
    sheet.write_text(
        "session,migration-governance/pilot-durres-early\nidnumber,role,2026-03-18\n"
        "MG-0003,leader,present\nMG-0024,participant,absent\n",
        encoding="utf-8",
    )
    run = CliRunner().invoke(
        commands, ["sessions", "record", str(sheet), "--by", "A", "--json", "--dir", str(trained.folder)]
    )
    assert run.exit_code == 0, run.output
    must_be("sessions", json.loads(run.stdout))


def test_an_unknown_session_is_refused_with_those_there_are(academy: Academy) -> None:
    with pytest.raises(Refused) as caught:
        find_session(academy.programmes, "tot")
    assert "tot-tirana" in str(caught.value.problem.params["known"])


# --- the kit ----------------------------------------------------------------------------------


def test_the_kit_is_for_who_holds_the_award_and_for_nobody_else(trained: Academy) -> None:
    arguments = ["sessions", "kit", COURSE, "--dir", str(trained.folder), "--for"]
    refused = CliRunner().invoke(commands, [*arguments, "MG-0003"])
    assert isinstance(refused.exception, Refused)
    assert refused.exception.code == "sessions.kit-not-for"
    assert not (trained.folder / "build" / "kits").exists()
    programme = trained.programmes[COURSE]
    trainer = next(one for one in trained.people.participants if one.idnumber == "MG-0001")
    made = make_kit(trained.folder, programme, trainer, trained.people, trained.policies.values())
    assert set(made) == {
        *(f"{name}.{language}.pdf" for name in ("slides", "session-plan", "test", "report-form", "rubric")
          for language in ("en", "sq")),
        "sign-in-pilot-korce.en.pdf",
    }  # fmt: skip
    slides = PdfReader(io.BytesIO(made["slides.sq.pdf"]))
    source = (trained.folder / "pilot-kit" / "slides.sq.md").read_text(encoding="utf-8")
    assert len(slides.pages) == source.count("\n---\n") + 1
    assert "Referimi është dorëzim" in " ".join(page.extract_text() for page in slides.pages)


def test_the_kit_opens_from_the_day_of_the_award_and_closes_with_it(trained: Academy) -> None:
    with reading(trained.engine) as connection:
        held = read_held(connection, SITE)
    programme, person = trained.programmes[COURSE], trained.person("MG-0001")
    days = (date(2026, 3, 24), date(2026, 3, 25), date(2028, 3, 24), date(2028, 3, 25))
    assert [may_have_kit(programme, held, person, day) for day in days] == [False, True, True, False]
    assert not may_have_kit(programme, held, trained.person("MG-0003"), days[1])
