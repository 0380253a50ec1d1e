"""Changes one setting in the text of `config.yaml` and no other byte."""

from __future__ import annotations

from collections.abc import Sequence

import yaml


def with_setting(text: str, path: Sequence[str], value: str) -> str:
    """The text of a valid configuration with the setting at `path` put to a plain word; unchanged where it is so.

    A setting that is not written yet becomes the first one of its group, a group that is missing the last one.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, name in enumerate(path[:-1]):
        inner = _value(node, name)
        if not isinstance(inner, yaml.MappingNode):
            if depth or inner is not None:
                raise ValueError(f"no group {'.'.join(path[: depth + 1])}")
            return f"{text.rstrip()}\n\n{name}:\n  {path[-1]}: {value}\n"
        node = inner
    assert isinstance(node, yaml.MappingNode)
    written = _value(node, path[-1])
    if isinstance(written, yaml.ScalarNode):
        if written.value == value:
            return text
        return f"{text[: written.start_mark.index]}{value}{text[written.end_mark.index :]}"
    if node.flow_style:
        at = node.start_mark.index + 1
        return f"{text[:at]}{path[-1]}: {value}, {text[at:]}"
    at = node.start_mark.index
    indent = " " * node.start_mark.column
    return f"{text[:at]}{path[-1]}: {value}\n{indent}{text[at:]}"


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)
