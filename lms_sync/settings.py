"""The configuration file of an academy folder, `config.yaml`; never a secret in it."""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from authoring.languages import Language, LocalizedText
from authoring.problems import ContentError, LmsSyncError, Place, Problem
from authoring.read_yaml import load_model, read_yaml

CONFIG_FILE = "config.yaml"


def _refuse(code: str, **params: object) -> PydanticCustomError:
    return PydanticCustomError(code, "refused", params)  # braces in a template are fields to pydantic


def _written(pattern: str, code: str) -> BeforeValidator:
    """A text of this form, or the message `code`: a pattern says nothing to who writes the file."""

    def check(value: object) -> object:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise _refuse(code, value="" if value is None else str(value)[:60])
        return value

    return BeforeValidator(check)


_ADDRESS = _written(r"https?://[^\s/?#]+(/[^\s?#]*)?", "settings.address")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class LimitSettings(Strict):
    """How much is asked of a site at most; the throttle stays below where the site answers slowly or refuses."""

    at_once: Annotated[int, Field(ge=1, le=16)] = 8
    longest_job: Annotated[str, _written(r"[1-9][0-9]* (min|h)", "settings.every")] = "30 min"


class SiteSettings(Strict):
    """One Moodle."""

    url: Annotated[str, _ADDRESS]
    token_env: Annotated[str, _written(r"[A-Za-z_][A-Za-z0-9_]*", "settings.token-env-name")] | None = None
    token_file: str | None = None
    timezone: str = "Europe/Tirane"
    language: Language = "sq"
    student_role_id: Annotated[int, Field(gt=0)] = 5
    multilang: bool = True
    read_only: bool = False
    longest_request_seconds: Annotated[float, Field(ge=0, le=3600)] = 300
    insecure_http: bool = False
    limits: LimitSettings = LimitSettings()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise _refuse("settings.time-zone", value=value) from error
        return value

    @model_validator(mode="after")
    def _one_token_source(self) -> SiteSettings:
        if (self.token_env is None) == (self.token_file is None):
            raise _refuse("settings.one-token-source")
        return self

    @model_validator(mode="after")
    def _token_stays_private(self) -> SiteSettings:
        if self.is_readable_on_the_way and not self.insecure_http:
            raise _refuse("settings.insecure-http", url=self.url)
        return self

    @property
    def is_readable_on_the_way(self) -> bool:
        """Whether token and names travel unprotected: by http, and not within this machine."""
        try:
            parts = urlsplit(self.url)
            host = parts.hostname or ""
        except ValueError:  # such as http://[x
            return True
        return parts.scheme == "http" and host != "localhost" and not _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class DatabaseSettings(Strict):
    """Where the state is kept; a relative SQLite path is relative to the academy folder.

    `url_env` names an environment variable with the address, for one that has a password in it.
    """

    url: str = "sqlite:///.lms-sync/state.db"
    url_env: Annotated[str, _written(r"[A-Za-z_][A-Za-z0-9_]*", "settings.database-env-name")] | None = None
    keep_backups: Annotated[int, Field(ge=1, le=10_000)] = 14

    @property
    def holds_password(self) -> bool:
        """Whether `url` has a password in it."""
        return re.match(r"[^:/]+://[^/?#]*:[^/?#]+@|.*[?&]password=", self.url) is not None


class PeopleSettings(Strict):
    """How people are matched with accounts that exist."""

    match: Literal["username", "email"] = "username"
    create: Literal["never", "missing"] = "never"
    auth: Annotated[str, _written(r"[a-z][a-z0-9_]*", "settings.auth")] = "manual"
    institution_from: Literal["none", "group", "department", "institution"] = "none"


class IssuerSettings(Strict):
    """Who signs credentials."""

    did: Annotated[str, _written(r"did:(web|key):\S+", "settings.did")] | None = None
    name: LocalizedText | None = None
    key_file: str = ".lms-sync/issuer-key.pem"


class SealSettings(Strict):
    """An electronic seal: a PKCS#12 file, and the environment variable with its password."""

    file: str
    password_env: Annotated[str, _written(r"[A-Za-z_][A-Za-z0-9_]*", "settings.secret-env-name")] | None = (
        None
    )


class PortalSettings(Strict):
    """Where anyone verifies a certificate."""

    base_url: Annotated[str, _ADDRESS] | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8440


class AuditSettings(Strict):
    """Where the last entry of the register is written down as well, relative to the academy folder or anywhere."""

    heads: str = "register-heads.jsonl"


class PrivacySettings(Strict):
    """How many months after the last that is known of somebody their data are kept, and why."""

    keep_months: Annotated[int, Field(ge=1, le=1200)] | None = None
    reason: LocalizedText | None = None


class ScheduledJob(Strict):
    """A job of `lms-sync run`: at a time of day, or again and again."""

    job: Literal["pull", "certify", "send", "profiles", "report", "backup"]
    every: Annotated[str, _written(r"[1-9][0-9]* (min|h)", "settings.every")] | None = None
    at: Annotated[str, _written(r"([01][0-9]|2[0-3]):[0-5][0-9]", "settings.at")] | None = None
    sites: tuple[str, ...] = ()
    each: Literal["site", "course"] = "site"

    @model_validator(mode="after")
    def _when(self) -> ScheduledJob:
        if (self.every is None) == (self.at is None):
            raise _refuse("settings.every-or-at")
        return self

    @model_validator(mode="after")
    def _courses_are_pulled(self) -> ScheduledJob:
        if self.each == "course" and self.job != "pull":
            raise _refuse("settings.each-course", job=self.job)
        return self


class EmailSettings(Strict):
    """The mail server that tells of jobs that fail; nothing is sent without a host."""

    host: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_env: Annotated[str, _written(r"[A-Za-z_][A-Za-z0-9_]*", "settings.secret-env-name")] | None = (
        None
    )
    sender: str = "lms-sync@localhost"
    to: tuple[Annotated[str, _written(r"[^@\s<>,]+@[^@\s<>,]+", "settings.email-address")], ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> EmailSettings:
        if self.host is not None and not self.to:
            raise _refuse("settings.email-to")
        if self.security == "none" and self.user is not None:
            raise _refuse("settings.email-open-password")
        return self


class NotifySettings(Strict):
    """Who is told that a job fails, and that it works again."""

    after_failures: Annotated[int, Field(ge=1, le=10)] = 2
    webhook_env: Annotated[str, _written(r"[A-Za-z_][A-Za-z0-9_]*", "settings.secret-env-name")] | None = None
    email: EmailSettings = EmailSettings()


class HealthSettings(Strict):
    """Where `run` and `worker` answer /healthz; nowhere without a port."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None


class Settings(Strict):
    """The whole of `config.yaml`."""

    language: Literal["sq", "ro", "en"] = "en"
    sites: Annotated[
        dict[Annotated[str, _written(r"[a-z][a-z0-9-]{0,62}", "settings.site-name")], SiteSettings],
        Field(min_length=1),
    ]
    database: DatabaseSettings = DatabaseSettings()
    people: PeopleSettings = PeopleSettings()
    issuer: IssuerSettings = IssuerSettings()
    seals: Annotated[
        dict[Annotated[str, _written(r"[a-z0-9]+(-[a-z0-9]+)*", "settings.seal-name")], SealSettings],
        BeforeValidator(lambda value: {} if value is None else value),  # every line of it commented out
    ] = {}
    portal: PortalSettings = PortalSettings()
    audit: AuditSettings = AuditSettings()
    privacy: PrivacySettings = PrivacySettings()
    schedule: tuple[ScheduledJob, ...] = ()
    notify: NotifySettings = NotifySettings()
    health: HealthSettings = HealthSettings()

    @model_validator(mode="after")
    def _sites_are_known_and_different(self) -> Settings:
        for job in self.schedule:
            for name in job.sites:
                if name not in self.sites:
                    raise _refuse("settings.unknown-site", name=name, names=", ".join(self.sites))
        seen: dict[str, str] = {}
        for name, site in self.sites.items():
            address = site.url.rstrip("/").lower()
            if address in seen:
                raise _refuse("settings.same-site-twice", name=name, other=seen[address], url=site.url)
            seen[address] = name
        return self

    def site(self, name: str | None) -> tuple[str, SiteSettings]:
        """The named site, or the only one; raises SettingsError where that is not clear."""
        if name is None:
            if len(self.sites) == 1:
                return next(iter(self.sites.items()))
            raise SettingsError("settings.which-site", names=", ".join(self.sites))
        if name not in self.sites:
            raise SettingsError("settings.unknown-site", name=name, names=", ".join(self.sites))
        return name, self.sites[name]


class SettingsError(LmsSyncError):
    """The configuration lacks something, or a secret is not where it says."""


def load_settings(folder: Path) -> Settings:
    """Reads `config.yaml` of an academy folder; raises SettingsError or ContentError."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise SettingsError("settings.no-config", Place(CONFIG_FILE), folder=str(folder.resolve()))
    document = read_yaml(path, root=folder)
    if isinstance(document.data, dict):
        refused = [
            Problem("settings.literal-token", {"key": key}, document.place(("sites", site, key)))
            for site, values in _items(document.data.get("sites"))
            for key, value in _items(values)
            if _holds_secret(key, value)
        ]
        if refused:  # before anything else, because other problems would show the value
            raise ContentError(refused)
    return load_model(document, Settings)


def settings_warnings(settings: Settings) -> list[Problem]:
    """What works and should not stay so."""
    place = Place(CONFIG_FILE)
    found = [
        Problem("settings.insecure-http-allowed", {"site": name, "url": site.url}, place, "warning")
        for name, site in settings.sites.items()
        if site.is_readable_on_the_way
    ]
    if settings.database.holds_password:
        found.append(Problem("settings.database-password", {}, place, "warning"))
    did, address = settings.issuer.did or "", settings.portal.base_url or ""
    host = unquote(did.removeprefix("did:web:").split(":")[0])
    if did.startswith("did:web:") and address and host.casefold() != urlsplit(address).netloc.casefold():
        found.append(
            Problem("settings.did-elsewhere", {"did": did, "host": host, "url": address}, place, "warning")
        )
    return found


def _holds_secret(key: str, value: object) -> bool:
    if key in ("token", "password", "secret"):
        return True
    text = str(value)
    if key in ("token_env", "token_file"):  # Moodle's tokens are 32 hexadecimal digits
        return re.fullmatch(r"[0-9a-fA-F]{32,128}", text) is not None
    return key == "url" and "@" in text.split("://", 1)[-1].split("/", 1)[0]


def _items(value: object) -> list[tuple[str, object]]:
    return list(value.items()) if isinstance(value, dict) else []


def database_url(settings: Settings, folder: Path) -> str:
    """The database URL with a relative SQLite path made absolute within the academy folder.

    Raises SettingsError where an environment variable is to hold it and does not.
    """
    url, variable = settings.database.url, settings.database.url_env
    if variable is not None:
        url = os.environ.get(variable, "").strip()
        if not url:
            raise SettingsError("settings.database-env-empty", variable=variable)
    match = re.fullmatch(r"sqlite:///(?!/)(?![A-Za-z]:)(.+)", url)
    if match and match.group(1) != ":memory:":
        return f"sqlite:///{(folder / match.group(1)).resolve().as_posix()}"
    return url


@dataclass(frozen=True)
class Secret:
    """A value that never shows: neither by print, nor in a log, nor in an error."""

    _value: str

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__


def read_secret(variable: str) -> Secret:
    """The secret that an environment variable holds; raises SettingsError where it is empty."""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise SettingsError("settings.secret-env-empty", variable=variable)
    return Secret(value)


def read_token(site_name: str, site: SiteSettings, folder: Path) -> Secret:
    """The site's token from its environment variable or its file.

    A token file that others may read is refused (on systems that have such permissions). Raises SettingsError.
    """
    if site.token_env is not None:
        value = os.environ.get(site.token_env, "").strip()
        if not value:
            raise SettingsError("settings.token-env-empty", variable=site.token_env, site=site_name)
        return Secret(value)
    path = folder / str(site.token_file)
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError("settings.token-file-unreadable", path=str(path), reason=reason) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError("settings.token-file-open", path=str(path))
    if not value:
        raise SettingsError("settings.token-file-empty", path=str(path))
    return Secret(value)
