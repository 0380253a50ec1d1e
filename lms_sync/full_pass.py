"""Looks again: at rows that the plugin's log names, and, once a week, at everything.

Deltas tell what is there and carries a new time. What was deleted, and what went back to an earlier time, is
in the plugin's log; what even that cannot know (somebody worked on the database, the site was restored from a backup)
shows when all rows are read and compared with what was known. What was known and is not there is asked for once more by
its number, so that a row that moved while the pass was under way is not taken for deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from authoring.problems import Problem
from lms_sync.changed_hands import changed_hands
from lms_sync.facts import ANSWER
from lms_sync.moodle_answers import Withdrawn
from lms_sync.observed import current_facts, present_sources, store_gone
from lms_sync.people import known_persons
from lms_sync.plugin_rows import Page, log_entry
from lms_sync.plugin_source import LOG, STREAM_OF, Ask
from lms_sync.seen_numbers import SeenNumbers
from lms_sync.store.database import reading

if TYPE_CHECKING:
    from lms_sync.pull import PluginPull

FULL = "full"
"""The name under which the last full pass of a course is kept in the table `cursor`; with ":<stream>" that of a stream."""

_EVERY = 7 * 86400  # seconds between two full passes of a course
_RESUMABLE = 86400  # seconds after which a stopped full pass is begun anew
_IDS_PER_CALL = 500
_SHOWN = 5  # accounts in a warning
_ENDED = 1
_OVERLAP = 300  # seconds: entries of the log may be stored later than the time they carry


@dataclass
class FullPass:
    """Looking again on behalf of one pull."""

    work: PluginPull
    withdrawn: dict[str, list[Withdrawn]] = field(default_factory=dict)
    """By course the answers that the log has named as deleted, of which its end has still to say whether they count."""

    def run(self, *, everything: bool, resume: bool, fresh: Collection[str]) -> None:
        """Compares everything, or the courses whose turn it is; `fresh` ones have just been read from their beginning.

        Without the plugin's log nobody could say for certain that something is gone: nothing is compared then.
        """
        work = self.work
        if work.source.log_since is None:
            if everything:
                work.warnings.append(Problem("pull.no-full-pass", severity="warning"))
            return
        began = int(work.clock.now().timestamp())
        kept = work.cursors(FULL, LOG)
        passes, logged = kept[FULL], kept[LOG]
        unlogged = {
            key for key in work.courses if key not in logged or logged[key][0] < work.source.log_since
        }
        resumed: dict[str, int] = {}
        due = []
        for course in work.courses:
            since, ended = passes.get(course, (0, _ENDED))
            stopped = not ended and began - since < _RESUMABLE
            if stopped and (resume or not everything):
                resumed[course] = since
                due.append(course)
            elif everything or (course not in fresh and (course in unlogged or began - since >= _EVERY)):
                due.append(course)
        if due:
            self._compare_all(due, resumed, began)
        first = [course for course in fresh if course not in passes and course not in due]
        if first:
            work.keep(FULL, first, (began, _ENDED))
        if unlogged:  # from now on the log is read: everything before has been read otherwise
            work.keep(LOG, unlogged, (work.first_told - _OVERLAP, 0))

    def _compare_all(self, due: Sequence[str], resumed: Mapping[str, int], began: int) -> None:
        work = self.work
        for since in sorted({resumed.get(course, began) for course in due}):
            work.keep(FULL, [one for one in due if resumed.get(one, began) == since], (since, 0))
        names = {f"{FULL}:{stream}": stream for stream in work.streams}
        done = work.cursors(*names) if resumed else {name: {} for name in names}
        left = {}
        for name, stream in names.items():
            left[stream] = {
                course: number
                for course, number in work.courses_in(stream).items()
                if course in due
                and not (course in resumed and done[name].get(course, (0, 0))[0] >= resumed[course])
            }
        self.compare(
            {stream: courses for stream, courses in left.items() if courses},
            lambda stream, courses: work.keep(f"{FULL}:{stream}", courses, (began, _ENDED)),
        )
        self._look_at_accounts()
        for since in sorted({resumed.get(course, began) for course in due}):
            work.keep(FULL, [one for one in due if resumed.get(one, began) == since], (since, _ENDED))

    def _look_at_accounts(self) -> None:
        """Warns of accounts that are somebody else's now."""
        work = self.work
        with reading(work.engine) as connection:
            found = changed_hands(connection, work.site, work.accounts, _IDS_PER_CALL)
        if found:
            shown = ", ".join(map(str, found[:_SHOWN])) + (" …" if len(found) > _SHOWN else "")
            told = {"n": len(found), "accounts": shown}
            work.warnings.append(Problem("pull.accounts-changed-hands", told, severity="warning"))

    # --- everything of a stream -----------------------------------------------------------------

    def compare(
        self,
        wanted: Mapping[str, Mapping[str, int]],
        done: Callable[[str, Collection[str]], None] | None = None,
    ) -> None:
        """Reads streams (with their courses) from their beginning, and finds what is known and no longer there.

        `done` is told of each stream when it has been compared.
        """
        work = self.work
        seen = {stream: SeenNumbers() for stream in wanted}
        compared: list[Ask] = []

        def note(ask: Ask, page: Page) -> None:
            seen[ask.stream].add(row["id"] for row in page["rows"])
            if not page["more"]:
                self._find_missing(ask.stream, ask.courses, seen.pop(ask.stream))
                compared.append(ask)
            elif (
                done is not None
            ):  # it takes longer: should it be stopped, what has been compared need not be again
                for one in compared:
                    done(one.stream, one.courses)
                compared.clear()

        work.run(
            [Ask(stream, dict(courses)) for stream, courses in wanted.items()], self, moves=False, seen=note
        )

    def _find_missing(self, stream: str, courses: Mapping[str, int], seen: SeenNumbers) -> None:
        work = self.work
        if stream == ANSWER:
            return  # what was answered was answered: the log keeps it under the questionnaire, not under the row
        with reading(work.engine) as connection:
            known = present_sources(connection, work.site, stream, courses)
            missing = [int(source) for source in known if int(source) not in seen]
        self.look_at(stream, courses, dict.fromkeys(missing, 0))

    # --- single rows ----------------------------------------------------------------------------

    def look_at(self, stream: str, courses: Mapping[str, int], ids: Mapping[int, int]) -> None:
        """Asks for rows by number; what the site does not give is gone. `ids`: when each changed (0: now)."""
        work = self.work
        wanted = sorted(ids)
        while wanted:
            work.check_stop()
            some = wanted[: min(_IDS_PER_CALL, work.source.size)]
            ask = Ask(stream, courses, ids=some)
            ((_, page),) = work.source.ask([ask])
            work.store([(ask, page)], self, moves=False)
            told = {row["id"] for row in page["rows"]}
            self._store_gone(stream, courses, {one: ids[one] for one in some if one not in told}, page["now"])
            wanted = wanted[len(some) :]

    def _store_gone(self, stream: str, courses: Mapping[str, int], ids: Mapping[int, int], told: int) -> None:
        work = self.work
        if not ids or stream == ANSWER:
            return  # of answers the log keeps no numbers: see `follow`
        by_time: dict[int, list[str]] = {}
        for one, when in ids.items():
            by_time.setdefault(when or told, []).append(str(one))
        now = work.clock.now()
        for when, sources in sorted(by_time.items()):
            with work.engine.begin() as connection:
                stored = store_gone(
                    connection, work.site, stream, sources, when, now, work.run_id, courses=courses
                )
            work.count(stream, stored)

    # --- the plugin's log -----------------------------------------------------------------------

    def follow(self, ask: Ask, page: Page) -> None:
        """Looks at what the entries of a page of the log name; answers that were deleted count no longer from its last page on."""
        rows: dict[tuple[str, str], dict[int, int]] = {}
        people: dict[tuple[str, str, int], int] = {}
        whole: set[tuple[str, str]] = set()
        for entry in page["rows"]:
            name, number = log_entry(entry)
            course = ask.key_of[entry["courseid"]]
            stream = STREAM_OF.get(name, name)
            streams = [stream] if stream else list(self.work.streams)
            for one in streams:
                if one not in self.work.streams or course not in self.work.courses_in(one):
                    continue
                if one == ANSWER and number:
                    at = datetime.fromtimestamp(entry["t"], UTC)
                    told = Withdrawn(self.work.subject(course, entry), entry["userid"], at)
                    self.withdrawn.setdefault(course, []).append(told)
                elif number:
                    rows.setdefault((one, course), {})[number] = entry["t"]
                elif entry["userid"]:
                    people[one, course, entry["userid"]] = entry["t"]
                else:
                    whole.add((one, course))
                    if one == ANSWER:
                        # Whoever resets a course takes nothing of what was said before; the log of a plugin before
                        # 2026112250 names each answer that the reset deletes, and then, maybe pages later, the reset.
                        self.withdrawn.pop(course, None)
        for (stream, course), ids in rows.items():
            if (stream, course) not in whole:
                self.look_at(stream, {course: ask.courses[course]}, ids)
        for (stream, course, user_id), when in people.items():
            if (stream, course) not in whole:
                ids = dict.fromkeys(self._rows_of(stream, course, user_id), when)
                self.look_at(stream, {course: ask.courses[course]}, ids)
        together = {
            stream: {course: ask.courses[course] for one, course in sorted(whole) if one == stream}
            for stream in self.work.streams
        }
        if whole:
            self.compare({stream: courses for stream, courses in together.items() if courses})
        if not page["more"]:
            self.work.withdraw([one for course in ask.courses for one in self.withdrawn.pop(course, ())])

    def _rows_of(self, stream: str, course: str, user_id: int) -> Sequence[int]:
        """The numbers of the rows that are known of one person in one course."""
        work = self.work
        with reading(work.engine) as connection:
            person = known_persons(connection, work.site, [user_id]).get(user_id)
            if person is None:
                return ()
            table = current_facts(work.site, stream, person).subquery()
            query = select(table.c.source_id).where(table.c.course == course)
            return [
                int(one) for one in connection.execute(query).scalars() if one.isascii() and one.isdigit()
            ]
