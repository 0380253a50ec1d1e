"""The administrator's verbs: doctor, plan, apply, plugin."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from authoring.build_cache import BuildCache
from authoring.messages import remedy, text
from authoring.problems import Problem, Refused
from lms_sync.academy import BuiltAcademy, build_academy, read_academy
from lms_sync.adopted import read_adopted
from lms_sync.after_stop import read_after_stop
from lms_sync.applied import Replaced, read_base, replaced_by
from lms_sync.apply import MOST_PARALLEL, ApplyReport
from lms_sync.cli import outcome
from lms_sync.cli.apply_progress import ApplyProgress
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.plan_output import print_lacking, print_plan, print_report
from lms_sync.clock import SystemClock
from lms_sync.drift import Base
from lms_sync.moodle.client import MoodleClient
from lms_sync.moodle.connect import connect
from lms_sync.moodle.errors import MoodleError
from lms_sync.people import MatchedAccount, known_accounts
from lms_sync.people.names import shown_names
from lms_sync.plan import Loss, PlanOptions
from lms_sync.plan_file import plan_json, read_plan_file, refuse_stale
from lms_sync.push import Prepared, apply_prepared, prepare
from lms_sync.settings import Settings, SiteSettings, database_url, load_settings
from lms_sync.store.database import open_database, reading
from lms_sync.store.one_at_a_time import only_one
from lms_sync.verified_release import VERIFIED_RELEASE, refuse_unverified
from lms_sync.write_files import write_durably

course_option = click.option(
    "--course", "courses", multiple=True, metavar="ID", help="Only this course (repeatable)."
)
overwrite_option = click.option(
    "--overwrite-edits",
    is_flag=True,
    help="Also change what somebody has edited in Moodle since our last push, even in a conflict.",
)
revert_option = click.option(
    "--revert", is_flag=True, help="Take away what only Moodle changed; a conflict stays one."
)
ours_option = click.option(
    "--ours", multiple=True, metavar="KEY[#FIELD]", help="Here the files win over Moodle (repeatable)."
)
theirs_option = click.option(
    "--theirs", multiple=True, metavar="KEY[#FIELD]", help="Here Moodle wins over the files (repeatable)."
)

unverified_option = click.option(
    "--unverified",
    is_flag=True,
    help=f"Also write to a Moodle of another release than {VERIFIED_RELEASE}, which nobody has tried.",
)
loss_option = click.option(
    "--accept-loss",
    "losses",
    multiple=True,
    type=click.Choice([loss.value for loss in Loss]),
    help="Allow a change that takes this from learners (repeatable); the plan says how many it touches.",
)


def _connect(folder: Path, site_name: str | None) -> tuple[Settings, str, SiteSettings, MoodleClient]:
    settings = load_settings(folder)
    name, site = settings.site(site_name)
    return settings, name, site, connect(name, site, folder)


def _built(folder: Path, site: SiteSettings, language: str) -> BuiltAcademy:
    """The academy with its packages and banks; what an earlier verb has read and packed is taken from the build cache."""
    cache = BuildCache(folder)
    try:
        academy = read_academy(folder, cache)
        outcome.print_problems(academy.warnings, language)
        return build_academy(academy, multilang=site.multilang, manuals=False, cache=cache)
    finally:
        if cache.file.parent.is_dir():  # a plan makes nothing but what it builds
            cache.save()


def remembered_base(settings: Settings, folder: Path, site_name: str) -> Base:
    """What was last applied; nothing where there is no state database yet, which is not made for this."""
    url = database_url(settings, folder)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return {}
    with reading(open_database(url)) as connection:
        return read_base(connection, site_name)


def _known_accounts(settings: Settings, folder: Path, site_name: str) -> Mapping[str, MatchedAccount]:
    """Accounts that were matched before; none where there is no state database yet, which is not made for this."""
    url = database_url(settings, folder)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        return {}
    with reading(open_database(url)) as connection:
        return known_accounts(connection, site_name)


def shown(settings: Settings, folder: Path, site_name: str, prepared: Prepared) -> Mapping[str, str]:
    """The names of people for a plan on a terminal; from the files alone where there is no state database yet."""
    url = database_url(settings, folder)
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).is_file():
        url = "sqlite://"
    with reading(open_database(url)) as connection:
        return shown_names(connection, site_name, prepared.people)


@click.command()
@dir_option
@site_option
@json_option
def doctor(folder: Path, site_name: str | None, as_json: bool) -> int:
    """Say what a site lacks for the sync, and how to mend it.

    \b
    Example:
      lms-sync doctor --dir academy
    """
    from lms_sync.doctor import examine_site

    language = outcome.reader_language(folder)
    settings, name, _, client = _connect(folder, site_name)
    adopted = read_adopted(folder, site=name)
    several, largest = True, 0
    courses: tuple[str, ...] = ()
    if (folder / "courses").is_dir():
        academy = read_academy(folder, BuildCache(folder), wanted="nothing")  # the cache is not written
        courses = tuple(academy.courses)
        several = any(len(course.languages.offered) > 1 for course in academy.courses.values())
        sent = [*(folder / "build").glob("*/*.zip"), *(folder / "courses").glob("*/packages/*.zip")]
        largest = max((path.stat().st_size for path in sent), default=0)
    findings = list(
        examine_site(
            client,
            settings,
            SystemClock(),
            several_languages=several,
            largest_upload=largest,
            adopted=adopted,
            courses=courses,
            help_desk=(folder / "helpdesk").is_dir(),
        )
    )
    faults = sum(one.level == "fault" for one in findings)
    if as_json:
        click.echo(json.dumps({"faults": faults, "findings": [one.as_json() for one in findings]}, indent=1))
        return outcome.ERROR if faults else outcome.DONE
    signs = {"good": ("✓", "green"), "warning": ("!", "yellow"), "fault": ("✗", "red")}
    for one in findings:
        sign, colour = signs[one.level]
        click.echo(f"{click.style(sign, fg=colour, bold=True)} {text(one.code, one.params, language)}")
        if one.level != "good" and (cure := remedy(one.code, one.params, language)):
            click.echo(f"    {cure}")
    click.echo(text("doctor.faults" if faults else "doctor.healthy", {"n": faults}, language))
    return outcome.ERROR if faults else outcome.DONE


@click.command()
@dir_option
@site_option
@course_option
@overwrite_option
@loss_option
@click.option("--out", type=click.Path(path_type=Path), help="Also save the plan, for `lms-sync apply FILE`.")
@revert_option
@ours_option
@theirs_option
@click.option("--all", "every", is_flag=True, help="List every object, also those that stay.")
@json_option
def plan(
    folder: Path,
    site_name: str | None,
    courses: tuple[str, ...],
    overwrite_edits: bool,
    losses: tuple[str, ...],
    out: Path | None,
    revert: bool,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    every: bool,
    as_json: bool,
) -> int:
    """Show what apply would do on the site. Nothing is changed.

    Exit code 0: nothing to do; 2: there are changes; 3: something is refused.

    \b
    Examples:
      lms-sync plan --dir academy
      lms-sync plan --dir academy --out plan.json
    """
    language = outcome.reader_language(folder)
    settings, name, site, client = _connect(folder, site_name)
    built = _built(folder, site, language)
    options = _options(overwrite_edits, losses, revert, ours, theirs)
    known, base = _known_accounts(settings, folder, name), remembered_base(settings, folder, name)
    prepared = prepare(
        client, built, settings, site, options=options, only_courses=courses, known=known, base=base
    )
    print_lacking(prepared.lacks, language)
    said = plan_json(prepared.plan, site=name, courses=courses, options=options, made_at=SystemClock().now())
    printed = json.dumps(said, ensure_ascii=False, indent=1) + "\n"
    if out is not None:
        write_durably(out, printed.encode("utf-8"))
    if as_json:
        click.echo(printed, nl=False)
    else:
        names = shown(settings, folder, name, prepared)
        print_plan(prepared.plan, language, every=every, zone=ZoneInfo(site.timezone), names=names)
        if out is not None:
            click.echo(text("plan.saved", {"path": str(out)}, language))
    if prepared.plan.refused or prepared.plan.is_fused:
        return outcome.REFUSED
    return outcome.CHANGES if prepared.plan.work or prepared.plan.by_hand else outcome.DONE


def _options(
    overwrite_edits: bool,
    losses: tuple[str, ...],
    revert: bool,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
) -> PlanOptions:
    if both := set(ours) & set(theirs):
        raise click.UsageError(f"--ours and --theirs: {', '.join(sorted(both))}")
    return PlanOptions(
        overwrite_edits,
        frozenset(Loss(name) for name in losses),
        revert_edits=revert,
        ours=frozenset(ours),
        theirs=frozenset(theirs),
    )


@click.command()
@click.argument("plan_path", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@dir_option
@site_option
@course_option
@overwrite_option
@loss_option
@click.option("--force", is_flag=True, help="Also where much of what is there would be changed or hidden.")
@revert_option
@ours_option
@theirs_option
@unverified_option
@click.option(
    "--parallel",
    type=click.IntRange(1, MOST_PARALLEL),
    default=1,
    metavar="N",
    help=f"Work on N courses at once, at most {MOST_PARALLEL} (default: 1).",
)
@click.option("--undo", type=int, metavar="RUN", help="Bring back what this run replaced (see runs).")
@click.option(
    "--canary", metavar="SITE", help="Apply to this site first, and where all went well to all others."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def apply(
    plan_path: Path | None,
    folder: Path,
    site_name: str | None,
    courses: tuple[str, ...],
    overwrite_edits: bool,
    losses: tuple[str, ...],
    force: bool,
    revert: bool,
    ours: tuple[str, ...],
    theirs: tuple[str, ...],
    unverified: bool,
    parallel: int,
    undo: int | None,
    canary: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Bring the site to what the files say, after showing the plan.

    An edit made in Moodle stays and is told; what only the files changed is applied beside it. Where both have
    changed the same, nothing is applied to the object until a side is named with --ours or --theirs.

    With FILE, a plan saved by `plan --out`: it is applied only where site and files are still as it saw them.
    People who cannot be matched for certain are left out and listed in people/matches.csv.
    Without the plugin on the site, what only a person can do is left, and build/hand-over says how.
    Exit code 0: done or nothing to do; 4: partly done; 3: something was refused.

    \b
    Example:
      lms-sync apply --dir academy --yes
      lms-sync apply plan.json --dir academy
      lms-sync apply --undo 7 --dir academy
      lms-sync apply --canary trial --yes --dir academy
    """
    if canary is not None:
        if plan_path is not None or undo is not None or site_name is not None or as_json:
            raise click.UsageError(
                "--canary is for all sites: it goes with neither FILE, --undo, --site nor --json"
            )
        from lms_sync.cli.canary import canary_first

        return canary_first(folder, canary)
    if undo is not None and any((plan_path, courses, overwrite_edits, revert, ours, theirs)):
        raise click.UsageError("--undo stands alone: it takes back what one run replaced, and nothing else")
    language = outcome.reader_language(folder)
    saved = read_plan_file(plan_path) if plan_path is not None else None
    settings, name, site, client = _connect(folder, site_name or (saved.site if saved else None))
    if site.read_only:
        raise Refused("apply.read-only", site=name)
    built = _built(folder, site, language)
    options = saved.options if saved else _options(overwrite_edits, losses, revert, ours, theirs)
    courses = saved.courses if saved else courses
    started = time.monotonic()

    def again() -> Prepared:
        known, base = _known_accounts(settings, folder, name), remembered_base(settings, folder, name)
        return prepare(
            client, built, settings, site, options=options, only_courses=courses, known=known, base=base
        )

    whole: list[Prepared] = []  # what the files want, as it was last seen in an undo

    def undone() -> Prepared:
        from lms_sync.undo import prepare_undo

        whole[:] = [again()]
        return prepare_undo(whole[0], rows, folder, options)

    def say(problem: Problem) -> None:
        outcome.print_problems([problem], language)

    engine = open_database(database_url(settings, folder))
    rows = replaced_by(engine, name, undo) if undo is not None else ()
    plan_again = again if undo is None else undone
    report = ApplyReport()
    stopped: MoodleError | None = None
    with ExitStack() as held:
        held.enter_context(only_one(engine, name))
        prepared = left = read_after_stop(
            engine,
            name,
            SystemClock(),
            plan_again,
            longest_seconds=site.longest_request_seconds,
            sleep=client.sleep,
            say=say,
        )
        print_lacking(prepared.lacks, language)
        if saved is not None:
            refuse_stale(saved, prepared.plan)
        nothing = undo is not None and not prepared.plan.work and not prepared.plan.refused
        if nothing and not as_json:
            click.echo(text("undo.nothing", {"run": undo}, language))
        elif not as_json:
            names = shown(settings, folder, name, prepared)
            print_plan(prepared.plan, language, zone=ZoneInfo(site.timezone), names=names)
        if prepared.plan.work and not unverified:
            refuse_unverified(client)
        if prepared.plan.is_fused and not force:
            raise Refused("plan.fuse-blown")
        if prepared.plan.work and not yes:
            if as_json or not sys.stdin.isatty():
                raise Refused("apply.say-yes", n=len(prepared.plan.work))
            click.confirm(text("apply.ask", {"n": len(prepared.plan.work)}, language), abort=True)
        progress = held.enter_context(ApplyProgress(len(prepared.plan.work), enabled=not as_json))
        client.on_sent = progress.sent
        try:
            _, left = apply_prepared(
                client,
                engine,
                name,
                prepared,
                settings,
                site,
                folder,
                SystemClock(),
                again=plan_again,
                progress=progress.step,
                report=report,
                say=say,
                undone=undo,
                language=language,
                parallel=parallel,
            )
        except MoodleError as error:
            if not report.total:
                raise
            stopped = error
    if as_json:
        result = {
            "done": report.done,
            "failed": [{**change.as_json(), "code": problem.code} for change, problem in report.failed],
            "left": None if stopped else left.plan.counts(),
            "stopped": stopped.problem.as_json() if stopped else None,
            "warnings": report.warnings,
            "seconds": round(time.monotonic() - started, 2),
        }
        click.echo(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        print_report(report, language, names=shown(settings, folder, name, prepared))
        if whole and _wants_again(whole[0], rows):
            click.echo(text("undo.files-differ", {}, language))
    if stopped:
        outcome.print_problems(stopped.problems, language)
    kits: list[Path] = []
    if not stopped:
        from lms_sync.hand_over import write_kits

        kits = write_kits(folder, left, site, settings.language, SystemClock())
    if not as_json:
        for kit in kits:
            click.echo(text("by-hand.kit", {"path": kit.as_posix()}, language))
    if stopped or not report.complete or left.plan.work or left.plan.by_hand:
        return outcome.PARTLY
    return outcome.REFUSED if left.plan.refused else outcome.DONE


def _wants_again(now: Prepared, rows: Iterable[Replaced]) -> bool:
    """Whether the files want to change something that an undo was about."""
    concerned = {(row.kind, row.scope, row.key) for row in rows}
    return any((one.kind, one.scope, one.key) in concerned for one in now.plan.work)


@click.group()
def plugin() -> None:
    """The companion plugin for Moodle."""


@plugin.command("zip")
@click.option("--out", type=click.Path(path_type=Path), default=Path("local_lmssync.zip"), show_default=True)
def plugin_zip_command(out: Path) -> int:
    """Write the zip that an administrator uploads under Site administration, Plugins, Install plugins.

    \b
    Example:
      lms-sync plugin zip --out local_lmssync.zip
    """
    from lms_sync.plugin_zip import write_plugin_zip

    size = write_plugin_zip(out)
    click.echo(
        text("plugin.written", {"path": str(out), "kb": round(size / 1000)}, outcome.reader_language())
    )
    return outcome.DONE
