"""The report on a quiz's questions as one HTML page: pictures inside it, no script, readable on a phone and on paper."""

from __future__ import annotations

from pathlib import Path

from lms_sync.items.charts import Point, answer_bar, item_map, score_chart
from lms_sync.items.report import ItemsReport
from lms_sync.items.words import FIGURES, HIDDEN, Words, facility_by_group, wanted_groups
from lms_sync.report_pages import templates
from quizzes.item_results import QuestionResult

TEMPLATES = Path(__file__).parent / "templates"


def items_html(report: ItemsReport, language: str) -> bytes:
    """The page in a language; the same report gives the same bytes."""
    from markupsafe import Markup

    from certificates.dates import long_date
    from lms_sync.clock import local_date

    words = Words(report, language)
    analysis = report.analysis
    page = (
        templates(TEMPLATES)
        .get_template("items.html.j2")
        .render(
            w=words,
            language=language,
            report=report,
            analysis=analysis,
            day=long_date(local_date(report.as_of, report.timezone), language),
            columns=FIGURES,
            kinds=wanted_groups(report),
            groups={kind: facility_by_group(report, kind) for kind in wanted_groups(report)},
            map=Markup(_map(report, words)),  # noqa: S704 - ours, escaped
            scores=Markup(_scores(report, words)),  # noqa: S704 - ours, escaped
            bars={
                one.key: [
                    Markup(answer_bar(answer, _said(words, one, number)))  # noqa: S704 - ours, escaped
                    for number, answer in enumerate(one.answers)
                ]
                for one in analysis.questions
            },
            hidden=HIDDEN,
        )
    )
    return page.encode("utf-8")


def _said(words: Words, question: QuestionResult, number: int) -> str:
    answer = question.answers[number]
    return words.say(
        "bar",
        n=answer.n,
        percent=words.percent(answer.share),
        best=words.percent(answer.best),
        weakest=words.percent(answer.weakest),
    )


def _map(report: ItemsReport, words: Words) -> str:
    points = [
        Point(str(one.slot), one.figures.facility, one.figures.discriminative_efficiency)
        for one in report.analysis.positions
        if one.figures.facility is not None and one.figures.discriminative_efficiency is not None
    ]
    return item_map(
        points,
        words.say("map"),
        words.say("column-facility"),
        words.say("column-efficiency"),
        lambda value: words.number(value, 0),
    )


def _scores(report: ItemsReport, words: Words) -> str:
    bands = report.analysis.bands
    if not bands:
        return ""
    return score_chart(bands, words.say("scores"), lambda place: f"{10 * place}–{10 * place + 10}")
