"""The Moodle app takes a course along: played offline from the phone's own storage, sent later, arrived once."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from lms_sync.clock import SystemClock
from lms_sync.doctor import examine_site
from lms_sync.facts import SCORM_RESULT, facts_of
from lms_sync.learners import mobile_token
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.errors import MoodleError
from lms_sync.moodle.state_by_core import SCORMS
from lms_sync.store.database import reading
from tests.cli.conftest import Ended, command
from tests.course_packages.test_in_browser import answer_all
from tests.pushed_academy import COURSE, Push

__all__ = ["command"]

APP = "http://localhost"  # the app's pages and the files it has downloaded, from the phone itself
STRICT_API = Path(__file__).parents[2] / "course_packages" / "run_time" / "scorm12.js"

# As the app's page for a package: the API stands in the page, the package in a frame from the phone's storage. What
# the package sets is kept at every commit and at the end, one value for each element, until there is a network.
APP_PAGE = """<!DOCTYPE html><html lang="en"><head><title>App</title><link rel="icon" href="data:,">
<script src="/scorm12_api.js"></script><script>
const strict = createScorm12Api({"cmi.core.entry": "ab-initio"}, {});
const kept = {};
const written = new Set();
function keep() {
  written.forEach((name) => { kept[name.replace(/\\.(\\d+)\\./g, "_$1.")] = strict.values[name]; });
  localStorage.setItem("offline-tracks", JSON.stringify(kept));
}
window.API = Object.assign({}, strict, {
  LMSSetValue: (name, value) => {
    const answer = strict.LMSSetValue(name, value);
    if (answer === "true") { written.add(name); }
    return answer;
  },
  LMSCommit: (nothing) => { const answer = strict.LMSCommit(nothing); keep(); return answer; },
  LMSFinish: (nothing) => {
    const answer = strict.LMSFinish(nothing);
    kept["cmi.core.total_time"] = strict.values["cmi.core.session_time"];
    keep();
    return answer;
  }
});
</script></head><body><iframe id="sco" style="width: 100%; height: 600px" src="/_app_file_/LAUNCH"></iframe></body></html>
"""


class Phone:
    """A phone with a downloaded package and no network."""

    def __init__(self, browser: Any, files: Mapping[str, bytes], launch: str) -> None:
        self.files = files
        self.page_source = APP_PAGE.replace("LAUNCH", launch)
        self.asked_elsewhere: list[str] = []
        self.context = browser.new_context(viewport={"width": 360, "height": 700}, locale="en-GB")
        self.context.route("**/*", self._answer)
        self.page = self.context.new_page()
        self.page.set_default_timeout(5000)
        self.words: list[str] = []
        self.page.on("console", lambda message: self.words.append(message.text))

    def _answer(self, route: Any) -> None:
        address = route.request.url.partition("?")[0]
        name = address.removeprefix(f"{APP}/_app_file_/")
        if address == f"{APP}/scorm":
            route.fulfill(body=self.page_source, content_type="text/html")
        elif address == f"{APP}/scorm12_api.js":
            route.fulfill(path=STRICT_API)
        elif address.startswith(f"{APP}/_app_file_/") and name in self.files:
            kind = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
            route.fulfill(body=self.files[name], content_type=kind.get(name.rpartition(".")[2], ""))
        else:
            self.asked_elsewhere.append(route.request.url)
            route.abort("internetdisconnected")

    def play_to_the_end(self) -> None:
        """Every lesson opened, every check answered rightly; then the app goes back to its list."""
        self.page.goto(f"{APP}/scorm")
        self.page.frame_locator("#sco").locator("h1").wait_for()
        frame = self.page.wait_for_selector("#sco").content_frame()
        lessons = json.loads(frame.locator("#course-data").text_content())["lessons"]
        for _ in lessons:
            heading = frame.locator("h1").inner_text()
            answer_all(frame, right=True)
            frame.locator(".turn .on").click()
            frame.wait_for_function("words => document.querySelector('h1').innerText !== words", arg=heading)
        self.page.evaluate("document.getElementById('sco').remove()")

    @property
    def tracks(self) -> dict[str, str]:
        return dict(json.loads(self.page.evaluate("localStorage.getItem('offline-tracks')")))

    @property
    def log(self) -> list[dict[str, Any]]:
        return list(self.page.evaluate("API.log"))


@pytest.fixture
def learner(pushed: Push) -> Iterator[MoodleClient]:
    client = MoodleClient(pushed.url, mobile_token(pushed.url, "arjola.cela", "Learner-1"))
    yield client
    client.close()


@pytest.mark.browser
def test_a_course_taken_along_in_the_app_is_finished_offline_and_arrives_once(
    pushed: Push, learner: MoodleClient, browser: Any, command: Callable[..., Ended]
) -> None:
    # With a network: the app downloads what the site offers it.
    [scorm] = learner.call(SCORMS, {"courseids": [pushed.course().id]})["scorms"]
    token = mobile_token(pushed.url, "arjola.cela", "Learner-1").reveal()
    package = requests.get(scorm["packageurl"], params={"token": token}, timeout=10).content
    scoes = learner.call("mod_scorm_get_scorm_scoes", {"scormid": scorm["id"]})["scoes"]
    [sco] = [one for one in scoes if one["launch"]]
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    # Without one: the whole course.
    phone = Phone(browser, files, sco["launch"])
    phone.play_to_the_end()
    tracks, log = phone.tracks, phone.log
    assert (phone.asked_elsewhere, phone.words) == ([], [])
    phone.context.close()
    assert [one for one in log if one["error"] != "0"] == []
    calls = [one["call"] for one in log]
    assert (calls.count("LMSInitialize"), calls.count("LMSFinish"), calls[-1]) == (1, 1, "LMSFinish")
    assert (tracks["cmi.core.lesson_status"], tracks["cmi.core.score.raw"]) == ("passed", "100")

    # With one again: the first time the answer is lost on the way, so the app sends the same again.
    sent = [{"element": name, "value": value} for name, value in tracks.items()]
    arguments = {"scoid": sco["id"], "attempt": 1, "tracks": sent}
    pushed.fault("mod_scorm_insert_scorm_tracks", "cut_after_work")
    with pytest.raises(MoodleError):
        learner.call("mod_scorm_insert_scorm_tracks", arguments, write=True)
    learner.call("mod_scorm_insert_scorm_tracks", arguments, write=True)

    person = pushed.user_id("arjola.cela")
    [attempt] = pushed.site.scorm_attempts[scorm["id"], person]
    assert {element: one.value for (_, element), one in attempt.values.items()} == tracks
    for _ in range(2):  # what happened within this second is told by the next pull
        pushed.site.clock.offset += 5
        assert command("pull", "--dir", pushed.folder).code == 0
    with reading(pushed.engine) as connection:
        facts = list(facts_of(connection, "main"))
    told = [(one.value["element"], one.value["value"]) for one in facts if one.stream == SCORM_RESULT]
    assert sorted(told) == sorted(set(told))
    assert ("cmi.core.lesson_status", "passed") in told
    assert ("cmi.core.score.raw", "100") in told
    done = [one for one in facts if one.stream == "activity_completion" and one.subject.endswith("/package")]
    assert len(done) == 1


def test_doctor_says_when_the_app_may_not_download_packages_or_cannot_play_them(pushed: Push) -> None:
    service = pushed.site.services["lmssync"]
    service.functions = frozenset({*service.functions, SCORMS})

    def codes() -> list[str]:
        client = pushed.client()
        try:
            found = list(
                examine_site(client, pushed.settings, SystemClock(), several_languages=True, courses=[COURSE])
            )
        finally:
            client.close()
        return [one.code for one in found if one.level != "good"]

    before = codes()
    pushed.site.settings.protect_package_downloads = True
    next(iter(pushed.site.scorms.values())).version = "SCORM_1.3"
    assert set(codes()) - set(before) == {"doctor.no-offline-packages", "doctor.edition-2004"}
