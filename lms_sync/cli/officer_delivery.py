"""The officer's verbs certificates send and print: by e-mail to the holders, as a ZIP to their institutions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from authoring.messages import describe
from authoring.problems import LmsSyncError, Refused
from lms_sync.cli.options import dir_option, json_option, site_option
from lms_sync.cli.outcome import DONE, PARTLY, say
from lms_sync.cli.register_place import as_text, open_place
from lms_sync.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from certificates.delivery import Queued, Sent
    from lms_sync.clock import Clock
    from lms_sync.settings import Settings

ZIPS = Path("build") / "print"
_NAMED = 20


def _must_have_server(settings: Settings) -> None:
    if settings.notify.email.host is None:
        raise Refused("send.no-server")


def hand_over_waiting(
    settings: Settings,
    engine: Engine,
    site: str,
    clock: Clock,
    *,
    award: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Queued, Sent]:
    """Queues what was never queued and hands over what waits, until `stop` says so. Raises Refused without a server."""
    from certificates.delivery import queue_certificates, send_queued
    from lms_sync.mail_server import mail_server
    from lms_sync.settings import read_secret

    _must_have_server(settings)
    email = settings.notify.email
    password = read_secret(email.password_env) if email.password_env else None
    queued = queue_certificates(engine, site, clock, award=award)
    done = send_queued(engine, site, lambda: mail_server(email, password), email.sender, clock, stop=stop)
    return queued, done


def no_mail_server(done: Sent) -> LmsSyncError:
    """That the server took nothing, and why: the officer is told, and a job fails by it, so that somebody hears of it."""
    return LmsSyncError("send.server-took-none", reason=done.no_server)


def not_sent(done: Sent, language: str) -> Iterator[str]:
    """What has to be told of a run: refused, unknown, put off."""
    for code, numbers in (("send.refused", done.refused), ("send.unsure", done.unsure)):
        if numbers:
            yield say(code, language, n=len(numbers), numbers=", ".join(numbers[:_NAMED]))
    if done.no_server:
        yield describe(no_mail_server(done).problem, language)
    if done.put_off:
        yield say("send.put-off", language, n=done.put_off)


@click.command()
@click.option("--award", metavar="AWARD", help="Only this award.")
@click.option(
    "--again", metavar="CERTIFICATE", help="Queue this one once more, for example after a wrong address."
)
@dir_option
@site_option
@json_option
def send(award: str | None, again: str | None, folder: Path, site_name: str | None, *, as_json: bool) -> int:
    """Send every valid certificate that was not sent yet to its holder by e-mail, with the PDF and the private address.

    Over the mail server of `notify:` in config.yaml. Each is sent once: type it again after a failure, or as often as
    you like. Where nobody can know whether a message went out (killed at that moment), it is named and not sent again
    unasked.

    \b
    Examples:
      lms-sync certificates send --dir academy
      lms-sync certificates send --again DPA-2026-00001
    """
    from certificates.delivery import send_again

    place = open_place(folder, site_name)
    clock = SystemClock()
    if again is not None:
        _must_have_server(place.settings)
        send_again(place.engine, place.site, again, clock)
    queued, done = hand_over_waiting(place.settings, place.engine, place.site, clock, award=award)
    if as_json:
        result = {
            "queued": queued.n,
            "sent": done.sent,
            "put_off": done.put_off,
            "refused": done.refused,
            "unsure": done.unsure,
            "without_address": queued.without_address,
        }
        click.echo(as_text(result))
    else:
        click.echo(say("send.sent", place.language, n=done.sent))
        if queued.without_address:
            numbers = ", ".join(queued.without_address[:_NAMED])
            click.echo(
                say("send.without-address", place.language, n=len(queued.without_address), numbers=numbers)
            )
        for line in not_sent(done, place.language):
            click.echo(line)
    return PARTLY if done.put_off or done.refused or done.unsure else DONE


@click.command("print")
@click.option("--institution", metavar="CODE", help="Only this institution.")
@click.option("--award", metavar="AWARD", help="Only this award.")
@dir_option
@site_option
@json_option
def print_certificates(
    institution: str | None, award: str | None, folder: Path, site_name: str | None, *, as_json: bool
) -> int:
    """Write a ZIP for each institution into build/print: the valid certificates of its people, and a list of them.

    \b
    Example:
      lms-sync certificates print --institution AL-ELB --dir academy
    """
    from certificates.print_zip import institution_zips
    from lms_sync.write_files import refuse_links, write_durably

    place = open_place(folder, site_name)
    written = {}
    for one in institution_zips(
        place.engine, place.site, SystemClock(), institution=institution, award=award
    ):
        path = folder / ZIPS / f"{one.institution}.zip"
        refuse_links(path, below=folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, one.content, mode=0o600)  # it names people
        written[path.relative_to(folder).as_posix()] = one.n
    if as_json:
        click.echo(as_text({"files": written}))
        return DONE
    for file, n in written.items():
        click.echo(say("print.written", place.language, file=file, n=n))
    if not written:
        click.echo(say("certificates.none", place.language))
    return DONE
