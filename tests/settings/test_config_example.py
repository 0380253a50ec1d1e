"""The commented configuration shows every setting there is, and nothing that is not."""

from __future__ import annotations

import itertools
import re
import types
import typing
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from lms_sync.package_data import config_example
from lms_sync.settings import ScheduledJob, Settings, SiteSettings, load_settings

# A line that is a setting, also one that is commented out to show the alternative.
_KEY = re.compile(r"^(?P<indent> *)(?:# )?(?:- \{)?(?P<key>[a-z_]+):(?: |$)")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config.yaml").write_text(config_example(), encoding="utf-8")
    return load_settings(tmp_path)


def _models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for one in typing.get_args(annotation) for found in _models(one)]


def _names_of_the_model(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, object]:
    """Every setting by its dotted name, with its default; "*" stands for the name of a site or a place in a list."""
    found: dict[str, object] = {}
    for name, info in model.model_fields.items():
        inner = [one for one in _models(info.annotation) if one.__name__ != "LocalizedText"]
        if not inner:
            found[prefix + name] = info.get_default(call_default_factory=False)
            continue
        origin = typing.get_origin(info.annotation)
        many = origin in (dict, list, tuple, types.UnionType)
        found |= _names_of_the_model(inner[0], f"{prefix}{name}." + ("*." if many else ""))
    return found


def _names_of_the_example() -> set[str]:
    """Every setting that the example shows or mentions as an alternative, by its dotted name."""
    names: set[str] = set()
    path: list[tuple[int, str]] = []
    for line in config_example().split("\n"):
        found = _KEY.match(line)
        if not found or (line.lstrip().startswith("#") and found["key"] not in _ALTERNATIVES):
            continue
        indent = len(found["indent"])
        path = [(depth, key) for depth, key in path if depth < indent]
        path.append((indent, "*" if [key for _, key in path] in (["sites"], ["seals"]) else found["key"]))
        names.add(".".join(key for _, key in path))
    rows = yaml.safe_load(config_example())["schedule"]
    names |= {f"schedule.*.{key}" for row in rows for key in row}
    return {name for name in names if not any(other.startswith(f"{name}.") for other in names)}


_ALTERNATIVES = {
    "archives",
    "file",
    "token_file",
    "url_env",
    "webhook_env",
    "host",
    "port",
    "user",
    "password_env",
}


def test_the_example_loads(settings: Settings) -> None:
    assert list(settings.sites) == ["main"]
    assert settings.site(None)[1].token_env == "LMS_SYNC_TOKEN"


def test_the_example_shows_exactly_the_settings_that_there_are() -> None:
    model = set(_names_of_the_model())
    shown = {name for name in _names_of_the_example() if not name.startswith("schedule.job")}
    assert shown - model == set(), "the example shows settings that do not exist"
    assert model - shown == set(), "the example lacks settings"


def test_every_setting_of_the_example_stands_below_a_remark() -> None:
    lines = config_example().split("\n")
    bare = [
        line
        for before, line in itertools.pairwise(lines)
        if re.match(r"^[a-z_]+:", line) and not before.startswith("#")
    ]
    assert bare == []


_SAMPLES = {
    "sites.*.url",
    "sites.*.token_env",
    "issuer.did",
    "issuer.name",
    "portal.base_url",
    "notify.email.to",
}


def test_what_the_example_gives_is_the_default_but_for_samples() -> None:
    given = yaml.safe_load(config_example())
    given["sites"] = {"*": given["sites"]["main"]}
    for name, default in _names_of_the_model().items():
        if name in _SAMPLES or name.startswith("schedule.") or default is PydanticUndefined:
            continue
        value = given
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        assert value == default, name


def test_remarks_name_every_choice(settings: Settings) -> None:
    text = config_example()
    for choice in ("username", "email", "never", "missing", "sq", "ro", "en", "pull", "certify", "report"):
        assert re.search(rf"\b{choice}\b", text), choice


def test_no_secret_stands_in_the_example() -> None:
    assert not re.search(r"[0-9a-f]{32}|^\s*(token|password|secret):", config_example(), re.MULTILINE)


def test_the_schedule_shows_both_ways_of_saying_when(settings: Settings) -> None:
    assert any(one.every for one in settings.schedule)
    assert any(one.at for one in settings.schedule)
    jobs = set(typing.get_args(ScheduledJob.model_fields["job"].annotation))
    assert set(re.findall(r"^  (?:# )?- \{job: (\w+)", config_example(), re.MULTILINE)) == jobs
    # What writes to people waits until somebody wants it.
    assert jobs - {one.job for one in settings.schedule} == {"send", "profiles"}


def test_the_site_of_the_example_needs_no_more_than_address_and_token() -> None:
    required = {name for name, info in SiteSettings.model_fields.items() if info.is_required()}
    assert required == {"url"}
