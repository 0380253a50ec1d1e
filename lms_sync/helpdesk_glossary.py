"""The same answers in a Moodle glossary: what would change, and doing it, with core's own functions.

An entry of ours carries a class in its definition that names the answer, and the hash of the text as it was written;
the cleaning that Moodle does to texts leaves classes alone. So an entry is found again after its question was
reworded, an edit made in Moodle is seen, and what others wrote is never touched.
"""

from __future__ import annotations

import hashlib
import html as html_escapes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import nh3
import pydantic

from authoring.problems import LmsSyncError
from helpdesk.desk import Answer, AnswerText, HelpDesk
from helpdesk.site import words_in
from lms_sync.moodle.errors import CallRefused, UnknownOutcome
from lms_sync.moodle.find_activity import find_glossary, read
from lms_sync.moodle.observe import Caller

ENTRIES = "mod_glossary_get_entries_by_letter"
ADD = "mod_glossary_add_entry"
UPDATE = "mod_glossary_update_entry"
DELETE = "mod_glossary_delete_entry"
MAX_CONCEPT = 255
_PAGE = 100
_HTML = 1

_MARK = re.compile(r'class="lmssync-answer lmssync-key-([A-Za-z0-9.-]+) lmssync-text-([0-9a-f]{16})"')

Action = Literal["add", "update", "unchanged", "edited", "taken", "gone"]


class Entry(pydantic.BaseModel):
    """A glossary entry as Moodle tells it."""

    id: int
    concept: str
    definition: str
    approved: bool = True


class _Entries(pydantic.BaseModel):
    count: int
    entries: list[Entry]


@dataclass(frozen=True)
class EntryStep:
    """One entry of the plan.

    add, update, unchanged: of ours. edited: somebody has changed ours in Moodle, it is left alone. taken: somebody
    else's entry has the same question, nothing is added. gone: ours, but the answer is no longer in the files.
    """

    action: Action
    key: str
    concept: str
    definition: str = ""
    entry_id: int = 0


@dataclass(frozen=True)
class GlossaryPlan:
    """What publishing would do to a glossary."""

    glossary: str
    glossary_id: int
    steps: tuple[EntryStep, ...]

    def of(self, *actions: Action) -> tuple[EntryStep, ...]:
        """The steps with these actions."""
        return tuple(step for step in self.steps if step.action in actions)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.of("add", "update"))


def plan_glossary(client: Caller, desk: HelpDesk) -> GlossaryPlan:
    """Reads the glossary and compares it with the answers; nothing is written. Raises LmsSyncError, MoodleError."""
    if desk.file.glossary is None:
        raise LmsSyncError("helpdesk.no-glossary")
    glossary_id = find_glossary(client, desk.file.glossary)
    entries = list_entries(client, glossary_id)
    return GlossaryPlan(desk.file.glossary, glossary_id, tuple(_steps(desk, entries)))


def publish_glossary(client: Caller, plan: GlossaryPlan, *, remove: bool = False) -> int:
    """Carries a plan out; how many entries were written. `remove` deletes those whose answer is gone.

    A write of which no answer came is looked up before it is said to have failed. Raises MoodleError.
    """
    done = 0
    for step in plan.of("add", "update", *(("gone",) if remove else ())):
        try:
            _write(client, plan.glossary_id, step)
        except UnknownOutcome:
            if not _landed(client, plan.glossary_id, step):
                raise
        except CallRefused as error:
            if not (step.action == "add" and error.errorcode == "errconceptalreadyexists"):
                raise
            if not _landed(client, plan.glossary_id, step):
                raise LmsSyncError("helpdesk.concept-taken", question=step.concept) from error
        done += 1
    return done


def list_entries(client: Caller, glossary_id: int) -> list[Entry]:
    """Every entry of a glossary, those that wait for approval among them; raises MoodleError."""
    found: dict[int, Entry] = {}
    start = 0
    while True:
        arguments = {
            "id": glossary_id,
            "letter": "ALL",
            "from": start,
            "limit": _PAGE,
            "options": {"includenotapproved": 1},
        }
        page = read(ENTRIES, pydantic.TypeAdapter(_Entries), client.call(ENTRIES, arguments))
        found.update((entry.id, entry) for entry in page.entries)
        start += _PAGE
        if not page.entries or start >= page.count:
            return [found[key] for key in sorted(found)]


def wanted_entries(desk: HelpDesk) -> dict[str, tuple[str, str]]:
    """By key (`<answer>.<language>`) the question and the definition that the glossary is to have."""
    return {
        f"{answer.id}.{language}": _entry(answer, text)
        for answer in desk.answers
        for language, text in answer.texts.items()
    }


def _entry(answer: Answer, text: AnswerText) -> tuple[str, str]:
    concept = text.question if len(text.question) <= MAX_CONCEPT else text.question[: MAX_CONCEPT - 1] + "…"
    # Pictures lie on the help desk's site, which a glossary does not know.
    body = nh3.clean(text.html, link_rel=None, attributes={"a": {"href"}, "ol": {"start"}}).strip()
    body = re.sub(r"<img[^>]*>", "", body)
    if text.see:
        body += f"\n<p>{words_in(text.language)['see']}: {html_escapes.escape(text.see, quote=False)}</p>"
    key = f"{answer.id}.{text.language}"
    classes = f"lmssync-answer lmssync-key-{key} lmssync-text-{_text_hash(concept, body)}"
    return concept, f'<div class="{classes}" lang="{text.language}">\n{body}\n</div>'


def _text_hash(concept: str, html: str) -> str:
    """Of the words alone, because Moodle may write the same HTML in another way."""
    words = html_escapes.unescape(nh3.clean(html.replace("<", " <"), tags=set())).split()
    said = " ".join([*html_escapes.unescape(concept).split(), "|", *words])
    return hashlib.sha256(said.encode("utf-8")).hexdigest()[:16]


def _steps(desk: HelpDesk, entries: Sequence[Entry]) -> list[EntryStep]:
    ours: dict[str, tuple[Entry, str]] = {}
    others: dict[str, Entry] = {}
    for entry in entries:
        mark = _MARK.search(entry.definition)
        if mark and mark[1] not in ours:  # a copy that somebody made of ours is theirs
            ours[mark[1]] = (entry, mark[2])
        else:
            others[_same(entry.concept)] = entry
    wanted = wanted_entries(desk)
    steps = [_step(key, *entry, ours.get(key), others) for key, entry in wanted.items()]
    steps += [
        EntryStep("gone", key, entry.concept, entry_id=entry.id)
        for key, (entry, _) in ours.items()
        if key not in wanted
    ]
    return steps


def _step(
    key: str, concept: str, definition: str, found: tuple[Entry, str] | None, others: Mapping[str, Entry]
) -> EntryStep:
    if found is None:
        taken = others.get(_same(concept))
        if taken is not None:
            return EntryStep("taken", key, concept, definition, taken.id)
        return EntryStep("add", key, concept, definition)
    entry, written = found
    wanted = _MARK.search(definition)
    assert wanted is not None
    now = _text_hash(entry.concept, entry.definition)
    if now == wanted[2]:
        return EntryStep("unchanged", key, concept, definition, entry.id)
    return EntryStep("update" if now == written else "edited", key, concept, definition, entry.id)


def _same(concept: str) -> str:
    """As Moodle compares questions: without capitals."""
    return " ".join(html_escapes.unescape(concept).split()).lower()


def _write(client: Caller, glossary_id: int, step: EntryStep) -> None:
    text = {"concept": step.concept, "definition": step.definition, "definitionformat": _HTML}
    match step.action:
        case "add":
            options = [{"name": "usedynalink", "value": "0"}]
            client.call(ADD, {"glossaryid": glossary_id, **text, "options": options}, write=True)
        case "update":
            client.call(UPDATE, {"entryid": step.entry_id, **text}, write=True)
        case "gone":
            client.call(DELETE, {"entryid": step.entry_id}, write=True)


def _landed(client: Caller, glossary_id: int, step: EntryStep) -> bool:
    """Whether the site is as the step wants it, although its answer did not arrive."""
    entries = list_entries(client, glossary_id)
    if step.action == "gone":
        return all(entry.id != step.entry_id for entry in entries)
    wanted = _MARK.search(step.definition)
    return wanted is not None and any(
        (mark := _MARK.search(entry.definition)) is not None and mark.groups() == wanted.groups()
        for entry in entries
    )
