"""Puts comments into a YAML file as lines of their own: what the file says stays exactly what it was."""

from __future__ import annotations

from collections.abc import Mapping

from authoring.patch_yaml import CannotPatch
from authoring.read_yaml import Pointer, parse_yaml

_LONGEST = 160


def commented_yaml(text: str, file: str, comments: Mapping[Pointer, str], *, mark: str) -> str:
    """The text with a comment line above each of these places, indented like it; `mark` begins each of them.

    Comments with this mark that stand in the file already go: what was said before is said anew or does not hold any more.
    Raises ContentError where the text is no YAML, CannotPatch where the file would not say the same any more.
    """
    before = parse_yaml(text, file)
    text = "\n".join(line for line in text.split("\n") if not line.lstrip(" ").startswith(f"# {mark}"))
    document = parse_yaml(text, file)
    lines = text.split("\n")
    wanted: dict[int, list[str]] = {}
    for pointer, comment in comments.items():
        span = document.span(pointer)
        if span is None:
            continue
        wanted.setdefault(text.count("\n", 0, span.start), []).append(_one_line(f"{mark} {comment}"))
    for number in sorted(wanted, reverse=True):
        line = lines[number]
        indent = line[: len(line) - len(line.lstrip(" "))]
        lines[number:number] = [f"{indent}# {comment}" for comment in wanted[number]]
    changed = "\n".join(lines)
    if parse_yaml(changed, file).data != before.data:
        raise CannotPatch("patch.not-possible", file=file)
    return changed


def _one_line(comment: str) -> str:
    """A comment ends at the line's end, and control characters end a file."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in comment).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1].rstrip() + "…"
