"""“My certificates” in a real Moodle: pushed, looked at in three languages, by keyboard, on a phone, by others, and erased.

    MOODLE_URL=… MOODLE_TOKEN=… ADMIN_PASSWORD=… python tests/certificates/profiles_on_real_moodle.py [--pictures FOLDER]

MOODLE_TOKEN is that of the service account, ADMIN_PASSWORD that of the account "admin". A course, a quiz, an assignment and three
learners are made under a number of the run's own; the course is hidden at the end. Languages that the site lacks are skipped and named.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import insert

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from authoring.languages import LocalizedText  # noqa: E402
from certificates import register  # noqa: E402
from certificates.issuer import open_issuer  # noqa: E402
from certificates.keys import make_key  # noqa: E402
from certificates.policy import Policy, parse_policy  # noqa: E402
from certificates.privacy_erase import erase_people  # noqa: E402
from certificates.profiles import Titles, profile_documents  # noqa: E402
from lms_sync.clock import FixedClock  # noqa: E402
from lms_sync.facts import Fact, store_facts  # noqa: E402
from lms_sync.moodle.client import MoodleClient  # noqa: E402
from lms_sync.plan import hash_of  # noqa: E402
from lms_sync.profile_push import Pushed, push_profiles  # noqa: E402
from lms_sync.settings import Secret  # noqa: E402
from lms_sync.store import schema  # noqa: E402
from lms_sync.store.database import open_database  # noqa: E402
from tests.axe import axe_source  # noqa: E402
from tests.conftest import CHROMIUM, FLAGS  # noqa: E402

SITE = "main"
URL = os.environ["MOODLE_URL"].rstrip("/")
RUN = f"p{datetime.now(UTC):%m%d%H%M%S}"
COURSE, QUIZ, EXERCISE = f"{RUN}-archive", f"{RUN}-archive/final", f"{RUN}-archive/practice"
PASSWORD = f"aA1-{secrets.token_urlsafe(15)}"
BASE = "https://verifiko.example.gov.al"

COMMON = """\
schema: policy/1
version: 1
description: {sq: Njeh rregullat., ro: Cunoaște regulile., en: Knows the rules.}
criteria: {sq: Kursi dhe provimi., ro: Cursul și examenul., en: The course and the examination.}
hours: 16
outcomes: {sq: [Regjistron dokumentet], ro: [Înregistrează documentele], en: [Registers documents]}
issuer_name: {sq: Drejtoria e Përgjithshme e Arkivave, ro: Direcția Generală a Arhivelor, en: General Directorate of Archives}
signatory: {name: Ardita Çela, role: {sq: Drejtore, ro: Directoare, en: Director}}
timezone: Europe/Tirane
approval: manual
languages: [sq, ro, en]
"""
TEST = """\
tests:
  - given: []
    as_of: 2026-03-05
    expect: {state: pending}
"""


def policy(name: str, kind: str, title: str, require: str, validity: str) -> Policy:
    serial = "DPA-" + "".join(part[0] for part in name.upper().split("-"))
    text = (
        f"{COMMON}id: {name}\nkind: {kind}\ntitle: {title}\n{require}{validity}"
        f'serial: {{pattern: "{serial}-{{year}}-{{n:05d}}"}}\n{TEST}'
    )
    return parse_policy(text, f"{name}.yaml")


DONE = f"require: {{course_completed: {COURSE}}}\n"
POLICIES = (
    policy(
        "archive-officer",
        "achievement",
        "{sq: Zyrtar i certifikuar i arkivit dhe protokollit, ro: Funcționar certificat pentru arhivă și registratură, en: Certified archive and protocol officer}",
        f"require:\n  all:\n    - course_completed: {COURSE}\n    - quiz: {{activity: {QUIZ}, min: 70%}}\n",
        "validity: {months: 36}\nrenewal: {window_months: 6, grace_days: 30}\n",
    ),
    policy(
        "introduction",
        "attendance",
        "{sq: Pjesëmarrje në kursin hyrës, ro: Participare la cursul introductiv, en: Attendance of the introduction}",
        DONE,
        "validity: {months: 1}\n",
    ),
    policy(
        "data-protection",
        "attendance",
        "{sq: Mbrojtja e të dhënave personale, ro: Protecția datelor personale, en: Protection of personal data}",
        DONE,
        "validity: none\n",
    ),
    policy(
        "registry",
        "attendance",
        "{sq: Regjistri elektronik, ro: Registrul electronic, en: Electronic registry}",
        DONE,
        "validity: none\n",
    ),
    policy(
        "archive-trainer",
        "trainer",
        "{sq: Trajner i certifikuar, ro: Formator certificat, en: Certified trainer}",
        f"require:\n  all:\n    - award: archive-officer\n    - exercise: {EXERCISE}\n    - any:\n"
        f"        - quiz: {{activity: {QUIZ}, min: 95%}}\n        - prior_learning: teaching-diploma\n",
        "validity: {months: 24}\n",
    ),
)
TITLES = Titles(
    {COURSE: LocalizedText({"sq": "Arkivat", "ro": "Arhive", "en": "Archives"})},
    {
        QUIZ: LocalizedText({"sq": "Provimi", "ro": "Examen", "en": "Examination"}),
        EXERCISE: LocalizedText({"sq": "Ushtrim", "ro": "Exercițiu", "en": "Exercise"}),
    },
)


class Trial:
    """The course and its people on the site, and a register beside them."""

    def __init__(self, folder: Path) -> None:
        self.client = MoodleClient(URL, Secret(os.environ["MOODLE_TOKEN"]))
        self.folder = folder
        self.clock = FixedClock(datetime.now(UTC))
        self.engine = open_database(f"sqlite:///{folder / 'state.db'}")
        make_key(folder / "key.pem", demo=False, clock=self.clock)
        self.did = f"did:web:{RUN}.example.gov.al"
        self.issuer = open_issuer(did=self.did, base_url=BASE, key_file=folder / "key.pem")
        self.course = self._course()
        self.users = [self._user(n) for n in range(3)]

    def write(self, function: str, arguments: dict[str, Any]) -> Any:
        return self.client.call(function, arguments, write=True)

    def _course(self) -> int:
        category = self.write(
            "core_course_create_categories", {"categories": [{"name": f"Provë {RUN}", "idnumber": RUN}]}
        )[0]["id"]
        row = {
            "fullname": '<span lang="sq" class="multilang">Arkivat</span><span lang="ro" class="multilang">Arhive</span>'
            '<span lang="en" class="multilang">Archives</span>',
            "shortname": RUN, "categoryid": category, "idnumber": COURSE, "enablecompletion": 1, "numsections": 0,
        }  # fmt: skip
        course = int(self.write("core_course_create_courses", {"courses": [row]})[0]["id"])
        for key, modname, data in (
            (QUIZ, "quiz", {"name": "Provimi përfundimtar", "slots": []}),
            (EXERCISE, "assign", {"name": "Ushtrimi praktik", "submissions": {"text": 1, "files": 0}}),
        ):
            arguments = {
                "courseid": course, "key": key, "hash": hash_of(data), "expect": "", "modname": modname, "sectionkey": "",
                "draftitemid": 0, "data": json.dumps(data, ensure_ascii=False),
            }  # fmt: skip
            self.write("local_lmssync_upsert_activity", arguments)
        return course

    def _user(self, number: int) -> int:
        given, family = (("Gëzim", "Çela"), ("Ștefan", "Țîrlea"), ("Shpresa", "Hoxhaj"))[number]
        row = {
            "username": f"{RUN}-{number}", "password": PASSWORD, "firstname": given, "lastname": family, "auth": "manual",
            "email": f"{RUN}-{number}@example.org", "idnumber": f"{RUN}-{number}",
        }  # fmt: skip
        user = int(self.write("core_user_create_users", {"users": [row]})[0]["id"])
        enrol = {"roleid": 5, "userid": user, "courseid": self.course}
        self.write("enrol_manual_enrol_users", {"enrolments": [enrol]})
        person = f"00000000-0000-4000-8000-{number:012d}"
        now = self.clock.now()
        with self.engine.begin() as connection:
            connection.execute(insert(schema.person).values(id=person, site=SITE, created_at=now))
            data = {
                "given_name": given,
                "family_name": family,
                "salt": b"s" * 32,
                "idnumber": row["idnumber"],
            }
            connection.execute(insert(schema.person_data).values(person_id=person, site=SITE, **data))
            account = {"created_by_us": True, "matched_by": "created", "matched_at": now}
            connection.execute(
                insert(schema.account).values(site=SITE, user_id=user, person_id=person, **account)
            )
            score = (85.0, 61.5, 85.0)[number]
            graded = {"item": "mod", "grade": score, "max": 100.0}
            then = now - timedelta(days=70)
            facts = [
                Fact("course_completion", f"c{number}", then, person, COURSE, "", {"complete": True}),
                Fact("grade", f"g{number}", now - timedelta(days=2), person, COURSE, QUIZ, graded),
            ]
            store_facts(connection, SITE, facts, now, None)
        return user

    def certify(self) -> None:
        register.certify(self.engine, SITE, POLICIES, self.clock)

    def issue(self) -> None:
        register.approve(self.engine, SITE, None, by="Officer", clock=self.clock)
        report = register.issue_approved(self.engine, SITE, self.issuer, self.clock)
        assert report.problems == (), report.problems

    def serial(self, award: str, user: int) -> str:
        person = f"00000000-0000-4000-8000-{user:012d}"
        found = [
            one
            for one in register.issued(self.engine, SITE)
            if (one.policy, one.person_id) == (award, person)
        ]
        return found[-1].serial

    def push(self) -> Pushed:
        documents = profile_documents(self.engine, SITE, POLICIES, self.clock, TITLES)
        return push_profiles(self.client, documents, issuer_did=self.did)


def log_in(browser: Browser, username: str, password: str, **size: Any) -> Page:
    context = browser.new_context(**size)
    # Moodle asks other hosts for what the page does not need (MathJax).
    context.route(lambda address: not address.startswith(URL), lambda route: route.abort())
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{URL}/login/index.php")
    page.fill("#username", username)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_selector(".usermenu", state="attached")
    return page


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate(
        "async () => (await axe.run('#region-main', {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', "
        "'best-practice']})).violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' '))"
    )
    return list(found)


def look(trial: Trial, browser: Browser, pictures: Path | None) -> None:
    axe = axe_source()
    wide = log_in(browser, f"{RUN}-0", PASSWORD, viewport={"width": 1280, "height": 900})
    wide.goto(f"{URL}/user/profile.php")
    wide.get_by_role("link", name="My certificates").click()
    wide.wait_for_url(f"{URL}/local/lmssync/certificates.php")
    for state in ("Valid", "Expired", "Suspended", "Revoked", "Replaced"):
        assert wide.locator(".badge", has_text=state).count(), state
    assert wide.locator("li.card", has_text="Renewal").count() == 0
    assert (
        wide.get_by_role("link", name="Ushtrimi praktik")
        .get_attribute("href")
        .startswith(f"{URL}/mod/assign/")
    )  # type: ignore[union-attr]
    first = wide.locator("a", has_text="Download the certificate (PDF)").first
    assert first.get_attribute("href").startswith(f"{BASE}/holder/")  # type: ignore[union-attr]
    reached: list[str] = []
    wide.evaluate("() => { document.querySelector('#maincontent').focus() }")
    for _ in range(60):
        wide.keyboard.press("Tab")
        said = wide.evaluate(
            "() => document.activeElement.closest('#region-main') ? document.activeElement.href || '' : ''"
        )
        if said and said not in reached:
            reached.append(said)
    links = wide.locator(".local_lmssync-certificates a").evaluate_all("(all) => all.map((one) => one.href)")
    assert set(links) <= set(reached), "not every link is reached by keyboard"
    skipped = []
    for language in ("en", "sq", "ro"):
        wide.goto(f"{URL}/local/lmssync/certificates.php?lang={language}")
        if wide.locator("html").get_attribute("lang") != language:
            skipped.append(language)
            continue
        found = violations(wide, axe)
        assert not found, "\n".join(found)
        if pictures is not None:
            wide.add_style_tag(content="nav.fixed-top { position: absolute !important }")
            wide.locator("#region-main").screenshot(path=pictures / f"my-certificates-{language}.png")
    phone = log_in(
        browser, f"{RUN}-0", PASSWORD, viewport={"width": 360, "height": 740}, device_scale_factor=2
    )
    phone.goto(f"{URL}/local/lmssync/certificates.php?lang=sq")
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
    if pictures is not None:
        phone.screenshot(path=pictures / "my-certificates-360.png", full_page=True)
    other = log_in(browser, f"{RUN}-1", PASSWORD)
    answer = other.goto(f"{URL}/local/lmssync/certificates.php?id={trial.users[0]}")
    assert answer is not None
    assert trial.serial("archive-officer", 0) not in other.content(), "a learner sees another's certificates"
    other.goto(f"{URL}/local/lmssync/certificates.php?lang=en")
    assert other.get_by_text("best result so far 61.5").count() >= 1
    admin = log_in(browser, "admin", os.environ["ADMIN_PASSWORD"])
    admin.goto(f"{URL}/local/lmssync/certificates.php?id={trial.users[0]}&lang=en")
    assert trial.serial("archive-officer", 0) in admin.content()
    assert "/holder/" not in admin.content(), "private addresses are shown to somebody else"
    print(f"looked at; axe clean; languages that the site lacks: {', '.join(skipped) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path)
    pictures = parser.parse_args().pictures
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        trial = Trial(Path(folder))
        trial.certify()
        trial.issue()
        trial.certify()  # the trainer's award asks for the officer's
        who = {"by": "Officer", "reason": "r", "clock": trial.clock}
        register.suspend(trial.engine, SITE, trial.serial("registry", 0), **who)
        register.revoke(trial.engine, SITE, trial.serial("data-protection", 0), trial.issuer, **who)
        serial = trial.serial("archive-officer", 0)
        register.correct(trial.engine, SITE, serial, trial.issuer, even_if_same=True, **who)
        began = time.perf_counter()
        print("first:", trial.push(), f"{time.perf_counter() - began:.2f} s")
        began = time.perf_counter()
        second = trial.push()
        print("second:", second, f"{time.perf_counter() - began:.2f} s")
        assert (second.set, second.removed) == (0, 0)
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            look(trial, browser, pictures)
            person = "00000000-0000-4000-8000-000000000000"
            erase_people(
                trial.engine, SITE, [person], trial.folder, by="Officer", reason="asked", clock=trial.clock
            )
            after = trial.push()
            print("after an erasure:", after)
            assert after.removed == 1
            gone = log_in(browser, f"{RUN}-0", PASSWORD)
            gone.goto(f"{URL}/user/profile.php?lang=en")
            assert gone.get_by_role("link", name="My certificates").count() == 0
        finally:
            browser.close()
            push_profiles(trial.client, {}, issuer_did=trial.did)
            trial.write("core_course_update_courses", {"courses": [{"id": trial.course, "visible": 0}]})
            trial.engine.dispose()
            trial.client.close()


if __name__ == "__main__":
    main()
