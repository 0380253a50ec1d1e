"""Rules for the items of a manifest: what they lead to, ADL's values, sequencing and navigation.

The XSD leaves several types open (CAM 1.2, 2.3.5.2); sequencing rules are those of SCORM 2004 4th Edition,
CAM 5.1 and 5.2.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from xml.etree.ElementTree import Element

from authoring.problems import Place, Problem
from course_packages.editions import MANIFEST, NAVIGATION, SCORM_2004, SEQUENCING, Edition

_SS = f"{{{SEQUENCING}}}"
_NAV = f"{{{NAVIGATION}}}"
_TIME_LIMIT_ACTIONS = {"exit,message", "exit,no message", "continue,message", "continue,no message"}
_HIDE = {"previous", "continue", "exit", "exitAll", "abandon", "abandonAll", "suspendAll"}
_BOOLEANS = {"true", "false", "0", "1"}
_CONTROL_MODE = {"choice", "choiceExit", "flow", "forwardOnly"}
_ATTEMPT_USE = {"useCurrentAttemptObjectiveInfo", "useCurrentAttemptProgressInfo"}
_DELIVERY = {"tracked", "completionSetByContent", "objectiveSetByContent"}
_SEQUENCING_ORDER = (
    "controlMode",
    "sequencingRules",
    "limitConditions",
    "auxiliaryResources",
    "rollupRules",
    "objectives",
    "randomizationControls",
    "deliveryControls",
)
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_PARAMETERS = re.compile(r"[?&#]?[^\s<>\"]*")


def _problem(code: str, **params: object) -> Problem:
    return Problem(code, params, Place(MANIFEST))


def item_problems(
    item: Element, resources: Mapping[str | None, Element], edition: Edition
) -> Iterator[Problem]:
    """What is wrong with one item, its title aside. `resources` are the manifest's, by identifier."""
    cp = f"{{{edition.content_packaging}}}"
    identifier = item.get("identifier", "-")
    reference = item.get("identifierref")
    is_leaf = item.find(f"{cp}item") is None
    if reference is None and is_leaf:
        yield _problem("package.item-leads-nowhere", id=identifier)
    elif reference is not None and reference not in resources:
        yield _problem("package.item-reference", id=identifier, reference=reference)
    elif reference is not None and resources[reference].get("href") is None:
        yield _problem("package.item-without-page", id=identifier, reference=reference)
    if reference is not None and not is_leaf and edition is SCORM_2004:
        yield _problem("package.item-both", id=identifier)
    parameters = item.get("parameters", "")
    if parameters and (reference is None or not _PARAMETERS.fullmatch(parameters)):
        yield _problem("package.item-parameters", id=identifier)
    if item.get("isvisible", "true") not in _BOOLEANS:
        yield _wrong(identifier, "isvisible", item.get("isvisible", ""), edition)
    order = [edition.item_order.index(child.tag) for child in item if child.tag in edition.item_order]
    if order != sorted(order):
        yield _problem("package.item-order", id=identifier)
    adl = f"{{{edition.adl}}}"
    for child in item:
        if child.tag.startswith(adl):
            yield from _adl_value(child, child.tag.removeprefix(adl), identifier, edition)
    for presentation in item.findall(f"{_NAV}presentation"):
        for hidden in presentation.iter(f"{_NAV}hideLMSUI"):
            if (value := (hidden.text or "").strip()) not in _HIDE:
                yield _wrong(identifier, "hideLMSUI", value, edition)


def _wrong(identifier: str, element: str, found: str, edition: Edition) -> Problem:
    shown = found if len(found) <= 60 else found[:20] + "…"
    return _problem("package.item-value", id=identifier, element=element, found=shown, edition=edition.name)


def _adl_value(child: Element, name: str, identifier: str, edition: Edition) -> Iterator[Problem]:
    if name not in edition.adl_elements:
        other = next((each for each in edition.adl_elements if each.lower() == name.lower()), "-")
        yield _problem("package.adl-element", id=identifier, found=name, wanted=other, edition=edition.name)
        return
    value = (child.text or "").strip()
    good = True
    match name.lower():
        case "masteryscore":
            good = bool(re.fullmatch(r"\d{1,3}(\.\d+)?", value)) and float(value) <= 100
        case "prerequisites":
            good = len(value) <= 200 and child.get("type") == "aicc_script"
        case "maxtimeallowed":
            good = bool(re.fullmatch(r"\d{2,4}:\d{2}:\d{2}(\.\d{1,2})?", value))
        case "timelimitaction":
            good = value in _TIME_LIMIT_ACTIONS
        case "datafromlms":
            good = len(value) <= edition.longest_data_from_lms
        case "completionthreshold":
            yield from _threshold(child, identifier, edition)
        case _:
            pass
    if not good:
        yield _wrong(identifier, name, value, edition)


def _threshold(child: Element, identifier: str, edition: Edition) -> Iterator[Problem]:
    """Least progress and weight are 0 to 1 (CAM 5.1.2, 4th Edition); the 3rd has the number as its text."""
    for attribute in ("minProgressMeasure", "progressWeight"):
        if (value := child.get(attribute)) is not None and not _between(value, 0, 1):
            yield _wrong(identifier, attribute, value, edition)
    if child.get("completedByMeasure", "false") not in _BOOLEANS:
        yield _wrong(identifier, "completedByMeasure", child.get("completedByMeasure", ""), edition)
    if (text := (child.text or "").strip()) and not _between(text, 0, 1):
        yield _wrong(identifier, "completionThreshold", text, edition)


def _between(text: str, low: float, high: float) -> bool:
    return bool(_DECIMAL.fullmatch(text)) and low <= float(text) <= high


# --- sequencing ----------------------------------------------------------------------------------


def sequencing_problems(root: Element, edition: Edition) -> Iterator[Problem]:
    """What is wrong with sequencing anywhere in a 2004 manifest; nothing in 1.2, which has none."""
    if edition is not SCORM_2004:
        return
    shared = {
        each.get("ID")
        for collection in root.findall(f"{_SS}sequencingCollection")
        for each in collection.findall(f"{_SS}sequencing")
    }
    cp = f"{{{edition.content_packaging}}}"
    for tag in ("organization", "item"):
        for element in root.iter(f"{cp}{tag}"):
            identifier = element.get("identifier", "-")
            found = element.findall(f"{_SS}sequencing")
            if len(found) > 1:
                yield _problem("package.sequencing-twice", id=identifier)
            for sequencing in found:
                yield from _one_sequencing(sequencing, identifier, shared)
    for sequencing in root.findall(f"{_SS}sequencingCollection/{_SS}sequencing"):
        yield from _one_sequencing(sequencing, sequencing.get("ID", "-"), shared)


def _one_sequencing(
    sequencing: Element, identifier: str, shared: Collection[str | None]
) -> Iterator[Problem]:
    reference = sequencing.get("IDRef")
    if reference is not None and reference not in shared:
        yield _problem("package.sequencing-reference", id=identifier, reference=reference)
    names = [child.tag.removeprefix(_SS) for child in sequencing if child.tag.startswith(_SS)]
    order = [_SEQUENCING_ORDER.index(name) for name in names if name in _SEQUENCING_ORDER]
    if order != sorted(order):
        yield _problem("package.sequencing-order", id=identifier)
    for name, allowed in (("controlMode", _CONTROL_MODE | _ATTEMPT_USE), ("deliveryControls", _DELIVERY)):
        for child in sequencing.findall(f"{_SS}{name}"):
            for attribute, value in child.attrib.items():
                if attribute not in allowed or value not in _BOOLEANS:
                    yield _value(identifier, f"{name}/{attribute}", value)
    for objectives in sequencing.findall(f"{_SS}objectives"):
        yield from _objectives(objectives, identifier)


def _objectives(objectives: Element, identifier: str) -> Iterator[Problem]:
    """Exactly one primary objective; ids unique within the activity; measures from −1 to 1 (CAM 5.1.5)."""
    primary = objectives.findall(f"{_SS}primaryObjective")
    every = [*primary, *objectives.findall(f"{_SS}objective")]
    if len(primary) != 1:
        yield _problem("package.objective-primary", id=identifier, found=len(primary))
    seen: set[str] = set()
    for objective in every:
        name = objective.get("objectiveID")
        if name is None and (objective not in primary or objective.find(f"{_SS}mapInfo") is not None):
            yield _problem("package.objective-without-id", id=identifier)
        if name is not None and name in seen:
            yield _problem("package.objective-twice", id=identifier, objective=name)
        seen.add(name or "")
        if objective.get("satisfiedByMeasure", "false") not in _BOOLEANS:
            yield _value(identifier, "satisfiedByMeasure", objective.get("satisfiedByMeasure", ""))
        for measure in objective.findall(f"{_SS}minNormalizedMeasure"):
            text = (measure.text or "").strip()
            if not _between(text, -1, 1):
                yield _value(identifier, "minNormalizedMeasure", text)


def _value(identifier: str, element: str, found: str) -> Problem:
    return _wrong(identifier, element, found, SCORM_2004)
