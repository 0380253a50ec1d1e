"""The page of all checks (docs/checks.md): each code with what it means, what to do, and where it works."""

from __future__ import annotations

import re

from authoring.messages import catalogue
from quizzes.checks.known import EVERY, MAY_BE_IGNORED

HEAD = """\
# Checks of quizzes

Everything that `lms-sync check` can say of a quiz file, by its code (`--json` tells it). This page is generated from the message
catalogue (`python -m quizzes.checks.page`).

A **mistake** stops: Moodle would store a question that is broken, cut or inverted, or would end the import in the middle; most of
these it takes without a word. A **warning** does not stop. Whoever knows better switches it off, for a question or the whole quiz,
and says why:

```yaml
ignore:
  - {code: quiz.writing-negative-stem, reason: The law asks for it in these words.}
```

A warning that is switched off and has nothing to say any more is told too. Checks that read words work in Albanian (sq), Romanian
(ro) and English (en), the others in any language. What a learner could reach by guessing is added up slot by slot: single choice and
true/false by chance, pairs by their mean, everything else as nothing; with a limited number of attempts whose highest counts, every
attempt is another chance.

A reader in another language gets the same words in it: the catalogues are `quizzes/messages/{en,sq,ro}.toml`.

"""

_VALUE = re.compile(r"\{([a-z_]+)\}")


def _is_of_writing(code: str) -> bool:
    part, _, name = code.partition(".")
    return part == "quiz" and (name.startswith("writing-") or name == "guess-passes")


def page() -> str:
    """The whole page as Markdown."""
    entries = catalogue("en")
    codes = sorted(code for code in entries if code.startswith("quiz.") or code in MAY_BE_IGNORED)
    writing = [code for code in codes if _is_of_writing(code)]
    warnings = [code for code in codes if code in MAY_BE_IGNORED and code not in writing]
    mistakes = [code for code in codes if code not in MAY_BE_IGNORED]
    parts = [HEAD]
    for title, found in (("Item writing", writing), ("Other warnings", warnings), ("Mistakes", mistakes)):
        parts.append(f"## {title}\n\n")
        parts += [_entry(code) for code in found]
    return "".join(parts).rstrip("\n") + "\n"


def _entry(code: str) -> str:
    entry = catalogue("en")[code]
    languages = MAY_BE_IGNORED.get(code, EVERY)
    where = "" if languages == EVERY else f" Languages: {', '.join(languages)}."
    return f"### {code}\n\n{_plain(entry['what'])}{where}\n{_plain(entry['remedy'])}\n\n"


def _plain(words: object) -> str:
    """A message with its values as words; of a plural the form for several."""
    text = str(words.get("other", words) if isinstance(words, dict) else words)
    text = _VALUE.sub(
        lambda found: f"*{found[1].replace('_', ' ')}*", text.replace("{{", "\0").replace("}}", "\1")
    )
    return text.replace("\0", "{").replace("\1", "}")


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
