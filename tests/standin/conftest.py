"""A site, a client that speaks Moodle's REST protocol, and a small course pushed over HTTP."""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
import uvicorn

from moodle_standin.functions.registry import served_functions
from moodle_standin.seed import build_site
from moodle_standin.server import create_app
from moodle_standin.site import Site

TOKEN = "0123456789abcdef0123456789abcdef"
REST = "/webservice/rest/server.php"
PASSWORD = "Trainee-1"

SEED: dict[str, Any] = {
    "site": {"name": "Test Moodle", "now": 1795316000, "random_seed": 4},
    "service_account": {"username": "lmssync", "token": TOKEN},
    "users": [
        *(
            {
                "username": f"s{n}",
                "password": PASSWORD,
                "firstname": f"First{n}",
                "lastname": f"Last{n}",
                "idnumber": f"E{n:05}",
            }
            for n in range(1, 6)
        ),
        {"username": "u1", "password": PASSWORD, "firstname": "U", "lastname": "One", "idnumber": "emp-1"},
        {"username": "u4", "password": PASSWORD, "firstname": "U", "lastname": "4", "idnumber": "emp-1"},
    ],
    "courses": [{"fullname": "Somebody else's course", "shortname": "OTHER", "users": ["u1"]}],
}


MORE_CAPABILITIES = {
    "mod/quiz:view",
    "report/progress:view",
    "gradereport/user:view",
    "moodle/grade:viewall",
    "mod/quiz:viewreports",
    "mod/scorm:viewreport",
    "moodle/site:accessallgroups",
    "moodle/user:update",
    "report/completion:view",
}


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def flatten(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from flatten(item, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from flatten(item, f"{name}[{place}]")
    else:
        yield name, str(int(value)) if isinstance(value, bool) else str(value)


class MoodleAnswer(Exception):
    """An answer that is an exception of Moodle."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.code = body["errorcode"]
        self.body = body


class Moodle:
    """A client for the tests: encodes as PHP expects, token last, exceptions raised."""

    def __init__(self, site: Site, http: Any) -> None:
        self.site = site
        self.http = http
        self.rest = REST
        self.token = TOKEN
        self.tokens: dict[str, str] = {}
        self._clock = 0

    def post(self, function: str, arguments: dict[str, Any], token: str = TOKEN) -> Any:
        pairs = [
            *flatten(arguments, ""),
            ("wsfunction", function),
            ("moodlewsrestformat", "json"),
            ("wstoken", token),
        ]
        return self.post_pairs(pairs)

    def post_pairs(self, pairs: list[tuple[str, str]], query: str = "") -> Any:
        return self.http.post(
            REST + query,
            data=urlencode(pairs),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

    def call(self, function: str, /, as_user: str = "", **arguments: Any) -> Any:
        body = self.post(function, arguments, self.learner(as_user) if as_user else TOKEN).json()
        if isinstance(body, dict) and "exception" in body:
            raise MoodleAnswer(body)
        return body

    def error(self, function: str, /, as_user: str = "", **arguments: Any) -> str:
        """The errorcode of a call that must be refused."""
        with pytest.raises(MoodleAnswer) as caught:
            self.call(function, as_user=as_user, **arguments)
        return str(caught.value.code)

    def learner(self, username: str) -> str:
        if username not in self.tokens:
            answer = self.http.post(
                "/login/token.php",
                data={"username": username, "password": PASSWORD, "service": "moodle_mobile_app"},
            ).json()
            self.tokens[username] = answer["token"]
        return self.tokens[username]

    def user_id(self, username: str) -> int:
        return next(u.id for u in self.site.users.values() if u.username == username)

    def upload(self, name: str, content: bytes, token: str = TOKEN) -> int:
        answer = self.http.post(
            "/webservice/upload.php", data={"token": token, "itemid": "0"}, files={"file": (name, content)}
        )
        return int(answer.json()[0]["itemid"])

    def set_clock(self, now: int) -> None:
        self.site.clock.set(now, frozen=True)

    def pass_time(self, seconds: int) -> None:
        self.site.clock.set(self.site.now() + seconds, frozen=True)

    # --- the companion plugin

    def state(self, course: int) -> dict[str, Any]:
        state = json.loads(self.call("local_lmssync_get_state", courseid=course)["state"])
        assert isinstance(state, dict)
        for name in ("sections", "activities", "categories", "questions"):
            state[name] = {row["key"]: row for row in state[name]}
        return state

    def push_section(self, course: int, key: str, expect: str = "*", **data: Any) -> Any:
        data = {"name": key, "summary": "", "visible": 1, **data}
        return self.call(
            "local_lmssync_upsert_section",
            courseid=course,
            key=key,
            hash=sha(json.dumps(data)),
            expect=expect,
            data=json.dumps(data),
        )

    def push_activity(
        self, course: int, key: str, modname: str, data: dict[str, Any], expect: str = "*", **more: Any
    ) -> Any:
        return self.call(
            "local_lmssync_upsert_activity",
            courseid=course,
            key=key,
            hash=more.pop("hash", sha(json.dumps([data, more], default=str))),
            expect=expect,
            modname=modname,
            sectionkey=more.pop("section", ""),
            draftitemid=more.pop("draft", 0),
            data=json.dumps(data),
        )

    def push_package(self, course: int, key: str, package: bytes, expect: str = "*", **data: Any) -> Any:
        wanted = {
            "name": "Package",
            "intro": "",
            "visible": 1,
            "completion": {"tracking": 2, "status": 6, "view": 0},
            "sha1": hashlib.sha1(package, usedforsecurity=False).hexdigest(),
            **data,
        }
        return self.push_activity(
            course, key, "scorm", wanted, expect, draft=self.upload("package.zip", package)
        )

    def push_quiz(
        self, course: int, key: str, slots: list[dict[str, Any]], expect: str = "*", **data: Any
    ) -> Any:
        wanted = {
            "name": "Quiz",
            "intro": "",
            "visible": 1,
            "grade": 100,
            "gradepass": 70,
            "questionsperpage": 50,
            "shuffleanswers": 1,
            "completion": {"tracking": 2, "passgrade": 1, "view": 0},
            "slots": slots,
            **data,
        }
        return self.push_activity(course, key, "quiz", wanted, expect)

    def push_questions(
        self, course: int, category: str, questions: dict[str, str], name: str = "Bank"
    ) -> Any:
        """Pushes questions given as idnumber -> XML of the question."""
        xml = '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>' + "".join(questions.values()) + "</quiz>"
        data = {
            "category": {"name": name, "info": ""},
            "questions": [{"key": key, "hash": sha(text)} for key, text in questions.items()],
        }
        return self.call(
            "local_lmssync_upsert_questions",
            courseid=course,
            categorykey=category,
            draftitemid=self.upload("questions.xml", xml.encode()),
            data=json.dumps(data),
        )

    # --- learners

    def answer_quiz(self, username: str, quiz: int, answers: dict[str, Any], finish: bool = True) -> Any:
        """Takes a quiz as the app does: reads the form, fills it by what it says, sends it."""
        attempt = self.call("mod_quiz_start_attempt", as_user=username, quizid=quiz)["attempt"]
        page, data = 0, []
        while page >= 0:
            shown = self.call(
                "mod_quiz_get_attempt_data", as_user=username, attemptid=attempt["id"], page=page
            )
            for question in shown["questions"]:
                data += fill_in(question, answers)
            page = shown["nextpage"]
        self.call(
            "mod_quiz_process_attempt",
            as_user=username,
            attemptid=attempt["id"],
            data=data,
            finishattempt=int(finish),
        )
        return attempt

    def track(
        self, username: str, scorm: int, values: dict[str, str], attempt: int = 1, sco: str = "I1"
    ) -> Any:
        scoes = self.call("mod_scorm_get_scorm_scoes", as_user=username, scormid=scorm)["scoes"]
        sco_id = next(s["id"] for s in scoes if s["identifier"] == sco)
        tracks = [{"element": k, "value": v} for k, v in values.items()]
        return self.call(
            "mod_scorm_insert_scorm_tracks", as_user=username, scoid=sco_id, attempt=attempt, tracks=tracks
        )

    def states(self, username: str, course: int) -> dict[str, dict[str, Any]]:
        rows = self.call(
            "core_completion_get_activities_completion_status", courseid=course, userid=self.user_id(username)
        )["statuses"]
        return {row["modname"]: row for row in rows}

    def changes(self, course: int, stream: str) -> list[dict[str, Any]]:
        page = self.call(
            "local_lmssync_get_changes", stream=stream, courseids=[course], since=0, afterid=0, limit=1000
        )
        return [{**row, "data": json.loads(row["data"])} for row in page["rows"]]


def fill_in(question: dict[str, Any], answers: dict[str, Any]) -> list[dict[str, str]]:
    """The fields of one question's form, answered by the visible text. Keys of `answers`: question text."""
    html = question["html"]
    text = re.search(r'class="qtext"[^>]*>(.*?)</div>', html, re.S)
    assert text
    wanted = answers.get(re.sub(r"<[^>]*>", "", text.group(1)))
    check = re.search(r'name="(q\d+:\d+_):sequencecheck" value="(\d+)"', html)
    assert check
    prefix = check.group(1)
    data = [{"name": f"{prefix}:sequencecheck", "value": check.group(2)}]
    if wanted is None:
        return data
    if question["type"] == "multichoice":
        chosen = wanted if isinstance(wanted, list) else [wanted]
        for name, value, label in re.findall(
            r'<input type="(?:radio|checkbox)" name="([^"]*)" value="([^"]*)" id="[^"]*" aria-labelledby.*?'
            r'class="flex-fill ms-1">(.*?)</div>',
            html,
        ):
            if label in chosen:
                data.append({"name": name, "value": value})
    elif question["type"] == "match":
        stems = re.findall(r'_itemtext">(.*?)</td>', html)
        options = {
            label: value for value, label in re.findall(r'<option value="(\d+)"[^>]*>(.*?)</option>', html)
        }
        data += [
            {"name": f"{prefix}sub{place}", "value": options[wanted[stem]]}
            for place, stem in enumerate(stems)
            if stem in wanted
        ]
    else:
        data.append({"name": f"{prefix}answer", "value": str(wanted)})
    return data


class Http:
    """A kept-alive connection to the server of the tests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=20, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.session.post(self.url + path, **{"timeout": 20, **more})

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.url + path, timeout=20)


class Server:
    """One real HTTP server for all tests; each test puts its own application into it."""

    def __init__(self) -> None:
        self.app: Any = None
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve, log_level="error", access_log=False, lifespan="off", interface="asgi3"
        )
        self.uvicorn = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.uvicorn.run, kwargs={"sockets": [listener]}, daemon=True)
        self.thread.start()
        while not self.uvicorn.started:
            time.sleep(0.005)
        self.http = Http(self.url)

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)

    def stop(self) -> None:
        self.http.session.close()
        self.uvicorn.should_exit = True
        self.thread.join(timeout=10)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def moodle(server: Server) -> Moodle:
    """A fresh site on the server of the tests; its clock stands still."""
    site = build_site(SEED)
    site.clock.set(1795316000, frozen=True)
    site.settings.url = server.url
    # Beyond the documented role and service, so that the tests can look at everything with one account.
    site.services["lmssync"].functions = frozenset(served_functions())
    site.capabilities[next(u.id for u in site.users.values() if u.username == "lmssync")] |= MORE_CAPABILITIES
    server.app = create_app(site)
    return Moodle(site, server.http)


def package_bytes(
    manifest: str | bytes, files: dict[str, str] | None = None, name: str = "imsmanifest.xml"
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, manifest)
        for path, content in (files or {"index1.html": "<p>1</p>"}).items():
            archive.writestr(path, content)
    return buffer.getvalue()


@pytest.fixture
def zip_package() -> Any:
    """Makes a zip from a manifest and files."""
    return package_bytes


def manifest(items: tuple[str, ...] = ("I1",), version: str = "1.2", title: str = "Demo", **more: str) -> str:
    """A SCORM 1.2 manifest with one resource an item; `more` replaces parts of it."""
    organization = "".join(
        f'<item identifier="{item}" identifierref="R{n}"{more.get("item_attributes", "")}>'
        f"<title>{title} {n}</title>{more.get('item_content', '')}</item>"
        for n, item in enumerate(items, start=1)
    )
    resources = "".join(
        f'<resource identifier="R{n}" type="webcontent" adlcp:scormtype="sco" href="index{n}.html">'
        f'<file href="index{n}.html"/></resource>'
        for n, _ in enumerate(items, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<manifest identifier="M" version="1.0" '
        'xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2" '
        'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">'
        f"<metadata><schema>ADL SCORM</schema><schemaversion>{version}</schemaversion></metadata>"
        f'<organizations default="O"><organization identifier="O"><title>{title}</title>{organization}'
        f"</organization></organizations><resources>{resources}</resources></manifest>"
    )


@pytest.fixture
def make_manifest() -> Any:
    return manifest


def question(kind: str, key: str, text: str, inner: str, tags: tuple[str, ...] = ()) -> str:
    """One question of a Moodle XML file."""
    marks = "".join(f"<tag><text>{tag}</text></tag>" for tag in tags)
    return (
        f'<question type="{kind}"><name><text>{key}</text></name><questiontext format="html"><text><![CDATA['
        f"<p>{text}</p>]]></text></questiontext><defaultgrade>1</defaultgrade><penalty>0.3333333</penalty>"
        f"<idnumber>{key}</idnumber>{inner}" + (f"<tags>{marks}</tags>" if marks else "") + "</question>"
    )


@pytest.fixture
def make_question() -> Any:
    return question


def choices(*options: tuple[str, float], single: bool = True) -> str:
    answers = "".join(
        f'<answer fraction="{fraction:g}" format="html"><text>{text}</text></answer>'
        for text, fraction in options
    )
    return (
        f"<single>{str(single).lower()}</single><shuffleanswers>true</shuffleanswers>"
        f"<answernumbering>abc</answernumbering>{answers}"
    )


@pytest.fixture
def make_choices() -> Any:
    return choices


@pytest.fixture
def bank() -> dict[str, str]:
    """Five questions, one of each type, that `ANSWERS` answers rightly."""
    pairs = "".join(
        f'<subquestion format="html"><text>{stem}</text><answer><text>{right}</text></answer></subquestion>'
        for stem, right in (("book", "shelf"), ("letter", "box"), ("map", "drawer"))
    )
    return {
        "bank:single": question(
            "multichoice", "bank:single", "Who registers?", choices(("clerk", 100), ("mayor", 0))
        ),
        "bank:tf": question(
            "truefalse",
            "bank:tf",
            "Is it dated?",
            '<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer>',
        ),
        "bank:short": question(
            "shortanswer", "bank:short", "Name it.", '<answer fraction="100"><text>stamp*</text></answer>'
        ),
        "bank:number": question(
            "numerical",
            "bank:number",
            "How many?",
            '<answer fraction="100"><text>12.5</text><tolerance>0.5</tolerance></answer>',
        ),
        "bank:match": question(
            "matching", "bank:match", "Where?", f"<shuffleanswers>true</shuffleanswers>{pairs}"
        ),
    }


@pytest.fixture
def right_answers() -> dict[str, Any]:
    return {
        "Who registers?": "clerk",
        "Is it dated?": "1",
        "Name it.": "Stamped",
        "How many?": "12.9",
        "Where?": {"book": "shelf", "letter": "box", "map": "drawer"},
    }


class PushedCourse:
    """What the fixture `course` pushed."""

    def __init__(self, course: int, scorm: Any, quiz: Any) -> None:
        self.id = course
        self.scorm = scorm
        self.quiz = quiz


def make_course(moodle: Moodle, shortname: str = "AO", idnumber: str = "ao") -> int:
    category = min(moodle.site.course_categories)
    wanted = {
        "fullname": f"Course {shortname}",
        "shortname": shortname,
        "categoryid": category,
        "idnumber": idnumber,
        "enablecompletion": 1,
        "numsections": 0,
    }
    return int(moodle.call("core_course_create_courses", courses=[wanted])[0]["id"])


@pytest.fixture
def empty_course(moodle: Moodle) -> int:
    return make_course(moodle)


@pytest.fixture
def course(moodle: Moodle, bank: dict[str, str]) -> PushedCourse:
    """A course with a package, five questions, a quiz over them, criteria, and s1 to s3 enrolled."""
    course_id = make_course(moodle)
    moodle.push_section(course_id, "ao/learn", name="Learn", position=1)
    scorm = moodle.push_package(course_id, "ao/package", package_bytes(manifest()))
    moodle.push_questions(course_id, "bank", bank)
    quiz = moodle.push_quiz(course_id, "ao/final", [{"question": key} for key in bank])
    moodle.call(
        "local_lmssync_set_criteria",
        courseid=course_id,
        hash=sha("criteria"),
        expect="",
        data=json.dumps({"activities": ["ao/package", "ao/final"]}),
    )
    moodle.call(
        "enrol_manual_enrol_users",
        enrolments=[
            {"roleid": 5, "userid": moodle.user_id(f"s{n}"), "courseid": course_id} for n in (1, 2, 3)
        ],
    )
    return PushedCourse(course_id, scorm, quiz)
