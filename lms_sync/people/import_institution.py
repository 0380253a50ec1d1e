"""Finds the institution that a sheet names: exactly, after folding; what is only like one is proposed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lms_sync.people.import_words import folded
from lms_sync.people.read import Institution

_SIMILAR = 72
_CLOSE = 6  # points behind the best; further behind, a proposal is noise
_PROPOSED = 3


@dataclass(frozen=True)
class FoundInstitution:
    """The code, where one institution has exactly this code or name; else the codes that may be meant, best first."""

    code: str = ""
    proposed: tuple[str, ...] = ()


class InstitutionFinder:
    """Looks codes and names up, in every language that the list of institutions has.

    `decided` are the codes that a person has given for names, by folded name.
    """

    def __init__(self, institutions: Sequence[Institution], decided: Mapping[str, str] | None = None) -> None:
        self.names = {one.code: one.name("en") for one in institutions}
        self._exact: dict[str, set[str]] = {}
        for one in institutions:
            for name in (one.code, *one.names.values()):
                self._exact.setdefault(folded(name), set()).add(one.code)
        self._decided = dict(decided or {})
        self._found: dict[str, FoundInstitution] = {}

    def find(self, text: str) -> FoundInstitution:
        """The institution of a text; the same text gives the same answer."""
        name = folded(text)
        if name not in self._found:
            self._found[name] = self._look(name)
        return self._found[name]

    def _look(self, name: str) -> FoundInstitution:
        if name in self._decided:
            return FoundInstitution(self._decided[name])
        codes = self._exact.get(name, set())
        if len(codes) == 1:
            return FoundInstitution(next(iter(codes)))
        if codes:
            return FoundInstitution(proposed=tuple(sorted(codes)))
        from rapidfuzz import fuzz, process, utils

        scores: dict[str, float] = {}
        near = process.extract(
            name,
            sorted(self._exact),
            scorer=fuzz.WRatio,
            processor=utils.default_process,
            score_cutoff=_SIMILAR,
            limit=None,
        )
        for known, score, _ in near:
            for code in self._exact[known]:
                scores[code] = max(scores.get(code, 0), score)
        best = max(scores.values(), default=0)
        close = [code for code, score in scores.items() if score >= best - _CLOSE]
        ordered = sorted(close, key=lambda code: (-scores[code], code))
        return FoundInstitution(proposed=tuple(ordered[:_PROPOSED]))
