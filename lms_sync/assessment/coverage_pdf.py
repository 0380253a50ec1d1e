"""A coverage report on paper: the same figures and pictures as the page, with every table open."""

from __future__ import annotations

import tempfile
from pathlib import Path

from lms_sync.assessment.coverage import Coverage
from lms_sync.assessment.coverage_page import (
    READING,
    by_milestone,
    by_region,
    gain_of,
    learned_between,
    progress_of,
    tile_values,
)
from lms_sync.assessment.coverage_words import Words
from lms_sync.assessment.form import DESIGNS
from lms_sync.assessment.partners import disclaimer, logos, partner_rows
from lms_sync.assessment.pictures import tile_layout, tile_map
from lms_sync.sessions.typeset import typeset

_FONT = "Libertinus Serif"
_WORDS = (
    "heading", "figures", "map", "map-note", "tiles-note", "map-said", "milestones", "regions", "legend-certified", "progress",
    "progress-is", "progress-should", "learned", "breakdowns", "hidden-note", "total", "paths", "how-to-read", "page",
)  # fmt: skip


def coverage_pdf(coverage: Coverage, folder: Path, language: str) -> bytes:
    """The report in a language as PDF; the same report gives the same bytes. Raises NotTypeset."""
    with tempfile.TemporaryDirectory(prefix="lms-sync-") as name:
        pictures = logos(coverage.programme, folder)
        data = _Data(coverage, folder, language, Path(name), pictures).whole()
        return typeset("coverage", data, pictures, dated=coverage.as_of, designs=DESIGNS)


class _Data:
    def __init__(
        self, coverage: Coverage, folder: Path, language: str, place: Path, pictures: dict[str, Path]
    ) -> None:
        self.coverage = coverage
        self.folder = folder
        self.language = language
        self.words = Words(coverage, language)
        self.place = place
        self.pictures = pictures

    def _picture(self, svg: str, name: str) -> str:
        if not svg:
            return ""
        path = self.place / f"{name}.svg"
        path.write_text(svg, encoding="utf-8", newline="\n")
        self.pictures[path.name] = path
        return path.name

    def whole(self) -> dict[str, object]:
        coverage, words = self.coverage, self.words
        programme = coverage.programme
        as_of = words.say("as-of", day=words.day(coverage.as_of))
        if coverage.known_on is not None:
            as_of += " · " + words.say("known-on", day=words.day(coverage.known_on))
        return {
            "lang": self.language,
            "title": programme.title.in_language(self.language),
            "summary": "" if programme.summary is None else programme.summary.in_language(self.language),
            "as-of": as_of,
            "partners": partner_rows(programme, self.folder, self.language),
            "disclaimer": disclaimer(programme, self.language),
            "cards": [
                {
                    "title": one.indicator.title.in_language(self.language),
                    "number": words.reached(one),
                    "unit": words.unit(one),
                    "beside": words.beside(one),
                    "goal": words.goal(one),
                    "share": one.progress or 0.0,
                    "percent": words.percent(one.progress) if one.progress is not None else "",
                }
                for one in coverage.results
            ],
            "map": self._map(),
            "own-award": bool(coverage.material.institution_awards & set(programme.awards)),
            "milestones": [
                {
                    "title": one.title.in_language(self.language),
                    "share": n / len(coverage.paths),
                    "number": f"{n}/{len(coverage.paths)}",
                }
                for one, n in by_milestone(coverage)
            ],
            "regions": [
                {"title": row.name, "share": row.share, "number": f"{row.reached}/{row.of}"}
                for row in (by_region(coverage, words) if programme.milestones else ())
            ],
            "charts": [
                {
                    "title": one.indicator.title.in_language(self.language),
                    "unit": words.unit(one),
                    "file": file,
                    "alt": words.goal(one) or words.reached(one),
                }
                for one in coverage.results
                if (
                    file := self._picture(
                        progress_of(coverage, one, words, font=_FONT), f"c-{one.indicator.id}"
                    )
                )
            ],
            "learned": self._learned(),
            "hidden": any(
                row.figure is None
                for one in coverage.results
                for rows in one.breakdowns.values()
                for row in rows
            ),
            "indicators": self._indicators(),
            "path-heads": self._path_heads(),
            "paths": self._paths(),
            "reading": [[words.say(f"read-{one}"), words.say(f"read-{one}-text")] for one in READING],
            "words": {name: words.say(name) for name in _WORDS},
        }

    def _map(self) -> str:
        values = tile_values(self.coverage, self.words)
        tiles = tile_layout(list(values))
        if not tiles or not self.coverage.programme.milestones:
            return ""
        regions = self.coverage.observed.institutions
        return self._picture(tile_map(tiles, values, regions, self.words.say("map-said"), font=_FONT), "map")

    def _learned(self) -> list[dict[str, object]]:
        words, found = self.words, []
        for one in self.coverage.results:
            svg = gain_of(one, words, font=_FONT)
            passed = one.indicator.count.passed is not None
            if not svg and not passed:
                continue
            rate = one.figure.persons / one.asked if one.asked else 0.0
            found.append(
                {
                    "title": one.indicator.title.in_language(self.language),
                    "file": self._picture(svg, f"g-{one.indicator.id}"),
                    "alt": words.reached(one),
                    "number": words.percent(rate if one.asked else None),
                    "unit": words.say("pass-rate"),
                    "share": rate,
                    "text": words.learned(one),
                }
            )
        return found + [
            {
                "title": between.title,
                "file": self._picture(between.svg, f"q-{between.name}"),
                "alt": between.text,
                "number": "",
                "unit": "",
                "share": 0.0,
                "text": between.text,
            }
            for between in learned_between(self.coverage, words, font=_FONT)
        ]

    def _indicators(self) -> list[dict[str, object]]:
        words = self.words
        return [
            {
                "title": one.indicator.title.in_language(self.language),
                "definition": f"{one.indicator.definition.in_language(self.language)} {words.source(one)}".strip(),
                "heads": words.headings(one.unit),
                "total": words.cells(one.unit, one.figure),
                "tables": [
                    {
                        "title": words.say(f"by-{by}"),
                        "rows": [
                            [words.key(by, row.key), *words.cells(one.unit, row.figure)] for row in rows
                        ],
                    }
                    for by, rows in one.breakdowns.items()
                ],
            }
            for one in self.coverage.results
            if one.breakdowns
        ]

    def _path_heads(self) -> list[str]:
        return [
            self.words.say("institution"),
            *(one.title.in_language(self.language) for one in self.coverage.programme.milestones),
            *(one.title.in_language(self.language) for one in self.coverage.questionnaires),
        ]

    def _paths(self) -> list[list[str]]:
        coverage = self.coverage
        if not coverage.programme.milestones:
            return []
        return [
            [
                path.institution.name(self.language)
                + (" ★" if path.institution.code in coverage.certified else ""),
                *("·" if step.on is None else step.on.isoformat() for step in path.steps),
                *(
                    self.words.number(coverage.scores.get(path.institution.code, {}).get(one.id), 1)
                    for one in coverage.questionnaires
                ),
            ]
            for path in coverage.paths
        ]
