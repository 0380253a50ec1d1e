"""Faults on demand, the simulated clock, the log of what took effect, and the process itself."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import requests

CATEGORY = {"categories": [{"name": "New", "idnumber": "new"}]}
CREATE = "core_course_create_categories"


def queue(moodle: Any, kind: str, match: str = CREATE, **more: Any) -> None:
    answer = moodle.http.post("/standin/faults", json={"match": match, "kind": kind, **more})
    assert answer.status_code == 200


def was_done(moodle: Any) -> bool:
    return any(c.idnumber == "new" for c in moodle.site.course_categories.values())


@pytest.mark.parametrize(
    ("kind", "status", "content_type", "errorcode"),
    [
        ("html", 200, "text/html; charset=utf-8", None),
        ("503", 503, "text/html; charset=utf-8", None),
        ("empty403", 403, "text/html; charset=utf-8", None),
        ("maintenance", 200, "application/json", "sitemaintenance"),
        ("upgraderunning", 200, "application/json", "upgraderunning"),
        ("invalidtoken", 200, "application/json", "invalidtoken"),
        ("accessexception", 200, "application/json", "accessexception"),
        ("xml", 200, "application/xml; charset=utf-8", None),
        ("null", 200, "application/json", None),
    ],
)
def test_a_fault_that_strikes_before_the_work_leaves_nothing_done(
    kind: str, status: int, content_type: str, errorcode: str | None, moodle: Any
) -> None:
    queue(moodle, kind)
    answer = moodle.post(CREATE, CATEGORY)
    assert (answer.status_code, answer.headers["content-type"]) == (status, content_type)
    if errorcode:
        assert answer.json()["errorcode"] == errorcode
    if kind == "null":
        assert answer.json() is None
    assert not was_done(moodle)
    assert moodle.post(CREATE, CATEGORY).json()[0]["name"] == "New"


@pytest.mark.parametrize("kind", ["truncate", "print_before_json"])
def test_a_fault_that_strikes_after_the_work_spoils_only_the_answer(kind: str, moodle: Any) -> None:
    queue(moodle, kind)
    answer = moodle.post(CREATE, CATEGORY)
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert was_done(moodle)
    if kind == "print_before_json":
        assert json.loads(answer.text[answer.text.index("[{") :])[0]["name"] == "New"


@pytest.mark.parametrize(("kind", "done"), [("cut_after_work", True), ("cut_before_work", False)])
def test_a_connection_is_cut_before_or_after_the_work(kind: str, done: bool, moodle: Any) -> None:
    queue(moodle, kind)
    with pytest.raises(requests.exceptions.ConnectionError):
        moodle.post(CREATE, CATEGORY)
    assert was_done(moodle) is done


def test_a_slow_answer_lets_others_pass_and_does_its_work_in_the_end(moodle: Any) -> None:
    queue(moodle, "slow", seconds=0.3)
    with pytest.raises(requests.exceptions.ReadTimeout):
        moodle.http.session.post(
            moodle.http.url + "/webservice/rest/server.php",
            data={
                "wsfunction": CREATE,
                "categories[0][name]": "New",
                "categories[0][idnumber]": "new",
                "wstoken": moodle.token,
            },
            timeout=0.1,
        )
    assert moodle.call("core_webservice_get_site_info")["username"] == "lmssync"
    assert not was_done(moodle)
    deadline = time.monotonic() + 5
    while not was_done(moodle) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert was_done(moodle)


def test_faults_wait_for_their_function_count_down_and_can_begin_later(moodle: Any) -> None:
    queue(moodle, "upgraderunning", times=2, after=1)
    codes = []
    for n in range(4):
        body = moodle.post(CREATE, {"categories": [{"name": f"C{n}"}]}).json()
        codes.append(body["errorcode"] if isinstance(body, dict) else "done")
        moodle.call("core_webservice_get_site_info")
    assert codes == ["done", "upgraderunning", "upgraderunning", "done"]
    assert moodle.http.get("/standin/faults").json() == {"waiting": [], "struck": 2}


def test_faults_strike_uploads_and_logins_too(moodle: Any) -> None:
    queue(moodle, "503", match="upload.php")
    queue(moodle, "html", match="token.php")
    files_sent = {"f": ("a.txt", b"x")}
    assert (
        moodle.http.post("/webservice/upload.php", data={"token": moodle.token}, files=files_sent).status_code
        == 503
    )
    assert "text/html" in moodle.http.post("/login/token.php", data={}).headers["content-type"]


def test_an_unknown_kind_of_fault_is_refused(moodle: Any) -> None:
    answer = moodle.http.post("/standin/faults", json={"match": "*", "kind": "meteor"})
    assert answer.status_code == 400
    assert "meteor" in answer.json()["error"]


def test_the_clock_is_set_moved_and_stopped(moodle: Any) -> None:
    assert (
        moodle.http.post("/standin/clock", json={"now": 1800000000, "frozen": True}).json()["now"]
        == 1800000000
    )
    assert moodle.http.post("/standin/clock", json={"advance": 86400}).json()["now"] == 1800086400
    assert moodle.call("local_lmssync_get_site")["server_time"] == 1800086400
    running = moodle.http.post("/standin/clock", json={"now": 1800000000, "frozen": False}).json()
    assert running["frozen"] is False


def test_settings_and_capabilities_change_from_outside(moodle: Any) -> None:
    assert moodle.http.post("/standin/settings", json={"max_input_vars": 1000}).status_code == 200
    assert moodle.call("local_lmssync_get_site")["max_input_vars"] == 1000
    assert moodle.http.post("/standin/settings", json={"colour": "red"}).status_code == 400
    change = {"username": "lmssync", "remove": ["moodle/course:create"]}
    assert (
        "moodle/course:create"
        not in moodle.http.post("/standin/capabilities", json=change).json()["capabilities"]
    )
    assert moodle.call("local_lmssync_get_site")["missing_capabilities"] == ["moodle/course:create"]


def test_the_log_tells_every_write_that_took_effect_with_time_and_caller(
    moodle: Any, course: Any, right_answers: dict[str, Any]
) -> None:
    before = len(moodle.site.log)
    moodle.pass_time(60)
    moodle.answer_quiz("s1", course.quiz["instance"], right_answers)
    moodle.error("core_course_create_categories", categories=[{"name": ""}])
    lines = [json.loads(line) for line in moodle.http.get(f"/standin/log?since={before}").text.splitlines()]
    assert [line["n"] for line in lines] == list(range(before + 1, before + 1 + len(lines)))
    assert {line["caller"] for line in lines} == {"s1"}
    assert {line["time"] for line in lines} == {moodle.site.now()}
    finished = [line for line in lines if (line["what"], line["action"]) == ("quiz_attempt", "finish")]
    assert [(f["userid"], f["sumgrades"]) for f in finished] == [(moodle.user_id("s1"), 5)]


def test_no_secret_is_in_the_log(moodle: Any, course: Any) -> None:
    moodle.call(
        "core_user_create_users",
        users=[
            {
                "username": "x",
                "password": "pa55phrase",
                "firstname": "X",
                "lastname": "X",
                "email": "x@example.org",
            }
        ],
    )
    text = moodle.http.get("/standin/log").text
    assert "pa55phrase" not in text
    assert moodle.token not in text
    assert moodle.token not in repr(moodle.site)


# --- the process


@pytest.fixture
def process(tmp_path: Path) -> Any:
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"service_account": {"token": "a" * 32}}), encoding="utf-8")
    port_file = tmp_path / "port.txt"
    started = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "moodle_standin",
        "--port",
        "0",
        "--seed",
        str(seed),
        "--port-file",
        str(port_file),
    ]
    running = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    try:
        while not port_file.exists():
            assert running.poll() is None
            assert time.monotonic() < started + 20
            time.sleep(0.01)
        yield (
            running,
            f"http://127.0.0.1:{port_file.read_text(encoding='utf-8').strip()}",
            time.monotonic() - started,
        )
    finally:
        running.terminate()
        running.communicate(timeout=10)


def test_the_process_starts_quickly_answers_on_its_port_and_stays_small(process: Any) -> None:
    running, url, seconds = process
    form = {"wsfunction": "local_lmssync_get_site", "moodlewsrestformat": "json", "wstoken": "a" * 32}
    site = requests.post(url + "/webservice/rest/server.php", data=form, timeout=10).json()
    assert site["missing_capabilities"] == []
    assert seconds < 3, "a second on a quiet machine"
    status = Path(f"/proc/{running.pid}/status")
    if status.exists():
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
        assert peak
        assert int(peak.group(1)) < 60_000


def test_the_default_seed_draws_a_token_that_nobody_knows() -> None:
    from moodle_standin.seed import build_site

    tokens = [next(iter(build_site().tokens)) for _ in range(2)]
    assert tokens[0] != tokens[1]
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in tokens)


# --- what it is


def test_it_imports_nothing_of_the_product() -> None:
    code = (
        "import sys, moodle_standin.__main__, moodle_standin.functions.registry as r; r.served_functions(); "
        "print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {"authoring", "course_packages", "quizzes", "programmes", "helpdesk", "lms_sync", "certificates"}
    assert not ours & set(shown.stdout.split())


@pytest.mark.parametrize("name", ["local_lmssync.json", "role.json", "service.json"])
def test_signatures_service_and_role_are_those_that_the_plugin_publishes(name: str) -> None:
    follow = Path(__file__).with_name("follow_plugin.py")
    published = runpy.run_path(str(follow))["published"]()[name]
    own = json.loads((files("moodle_standin") / "signatures" / name).read_text(encoding="utf-8"))
    assert own == published, f"run python {follow}"


def test_the_plugins_service_names_no_function_that_is_not_served() -> None:
    from moodle_standin.functions.registry import served_functions
    from moodle_standin.services import MOBILE_FUNCTIONS, SYNC_FUNCTIONS

    assert served_functions().keys() >= (SYNC_FUNCTIONS | MOBILE_FUNCTIONS)


def test_every_served_function_has_a_signature_and_every_core_one_is_real() -> None:
    from moodle_standin.declared_functions import known_functions, signatures
    from moodle_standin.functions.registry import served_functions

    served = set(served_functions())
    assert served == set(signatures())
    assert {name for name in served if not name.startswith("local_lmssync_")} <= known_functions()


def test_the_process_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    port_file = tmp_path / "port.txt"
    running = subprocess.Popen(
        [sys.executable, "-m", "moodle_standin", "--port-file", str(port_file), "--stop-with-stdin"],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 20
        while not port_file.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert running.stdin
        running.stdin.close()
        assert running.wait(timeout=10) == 0
    finally:
        running.kill()


def test_any_error_of_moodle_can_be_queued(moodle: Any) -> None:
    queue(moodle, "error", match="local_lmssync_set_criteria", errorcode="locked")
    arguments = {"courseid": 2, "hash": "0" * 64, "expect": "", "data": "{}"}
    assert moodle.error("local_lmssync_set_criteria", **arguments) == "locked"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8080"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_web_page_gets_no_token_and_controls_nothing(moodle: Any, headers: dict[str, str]) -> None:
    wanted = {"username": "lmssync", "service": "lmssync"}
    for path in ("/standin/tokens", "/standin/settings", "/standin/log"):
        answer = moodle.http.post(path, json=wanted, headers=headers)
        assert answer.status_code == 403
        assert "token" not in answer.text


def test_the_verb_takes_the_stand_in_with_it_when_it_is_ended() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from lms_sync.cli import main; main()", "standin", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    assert requests.get(address, timeout=5).status_code == 200
    process.terminate()
    process.wait(10)
    assert process.stdout.read() is not None  # ends when the stand-in, which has it too, ends
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)
    process.stdout.close()
