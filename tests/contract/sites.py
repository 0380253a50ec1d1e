"""The two kinds of sites that the suite runs on, with one set of words for both."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from called_functions import called_functions
from transcript import Transcript, WatchedClient

from lms_sync.learners import PracticeLearner, mobile_token
from lms_sync.settings import Secret, Settings, SiteSettings

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
_LARGEST_TRIAL = 20_000_000
STUDENT_ROLE = int(os.environ.get("MOODLE_STUDENT_ROLE", "5"))


class SiteUnderTest:
    """A site, the service account's client, and the run's own prefix for everything it makes there."""

    name = ""

    def __init__(self, url: str, token: Secret) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.run = f"c{time.strftime('%y%m%d')}{secrets.token_hex(2)}"
        self.transcript = Transcript()
        self.client = WatchedClient(url, token, transcript=self.transcript)
        self.figures: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.about: dict[str, Any] = {}
        self.recorded: bool | None = None

    def summary(self) -> str:
        """What ran, in one line."""
        called = set(called_functions())
        release = f" {self.about['moodle_release']}, {self.about['db_family']}" if self.about else ""
        return (
            f"{self.name}{release}: {len(self.transcript.steps)} named steps, {len(self.transcript.exchanges)} requests, "
            f"{len(self.transcript.answered & called)} of {len(called)} functions answered, "
            f"{len(self.skipped)} steps skipped"
        )

    def keep(self, step: str, function: str = "", *, note: str = "") -> None:
        """Names the last exchange as a step."""
        self.transcript.keep(step, function, note=note)

    def skip(self, step: str, reason: str) -> None:
        """Counts a step as not run, by name, and ends the test."""
        self.skipped[step] = reason
        pytest.skip(f"{step}: {reason}")

    def client_with(self, token: Secret) -> WatchedClient:
        """A client with another token, which does not try again."""
        return WatchedClient(self.url, token, transcript=self.transcript, waits=())

    def learner(self, username: str, password: str) -> PracticeLearner:
        """Somebody who logs in as the mobile app does."""
        return PracticeLearner(self.client_with(mobile_token(self.url, username, password)))

    def post(self, function: str, pairs: list[tuple[str, str]], request: object, path: str = "") -> Any:
        """A REST request as it stands, without what the product's client would add."""
        return self.client.post(function, path or "/webservice/rest/server.php", pairs, request)

    @property
    def settings(self) -> Settings:
        """What an administrator would write into config.yaml."""
        return Settings(sites={"contract": SiteSettings(url=self.url, token_env="MOODLE_TOKEN",
                                                        student_role_id=STUDENT_ROLE)})  # fmt: skip

    def close(self) -> None:
        self.client.close()

    # --- what needs more than the service account

    @contextmanager
    def maintenance(self, step: str) -> Iterator[None]:
        raise NotImplementedError
        yield

    @contextmanager
    def web_services_off(self, step: str) -> Iterator[None]:
        raise NotImplementedError
        yield

    @contextmanager
    def debugging(self, step: str) -> Iterator[None]:
        raise NotImplementedError
        yield

    @contextmanager
    def same_email_allowed(self, step: str) -> Iterator[bool]:
        raise NotImplementedError
        yield

    @contextmanager
    def upload_limit(self, step: str) -> Iterator[int]:
        raise NotImplementedError
        yield

    @contextmanager
    def token_without_role(self, step: str, username: str) -> Iterator[Secret]:
        raise NotImplementedError
        yield

    @contextmanager
    def service_of(self, step: str, functions: tuple[str, ...]) -> Iterator[Secret]:
        """The service account's token in a service of these functions only."""
        raise NotImplementedError
        yield

    @contextmanager
    def allowed(self, capability: str) -> Iterator[None]:
        """The service account with one capability more, where that can be done without touching its role."""
        yield

    @property
    def account(self) -> str:
        """The user name of the service account."""
        return str(self.client.call("core_webservice_get_site_info")["username"])

    @contextmanager
    def without_capability(self, step: str, *capabilities: str) -> Iterator[None]:
        raise NotImplementedError
        yield

    def foreign_question(self, step: str, course: int, category: str, key: str) -> None:
        raise NotImplementedError

    def delete_account(self, step: str, username: str) -> None:
        raise NotImplementedError

    def take_back(self, step: str, what: str, *numbers: int) -> None:
        """Takes back what learners did: a quiz-attempt, scorm-attempt, grade, enrolment, or all completions of a course."""
        raise NotImplementedError

    def forget_objects(self, step: str, course: int) -> None:
        raise NotImplementedError

    @contextmanager
    def trainer(self, step: str, username: str, course_id: int) -> Iterator[None]:
        """The account may mark in the course, as an administrator lets it."""
        raise NotImplementedError
        yield


class StandInSite(SiteUnderTest):
    """The stand-in, started as a process of its own."""

    name = "stand-in"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="lms-sync-contract-")
        folder = Path(self._folder.name)
        token, self._spare = secrets.token_hex(16), secrets.token_hex(16)
        seed = {"service_account": {"token": token}, "site": {"multilang_filter": False}}
        (folder / "seed.json").write_text(json.dumps(seed), encoding="utf-8")
        port_file = folder / "port"
        command = [sys.executable, "-m", "moodle_standin", "--port", "0"]
        self._process = subprocess.Popen(
            [*command, "--seed", str(folder / "seed.json"), "--port-file", str(port_file)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not port_file.is_file():
            assert self._process.poll() is None, "the stand-in ended at once"
            assert time.monotonic() < deadline, "the stand-in does not start"
            time.sleep(0.02)
        super().__init__(f"http://127.0.0.1:{int(port_file.read_text(encoding='utf-8'))}", Secret(token))

    def close(self) -> None:
        super().close()
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()

    def _control(self, what: str, value: object) -> Any:
        reply = requests.post(f"{self.url}/standin/{what}", json=value, timeout=10)
        reply.raise_for_status()
        return reply.json()

    @contextmanager
    def _setting(self, name: str, value: object, afterwards: object) -> Iterator[None]:
        self._control("settings", {name: value})
        try:
            yield
        finally:
            self._control("settings", {name: afterwards})

    @contextmanager
    def maintenance(self, step: str) -> Iterator[None]:
        with self._setting("maintenance", "cli", ""):
            yield

    @contextmanager
    def web_services_off(self, step: str) -> Iterator[None]:
        with self._setting("webservices_enabled", False, True):
            yield

    @contextmanager
    def debugging(self, step: str) -> Iterator[None]:
        with self._setting("debug", True, False):
            yield

    @contextmanager
    def same_email_allowed(self, step: str) -> Iterator[bool]:
        with self._setting("allow_same_email", True, False):
            yield True

    @contextmanager
    def upload_limit(self, step: str) -> Iterator[int]:
        with self._setting("post_max_size", 100_000, 100 * 1024 * 1024):
            yield 100_000

    @contextmanager
    def token_without_role(self, step: str, username: str) -> Iterator[Secret]:
        # Where the mobile service is on, Moodle lets every account use the REST protocol.
        self._control("capabilities", {"username": username, "add": ["webservice/rest:use"]})
        token = self._control("tokens", {"username": username, "service": "lmssync"})["token"]
        try:
            yield Secret(token)
        finally:
            self._control("tokens", {"username": username, "service": "lmssync", "remove": True})

    @contextmanager
    def service_of(self, step: str, functions: tuple[str, ...]) -> Iterator[Secret]:
        name, account = f"{self.run}_core", self.account
        self._control("services", {"shortname": name, "functions": functions})
        yield Secret(self._control("tokens", {"username": account, "service": name})["token"])
        self._control("services", {"shortname": name, "remove": True})

    @contextmanager
    def trainer(self, step: str, username: str, course_id: int) -> Iterator[None]:
        held = ["moodle/course:view", "mod/assign:view", "mod/assign:grade"]
        self._control("capabilities", {"username": username, "add": held})
        try:
            yield
        finally:
            self._control("capabilities", {"username": username, "remove": held})

    @contextmanager
    def allowed(self, capability: str) -> Iterator[None]:
        account = self.account
        self._control("capabilities", {"username": account, "add": [capability]})
        yield
        self._control("capabilities", {"username": account, "remove": [capability]})

    @contextmanager
    def without_capability(self, step: str, *capabilities: str) -> Iterator[None]:
        self._control("capabilities", {"username": "lmssync", "remove": list(capabilities)})
        try:
            yield
        finally:
            self._control("capabilities", {"username": "lmssync", "add": list(capabilities)})

    def foreign_question(self, step: str, course: int, category: str, key: str) -> None:
        self._control("questions", {"course": course, "category": category, "key": key})

    def delete_account(self, step: str, username: str) -> None:
        self._control("accounts", {"username": username, "delete": True})

    def take_back(self, step: str, what: str, *numbers: int) -> None:
        self._control("take-back", {"what": what, "numbers": numbers})

    def forget_objects(self, step: str, course: int) -> None:
        self._control("forget", {"course": course})


class RealSite(SiteUnderTest):
    """A Moodle with the companion plugin, reached with the least-privilege service account."""

    name = "Moodle"

    def __init__(self) -> None:
        super().__init__(os.environ["MOODLE_URL"], Secret(os.environ["MOODLE_TOKEN"]))
        self._command = shlex.split(os.environ.get("MOODLE_ADMIN_CLI", ""))

    @property
    def host(self) -> str:
        """The site's name, for people."""
        return urlsplit(self.url).netloc

    def _run(
        self, step: str, *arguments: str, fine: tuple[int, ...] = (0,), must: bool = False
    ) -> tuple[int, str]:
        """Runs one of the site's own scripts; what cannot be run is a skipped step, unless it `must`."""
        if not self._command:
            self.skip(step, "MOODLE_ADMIN_CLI is not set")
        done = subprocess.run(
            [*self._command, *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode not in fine:
            said = (done.stderr.strip() or done.stdout.strip())[-200:]
            assert not must, f"the site is not as it was before: {' '.join(arguments)}: {said}"
            self.skip(step, f"{arguments[0]} failed: {said}")
        return done.returncode, done.stdout.strip()

    @contextmanager
    def _setting(self, step: str, name: str, value: str) -> Iterator[None]:
        missing, before = self._run(step, "admin/cli/cfg.php", f"--name={name}", fine=(0, 3))
        self._run(step, "admin/cli/cfg.php", f"--name={name}", f"--set={value}")
        try:
            yield
        finally:
            back = "--unset" if missing else f"--set={before}"
            self._run(step, "admin/cli/cfg.php", f"--name={name}", back, must=True)

    @contextmanager
    def maintenance(self, step: str) -> Iterator[None]:
        self._run(step, "admin/cli/maintenance.php", "--enable")
        try:
            yield
        finally:
            self._run(step, "admin/cli/maintenance.php", "--disable", must=True)

    @contextmanager
    def web_services_off(self, step: str) -> Iterator[None]:
        with self._setting(step, "enablewebservices", "0"):
            yield

    @contextmanager
    def debugging(self, step: str) -> Iterator[None]:
        with self._setting(step, "debug", "15"):
            yield

    @contextmanager
    def same_email_allowed(self, step: str) -> Iterator[bool]:
        if not self._command:
            self.skipped[step] = (
                "MOODLE_ADMIN_CLI is not set, and the site may refuse a second account with an e-mail"
            )
            yield False
            return
        with self._setting(step, "allowaccountssameemail", "1"):
            yield True

    @contextmanager
    def upload_limit(self, step: str) -> Iterator[int]:
        limit = int(self.client.call("local_lmssync_get_site")["post_max_size"])
        if not 0 < limit <= _LARGEST_TRIAL:
            self.skip(step, f"the limit of this site is {limit // 1_000_000} MB")
        yield limit

    @contextmanager
    def token_without_role(self, step: str, username: str) -> Iterator[Secret]:
        script = str(HERE / "site_scripts" / "token_without_role.php")
        token = self._run(step, script, "add", username)[1].splitlines()[-1]
        try:
            yield Secret(token)
        finally:
            self._run(step, script, "remove", username, must=True)

    @contextmanager
    def service_of(self, step: str, functions: tuple[str, ...]) -> Iterator[Secret]:
        script = str(HERE / "site_scripts" / "service_of_functions.php")
        name, account = f"{self.run}_core", self.account
        token = self._run(step, script, "add", name, account, *functions)[1].splitlines()[-1]
        try:
            yield Secret(token)
        finally:
            self._run(step, script, "remove", name, account, must=True)

    @contextmanager
    def allowed(self, capability: str) -> Iterator[None]:
        if not self._command:
            yield
            return
        script = str(HERE / "site_scripts" / "capability.php")
        step = f"{capability} for a moment"
        roles = self._run(step, script, "take", self.account, capability)[1].splitlines()[-1]
        self._run(step, script, "give", roles, capability, must=True)
        try:
            yield
        finally:
            self._run(step, script, "take", self.account, capability, must=True)

    @contextmanager
    def without_capability(self, step: str, *capabilities: str) -> Iterator[None]:
        script = str(HERE / "site_scripts" / "capability.php")
        roles = self._run(step, script, "take", self.account, *capabilities)[1].splitlines()[-1]
        try:
            yield
        finally:
            self._run(step, script, "give", roles, *capabilities, must=True)

    def foreign_question(self, step: str, course: int, category: str, key: str) -> None:
        script = str(HERE / "site_scripts" / "foreign_question.php")
        self._run(step, script, str(course), category, key)

    def delete_account(self, step: str, username: str) -> None:
        self._run(step, str(HERE / "site_scripts" / "delete_account.php"), username)

    def take_back(self, step: str, what: str, *numbers: int) -> None:
        self._run(step, str(HERE / "site_scripts" / "take_back.php"), what, *map(str, numbers))

    def forget_objects(self, step: str, course: int) -> None:
        self._run(step, str(HERE / "site_scripts" / "forget_objects.php"), str(course))

    @contextmanager
    def trainer(self, step: str, username: str, course_id: int) -> Iterator[None]:
        script = str(HERE / "site_scripts" / "trainer.php")
        self._run(step, script, "add", username, str(course_id))
        try:
            yield
        finally:
            self._run(step, script, "remove", username, str(course_id), must=True)
