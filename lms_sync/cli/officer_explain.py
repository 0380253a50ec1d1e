"""The officer's verb explain: why somebody has an award, or has not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import printable
from authoring.problems import NONE_YET, Refused
from lms_sync.cli import outcome
from lms_sync.cli.outcome import say
from lms_sync.clock import SystemClock, local_date

if TYPE_CHECKING:
    from datetime import date

    from certificates.explain import Explanation
    from certificates.policy import Policy
    from certificates.reasons import Note, Reason
    from programmes import Programme

_SIGNS = {"yes": "✓", "no": "✗", "not needed": "·"}


@click.command(short_help="Why somebody has an award, or has not.")
@click.argument("person")
@click.argument("award")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The academy folder (default: here).",
)
@click.option("--site", "site_name", help="The site in config.yaml (default: the only one).")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def explain(person: str, award: str, folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Show each requirement of an AWARD with the fact that met it for a PERSON, or what is missing.

    PERSON is an idnumber, an e-mail address or a whole name; for an institution's award its code. Days of sessions
    that do not count are told with the reason.

    \b
    Examples:
      lms-sync explain AO-0001 archive-officer --dir academy
      lms-sync explain "Arjola Çela" archive-trainer --json
      lms-sync explain elbasan certified-municipality
    """
    from certificates.explain import explain as explained
    from certificates.explain import explain_unseen
    from certificates.policy import read_policies
    from lms_sync.programme_files import programmes_by_id
    from lms_sync.settings import database_url, load_settings
    from lms_sync.store.database import open_database

    policies = {policy.id: policy for policy in read_policies(folder)}
    if award not in policies:
        raise Refused("explain.no-award", award=award, known=", ".join(policies) or NONE_YET)
    programmes = programmes_by_id(folder)
    settings = load_settings(folder)
    site, _ = settings.site(site_name)
    engine = open_database(database_url(settings, folder))
    clock = SystemClock()
    try:
        found = explained(engine, site, policies[award], person, clock, programmes=programmes)
    except Refused as refused:
        listed = _listed(folder, policies[award].holder_kind, person, outcome.reader_language(folder))
        if refused.code != "explain.nobody" or listed is None:
            raise
        found = explain_unseen(policies[award], listed, clock, programmes=programmes)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
        return outcome.DONE
    title, *lines = explanation_lines(found, policies, programmes, outcome.reader_language(folder))
    click.echo(click.style(printable(title), bold=True))
    for line in lines:
        click.echo(printable(line))
    return outcome.DONE


def _listed(folder: Path, kind: str, said: str, language: str) -> str | None:
    """The name of whom `said` means on the lists of the academy, where nothing is recorded of them yet; else None."""
    from certificates.explain import same_words
    from lms_sync.people import read_people

    people = read_people(folder)
    if kind == "institution":
        for institution in people.institutions:
            if any(same_words(said, one) for one in (institution.code, *institution.names.values())):
                return institution.name(language)
        return None
    for one in people.participants:
        name = f"{one.firstname} {one.lastname}"
        if any(same_words(said, called) for called in (one.idnumber, one.email, name) if called):
            return name
    return None


def explanation_lines(
    found: Explanation, policies: Mapping[str, Policy], programmes: Mapping[str, Programme], language: str
) -> Iterator[str]:
    """An explanation in words, line by line."""
    return _Words(found, policies, programmes, language).lines()


class _Words:
    def __init__(
        self,
        found: Explanation,
        policies: Mapping[str, Policy],
        programmes: Mapping[str, Programme],
        language: str,
    ) -> None:
        self.found = found
        self.policies = policies
        self.programmes = programmes
        self.language = language

    def _say(self, code: str, **params: object) -> str:
        return say(code, self.language, **params)

    def _day(self, day: date | None) -> str:
        from certificates.dates import long_date

        return "–" if day is None else long_date(day, self.language)

    def lines(self) -> Iterator[str]:
        found = self.found
        yield f"{found.name} · {self._award(found.policy.id)}"
        yield self._state()
        if (
            found.window_opens is not None
            and found.renewal is None
            and found.status in ("valid", "suspended")
        ):
            ends = self._day(found.grace_ends)
            yield self._say("explain.window-later", opens=self._day(found.window_opens), ends=ends)
        yield ""
        yield from self._tree(found.why)
        if found.renewal is not None:
            yield ""
            n = len(found.renewal.missing)
            until = self._day(found.renewal.expires_on)
            yield self._say(f"explain.renewal-{found.renewal.state}", n=n, until=until)
            yield ""
            yield from self._tree(found.renewal.why)

    def _tree(self, why: Iterable[Reason]) -> Iterator[str]:
        """Each reason below the groups that it belongs to."""
        above: tuple[str, ...] = ()
        for reason in why:
            for depth, name in enumerate(reason.path):
                if above[: depth + 1] != reason.path[: depth + 1]:
                    yield f"{'  ' * depth}{self._group(name)}"
            above = reason.path
            indent = "  " * len(reason.path)
            yield f"{indent}{_SIGNS[reason.met]} {self._reason(reason)}{self._source(reason.fact)}"
            for note in reason.notes:
                yield f"{indent}    {self._note(note)}{self._source(note.fact)}"

    def _group(self, name: str) -> str:
        from certificates.reasons import group_parts

        kind, wanted = group_parts(name)
        return self._say(f"explain.group-{kind}", n=wanted)

    def _state(self) -> str:
        found = self.found
        missing = sum(reason.met == "no" for reason in found.why)
        values = {"earned": self._day(found.earned_on), "until": self._day(found.expires_on)}
        if found.state == "pending":
            return self._say("explain.pending", n=missing)
        if found.state == "issued":
            status = self._say(f"portal.status-{found.status}")
            return self._say("explain.issued", serial=found.serial, status=status, **values)
        return self._say(f"explain.{found.state}", **values)

    def _award(self, award: str) -> str:
        policy = self.policies.get(award)
        return award if policy is None else f"{policy.title.in_language(self.language)} ({award})"

    def _reason(self, reason: Reason) -> str:
        met = "met" if reason.met == "yes" else "not"
        named = {"award": self._award, "milestone": self._milestone}.get(reason.requirement, str)
        said = self._say(
            f"explain.{reason.requirement}-{met}",
            subject=named(reason.subject),
            on=self._day(reason.on),
            score=reason.score or "–",
            wanted=reason.wanted or "–",
        )
        return said if reason.met != "not needed" else f"{said} {self._say('explain.not-needed')}"

    def _milestone(self, key: str) -> str:
        programme, _, said = key.partition("/")
        found = self.programmes.get(programme)
        title = next((one.title for one in (found.milestones if found else ()) if one.id == said), None)
        return key if title is None else f"{title.in_language(self.language)} ({key})"

    def _note(self, note: Note) -> str:
        from certificates.explain import counted

        leaders = ", ".join(self.found.names.get(one) or one for one in note.leaders) or "–"
        said = self._say(
            f"explain.note-{note.what}",
            day=self._day(note.day),
            session=self._session(note.session),
            hours="" if note.hours is None else f"{note.hours:g}",
            leaders=leaders,
            award=self._award(note.award),
        )
        return f"{'✓' if counted(note) else '✗'} {said}"

    def _session(self, key: str) -> str:
        from programmes.sessions import find_session

        session = find_session(self.programmes, key)
        return key if session is None else f"{session.title.in_language(self.language)} ({session.id})"

    def _source(self, reference: tuple[str, str, str] | None) -> str:
        observed = None if reference is None else self.found.observed.get(reference)
        if observed is None:
            return ""
        from lms_sync.assessment.milestones import BY_RULE

        on = self._day(local_date(observed.at, self.found.policy.timezone))
        if observed.recorded_by is None:
            return f" [{self._say('explain.source-moodle', on=on)}]"
        if observed.recorded_by == BY_RULE:
            return f" [{self._say('explain.source-rule', on=on)}]"
        return f" [{self._say('explain.source-told', by=observed.recorded_by, on=on)}]"
