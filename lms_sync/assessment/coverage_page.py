"""A coverage report as one HTML page: pictures and logos inside it, no script, readable on a phone and on paper."""

from __future__ import annotations

import base64
import datetime
import mimetypes
from dataclasses import dataclass
from math import fsum
from pathlib import Path
from typing import TYPE_CHECKING

from lms_sync.assessment.coverage import Coverage
from lms_sync.assessment.coverage_words import Words
from lms_sync.assessment.partners import disclaimer, logos
from lms_sync.assessment.pictures import (
    STEPS,
    Series,
    TileValue,
    gain_chart,
    progress_chart,
    step_of,
    tile_layout,
    tile_map,
)
from lms_sync.report_pages import templates
from lms_sync.sessions.typeset import picture_name
from programmes.indicators import Result
from programmes.mean_interval import mean_interval
from programmes.programme import Milestone

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"

READING = ("persons", "participations", "place", "hidden", "mean", "as-of")
"""What the page and the PDF explain, in this order: messages coverage.read-…"""


def coverage_html(coverage: Coverage, folder: Path, language: str) -> bytes:
    """The page in a language; the same report gives the same bytes."""
    from markupsafe import Markup

    words = Words(coverage, language)
    programme = coverage.programme
    values = tile_values(coverage, words)
    tiles = tile_layout(list(values))
    regions = coverage.observed.institutions
    page = page_template().render(
        w=words,
        language=language,
        programme=programme,
        title=programme.title.in_language(language),
        summary="" if programme.summary is None else programme.summary.in_language(language),
        partners=_partners(coverage, folder, language),
        disclaimer=disclaimer(programme, language),
        coverage=coverage,
        values=values,
        map=Markup(tile_map(tiles, values, regions, words.say("map-said"))) if tiles else None,  # noqa: S704 - ours, escaped
        by_region=by_region(coverage, words),
        by_milestone=by_milestone(coverage),
        legend=legend(len(programme.milestones)),
        own_award=bool(coverage.material.institution_awards & set(programme.awards)),
        charts={
            one.indicator.id: Markup(chart)  # noqa: S704 - ours, escaped
            for one in coverage.results
            if (chart := progress_of(coverage, one, words))
        },
        gains=[
            (one, Markup(chart))  # noqa: S704 - ours, escaped
            for one in coverage.results
            if (chart := gain_of(one, words))
        ],
        between=learned_between(coverage, words),
        passes=[one for one in coverage.results if one.indicator.count.passed is not None],
        reading=READING,
        hidden_somewhere=any(
            row.figure is None for one in coverage.results for rows in one.breakdowns.values() for row in rows
        ),
    )
    return page.encode("utf-8")


def page_template() -> jinja2.Template:
    """The page's template; the first time it takes a while."""
    return templates(TEMPLATES).get_template("coverage.html.j2")


@dataclass(frozen=True)
class ShownPartner:
    """A partner on the page: the logo as a data address, "" for none, its name and what it does."""

    logo: str
    name: str
    full_name: str
    role: str


def _partners(coverage: Coverage, folder: Path, language: str) -> list[ShownPartner]:
    words = Words(coverage, language)
    there = logos(coverage.programme, folder)
    shown = []
    for number, one in enumerate(coverage.programme.partners):
        path = there.get(picture_name(number, folder / one.logo)) if one.logo else None
        name = (one.short or one.name).in_language(language)
        address = "" if path is None else _data_address(path)
        shown.append(
            ShownPartner(address, name, one.name.in_language(language), words.say(f"role-{one.role}"))
        )
    return shown


def _data_address(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def tile_values(coverage: Coverage, words: Words) -> dict[str, TileValue]:
    """What the map shows of each institution, in the order of the list."""
    found = {}
    for path in coverage.paths:
        code = path.institution.code
        certified = code in coverage.certified
        said = words.say(
            "tile-certified" if certified else "tile",
            institution=path.institution.name(words.language),
            n=path.reached,
            all=len(path.steps),
        )
        found[code] = TileValue(path.reached, len(path.steps), certified, said)
    return found


@dataclass(frozen=True)
class RegionRow:
    """A region: how many institutions, how many milestones of them all are reached, how many have everything."""

    name: str
    institutions: int
    reached: int
    of: int
    whole: int
    codes: tuple[str, ...]

    @property
    def share(self) -> float:
        """Milestones reached of all that there are."""
        return self.reached / self.of if self.of else 0.0


def by_region(coverage: Coverage, words: Words) -> list[RegionRow]:
    """The regions by name, each with the paths of its institutions together."""
    rows = []
    regions = coverage.observed.institutions
    for region in sorted(set(regions.values())):
        here = [path for path in coverage.paths if regions[path.institution.code] == region]
        rows.append(
            RegionRow(
                region or words.say("not-said"),
                len(here),
                sum(path.reached for path in here),
                sum(len(path.steps) for path in here),
                sum(path.reached == len(path.steps) for path in here if path.steps),
                tuple(path.institution.code for path in here),
            )
        )
    return rows


def by_milestone(coverage: Coverage) -> list[tuple[Milestone, int]]:
    """The milestones in their order, each with how many institutions have reached it."""
    return [
        (one, sum(path.steps[number].on is not None for path in coverage.paths))
        for number, one in enumerate(coverage.programme.milestones)
    ]


def legend(milestones: int) -> list[tuple[str, str]]:
    """The colours of the map with the numbers that they stand for, alike ones together."""
    found: dict[int, list[int]] = {}
    for number in range(milestones + 1):
        found.setdefault(step_of(number, milestones), []).append(number)
    return [
        (f"s{step}", str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}")
        for step, numbers in sorted(found.items())
        if step < len(STEPS)
    ]


def series_of(coverage: Coverage, result: Result) -> Series | None:
    """What is drawn of an indicator over time; None where it has neither targets nor a past."""
    programme, indicator = coverage.programme, result.indicator
    points: list[tuple[datetime.date, float]] = []
    for key, value in result.series():
        points.append((min(_end_of_quarter(key), coverage.as_of), float(value)))
    if not points and result.reached is not None:
        points.append((coverage.as_of, result.reached))
    if not indicator.targets and len(points) < 2:
        return None
    begin = min([programme.dates.from_, *(on for on, _ in points[:1])])
    end = max([programme.dates.until, *(target.by for target in indicator.targets)])
    quarters = result.breakdowns.get("quarter", ())
    whole = (
        bool(quarters) and bool(points) and result.series()[:1] and result.series()[0][0] == quarters[0].key
    )
    if whole and points[0][0] > begin:  # where earlier quarters are hidden there is no line to draw
        points.insert(0, (begin, indicator.baseline))
    targets = tuple((target.by, target.value) for target in indicator.targets)
    # A mean does not grow from nought: without a baseline of its own there is no way to draw, only where to arrive.
    from_nowhere = result.unit == "score" and "baseline" not in indicator.model_fields_set
    return Series(
        begin, end, None if from_nowhere else indicator.baseline, tuple(points), targets, coverage.as_of
    )


def _end_of_quarter(key: str) -> datetime.date:
    year, _, number = key.partition("-Q")
    month = 3 * int(number)
    first = datetime.date(int(year) + month // 12, month % 12 + 1, 1)
    return first - datetime.timedelta(days=1)


def progress_of(coverage: Coverage, result: Result, words: Words, **look: str) -> str:
    """The picture of an indicator over time; "" where there is none."""
    series = series_of(coverage, result)
    if series is None:
        return ""
    title = (
        f"{result.indicator.title.in_language(words.language)}: {words.reached(result)}. {words.goal(result)}"
    )
    return progress_chart(series, title, number=words.plain, day=lambda day: f"{day:%Y-%m}", **look)


def gain_of(result: Result, words: Words, **look: str) -> str:
    """The picture of a gain; "" for other indicators, and where nobody has both tests or too few have."""
    figure = result.figure
    before = result.before
    if before is None or figure.value is None:
        return ""
    interval = None if figure.low is None or figure.high is None else (figure.low, figure.high)
    return gain_chart(
        before,
        before + figure.value,
        f"{words.say('before')} {words.number(before, 1)}, {words.say('after')} {words.number(before + figure.value, 1)}",
        labels=(words.say("before"), words.say("after")),
        interval=interval,
        number=lambda value: words.number(value, 0),
        **look,
    )


@dataclass(frozen=True)
class Between:
    """How institutions changed from one questionnaire to another: the same ones, before and after."""

    name: str
    title: str
    svg: str
    text: str


def learned_between(coverage: Coverage, words: Words, **look: str) -> list[Between]:
    """The first and the last questionnaire of institutions that have areas in common, over those that answered both."""
    asked = coverage.questionnaires
    if len(asked) < 2 or not {one.id for one in asked[0].areas} & {one.id for one in asked[-1].areas}:
        return []
    first, last = asked[0], asked[-1]
    both = [
        (scores[first.id], scores[last.id])
        for _, scores in sorted(coverage.scores.items())
        if first.id in scores and last.id in scores
    ]
    found = mean_interval([after - before for before, after in both])
    if found is None:
        return []
    before = fsum(one for one, _ in both) / len(both)
    after = before + found.mean
    interval = None if found.low is None or found.high is None else (found.low, found.high)
    said = "–" if interval is None else f"{words.number(interval[0], 1)} … {words.number(interval[1], 1)}"
    text = words.say("between", value=words.number(found.mean, 1), interval=said, n=found.n)
    svg = gain_chart(
        before,
        after,
        text,
        labels=(words.say("before"), words.say("after")),
        interval=interval,
        number=lambda value: words.number(value, 0),
        **look,
    )
    title = f"{first.title.in_language(words.language)} → {last.title.in_language(words.language)}"
    return [Between(f"{first.id}-{last.id}", title, svg, text)]
