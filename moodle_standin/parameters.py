"""How PHP reads a form and how Moodle checks the result: bracket names, `max_input_vars`, PARAM types,
signatures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from moodle_standin.declared_functions import Signature
from moodle_standin.errors import invalid_parameter

# --- PHP's form parsing


def split_form(body: bytes, max_input_vars: int) -> list[tuple[str, str]]:
    """Gives the first `max_input_vars` variables of an urlencoded body in their order; PHP drops the rest
    silently.
    """
    pairs: list[tuple[str, str]] = []
    for part in body.decode("latin-1").split("&"):
        if not part:
            continue
        if len(pairs) >= max_input_vars:
            break
        name, _, value = part.partition("=")
        pairs.append((_decode(name), _decode(value)))
    return pairs


def _decode(text: str) -> str:
    return unquote_plus(text, encoding="utf-8", errors="replace")


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Builds PHP's nested arrays from names such as `courses[0][fullname]`; a later variable replaces an
    earlier one.
    """
    root: dict[str, Any] = {}
    for name, value in pairs:
        keys = _php_keys(name)
        if not keys:
            continue
        node = root
        for position, key in enumerate(keys):
            if key is None:
                key = str(1 + max((int(k) for k in node if k.isdigit()), default=-1))
            if position == len(keys) - 1:
                node[key] = value
                break
            child = node.get(key)
            if not isinstance(child, dict):
                child = node[key] = {}
            node = child
    return root


def _php_keys(name: str) -> list[str | None]:
    name = name.lstrip(" ")
    base, bracket, rest = name.partition("[")
    base = base.replace(".", "_").replace(" ", "_")
    if not base:
        return []
    if not bracket:
        return [base]
    keys: list[str | None] = [base]
    while True:
        key, close, rest = rest.partition("]")
        if not close:
            # PHP turns an unclosed bracket of the first level into an underscore and forgets later ones.
            return [f"{base}_{key}"] if len(keys) == 1 else keys
        keys.append(key or None)
        if not rest.startswith("["):
            return keys
        rest = rest[1:]


# --- Moodle's PARAM types

_TAG = re.compile(r"<[^>]*>?")
_MULTILANG_OPEN = re.compile(r'^<span(\s+lang="[a-zA-Z0-9_-]+"|\s+class="multilang"){2}\s*>$')


def strip_tags(text: str) -> str:
    """PHP's strip_tags in what matters: a tag begins at `<` unless white space follows, and may never end."""
    result: list[str] = []
    position = 0
    while True:
        start = text.find("<", position)
        if start < 0:
            result.append(text[position:])
            return "".join(result)
        result.append(text[position:start])
        if text[start + 1 : start + 2].isspace():
            result.append("<")
            position = start + 1
            continue
        end = text.find(">", start)
        if end < 0:
            return "".join(result)
        position = end + 1


def clean_text(text: str) -> str:
    """PARAM_TEXT: no tags, except the spans of Moodle's multilang filter where they are all well formed."""
    if "</span>" in text:
        kept = re.sub(r"<(?!/?span\b)[^>]*>", "", text)
        is_open = False
        for tag in re.findall(r"<.*?>", kept, re.S):
            if tag == "</span>" and is_open:
                is_open = False
            elif tag != "</span>" and _MULTILANG_OPEN.match(tag):
                is_open = True
            else:
                return strip_tags(text)
        if not is_open:
            return kept
    return strip_tags(text)


def _keep(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(f"[^{pattern}]")
    return lambda text: compiled.sub("", text)


def _match(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)
    return lambda text: text if compiled.match(text) else ""


def _integer(text: str) -> str:
    found = re.match(r"\s*[+-]?\d+", text)
    return str(int(found.group())) if found else "0"


_CLEANERS: dict[str, Callable[[str], str]] = {
    "alpha": _keep("a-zA-Z"),
    "alphaext": _keep("a-zA-Z_-"),
    "alphanum": _keep("A-Za-z0-9"),
    "alphanumext": _keep("A-Za-z0-9_-"),
    "safedir": _keep("a-zA-Z0-9_-"),
    "area": _match(r"^[a-z]([a-z0-9_]*[a-z0-9])?$"),
    "auth": _match(r"^(manual|nologin|email|ldap|oauth2|shibboleth|saml2|oidc|db|cas|lti)$"),
    "capability": _match(r"^[a-z0-9]+/[a-z0-9_]+:[a-z0-9_]+$"),
    "component": _match(r"^[a-z][a-z0-9]*(_[a-z][a-z0-9_]*)?[a-z0-9]+$"),
    "plugin": _match(r"^[a-z](?:[a-z0-9_]*[a-z0-9])?$"),
    "theme": _match(r"^(boost|classic)$"),
    "lang": _match(r"^(en|sq|ro)$"),
    "timezone": _match(r"^[A-Za-z0-9/_+.-]+$"),
    "username": lambda text: re.sub(r"[^-.@_a-z0-9]", "", text.strip().lower()),
    "notags": strip_tags,
    "text": clean_text,
    "raw": lambda text: text,
    "raw_trimmed": str.strip,
    "url": lambda text: text,
    "path": lambda text: re.sub(r"//+", "/", re.sub(r"\.\.+", "", text.replace("\\", "/"))),
    "file": lambda text: re.sub(r"[\x00-\x1f\x7f&<>\"`|':\\/]", "", text),
    "int": _integer,
}


def _check_scalar(value: Any, rule: Signature) -> Any:
    if isinstance(value, (dict, list)):
        raise invalid_parameter("Scalar type expected, array or object received.")
    kind = rule["type"]
    if value is None:
        if rule.get("null"):
            return None
        raise invalid_parameter("Invalid external api parameter: the value is null")
    if kind == "bool":
        if value in (True, False, "0", "1"):
            return value in (True, 1, "1")
        raise invalid_parameter(f'Invalid external api parameter: the value is "{value}", expected type bool')
    if isinstance(value, bool):
        value = "1" if value else ""
    text = value if isinstance(value, str) else _php_string(value)
    if kind == "float":
        if isinstance(value, (int, float)):
            return float(value)
        if not re.match(r"^[+-]?[0-9]*\.?[0-9]*(e[-+]?[0-9]+)?$", text, re.I) or not re.search(r"\d", text):
            raise invalid_parameter(
                f'Invalid external api parameter: the value is "{text}", expected type float'
            )
        return float(text)
    if kind == "lang" and text == "":
        return ""
    cleaned = _CLEANERS[kind](text)
    if cleaned != text:
        raise invalid_parameter(
            f'Invalid external api parameter: the value is "{text}", the server was expecting "{kind}" type'
        )
    return int(cleaned) if kind == "int" else cleaned


def _php_string(value: float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def check_value(value: Any, rule: Signature) -> Any:
    """Checks a value against its description as `external_api::validate_parameters` does and gives the
    cleaned value.
    """
    if "list" in rule:
        if not isinstance(value, (dict, list)):
            raise invalid_parameter(f"Only arrays accepted. The bad value is: '{value}'")
        items = value.values() if isinstance(value, dict) else value
        return [check_value(item, rule["list"]) for item in items]
    if "object" in rule:
        if not isinstance(value, (dict, list)):
            raise invalid_parameter(f"Only arrays accepted. The bad value is: '{value}'")
        mapping = value if isinstance(value, dict) else {str(i): item for i, item in enumerate(value)}
        return check_parameters(mapping, rule["object"] or {})
    return _check_scalar(value, rule)


def check_parameters(given: Mapping[str, Any], declared: Mapping[str, Signature]) -> dict[str, Any]:
    """Checks named parameters: a required one missing, an unknown one or a wrong type is `invalidparameter`."""
    result: dict[str, Any] = {}
    for name, rule in declared.items():
        if name not in given:
            opt = rule.get("opt")
            if opt is None:
                raise invalid_parameter(f"Missing required key in single structure: {name}")
            if opt == "default":
                default = rule.get("default")
                if default is None:
                    # PHP's empty array as the default of a list or a structure was recorded as no default
                    # at all.
                    result[name] = (
                        [] if "list" in rule else check_value({}, rule) if "object" in rule else None
                    )
                else:
                    result[name] = check_value(default, rule)
            continue
        try:
            result[name] = check_value(given[name], rule)
        except Exception as error:
            reason = getattr(error, "debuginfo", None)
            if reason is None:
                raise
            raise invalid_parameter(f"{name} => {reason}") from None
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise invalid_parameter(f"Unexpected keys ({', '.join(unknown)}) detected in parameter array.")
    return result
