"""The colours and fonts of a theme as CSS: one home for all pages that are made with it."""

from __future__ import annotations

from collections.abc import Iterator

from authoring.theme.scheme import Colouring
from authoring.theme.theme import Theme

NAMES = (
    "paper", "sheet", "ink", "quiet", "line", "edge", "main", "on_main", "main_wash", "law", "law_wash", "tip",
    "tip_wash", "warn", "warn_wash", "good", "good_wash", "bad", "bad_wash",
)  # fmt: skip
"""The colours that pages use, as custom properties: `main_wash` is `--main-wash`."""

_BAND = {
    "sheet": "band",
    "ink": "on_band",
    "quiet": "band_quiet",
    "line": "band_wash",
    "edge": "band_edge",
    "main": "accent",
    "on_main": "on_accent",
    "main_wash": "band_wash",
}
"""What the names mean within the band on top."""

_LIGHT = ':root[data-theme="light"]'
_DARK = ':root[data-theme="dark"]'
_NOT_LIGHT = ':root:not([data-theme="light"])'


def theme_css(theme: Theme, *, band: str = ".top", fonts: str = "../") -> str:
    """The custom properties of a theme, light, dark, and as the device is set.

    `band` is the selector of the band on top; `fonts` leads from the style to the folder of the package.
    """
    headings = theme.headings if theme.headings != theme.text else "var(--text)"
    light = f"color-scheme:light dark;{_properties(theme.light)}--text:{theme.text};--display:{headings};"
    light += f"--spot:{theme.light['main']};--on-spot:{theme.light['on_main']};"
    dark = f"{_properties(theme.dark)}--shadow:none;"
    lit = _in_band(theme.light)
    darkened = {
        name: colour
        for name, colour in _in_band(theme.dark, always=bool(lit)).items()
        if lit.get(name) != colour
    }
    rules = [
        *_faces(theme, fonts),
        f":root{{{light}}}",
        *_rule(band, lit),
        f"{_LIGHT}{{color-scheme:light}}",
        f"{_DARK}{{color-scheme:dark;{dark}}}",
        *_rule(f"{_DARK} {band}", darkened),
        "@media (prefers-color-scheme:dark){",
        f"{_NOT_LIGHT}{{{dark}}}",
        *_rule(f"{_NOT_LIGHT} {band}", darkened),
        "}",
    ]
    return "\n".join(rules) + "\n"


def _properties(colours: Colouring) -> str:
    return "".join(f"--{name.replace('_', '-')}:{colours[name]};" for name in NAMES)


def _in_band(colours: Colouring, *, always: bool = False) -> dict[str, str]:
    """What the names of colours mean within the band; nothing where it has the colours of the page."""
    if not always and all(
        colours[name] == colours[within] for name, within in _BAND.items() if name != "line"
    ):
        return {}
    return {name: colours[within] for name, within in _BAND.items()}


def _rule(selector: str, colours: Colouring) -> Iterator[str]:
    if colours:
        yield f"{selector}{{{''.join(f'--{name}:{colour};' for name, colour in colours.items()).replace('_', '-')}}}"


def _faces(theme: Theme, fonts: str) -> Iterator[str]:
    for face in (one for one in theme.faces if one.shipped):
        weight = f"font-weight:{face.weight};" if face.weight != "400" else ""
        style = f"font-style:{face.style};" if face.style != "normal" else ""
        source = f"src:url({fonts}{face.name});"
        yield f"@font-face{{font-family:{face.alias};{source}{weight}{style}font-display:swap}}"
