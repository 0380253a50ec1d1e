"""A configuration is read whole or refused with every reason; its secrets never show."""

from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authoring.messages import LANGUAGES, describe
from authoring.problems import ContentError, LmsSyncError
from lms_sync.settings import (
    Secret,
    Settings,
    SettingsError,
    SiteSettings,
    database_url,
    load_settings,
    read_token,
    settings_warnings,
)

CANARY = "c0ffee00c0ffee00c0ffee00c0ffee00"
SITE = "sites:\n  main:\n    url: https://moodle.example.org\n    token_env: LMS_SYNC_TOKEN\n"
posix = pytest.mark.skipif(os.name != "posix", reason="permissions of files")


def load(folder: Path, text: str) -> Settings:
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return load_settings(folder)


def refusal(folder: Path, text: str) -> LmsSyncError:
    with pytest.raises(LmsSyncError) as caught:
        load(folder, text)
    return caught.value


def site(**more: object) -> SiteSettings:
    return SiteSettings.model_validate({"url": "https://moodle.example.org", **more})


# --- reading ---------------------------------------------------------------------------------------------


def test_a_site_with_address_and_token_is_enough(tmp_path: Path) -> None:
    settings = load(tmp_path, SITE)
    assert settings.people.create == "never"
    assert settings.site(None)[0] == "main"


def test_a_folder_without_configuration_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert caught.value.code == "settings.no-config"


def test_everything_wrong_in_a_configuration_is_told_at_once(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        SITE + "    timezone: Nowhere/City\nlanguage: xx\nportal: {port: 99999}\npeople: {creat: missing}\n",
    )
    assert [(one.code, one.place.line) for one in error.problems] == [
        ("settings.time-zone", 5),
        ("yaml.wrong-choice", 6),
        ("yaml.above-limit", 7),
        ("yaml.unknown-key-similar", 8),
    ]


@pytest.mark.parametrize(
    "url",
    [
        "moodle.example.org",
        "ftp://x.org",
        "https://",
        "https://a b.org",
        "https://x.org/?a=1",
        "https://x.org/#x",
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    error = refusal(tmp_path, f"sites:\n  main: {{url: '{url}', token_env: T}}\n")
    assert error.problem.place.line == 2


@pytest.mark.parametrize("source", ["", ", token_env: A, token_file: b"])
def test_a_site_has_exactly_one_source_of_its_token(tmp_path: Path, source: str) -> None:
    assert (
        refusal(tmp_path, f"sites:\n  main: {{url: https://x.org{source}}}\n").code
        == "settings.one-token-source"
    )


@pytest.mark.parametrize(
    "job", ["{job: pull}", "{job: pull, every: 5 min, at: '06:00'}", "{job: pull, every: soon}"]
)
def test_a_job_says_when_in_exactly_one_way(tmp_path: Path, job: str) -> None:
    assert refusal(tmp_path, f"{SITE}schedule:\n  - {job}\n").problem.place.line == 6


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (SITE + "schedule: [{job: pull, every: 15}]", "settings.every", "15 min"),
        (SITE + "schedule: [{job: pull, every: hourly}]", "settings.every", "2 h"),
        (SITE + "schedule: [{job: pull, at: 6.30}]", "settings.at", "06:30"),
        (SITE + "schedule: [{job: pull}]", "settings.every-or-at", "every"),
        ("sites:\n  main: {url: moodle.example.org, token_env: T}", "settings.address", "https://"),
        ("sites:\n  Main Site: {url: https://x.org, token_env: T}", "settings.site-name", "Main Site"),
        (SITE + "language: shqip", "yaml.wrong-choice", "sq, ro, en"),
        (SITE + "    language: Shqip", "yaml.language-code", "sq"),
    ],
)
def test_a_value_of_the_wrong_form_comes_with_the_right_form_in_three_languages(
    tmp_path: Path, text: str, code: str, words: str
) -> None:
    (problem,) = refusal(tmp_path, text + "\n").problems
    assert problem.code == code
    for language in LANGUAGES:
        said = describe(problem, language)
        assert words in said
        assert "pattern" not in said


def test_with_several_sites_one_must_be_named(tmp_path: Path) -> None:
    settings = load(tmp_path, SITE + "  other: {url: https://o.example.org, token_env: T}\n")
    with pytest.raises(SettingsError) as caught:
        settings.site(None)
    assert caught.value.code == "settings.which-site"
    with pytest.raises(SettingsError) as caught:
        settings.site("third")
    assert caught.value.code == "settings.unknown-site"
    assert settings.site("other")[1].url == "https://o.example.org"


def test_a_relative_database_lies_in_the_academy_wherever_the_command_is_typed(tmp_path: Path) -> None:
    settings = load(tmp_path, SITE)
    assert database_url(settings, tmp_path) == f"sqlite:///{tmp_path.resolve().as_posix()}/.lms-sync/state.db"
    for url in ("sqlite:////var/lib/state.db", "postgresql+psycopg://h/db", "sqlite:///:memory:"):
        assert database_url(load(tmp_path, f"{SITE}database: {{url: '{url}'}}\n"), tmp_path) == url


# --- tokens ----------------------------------------------------------------------------------------------


def test_a_token_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", f" {CANARY}\n")
    assert read_token("main", site(token_env="MY_TOKEN"), tmp_path).reveal() == CANARY


def test_an_empty_environment_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", " ")
    with pytest.raises(SettingsError) as caught:
        read_token("main", site(token_env="MY_TOKEN"), tmp_path)
    assert (caught.value.code, caught.value.problem.params["variable"]) == (
        "settings.token-env-empty",
        "MY_TOKEN",
    )


@posix
def test_a_token_comes_from_a_file_that_only_the_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{CANARY}\n")
    path.chmod(0o600)
    assert read_token("main", site(token_file="token"), tmp_path).reveal() == CANARY
    assert read_token("main", site(token_file=str(path)), Path("/elsewhere")).reveal() == CANARY
    path.write_bytes(b"\xef\xbb\xbf" + CANARY.encode() + b"\r\n")  # as Windows' own editor may save it
    assert read_token("main", site(token_file="token"), tmp_path).reveal() == CANARY


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o601])
def test_a_token_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text(CANARY)
    path.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        read_token("main", site(token_file="token"), tmp_path)
    assert caught.value.code == "settings.token-file-open"
    assert CANARY not in "".join(describe(caught.value.problem, one) for one in LANGUAGES)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b" \n", "empty"), (b"\xff\xfe", "unreadable"), (None, "unreadable")],
)
def test_a_token_file_without_a_token_is_a_clear_error(
    tmp_path: Path, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
        (tmp_path / "token").chmod(0o600)
    with pytest.raises(SettingsError) as caught:
        read_token("main", site(token_file="token"), tmp_path)
    assert caught.value.code == f"settings.token-file-{code}"


@pytest.mark.parametrize(
    "line",
    [
        f"token: {CANARY}",
        f"password: {CANARY}",
        f"secret: {CANARY}",
        f"token_env: {CANARY}",
        f"token_file: {CANARY}",
        f"url: https://me:{CANARY}@moodle.example.org",
        f"token: [{CANARY}]",
    ],
)
def test_a_secret_written_into_the_configuration_is_refused_and_not_repeated(
    tmp_path: Path, line: str
) -> None:
    error = refusal(tmp_path, f"sites:\n  main:\n    {line}\n    timezone: Nowhere\n")
    assert isinstance(error, ContentError)
    assert [(one.code, one.place.line) for one in error.problems] == [("settings.literal-token", 3)]
    shown = "".join(describe(one, language) for one in error.problems for language in LANGUAGES)
    shown += repr(error) + "".join(traceback.format_exception(error))
    assert CANARY not in shown


# --- Secret ----------------------------------------------------------------------------------------------


@given(st.text(min_size=6).filter(lambda text: text not in "Secret(•••)"))
def test_a_secret_shows_in_no_form_of_text(value: str) -> None:
    secret = Secret(value)
    for shown in (
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>40}",
        f"{secret} {secret!r}",
        repr([secret]),
    ):
        assert value not in shown
    assert secret.reveal() == value


def test_a_secret_shows_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").warning("%s %r", Secret(CANARY), {"token": Secret(CANARY)})
    assert CANARY not in caplog.text


def test_secrets_can_be_compared() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")


# --- what travels and what stands in the file ------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["moodle.example.org", "10.0.0.5", "localhost.example.org", "127.0.0.1.nip.io"]
)
def test_a_site_without_protection_needs_permission_and_is_warned_of(tmp_path: Path, host: str) -> None:
    text = f"sites:\n  main:\n    url: http://{host}/moodle\n    token_env: T\n"
    assert refusal(tmp_path, text).code == "settings.insecure-http"
    allowed = load(tmp_path, text + "    insecure_http: true\n")
    assert [one.code for one in settings_warnings(allowed)] == ["settings.insecure-http-allowed"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080", "127.1.2.3"])
def test_a_site_on_this_machine_needs_no_permission(tmp_path: Path, host: str) -> None:
    settings = load(tmp_path, f"sites:\n  main:\n    url: http://{host}\n    token_env: T\n")
    assert settings_warnings(settings) == []


@pytest.mark.parametrize(
    "url", [f"postgresql+psycopg://lms:{CANARY}@db/lms", f"postgresql://db/lms?password={CANARY}"]
)
def test_a_password_in_the_address_of_the_database_is_warned_of_and_not_shown(
    tmp_path: Path, url: str
) -> None:
    (warning,) = settings_warnings(load(tmp_path, f"{SITE}database: {{url: '{url}'}}\n"))
    assert (warning.code, warning.severity) == ("settings.database-password", "warning")
    assert CANARY not in "".join(describe(warning, language) for language in LANGUAGES)


def test_the_address_of_the_database_may_be_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load(tmp_path, f"{SITE}database: {{url_env: LMS_SYNC_DATABASE}}\n")
    monkeypatch.delenv("LMS_SYNC_DATABASE", raising=False)
    with pytest.raises(SettingsError) as caught:
        database_url(settings, tmp_path)
    assert caught.value.code == "settings.database-env-empty"
    monkeypatch.setenv("LMS_SYNC_DATABASE", "postgresql+psycopg://lms:x@db/lms")
    assert database_url(settings, tmp_path) == "postgresql+psycopg://lms:x@db/lms"
    assert settings_warnings(settings) == []
