"""SCORM packages: what Moodle accepts, makes of them, keeps of learners' work, and counts as complete."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from moodle_standin.errors import MoodleError
from moodle_standin.scorm_manifest import manifest_of, read_manifest

MATRIX = json.loads(
    (files("moodle_standin") / "recordings" / "scorm" / "upload_matrix.json").read_text(encoding="utf-8")
)["cases"]


@pytest.fixture
def cases(zip_package: Any, make_manifest: Any) -> dict[str, bytes]:
    """The packages of the recorded matrix, built again from their names."""
    plain = make_manifest()
    resource = 'href="index1.html">'
    two = make_manifest(("I1", "I2"))
    organizations = plain[plain.index("<organizations") : plain.index("<resources>")]
    resources = plain[plain.index("<resources>") : plain.index("</manifest>")]
    extra = (
        '<adlcp:prerequisites type="aicc_script">I9</adlcp:prerequisites><adlcp:maxtimeallowed>00:30:00'
        "</adlcp:maxtimeallowed><adlcp:datafromlms>hello=1</adlcp:datafromlms><adlcp:masteryscore>80</adlcp:masteryscore>"
    )

    def titled(title: str) -> str:
        return str(make_manifest(title=title))

    return {
        "ok12": zip_package(plain),
        "ok2004_3rd": zip_package(make_manifest(version="2004 3rd Edition")),
        "ok2004_4th": zip_package(make_manifest(version="2004 4th Edition")),
        "s2004_2nd_CAM13": zip_package(make_manifest(version="CAM 1.3")),
        "s2004_2nd_edition_text": zip_package(make_manifest(version="2004 2nd Edition")),
        "v13": zip_package(make_manifest(version="1.3")),
        "no_schemaversion": zip_package(plain.replace("<schemaversion>1.2</schemaversion>", "")),
        "schemaversion_garbage": zip_package(make_manifest(version="garbage")),
        "no_manifest": zip_package("x", name="index.html"),
        "manifest_in_subdir": zip_package(plain, name="sub/imsmanifest.xml"),
        "manifest_uppercase": zip_package(plain, name="IMSMANIFEST.XML"),
        "broken_xml": zip_package(plain[: plain.index("<resources>")] + "</broken>"),
        "empty_orgs": zip_package(plain.replace(organizations, '<organizations default="O"/>')),
        "no_resources": zip_package(plain.replace(resources, "<resources/>")),
        "res_no_href": zip_package(plain.replace(resource, ">")),
        "asset_only": zip_package(plain.replace('scormtype="sco"', 'scormtype="asset"')),
        "missing_file": zip_package(two),
        "bare_ampersand": zip_package(titled("Fire & safety")),
        "utf8_title": zip_package(titled("Brandschutz – Überblick ü 安全")),
        "long_title": zip_package(titled("x" * 256)),
        "long_identifier": zip_package(make_manifest(("I" * 256,))),
        "launch_query": zip_package(plain.replace(resource, 'href="index1.html?lang=de">')),
        "parameters": zip_package(make_manifest(item_attributes=' parameters="?a=1"')),
        "datafromlms": zip_package(make_manifest(item_content=extra)),
        "doctype_bom": zip_package(
            b"\xef\xbb\xbf" + plain.replace("?>\n", "?>\n<!DOCTYPE manifest>\n").encode()
        ),
        "latin1": zip_package(titled("Überblick").replace("UTF-8", "ISO-8859-1").encode("latin-1")),
        "scormType_wrongcase12": zip_package(plain.replace("scormtype", "scormType")),
        "scormtype_wrongcase2004": zip_package(
            make_manifest(version="2004 4th Edition").replace("scormtype", "scormType")
        ),
        "xmlbase": zip_package(plain.replace("<resources>", '<resources xml:base="sub/">')),
        "ns_prefix": zip_package(
            plain.replace("<manifest ", "<imscp:manifest ", 1)
            .replace("</manifest>", "</imscp:manifest>")
            .replace("xmlns=", "xmlns:imscp=")
        ),
        "php_in_zip": zip_package(plain, {"index1.html": "x", "a.php": "<?php"}),
        "traversal": zip_package(plain, {"index1.html": "x", "../evil.html": "x"}),
        "zip_no_ext": zip_package(plain),
    }


def test_the_matrix_has_a_package_for_every_recorded_case(cases: dict[str, bytes]) -> None:
    assert sorted(cases) == sorted(MATRIX)


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_a_package_of_the_recorded_matrix_is_read_as_moodle_read_it(
    name: str, cases: dict[str, bytes]
) -> None:
    recorded = MATRIX[name]
    if recorded["outcome"] == "refused":
        with pytest.raises(MoodleError) as caught:
            read_manifest(manifest_of(cases[name]))
        assert caught.value.errorcode == recorded["error"]["errorcode"]
        return
    reading = read_manifest(manifest_of(cases[name]))
    if "scoes" not in recorded:
        assert "".join(reading.printed) == recorded["body"][: recorded["body"].index('{"cmid"')]
        assert reading.launch is None
        return
    assert reading.version == recorded["version"]
    assert (reading.launch is not None) == bool(recorded["launch"])
    given = [[i.identifier, i.scormtype, i.launch, i.title, i.data] for i in reading.items]
    assert given == recorded["scoes"]


@pytest.mark.parametrize(
    "name", sorted(n for n, c in MATRIX.items() if c.get("launch") != 0 and "scoes" in c)
)
def test_a_living_package_is_stored(
    name: str, cases: dict[str, bytes], moodle: Any, empty_course: int
) -> None:
    answer = moodle.push_package(empty_course, "ao/p", cases[name])
    assert answer["action"] == "created"
    assert answer["package"]["version"] == MATRIX[name]["version"]
    shown = moodle.call("mod_scorm_get_scorms_by_courses", courseids=[empty_course])["scorms"][0]
    assert shown["sha1hash"] == answer["package"]["sha1"]
    assert shown["launch"] == answer["package"]["launch"] > 0


@pytest.mark.parametrize("name", ["no_manifest", "broken_xml", "no_resources", "res_no_href", "ns_prefix"])
def test_a_dead_package_is_refused_and_the_old_one_stays(
    name: str, cases: dict[str, bytes], moodle: Any, empty_course: int
) -> None:
    before = moodle.push_package(empty_course, "ao/p", cases["ok12"])
    with pytest.raises(Exception) as caught:
        moodle.push_package(empty_course, "ao/p", cases[name], name="Changed")
    assert caught.value.code == "deadpackage"  # type: ignore[attr-defined]
    live = moodle.state(empty_course)["activities"]["ao/p"]
    assert (live["package"]["sha1"], live["hash"], live["fields"]["name"]) == (
        before["package"]["sha1"],
        before["hash"],
        "Package",
    )


def test_a_title_too_long_for_the_column_leaves_nothing_behind(
    cases: dict[str, bytes], moodle: Any, empty_course: int
) -> None:
    with pytest.raises(Exception) as caught:
        moodle.push_package(empty_course, "ao/p", cases["long_title"])
    assert caught.value.code == "dmlwriteexception"  # type: ignore[attr-defined]
    assert moodle.state(empty_course)["activities"] == {}


def test_a_package_other_than_the_announced_one_is_refused(
    moodle: Any, empty_course: int, cases: dict[str, bytes]
) -> None:
    with pytest.raises(Exception) as caught:
        moodle.push_package(empty_course, "ao/p", cases["ok12"], sha1="0" * 40)
    assert caught.value.code == "wrongpackage"  # type: ignore[attr-defined]


# --- replacing


def _learn(moodle: Any, course: Any, status: str = "passed", raw: str = "90") -> None:
    moodle.track(
        "s1", course.scorm["instance"], {"cmi.core.lesson_status": status, "cmi.core.score.raw": raw}
    )


def _grade(moodle: Any, course: Any) -> float | None:
    rows = moodle.call("gradereport_user_get_grade_items", courseid=course.id, userid=moodle.user_id("s1"))
    items = rows["usergrades"][0]["gradeitems"]
    return next(i["graderaw"] for i in items if i["itemmodule"] == "scorm")  # type: ignore[no-any-return]


def test_a_new_package_with_the_same_identifiers_keeps_attempts_grade_and_completion(
    moodle: Any, course: Any, zip_package: Any, make_manifest: Any
) -> None:
    _learn(moodle, course)
    before = moodle.states("s1", course.id)["scorm"]
    moodle.pass_time(100)
    answer = moodle.push_package(course.id, "ao/package", zip_package(make_manifest(title="Second edition")))
    assert (answer["action"], answer["id"], answer["instance"]) == (
        "updated",
        course.scorm["id"],
        course.scorm["instance"],
    )
    assert moodle.states("s1", course.id)["scorm"] == before
    assert _grade(moodle, course) == 90
    assert moodle.state(course.id)["activities"]["ao/package"]["attempts"] == 1
    shown = moodle.call("mod_scorm_get_scorms_by_courses", courseids=[course.id])["scorms"][0]
    assert shown["revision"] == 2


def test_a_second_sco_keeps_what_was_earned(
    moodle: Any, course: Any, zip_package: Any, make_manifest: Any
) -> None:
    _learn(moodle, course)
    moodle.push_package(course.id, "ao/package", zip_package(make_manifest(("I1", "I2"))))
    assert _grade(moodle, course) == 90
    assert moodle.states("s1", course.id)["scorm"]["state"] == 1


def test_a_package_that_would_cost_attempts_is_refused_and_the_state_says_which(
    moodle: Any, course: Any, zip_package: Any, make_manifest: Any
) -> None:
    _learn(moodle, course)
    before = moodle.state(course.id)["activities"]["ao/package"]
    assert before["scoes"] == [{"identifier": "I1", "learners": 1}]
    assert (before["attempts"], before["completions"]) == (1, 1)
    assert moodle.state(course.id)["criteria"]["completed"] == 1
    other = zip_package(make_manifest(("OTHER",)))
    with pytest.raises(Exception) as caught:
        moodle.push_package(course.id, "ao/package", other)
    assert caught.value.code == "attemptslost"  # type: ignore[attr-defined]
    assert moodle.state(course.id)["activities"]["ao/package"] == before
    more = zip_package(make_manifest(("I1", "I2")))
    assert moodle.push_package(course.id, "ao/package", more)["action"] == "updated"


def test_a_changed_item_identifier_deletes_the_tracks_and_keeps_the_completion(
    moodle: Any, course: Any, zip_package: Any, make_manifest: Any
) -> None:
    _learn(moodle, course)
    assert len(moodle.changes(course.id, "scorm_track")) == 0  # rows of the running second are not there yet
    moodle.pass_time(10)
    assert len(moodle.changes(course.id, "scorm_track")) == 2
    other = zip_package(make_manifest(("OTHER",)))
    moodle.push_package(course.id, "ao/package", other, accept=["attempts"])
    assert moodle.changes(course.id, "scorm_track") == []
    arguments = {"scormid": course.scorm["instance"], "userid": moodle.user_id("s1")}
    assert moodle.call("mod_scorm_get_scorm_attempt_count", **arguments)["attemptscount"] == 1
    assert moodle.states("s1", course.id)["scorm"]["state"] == 1
    assert _grade(moodle, course) == 0


def test_a_byte_identical_package_needs_no_upload_and_is_not_touched(moodle: Any, course: Any) -> None:
    live = moodle.state(course.id)["activities"]["ao/package"]
    answer = moodle.push_activity(course.id, "ao/package", "scorm", {**live["fields"], "name": "New name"})
    assert answer["action"] == "updated"
    shown = moodle.call("mod_scorm_get_scorms_by_courses", courseids=[course.id])["scorms"][0]
    assert (shown["name"], shown["revision"]) == ("New name", 1)


# --- the completion rule


@pytest.mark.parametrize(
    ("rule", "status", "state"),
    [
        (4, "completed", 1), (4, "passed", 0), (4, "failed", 0),
        (2, "completed", 0), (2, "passed", 1), (2, "failed", 0),
        (6, "completed", 1), (6, "passed", 1), (6, "failed", 0), (6, "incomplete", 0),
    ],
)  # fmt: skip
def test_the_status_rule_is_compared_exactly(
    rule: int, status: str, state: int, moodle: Any, empty_course: int, zip_package: Any, make_manifest: Any
) -> None:
    rules = {"tracking": 2, "status": rule, "view": 0}
    answer = moodle.push_package(empty_course, "ao/p", zip_package(make_manifest()), completion=rules)
    user = moodle.user_id("s1")
    moodle.call(
        "enrol_manual_enrol_users", enrolments=[{"roleid": 5, "userid": user, "courseid": empty_course}]
    )
    moodle.track("s1", answer["instance"], {"cmi.core.lesson_status": status})
    assert moodle.states("s1", empty_course)["scorm"]["state"] == state


def test_tracks_are_shown_with_numbers_and_texts_mixed(moodle: Any, course: Any) -> None:
    _learn(moodle, course)
    sco = next(s.id for s in moodle.site.scoes.values() if s.identifier == "I1")
    rows = moodle.call("mod_scorm_get_scorm_sco_tracks", scoid=sco, userid=moodle.user_id("s1"), attempt=1)
    values = {row["element"]: row["value"] for row in rows["data"]["tracks"]}
    assert values["score_raw"] == 90
    assert values["cmi.core.score.raw"] == "90"
    assert values["status"] == "passed"
    assert values["scoid"] == str(sco)


def test_of_the_scores_of_both_editions_in_an_attempt_that_of_2004_counts(moodle: Any, course: Any) -> None:
    _learn(moodle, course)
    moodle.track("s1", course.scorm["instance"], {"cmi.score.raw": "60"})
    _learn(moodle, course)
    assert _grade(moodle, course) == 60


def test_a_package_can_be_fetched_with_the_token(moodle: Any, course: Any) -> None:
    shown = moodle.call("mod_scorm_get_scorms_by_courses", courseids=[course.id])["scorms"][0]
    path = shown["packageurl"].removeprefix(moodle.http.url)
    answer = moodle.http.post(path, data={"token": moodle.token})
    assert len(answer.content) == shown["packagesize"]


def test_what_mod_scorm_prints_of_a_living_package_comes_back_as_a_warning(
    moodle: Any, empty_course: int, zip_package: Any, make_manifest: Any
) -> None:
    manifest = make_manifest(("I1", "I2")).replace('identifierref="R2"', 'identifierref="GONE"')
    answer = moodle.push_package(empty_course, "ao/p", zip_package(manifest))
    assert answer["action"] == "created"
    assert answer["warnings"] == [
        "WARNING: The following resources were referenced in your manifest but couldn't be found: GONE"
    ]
