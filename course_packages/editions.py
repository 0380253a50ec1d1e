"""The two editions of SCORM that packages are written in, as facts: namespaces, schema files, words.

SCORM 1.2: Content Aggregation Model 1.2, chapter 2.3, on IMS Content Packaging 1.1.2. SCORM 2004 4th
Edition: Content Aggregation Model 1.1, chapters 3 and 5, on IMS Content Packaging 1.1.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MANIFEST = "imsmanifest.xml"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
SEQUENCING = "http://www.imsglobal.org/xsd/imsss"
NAVIGATION = "http://www.adlnet.org/xsd/adlnav_v1p3"
META_DATA = "http://www.imsglobal.org/xsd/imsmd_rootv1p2p1"
META_DATA_2004 = "http://ltsc.ieee.org/xsd/LOM"

_SEQUENCING_PARTS = (
    "",
    "auxresource",
    "control",
    "delivery",
    "limit",
    "objective",
    "random",
    "rollup",
    "seqrule",
    "util",
)


@dataclass(frozen=True)
class Edition:
    """One edition of the standard, as far as a manifest shows it."""

    name: str
    folder: str  # of its schema files, in course_packages/schemas
    versions: tuple[str, ...]  # what schemaversion may say; the first is what we write
    content_packaging: str  # namespace of the manifest
    adl: str  # namespace of ADL's additions
    type_attribute: str  # upper and lower case count
    schema_files: tuple[str, ...]  # at the root of every package
    locations: Mapping[str, str]  # namespace → schema file, for xsi:schemaLocation and for validation
    adl_elements: tuple[str, ...]  # ADL's elements of an item, in their order
    longest_data_from_lms: int
    after_adl: tuple[str, ...] = field(
        default=()
    )  # other elements that may follow in an item, in their order

    @property
    def item_order(self) -> Sequence[str]:
        """An item's children in the order of the schema, as `{namespace}name`."""
        own = (f"{{{self.content_packaging}}}{name}" for name in ("title", "item", "metadata"))
        return (*own, *(f"{{{self.adl}}}{name}" for name in self.adl_elements), *self.after_adl)

    def read_schema_files(self) -> dict[str, bytes]:
        """The schema files of the standard, which every package carries at its root."""
        return dict(_schema_files(self))


SCORM_12 = Edition(
    name="SCORM 1.2",
    folder="scorm12",
    versions=("1.2",),
    content_packaging="http://www.imsproject.org/xsd/imscp_rootv1p1p2",
    adl="http://www.adlnet.org/xsd/adlcp_rootv1p2",
    type_attribute="scormtype",
    schema_files=("adlcp_rootv1p2.xsd", "ims_xml.xsd", "imscp_rootv1p1p2.xsd", "imsmd_rootv1p2p1.xsd"),
    locations={
        "http://www.imsproject.org/xsd/imscp_rootv1p1p2": "imscp_rootv1p1p2.xsd",
        META_DATA: "imsmd_rootv1p2p1.xsd",
        "http://www.adlnet.org/xsd/adlcp_rootv1p2": "adlcp_rootv1p2.xsd",
    },
    adl_elements=("prerequisites", "maxtimeallowed", "timelimitaction", "datafromlms", "masteryscore"),
    longest_data_from_lms=255,
)

SCORM_2004 = Edition(
    name="SCORM 2004",
    folder="scorm2004",
    versions=("2004 4th Edition", "2004 3rd Edition", "CAM 1.3"),
    content_packaging="http://www.imsglobal.org/xsd/imscp_v1p1",
    adl="http://www.adlnet.org/xsd/adlcp_v1p3",
    type_attribute="scormType",
    schema_files=(
        "XMLSchema.dtd",
        "adlcp_v1p3.xsd",
        "adlnav_v1p3.xsd",
        "adlseq_v1p3.xsd",
        "datatypes.dtd",
        "imscp_v1p1.xsd",
        *(f"imsss_v1p0{part}.xsd" for part in _SEQUENCING_PARTS),
        "xml.xsd",
    ),
    locations={
        "http://www.imsglobal.org/xsd/imscp_v1p1": "imscp_v1p1.xsd",
        "http://www.adlnet.org/xsd/adlcp_v1p3": "adlcp_v1p3.xsd",
        "http://www.adlnet.org/xsd/adlseq_v1p3": "adlseq_v1p3.xsd",
        NAVIGATION: "adlnav_v1p3.xsd",
        SEQUENCING: "imsss_v1p0.xsd",
    },
    adl_elements=("timeLimitAction", "dataFromLMS", "completionThreshold", "data"),
    longest_data_from_lms=4000,
    after_adl=(f"{{{SEQUENCING}}}sequencing", f"{{{NAVIGATION}}}presentation"),
)

EDITIONS = (SCORM_12, SCORM_2004)


@cache
def _schema_files_of(folder: str, names: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    root = Path(__file__).resolve().parent / "schemas" / folder
    return tuple((name, (root / name).read_bytes()) for name in names)


def _schema_files(edition: Edition) -> tuple[tuple[str, bytes], ...]:
    return _schema_files_of(edition.folder, edition.schema_files)
