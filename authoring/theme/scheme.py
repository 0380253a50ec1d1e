"""All colours of a theme, by name, from those that its author has given: the rest is inherited or made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from authoring.contrast import SIGN, TEXT, contrast
from authoring.problems import Place, Problem
from authoring.theme.mix_colours import long_form, mix, nearest, softest, strongest

Scheme = Literal["light", "dark"]
Colouring = Mapping[str, str]
"""Colours by name: those of `theme_file.Colours`, and those that are only ever made of others."""

PAPER_SHEET = "#ffffff"
"""What a manual is printed on."""

_WASHES = ("main_wash", "law_wash", "tip_wash", "warn_wash", "good_wash", "bad_wash")


def _pairs() -> Iterator[tuple[str, str, float]]:
    """Front, ground and needed contrast of everything that the player and the help desk put together."""
    for ground in ("paper", "sheet", *_WASHES):
        yield "ink", ground, TEXT
        yield "main", ground, TEXT  # links, also within call-outs and feedback
    for ground in ("paper", "sheet", "main_wash", "law_wash"):
        yield "quiet", ground, TEXT  # captions, hints, sources of laws
    for tone in ("law", "tip", "warn", "good", "bad"):
        yield tone, f"{tone}_wash", TEXT  # words and signs
    for tone in ("law", "tip", "good"):
        yield tone, "sheet", TEXT  # labels of reflections and exercises, what was recorded
    yield "good", "paper", TEXT
    yield "tip", "paper", TEXT  # at the help desk, what is kept for reading without a connection
    yield "law", "paper", SIGN  # the ring around what was sought
    yield "on_main", "main", TEXT
    yield "sheet", "tip", TEXT  # the button of exercises
    for ground in ("paper", "sheet"):
        yield "edge", ground, SIGN
    yield "on_band", "band", TEXT
    yield "on_band", "band_wash", TEXT  # a button under the pointer
    yield "accent", "band", SIGN
    yield "on_accent", "accent", TEXT


PAIRS: tuple[tuple[str, str, float], ...] = tuple(_pairs())

ON_PAPER: tuple[tuple[str, float], ...] = (("ink", TEXT), ("quiet", TEXT), ("main", TEXT))
"""What a manual prints on white; its boxes have the pairs of the player."""

_MADE_OF: Mapping[str, tuple[str, ...]] = {
    "on_main": ("main",),
    "main_wash": ("main", "sheet"),
    "main": ("main",),
    "band": ("sheet",),
    "on_band": ("band", "ink"),
    "accent": ("main",),
    "on_accent": ("accent", "main"),
    "band_wash": ("on_band", "band"),
}
"""The given colours that a made one comes from, the likeliest to be changed first."""


@dataclass(frozen=True)
class Given:
    """The colours that the theme which is extended has, and those of the author, in both schemes."""

    shipped: Mapping[Scheme, Colouring]
    own: Mapping[Scheme, Colouring]

    def with_own(self, scheme: Scheme, name: str, colour: str) -> Given:
        """The same with one colour of the author's other."""
        own = dict(self.own)
        own[scheme] = {**own[scheme], name: colour}
        return Given(self.shipped, own)


def colouring(given: Given, scheme: Scheme) -> Colouring:
    """Every colour of a scheme, as #rrggbb."""
    shipped, own = given.shipped[scheme], given.own[scheme]
    made = {**shipped, **own}
    if scheme == "dark" and "main" not in own and "main" in given.own["light"]:
        made["main"] = _for_the_dark(given.own["light"]["main"], made)
    changed = made["main"] != shipped["main"]
    if changed and "main_wash" not in own:
        made["main_wash"] = mix(made["main"], made["sheet"], 0.1 if scheme == "light" else 0.16)
    if changed and "on_main" not in own:
        made["on_main"] = strongest(("#ffffff", "#14181d"), made["main"])
    if "band" not in made:
        made["band"] = made["sheet"]
    if "on_band" not in made or ("band" in own and "on_band" not in own):
        wanted = [made["ink"], shipped.get("on_band", made["ink"]), "#ffffff", "#14181d"]
        good = [one for one in wanted if contrast(one, made["band"]) >= TEXT + 1.5]
        made["on_band"] = good[0] if good else strongest(wanted, made["band"])
    if "accent" not in made:
        made["accent"] = made["main"]
        if contrast(made["main"], made["band"]) < SIGN and made["band"] != made["sheet"]:
            made["accent"] = made["on_band"]
    made["band_wash"] = mix(made["on_band"], made["band"], 0.12)
    made["band_quiet"] = softest(made["on_band"], made["band"], 7)
    made["band_edge"] = softest(made["on_band"], made["band"], SIGN + 0.3)
    on_accent = [made["on_main"], made["band"], made["on_band"], "#14181d", "#ffffff"]
    good = [one for one in on_accent if contrast(one, made["accent"]) >= TEXT]
    made["on_accent"] = good[0] if good else strongest(on_accent, made["accent"])
    if made["band"] == made["sheet"] and made["on_band"] == made["ink"]:
        made |= {"band_wash": made["main_wash"], "band_quiet": made["quiet"], "band_edge": made["edge"]}
    return {name: long_form(colour) for name, colour in made.items()}


def _for_the_dark(main: str, made: Colouring) -> str:
    """A main colour for dark screens: the same hue, as light as links have to be there."""
    return (
        nearest(main, lambda one: min(contrast(one, made["sheet"]), contrast(one, made["paper"])) >= 7)
        or main
    )


@dataclass(frozen=True)
class _Judged:
    """A pair that is too much alike."""

    scheme: Scheme
    front: str
    ground: str
    needed: float
    found: float
    code: str = "theme.contrast"


def scheme_problems(
    given: Given, place: Callable[[Scheme, str], Place], *, manual: bool = False
) -> Iterator[Problem]:
    """The colours of the author's that are too much like what they stand on or beside, each once, with its worst pair.

    `place` says where the author gives a colour. With `manual`, what a printed manual puts together counts as well.
    """
    worst: dict[tuple[Scheme, str], _Judged] = {}
    for one in _failing(given, manual):
        blamed = _blamed(given, one)
        known = worst.get(blamed)
        if known is None or one.needed - one.found > known.needed - known.found:
            worst[blamed] = one
    for (scheme, name), one in worst.items():
        colours = colouring(given, one.scheme)
        ground = PAPER_SHEET if one.ground == "white" else colours[one.ground]
        values = {
            "front": f"{one.scheme}: {one.front} {colours[one.front]}",
            "ground": f"{one.ground} {ground}",
            "found": _rounded_down(one.found),
            "needed": f"{one.needed:g}",
            "key": f"colours: {scheme}: {name}",
            "better": _better(given, scheme, name, one, manual),
        }
        yield Problem(one.code, values, place(scheme, name))


def _failing(
    given: Given, manual: bool, schemes: tuple[Scheme, ...] = ("light", "dark")
) -> Iterator[_Judged]:
    for scheme in schemes:
        colours = colouring(given, scheme)
        for front, ground, needed in PAIRS:
            if (found := contrast(colours[front], colours[ground])) < needed:
                code = "theme.contrast" if needed == TEXT else "theme.contrast-sign"
                yield _Judged(scheme, front, ground, needed, found, code)
    if manual and "light" in schemes:
        colours = colouring(given, "light")
        for front, needed in ON_PAPER:
            if (found := contrast(colours[front], PAPER_SHEET)) < needed:
                yield _Judged("light", front, "white", needed, found, "theme.contrast-manual")


def _blamed(given: Given, one: _Judged) -> tuple[Scheme, str]:
    """The colour of the author's that is to be changed: the front, else the ground, else what one of them is made of."""
    own = given.own[one.scheme]
    for name in (one.front, one.ground):
        if name in own:
            return one.scheme, name
    for name in (one.front, one.ground):
        for source in _MADE_OF.get(name, ()):
            if source in own:
                return one.scheme, source
    if "main" in given.own["light"]:  # from which the dark one is made
        return "light", "main"
    raise AssertionError(f"a shipped theme fails: {one}")


def _better(given: Given, scheme: Scheme, name: str, one: _Judged, manual: bool) -> str:
    """The nearest colour with which nothing fails that fails now because of this one; else what mends the pair alone."""
    # The dark main colour is made of the light one where it is not given.
    both = name == "main" and "main" not in given.own["dark"]
    schemes: tuple[Scheme, ...] = ("light", "dark") if both else (scheme,)

    def failing(colour: str) -> set[tuple[str, str, str]]:
        changed = given.with_own(scheme, name, colour)
        return {(each.scheme, each.front, each.ground) for each in _failing(changed, manual, schemes)}

    now = given.own[scheme][name]
    before = failing(now)
    mine = {
        (each.scheme, each.front, each.ground)
        for each in _failing(given, manual, schemes)
        if _blamed(given, each) == (scheme, name)
    }
    rest = before - mine
    pair = (one.scheme, one.front, one.ground)
    found = nearest(now, lambda colour: failing(colour) <= rest)
    return found or nearest(now, lambda colour: pair not in failing(colour)) or "-"


def _rounded_down(ratio: float) -> str:
    """4.497 as 4.49: what is too little never looks like enough."""
    return f"{int(ratio * 100) / 100:.2f}"
