"""`imsmanifest.xml` of a package of ours: SCORM 1.2 (CAM 2.3) or 2004 4th Edition (CAM 3 to 5).

Identifiers come from the ids of course and lessons alone: Moodle drops a learner's tracks when an item's
identifier changes. Nothing in it depends on the day, the machine or the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from authoring.course import Course
from course_packages.editions import (
    INSTANCE,
    MANIFEST,
    META_DATA,
    NAVIGATION,
    SCORM_12,
    SEQUENCING,
    Edition,
)

__all__ = [
    "LAUNCH_PAGE",
    "MANIFEST",
    "Sco",
    "manifest_identifier",
    "write_manifest",
]

LAUNCH_PAGE = "index.html"


@dataclass(frozen=True)
class Sco:
    """One SCO: its name behind every identifier, its title, its page, its own files, its pass mark in percent.

    `mark` sets its item apart from those of other targets of the same course.
    """

    name: str
    title: str
    page: str
    files: tuple[str, ...]
    passing: int | None
    mark: str = ""

    @property
    def item(self) -> str:
        """The identifier of its item, by which platforms keep learners' tracks."""
        return f"item-{self.name}{self.mark}"


def manifest_identifier(course: Course) -> str:
    """The package's own identifier: an XML name, which cannot begin with a digit."""
    return f"course-{course.id}"


def write_manifest(
    course: Course, edition: Edition, scos: Sequence[Sco], shared: Sequence[str] = ()
) -> bytes:
    """The manifest of a package with these SCOs; `shared` are the files that all of them use."""
    title = course.title.in_language(course.languages.default)
    root = Element("manifest", _root_attributes(course, edition))
    metadata = SubElement(root, "metadata")
    SubElement(metadata, "schema").text = "ADL SCORM"
    SubElement(metadata, "schemaversion").text = edition.versions[0]
    if edition is SCORM_12:
        _describe(metadata, course)
    organizations = SubElement(root, "organizations", {"default": f"organization-{course.id}"})
    organization = SubElement(organizations, "organization", {"identifier": f"organization-{course.id}"})
    SubElement(organization, "title").text = title
    for sco in scos:
        _item(organization, sco, edition, alone=len(scos) == 1)
    if edition is not SCORM_12:
        sequencing = SubElement(organization, "imsss:sequencing")
        SubElement(sequencing, "imsss:controlMode", {"choice": "true", "flow": "true"})
    _resources(SubElement(root, "resources"), course, edition, scos, shared)
    indent(root)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def _root_attributes(course: Course, edition: Edition) -> dict[str, str]:
    # Written by hand, not through ElementTree's prefixes: Moodle finds no SCO in a manifest whose root
    # element has a prefix.
    prefixes = {"adlcp": edition.adl}
    if edition is SCORM_12:
        prefixes["imsmd"] = META_DATA
    else:
        prefixes |= {"imsss": SEQUENCING, "adlnav": NAVIGATION}
        prefixes["adlseq"] = next(each for each in edition.locations if "adlseq" in each)
    return {
        "identifier": manifest_identifier(course),
        "version": course.version,
        "xmlns": edition.content_packaging,
        **{f"xmlns:{prefix}": namespace for prefix, namespace in prefixes.items()},
        "xmlns:xsi": INSTANCE,
        "xsi:schemaLocation": " ".join(
            f"{namespace} {file}" for namespace, file in edition.locations.items()
        ),
    }


def _item(organization: Element, sco: Sco, edition: Edition, *, alone: bool) -> None:
    names = {"identifier": sco.item, "identifierref": f"resource-{sco.name}", "isvisible": "true"}
    item = SubElement(organization, "item", names)
    SubElement(item, "title").text = sco.title
    if edition is SCORM_12:
        # No mastery score: the player says itself what is passed. Beside one, Moodle makes "failed" of every score below
        # it, which closes the attempt, and who comes back to try again can only look.
        return
    # Complete when the player says that everything is done; passed or failed as the player says.
    SubElement(item, "adlcp:completionThreshold", {"completedByMeasure": "true", "minProgressMeasure": "1.0"})
    sequencing = SubElement(item, "imsss:sequencing")
    if sco.passing is not None:
        objectives = SubElement(sequencing, "imsss:objectives")
        names = {"objectiveID": f"primary-{sco.name}", "satisfiedByMeasure": "true"}
        primary = SubElement(objectives, "imsss:primaryObjective", names)
        SubElement(primary, "imsss:minNormalizedMeasure").text = f"{sco.passing / 100:.2f}"
    SubElement(
        sequencing,
        "imsss:deliveryControls",
        {"completionSetByContent": "true", "objectiveSetByContent": "true"},
    )
    if alone:
        interface = SubElement(SubElement(item, "adlnav:presentation"), "adlnav:navigationInterface")
        for hidden in ("previous", "continue"):  # there is nothing before it or after it
            SubElement(interface, "adlnav:hideLMSUI").text = hidden


def _resources(
    resources: Element, course: Course, edition: Edition, scos: Sequence[Sco], shared: Sequence[str]
) -> None:
    for sco in scos:
        names = {
            "identifier": f"resource-{sco.name}",
            "type": "webcontent",
            f"adlcp:{edition.type_attribute}": "sco",
            "href": quote(sco.page),
        }
        resource = SubElement(resources, "resource", names)
        for name in sorted(sco.files):
            SubElement(resource, "file", {"href": quote(name)})
        if shared:
            SubElement(resource, "dependency", {"identifierref": f"shared-{course.id}"})
    if shared:
        names = {
            "identifier": f"shared-{course.id}",
            "type": "webcontent",
            f"adlcp:{edition.type_attribute}": "asset",
        }
        resource = SubElement(resources, "resource", names)
        for name in sorted(shared):
            SubElement(resource, "file", {"href": quote(name)})


def _describe(metadata: Element, course: Course) -> None:
    """Title, languages and version for platforms that show them (IMS Meta-data 1.2.1, "lom")."""
    lom = SubElement(metadata, "imsmd:lom")
    general = SubElement(lom, "imsmd:general")
    titles = SubElement(general, "imsmd:title")
    for language in course.languages.offered:
        text = SubElement(titles, "imsmd:langstring", {"xml:lang": language})
        text.text = course.title.in_language(language)
    for language in course.languages.offered:
        SubElement(general, "imsmd:language").text = language
    lifecycle = SubElement(lom, "imsmd:lifecycle")
    version = SubElement(lifecycle, "imsmd:version")
    SubElement(version, "imsmd:langstring", {"xml:lang": course.languages.default}).text = course.version
