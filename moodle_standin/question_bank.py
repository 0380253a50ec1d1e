"""The question bank: entries with versions, found by idnumber, drawn by tags."""

from __future__ import annotations

from moodle_standin.moodle_xml import Draft
from moodle_standin.records import Answer, BankEntry, Question, QuestionCategory, QuestionVersion
from moodle_standin.site import Call, Site


def entries_of(site: Site, category: QuestionCategory) -> list[BankEntry]:
    """The bank entries of a category."""
    return [e for e in site.bank_entries.values() if e.category == category.id]


def find_category(site: Site, course_id: int, idnumber: str) -> QuestionCategory | None:
    """The course's question category with this idnumber."""
    return next(
        (c for c in site.question_categories.values() if c.course == course_id and c.idnumber == idnumber),
        None,
    )


def find_entry(site: Site, course_id: int, idnumber: str) -> BankEntry | None:
    """The bank entry with this idnumber in the course's categories."""
    return next(
        (
            e
            for e in site.bank_entries.values()
            if e.idnumber == idnumber and site.question_categories[e.category].course == course_id
        ),
        None,
    )


def store_question(
    site: Site, category: QuestionCategory, draft: Draft, entry: BankEntry | None, author: int
) -> BankEntry:
    """Stores a question: a new bank entry, or a new version of one. Old versions stay for old attempts."""
    question = Question(
        id=site.next_id("question"),
        qtype=draft.qtype,
        name=draft.name,
        questiontext=draft.questiontext,
        defaultmark=draft.defaultmark,
        penalty=draft.penalty,
        generalfeedback=draft.generalfeedback,
        answers=tuple(
            Answer(
                site.next_id("question_answers"),
                a.text,
                a.fraction,
                a.feedback,
                a.tolerance,
                a.right,
                a.format,
            )
            for a in draft.answers
        ),
        options=draft.options,
        tags=tuple(_site_spelling(site, tag) for tag in draft.tags),
        files=draft.files,
        createdby=author,
        source=draft.source,
    )
    site.questions[question.id] = question
    if entry is None:
        entry = BankEntry(site.next_id("question_bank_entries"), category.id, draft.idnumber)
        site.bank_entries[entry.id] = entry
    version = entry.latest.version + 1 if entry.versions else 1
    entry.versions.append(QuestionVersion(version, question.id))
    return entry


def _site_spelling(site: Site, tag: str) -> str:
    """A tag is spelled as it was first used on the site."""
    return site.tags.setdefault(tag.casefold(), tag)


def current_version(entry: BankEntry) -> int:
    """The question id of the latest version that is ready; that is what new attempts get."""
    ready = [version.questionid for version in entry.versions if version.status == "ready"]
    return ready[-1] if ready else entry.latest.questionid


def version_of(site: Site, question_id: int) -> tuple[BankEntry, int]:
    """The bank entry that a question is a version of, and the version's number."""
    return next(
        (entry, version.version)
        for entry in site.bank_entries.values()
        for version in entry.versions
        if version.questionid == question_id
    )


def current_question(site: Site, entry: BankEntry) -> Question:
    """The question that new attempts get."""
    return site.questions[current_version(entry)]


def may(call: Call, what: str, question_id: int) -> bool:
    """Moodle's `question_has_capability_on`: all questions, or those that the caller wrote."""
    own = call.site.questions[question_id].createdby == call.user.id
    return call.can(f"moodle/question:{what}all") or (own and call.can(f"moodle/question:{what}mine"))


def drawable(site: Site, category_id: int, tags: tuple[str, ...]) -> list[BankEntry]:
    """The ready entries of a category whose question carries all the tags."""
    wanted = {tag.casefold() for tag in tags}
    return [
        e
        for e in site.bank_entries.values()
        if e.category == category_id
        and e.latest.status == "ready"
        and wanted <= {tag.casefold() for tag in site.questions[e.latest.questionid].tags}
    ]
