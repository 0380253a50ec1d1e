"""The companion plugin's rules: found by key, compared by hash, refused when somebody would lose something."""

from __future__ import annotations

from typing import Any

import pytest
from ground import Ground, dead_package, hash_of, sha1, sha256, with_other_identifiers, zipped
from sites import SiteUnderTest

from lms_sync.edition import edition_told
from lms_sync.moodle.errors import CallRefused


def refused(function: Any, *arguments: Any, **named: Any) -> CallRefused:
    """The error of a call that must be refused."""
    with pytest.raises(CallRefused) as caught:
        function(*arguments, **named)
    return caught.value


# --- sections


def test_a_section_is_made_left_alone_and_changed(site: SiteUnderTest, ground: Ground) -> None:
    made = ground.sections["learn"]
    assert made["action"] == "created"
    again = ground.section("learn", expect="whatever")
    site.keep("section-unchanged")
    assert (again["action"], again["id"]) == ("unchanged", made["id"])
    changed = ground.section("learn", expect=made["hash"], summary="<p>214</p>")
    site.keep("section-changed")
    assert (changed["action"], changed["id"]) == ("updated", made["id"])
    assert ground.state()["sections"][ground.key("learn")]["fields"]["summary"] == "<p>214</p>"


def test_a_write_that_expects_another_state_is_stale(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.sections
    error = refused(ground.section, "learn", expect=sha256("something else"), name="Tjetër")
    site.keep("stale")
    assert (error.errorcode, error.code) == ("stale", "moodle.rule-stale")
    assert refused(ground.section, "learn", expect="", name="Tjetër").errorcode == "stale"


@pytest.mark.parametrize(
    ("step", "data", "code"),
    [
        ("data-not-json", "{", "notjson"),
        ("data-unknown", '{"name":"x","colour":"red"}', "dataunknown"),
        ("data-missing", "{}", "datamissing"),
        ("data-value", '{"name":"x","visible":2}', "datavalue"),
        ("data-markup", '{"name":"a<b"}', "badtext"),
        ("data-too-long", '{"name":"' + "x" * 256 + '"}', "toolong"),
    ],
)
def test_data_that_moodle_would_not_keep_are_refused(
    step: str, data: str, code: str, site: SiteUnderTest, ground: Ground
) -> None:
    arguments = {
        "courseid": ground.course,
        "key": ground.key("x"),
        "hash": sha256("x"),
        "expect": "",
        "data": data,
    }
    error = refused(ground.call, "local_lmssync_upsert_section", arguments, write=True)
    site.keep(step)
    assert error.errorcode == code


def test_keys_and_hashes_have_one_form(site: SiteUnderTest, ground: Ground) -> None:
    arguments = {
        "courseid": ground.course,
        "key": "a b",
        "hash": sha256("x"),
        "expect": "",
        "data": '{"name":"x"}',
    }
    assert refused(ground.call, "local_lmssync_upsert_section", arguments, write=True).errorcode == "badkey"
    site.keep("bad-key")
    arguments["key"] = ground.key("x") + "\n"
    assert refused(ground.call, "local_lmssync_upsert_section", arguments, write=True).errorcode == "badkey"
    site.keep("bad-key-with-line-break")
    arguments |= {"key": ground.key("x"), "hash": "1234"}
    assert refused(ground.call, "local_lmssync_upsert_section", arguments, write=True).errorcode == "badhash"
    site.keep("bad-hash")


# --- packages


def test_a_package_is_made_and_left_alone(site: SiteUnderTest, ground: Ground) -> None:
    made = ground.package
    assert made["action"] == "created"
    assert made["package"]["version"] == "SCORM_1.2"
    assert made["package"]["launch"]
    assert made["package"]["sha1"] == sha1(ground.package_file)
    again = ground.activity("package", expect="whatever")
    site.keep("package-unchanged")
    assert (again["action"], again["id"]) == ("unchanged", made["id"])


@pytest.mark.parametrize(
    ("step", "content"),
    [
        ("package-dead", dead_package()),
        ("package-without-manifest", zipped({"index.html": b"<p>Mirdita</p>"})),
        ("package-no-zip", b"Mirdita"),
    ],
)
def test_a_package_that_cannot_be_launched_is_refused_and_the_old_one_stays(
    step: str, content: bytes, site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.package
    before = ground.state()["activities"][ground.key("package")]
    draft = ground.upload(content, "package.zip")
    error = refused(ground.activity, "package", expect="*", draft=draft, sha1=sha1(content))
    site.keep(step)
    assert error.errorcode == "deadpackage"
    assert ground.state()["activities"][ground.key("package")] == before


def test_a_package_must_be_the_one_that_was_announced(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.package
    draft = ground.upload(ground.package_file, "package.zip")
    error = refused(ground.activity, "package", expect="*", draft=draft, sha1=sha1(b"another"))
    site.keep("package-wrong")
    assert error.errorcode == "wrongpackage"
    assert refused(ground.activity, "package", expect="*", sha1=sha1(b"another")).errorcode == "nofile"
    site.keep("package-no-file")


def test_an_activity_needs_a_section_that_exists(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.package
    error = refused(ground.activity, "package", expect="*", section=ground.key("nowhere"), name="Tjetër")
    site.keep("section-unknown")
    assert error.errorcode == "nosection"


# --- questions and quiz


def test_questions_of_all_types_are_stored_and_left_alone(site: SiteUnderTest, ground: Ground) -> None:
    made = ground.questions
    assert (made["created"], made["updated"], made["unchanged"]) == (len(ground.question_hashes), 0, 0)
    again = ground.push_questions(b"", ground.question_hashes)
    site.keep("questions-unchanged")
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, len(ground.question_hashes))
    stored = ground.state()["questions"]
    assert {key: one["hash"] for key, one in stored.items()} == ground.question_hashes
    assert {one["fields"]["qtype"] for one in stored.values()} == {
        "multichoice", "truefalse", "shortanswer", "numerical", "match",
    }  # fmt: skip


def changed_question(ground: Ground) -> tuple[str, bytes]:
    """A question of the bank with another text: its key and a file with it alone."""
    bank = ground.content.quizzes[ground.academy.quiz][1]
    question = next(one for one in bank.questions if one.key.endswith("receiving-no-unit"))
    xml = bank.xml_of([question.key]).decode("utf-8")
    assert "<p>" in xml
    return question.key, xml.replace("<p>", "<p>Nr. 214. ", 1).encode("utf-8")


def test_a_changed_question_gets_a_new_version_and_keeps_its_place(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.final
    key, xml = changed_question(ground)
    before = ground.state()["questions"][key]
    answer = ground.push_questions(xml, {key: sha256("changed")})
    site.keep("question-new-version")
    assert (answer["created"], answer["updated"]) == (0, 1)
    after = ground.state()["questions"][key]
    assert (after["id"], after["version"]) == (before["id"], before["version"] + 1)
    ground.push_questions(ground.content.quizzes[ground.academy.quiz][1].xml_of([key]), {
        key: ground.question_hashes[key]
    })  # fmt: skip


def test_a_question_that_is_not_as_it_was_seen_is_refused(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.questions
    key, xml = changed_question(ground)
    before = ground.state()["questions"]
    error = refused(ground.push_questions, xml, {key: sha256("stale")}, expect=sha256("seen long ago"))
    site.keep("question-stale")
    assert (error.errorcode, error.code) == ("stale", "moodle.rule-stale")
    assert refused(ground.push_questions, xml, {key: sha256("stale")}, expect="").errorcode == "stale"
    assert ground.state()["questions"] == before


def test_a_question_of_somebody_else_with_our_key_is_left_alone(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.questions
    key, xml = changed_question(ground)
    theirs = f"{ground.academy.quiz}:of-a-teacher"
    site.foreign_question("question-of-a-teacher", ground.course, ground.academy.quiz, theirs)
    before = ground.state()["questions"][theirs]
    xml = xml.replace(f"<idnumber>{key}<".encode(), f"<idnumber>{theirs}<".encode())
    assert theirs.encode() in xml
    error = refused(ground.push_questions, xml, {theirs: sha256("theirs")})
    site.keep("question-foreign")
    assert (error.errorcode, error.code) == ("foreignquestion", "moodle.rule-foreignquestion")
    assert "moodle/question:editall" in str(error.problem.params["message"])
    assert ground.state()["questions"][theirs] == before
    hidden = {theirs: sha256("theirs")}
    error = refused(ground.push_questions, xml, hidden, category=f"{ground.academy.quiz}-2")
    assert error.errorcode == "foreignquestion"
    assert ground.state()["questions"][theirs] == before


def test_a_question_of_ours_follows_into_another_category_and_back(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.questions
    key, _ = changed_question(ground)
    bank = ground.content.quizzes[ground.academy.quiz][1]
    wanted = {key: ground.question_hashes[key]}
    before = ground.state()["questions"][key]
    ground.push_questions(bank.xml_of([key]), wanted, category=f"{ground.academy.quiz}-2")
    site.keep("question-moved")
    moved = ground.state()["questions"][key]
    assert (moved["id"], moved["category"]) == (before["id"], f"{ground.academy.quiz}-2")
    ground.push_questions(bank.xml_of([key]), wanted)
    assert ground.state()["questions"][key]["category"] == ground.academy.quiz


def test_a_question_file_with_a_document_type_is_refused(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.questions
    key, xml = changed_question(ground)
    begin = xml.index(b"<quiz")
    typed = xml[:begin] + b'<!DOCTYPE quiz [<!ENTITY a "aaaa">]>' + xml[begin:]
    error = refused(ground.push_questions, typed, {key: sha256("typed")})
    site.keep("questions-document-type")
    assert error.errorcode == "badquestionfile"


def test_one_refused_question_leaves_all_as_they_were(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.questions
    bank = ground.content.quizzes[ground.academy.quiz][1]
    keys = [
        one.key
        for one in bank.questions
        if one.key.endswith(("receiving-no-unit", "receiving-delivery-book"))
    ]
    xml = bank.xml_of(keys).decode("utf-8").replace('fraction="100"', 'fraction="50"').encode("utf-8")
    before = ground.state()["questions"]
    error = refused(ground.push_questions, xml, {key: sha256(key) for key in keys})
    site.keep("question-refused")
    assert error.errorcode == "questionrefused"
    assert ground.state()["questions"] == before


def test_a_question_file_must_be_whole_and_hold_what_was_announced(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.questions
    key, xml = changed_question(ground)
    error = refused(ground.push_questions, xml[: len(xml) // 2], {key: sha256("cut")})
    site.keep("questions-bad-file")
    assert error.errorcode == "badquestionfile"
    other = next(one for one in ground.question_hashes if one != key)
    error = refused(ground.push_questions, xml, {other: sha256("other")})
    site.keep("question-missing")
    assert error.errorcode == "questionmissing"


def test_a_quiz_has_fixed_slots_and_random_ones_by_tag(site: SiteUnderTest, ground: Ground) -> None:
    made = ground.final
    assert made["action"] == "created"
    slots = ground.state()["activities"][ground.key("final")]["fields"]["slots"]
    assert [("question" in one, one.get("random"), one.get("tags")) for one in slots] == [
        (True, None, None),
        (True, None, None),
        (True, None, None),
        (False, 2, ["receiving"]),
        (False, 2, ["protocol"]),
    ]
    again = ground.activity("final", expect="whatever")
    site.keep("quiz-unchanged")
    assert again["action"] == "unchanged"


def test_slots_that_cannot_be_filled_are_refused(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.final
    category = ground.academy.quiz
    for step, slot, code in (
        ("quiz-unknown-question", {"question": f"{category}:none"}, "unknownquestion"),
        (
            "quiz-unknown-category",
            {"random": 1, "category": f"{site.run}-none", "tags": []},
            "unknowncategory",
        ),
        ("quiz-unknown-tag", {"random": 1, "category": category, "tags": [f"{site.run}-none"]}, "unknowntag"),
        ("quiz-not-enough", {"random": 90, "category": category, "tags": []}, "notenoughquestions"),
    ):
        error = refused(ground.activity, "final", expect="*", slots=[{**slot, "maxmark": 1.0}])
        site.keep(step)
        assert error.errorcode == code


# --- completion


def test_criteria_are_set_and_left_alone(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.criteria["action"] == "created"
    again = ground.set_criteria(["final", "package"], expect="whatever")
    site.keep("criteria-unchanged")
    assert again["action"] == "unchanged"


def test_criteria_need_activities_that_exist(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.criteria
    error = refused(ground.set_criteria, ["nowhere"], expect="*")
    site.keep("criteria-unknown-activity")
    assert error.errorcode == "unknownactivity"


def test_the_state_tells_every_field_as_it_was_sent(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.criteria
    state = ground.state()
    site.keep("state", "local_lmssync_get_state")
    package = state["activities"][ground.key("package")]
    for name, activity in (("package", package), ("final", state["activities"][ground.key("final")])):
        wanted = dict(ground.wanted_fields(name))
        section = wanted.pop("section")
        modname = wanted.pop("modname")
        assert (activity["modname"], activity["section"]) == (modname, section)
        told = dict(activity["fields"])
        if modname == "scorm":
            of_package = activity["package"]
            told |= {"sha1": of_package["sha1"], "edition": edition_told(of_package["version"])}
        assert {key: told[key] for key in wanted} == wanted
    assert state["criteria"]["activities"] == sorted([ground.key("final"), ground.key("package")])


# --- learners


def test_learners_learn_and_the_changes_tell_it(site: SiteUnderTest, ground: Ground) -> None:
    who = ground.learned
    completions = ground.changes("activity_completion")
    site.keep("changes-activity-completion")
    done = {(row["userid"], row["key"]) for row in completions["rows"] if row["data"]["complete"]}
    assert done == {(who["passed"], ground.key("package")), (who["passed"], ground.key("final"))}
    courses = ground.changes("course_completion")
    site.keep("changes-course-completion")
    assert all(row["userid"] == who["passed"] for row in courses["rows"] if row["data"]["timecompleted"])
    grades = ground.changes("grade")
    site.keep("changes-grade")
    of_package = {
        row["userid"]: row["data"]["grade"] for row in grades["rows"] if row["key"] == ground.key("package")
    }
    assert of_package == {who["passed"]: 90, who["failed"]: 40} or of_package == {
        who["passed"]: 90, who["failed"]: 40, who["stopped"]: None,
    }  # fmt: skip
    attempts = ground.changes("quiz_attempt")
    site.keep("changes-quiz-attempt")
    assert {row["userid"]: row["data"]["state"] for row in attempts["rows"]} == {
        who["passed"]: "finished",
        who["failed"]: "finished",
        who["stopped"]: "inprogress",
    }
    outcomes = ground.changes("question_outcome")
    site.keep("changes-question-outcome")
    told = [(row["userid"], row["data"]) for row in outcomes["rows"]]
    assert {user for user, _ in told} == {
        who["passed"],
        who["failed"],
    }  # an attempt that goes on is not over yet
    assert {data["fraction"] for user, data in told if user == who["passed"]} == {1.0}
    assert {data["outcome"] for user, data in told if user == who["failed"]} <= {"gradedwrong", "gaveup"}
    assert len({row["id"] for row in outcomes["rows"]}) == len(told)
    assert {data["version"] for _, data in told if data["random"] is None} == {1}
    assert len({(data["question"], data["version"]) for _, data in told}) == len(
        {data["question"] for _, data in told}
    )
    for user, data in told:
        if user == who["passed"] and data["type"] in ("multichoice", "truefalse"):
            assert data["chosen"]
            assert sorted(data["response"].split("; ")) == sorted(data["right"].split("; "))
    marks = {
        user: sum(data["fraction"] * data["max"] for one, data in told if one == user and data["fraction"])
        for user, _ in told
    }
    assert {
        row["userid"]: row["data"]["sumgrades"] for row in attempts["rows"] if row["userid"] in marks
    } == marks
    tracks = ground.changes("scorm_track")
    site.keep("changes-scorm-track")
    assert {
        row["userid"]: row["data"]["value"]
        for row in tracks["rows"]
        if row["data"]["element"] == "cmi.core.lesson_status"
    } == {who["passed"]: "passed", who["failed"]: "failed", who["stopped"]: "incomplete"}


def test_changes_come_in_pages_without_loss_or_repetition(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.learned
    everything = ground.changes("scorm_track")["rows"]
    paged: list[dict[str, Any]] = []
    since, afterid = 0, 0
    while True:
        page = ground.changes("scorm_track", since=since, afterid=afterid, limit=2)
        if not paged:
            site.keep("changes-first-page")
        paged += page["rows"]
        since, afterid = page["since"], page["afterid"]
        if not page["more"]:
            break
    assert paged == everything
    assert ground.changes("scorm_track", since=since, afterid=afterid)["rows"] == []
    site.keep("changes-none")


@pytest.mark.parametrize(
    ("step", "changed", "code"),
    [
        ("changes-no-courses", {"courseids": []}, "invalidparameter"),  # an empty list is no variable at all
        ("changes-unknown-stream", {"stream": "gossip"}, "unknownstream"),
        ("changes-bad-limit", {"limit": 0}, "badlimit"),
    ],
)
def test_a_wrong_question_for_changes_is_refused(
    step: str, changed: dict[str, object], code: str, site: SiteUnderTest, ground: Ground
) -> None:
    error = refused(ground.changes, "grade", **changed)
    site.keep(step)
    assert error.errorcode == code


# --- what learners would lose


def test_a_replaced_package_keeps_attempts_and_grades(site: SiteUnderTest, ground: Ground) -> None:
    who = ground.learned
    before = ground.state()["activities"][ground.key("package")]
    ground.academy.change_lesson()
    package = ground.academy.content.package
    assert package is not None
    content = package.path.read_bytes()
    assert sha1(content) != before["package"]["sha1"]
    draft = ground.upload(content, "package.zip")
    answer = ground.activity("package", expect=before["hash"], draft=draft, sha1=sha1(content))
    site.keep("package-replaced")
    assert (answer["action"], answer["id"], answer["instance"]) == (
        "updated",
        before["id"],
        before["instance"],
    )
    after = ground.state()["activities"][ground.key("package")]
    site.keep("state-with-attempts", "local_lmssync_get_state")
    assert after["package"]["sha1"] == sha1(content)
    assert after["attempts"] == before["attempts"] == 3
    rows = ground.changes("grade")["rows"]
    assert {row["data"]["grade"] for row in rows if (row["userid"], row["key"]) == (
        who["passed"], ground.key("package"),
    )} == {90}  # fmt: skip


def test_other_slots_are_refused_when_somebody_has_an_attempt(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.learned
    slots = [{"question": f"{ground.academy.quiz}:receiving-no-unit", "maxmark": 1.0}]
    error = refused(ground.activity, "final", expect="*", slots=slots)
    site.keep("quiz-has-attempts")
    assert (error.errorcode, error.code) == ("quizhasattempts", "moodle.rule-quizhasattempts")


def test_other_completion_rules_are_refused_when_somebody_has_completed(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.learned
    now = ground.state()["activities"][ground.key("package")]["package"]["sha1"]
    rules = {"tracking": 2, "status": 6, "view": 0}
    error = refused(ground.activity, "package", expect="*", completion=rules, sha1=now)
    site.keep("completion-locked")
    assert (error.errorcode, error.code) == ("completionlocked", "moodle.rule-completionlocked")


def test_other_criteria_are_refused_when_somebody_has_completed(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.learned
    error = refused(ground.set_criteria, ["package"], expect="*")
    site.keep("criteria-locked")
    assert (error.errorcode, error.code) == ("criterialocked", "moodle.rule-criterialocked")


def test_a_package_that_would_cost_attempts_is_refused_and_the_attempts_stay(
    site: SiteUnderTest, ground: Ground
) -> None:
    assert ground.learned
    before = ground.state()["activities"][ground.key("package")]
    tracks = ground.changes("scorm_track")["rows"]
    (sco,) = before["scoes"]
    assert sco["learners"] == 3
    # Two of the three have a score: these are the grades that would fall.
    assert before["grades"] == [{"items": [sco["identifier"]], "learners": 2}]
    content = with_other_identifiers(ground.package_file)
    draft = ground.upload(content, "package.zip")
    error = refused(ground.activity, "package", expect="*", draft=draft, sha1=sha1(content))
    site.keep("package-attempts-lost")
    assert (error.errorcode, error.code) == ("attemptslost", "moodle.rule-attemptslost")
    assert ground.state()["activities"][ground.key("package")] == before
    assert ground.changes("scorm_track")["rows"] == tracks


def test_an_activity_hidden_by_the_product_is_only_hidden(site: SiteUnderTest, ground: Ground) -> None:
    assert ground.learned
    before = ground.state()["activities"][ground.key("final")]
    fields = {**before["fields"], "visible": 0}
    arguments = {
        "courseid": ground.course,
        "key": ground.key("final"),
        "hash": hash_of(fields),
        "expect": before["hash"],
        "modname": "quiz",
        "sectionkey": before["section"],
        "draftitemid": 0,
    }
    arguments["data"] = ground.text_of(fields)
    answer = ground.call("local_lmssync_upsert_activity", arguments, write=True)
    site.keep("quiz-hidden")
    assert answer["action"] == "updated"
    after = ground.state()["activities"][ground.key("final")]
    assert (after["fields"], after["attempts"]) == (fields, before["attempts"])
