"""Which functions a token may call, and which capabilities the documented role and a student have."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Final

_SERVICE: Final = json.loads(
    (files("moodle_standin") / "signatures" / "service.json").read_text(encoding="utf-8")
)

PLUGIN_VERSION: Final[int] = _SERVICE["plugin_version"]
PLUGIN_RELEASE: Final[str] = _SERVICE["plugin_release"]

# What the companion plugin's service declares: its own functions and the core ones that go with them.
SYNC_FUNCTIONS: Final[frozenset[str]] = frozenset(_SERVICE["functions"])

# A service that an administrator makes by hand for reading, without the companion plugin.
READING_FUNCTIONS: Final = frozenset(
    {
        "core_completion_get_activities_completion_status",
        "core_completion_get_course_completion_status",
        "core_course_get_contents",
        "core_course_get_courses_by_field",
        "core_enrol_get_enrolled_users",
        "core_webservice_get_site_info",
        "gradereport_user_get_grade_items",
        "mod_quiz_get_quizzes_by_courses",
        "mod_quiz_get_user_attempts",
        "mod_scorm_get_scorm_sco_tracks",
        "mod_scorm_get_scorm_scoes",
        "mod_scorm_get_scorms_by_courses",
        "tool_mobile_call_external_functions",
    }
)

# What its account may do: see courses and what learners did in them.
READING_CAPABILITIES: Final = frozenset(
    {
        "webservice/rest:use",
        "gradereport/user:view",
        "mod/assign:view",
        "mod/bigbluebuttonbn:view",
        "mod/data:view",
        "mod/feedback:view",
        "mod/glossary:view",
        "mod/h5pactivity:view",
        "mod/lti:view",
        "mod/workshop:view",
        "mod/quiz:view",
        "mod/quiz:viewreports",
        "mod/scorm:viewreport",
        "moodle/course:enrolreview",
        "moodle/course:ignoreavailabilityrestrictions",
        "moodle/course:view",
        "moodle/course:viewhiddenactivities",
        "moodle/course:viewhiddencourses",
        "moodle/course:viewparticipants",
        "moodle/grade:viewall",
        "moodle/grade:viewhidden",
        "moodle/site:accessallgroups",
        "moodle/user:viewalldetails",
        "moodle/user:viewdetails",
        "report/completion:view",
        "report/progress:view",
    }
)

# The functions of Moodle's mobile service that are served here: what a learner's app uses.
MOBILE_FUNCTIONS: Final = frozenset(
    {
        "core_completion_get_activities_completion_status",
        "core_completion_get_course_completion_status",
        "core_course_get_contents",
        "core_course_get_course_module",
        "core_course_get_course_module_by_instance",
        "core_course_get_courses",
        "core_course_get_courses_by_field",
        "core_course_view_course",
        "core_enrol_get_course_enrolment_methods",
        "core_enrol_get_enrolled_users",
        "core_enrol_get_users_courses",
        "core_files_get_files",
        "core_files_get_unused_draft_itemid",
        "core_user_get_users_by_field",
        "core_webservice_get_site_info",
        "gradereport_user_get_grade_items",
        "mod_feedback_get_feedbacks_by_courses",
        "mod_feedback_get_items",
        "mod_feedback_process_page",
        "mod_forum_add_discussion",
        "mod_forum_add_discussion_post",
        "mod_forum_get_discussion_posts",
        "mod_forum_get_forum_discussions",
        "mod_forum_get_forums_by_courses",
        "mod_glossary_add_entry",
        "mod_glossary_delete_entry",
        "mod_glossary_get_entries_by_letter",
        "mod_glossary_get_glossaries_by_courses",
        "mod_glossary_update_entry",
        "mod_assign_get_assignments",
        "mod_assign_save_grade",
        "mod_assign_save_submission",
        "mod_quiz_get_attempt_data",
        "mod_quiz_get_attempt_review",
        "mod_quiz_get_attempt_summary",
        "mod_quiz_get_quizzes_by_courses",
        "mod_quiz_get_user_attempts",
        "mod_quiz_get_user_best_grade",
        "mod_quiz_process_attempt",
        "mod_quiz_save_attempt",
        "mod_quiz_start_attempt",
        "mod_quiz_view_attempt",
        "mod_quiz_view_quiz",
        "mod_scorm_get_scorm_attempt_count",
        "mod_scorm_get_scorm_sco_tracks",
        "mod_scorm_get_scorm_scoes",
        "mod_scorm_get_scorm_user_data",
        "mod_scorm_get_scorms_by_courses",
        "mod_scorm_insert_scorm_tracks",
        "mod_scorm_launch_sco",
        "mod_scorm_view_scorm",
        "tool_mobile_call_external_functions",
    }
)

# The least-privilege role of the account that pushes and pulls, as the companion plugin documents it. Without
# moodle/user:viewalldetails Moodle gives neither user names nor idnumbers of others, without
# moodle/site:viewuseridentity no e-mail addresses.
ROLE_CAPABILITIES: Final = frozenset(
    json.loads((files("moodle_standin") / "signatures" / "role.json").read_text(encoding="utf-8"))[
        "capabilities"
    ]
)

HELPDESK_CAPABILITIES: Final = frozenset(
    json.loads((files("moodle_standin") / "signatures" / "role.json").read_text(encoding="utf-8"))["helpdesk"]
)

# What Moodle's student role may do in a course where it is assigned.
STUDENT_CAPABILITIES: Final = frozenset(
    {
        "mod/feedback:complete",
        "mod/feedback:view",
        "mod/forum:replypost",
        "mod/forum:startdiscussion",
        "mod/forum:viewdiscussion",
        "mod/glossary:view",
        "mod/glossary:write",
        "mod/assign:submit",
        "mod/assign:view",
        "mod/quiz:attempt",
        "mod/quiz:reviewmyattempts",
        "mod/quiz:view",
        "mod/scorm:savetrack",
        "mod/scorm:skipview",
        "mod/scorm:viewscores",
        "gradereport/user:view",
        "moodle/course:viewparticipants",
        "moodle/user:viewdetails",
    }
)
