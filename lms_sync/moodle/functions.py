"""Every web service function that the suite calls on a site; the companion plugin's service lists the same."""

CORE_FUNCTIONS = (
    "core_cohort_add_cohort_members",
    "core_cohort_create_cohorts",
    "core_cohort_get_cohort_members",
    "core_cohort_get_cohorts",
    "core_cohort_update_cohorts",
    "core_course_create_categories",
    "core_course_create_courses",
    "core_course_get_categories",
    "core_course_get_courses_by_field",
    "core_course_update_categories",
    "core_course_update_courses",
    "core_files_delete_draft_files",
    "core_group_add_group_members",
    "core_group_create_groups",
    "core_group_update_groups",
    "core_user_create_users",
    "core_user_get_users_by_field",
    "core_webservice_get_site_info",
    "enrol_manual_enrol_users",
)

PLUGIN_FUNCTIONS = (
    "local_lmssync_get_accounts",
    "local_lmssync_get_certificates",
    "local_lmssync_get_changes",
    "local_lmssync_get_content",
    "local_lmssync_get_news",
    "local_lmssync_get_questions",
    "local_lmssync_get_site",
    "local_lmssync_get_state",
    "local_lmssync_give_keys",
    "local_lmssync_set_certificates",
    "local_lmssync_set_criteria",
    "local_lmssync_upsert_activity",
    "local_lmssync_upsert_event",
    "local_lmssync_upsert_override",
    "local_lmssync_upsert_questions",
    "local_lmssync_upsert_section",
)

FUNCTIONS = tuple(sorted(CORE_FUNCTIONS + PLUGIN_FUNCTIONS))

MANY_CALLS = "tool_mobile_call_external_functions"

ADOPT_FUNCTIONS = (
    "core_course_get_contents",
    "core_course_get_courses_by_field",
    "core_enrol_get_enrolled_users",
    "core_webservice_get_site_info",
)
"""What adopting a course takes, and reading it with the plugin beside the plugin's own functions."""

READ_ONLY_FUNCTIONS = (
    *ADOPT_FUNCTIONS,
    "core_completion_get_activities_completion_status",
    "core_completion_get_course_completion_status",
    "gradereport_user_get_grade_items",
    "mod_quiz_get_quizzes_by_courses",
    "mod_quiz_get_user_attempts",
    "mod_scorm_get_scorm_sco_tracks",
    "mod_scorm_get_scorm_scoes",
    "mod_scorm_get_scorms_by_courses",
    MANY_CALLS,
)
"""What the service of a read-only site needs (docs/read-only.md): adopting, and reading without the plugin."""

HELPDESK_READING = (
    "core_course_get_course_module",
    "mod_forum_get_discussion_posts",
    "mod_forum_get_forum_discussions",
    "mod_forum_get_forums_by_courses",
    "mod_glossary_get_entries_by_letter",
    "mod_glossary_get_glossaries_by_courses",
)
HELPDESK_WRITING = ("mod_glossary_add_entry", "mod_glossary_delete_entry", "mod_glossary_update_entry")
HELPDESK_FUNCTIONS = (*HELPDESK_READING, *HELPDESK_WRITING)
"""What the help desk calls beside finding its course: questions from a forum, answers into a glossary."""

READING_FUNCTIONS = (
    frozenset(READ_ONLY_FUNCTIONS)
    | frozenset(HELPDESK_READING)
    | {
        "core_cohort_get_cohort_members",
        "core_cohort_get_cohorts",
        "core_course_get_categories",
        "core_course_get_course_module",
        "core_group_get_course_groups",
        "core_group_get_group_members",
        "core_user_get_users_by_field",
        "local_lmssync_get_accounts",
        "local_lmssync_get_certificates",
        "local_lmssync_get_changes",
        "local_lmssync_get_content",
        "local_lmssync_get_news",
        "local_lmssync_get_questions",
        "local_lmssync_get_site",
        "local_lmssync_get_state",
    }
)
"""Every function of which we know that it changes nothing: all that a client of a read-only site sends."""

MAKING_FUNCTIONS = {
    "core_cohort_create_cohorts": "cohorts",
    "core_course_create_categories": "categories",
    "core_course_create_courses": "courses",
    "core_group_create_groups": "groups",
    "core_user_create_users": "users",
}
"""Functions that answer one row for each row of this argument: another number says that something is odd."""

ANSWERS: dict[str, tuple[type, dict[str, type]]] = {
    "core_cohort_add_cohort_members": (dict, {}),
    "core_cohort_create_cohorts": (list, {"id": int, "idnumber": str}),
    "core_cohort_get_cohort_members": (list, {"cohortid": int, "userids": list}),
    "core_cohort_get_cohorts": (list, {"id": int, "idnumber": str, "name": str}),
    "core_course_create_categories": (list, {"id": int}),
    "core_course_create_courses": (list, {"id": int}),
    "core_course_get_categories": (list, {"id": int, "name": str}),
    "core_course_get_courses_by_field": (dict, {"courses": list}),
    "core_course_update_courses": (dict, {}),
    "core_group_create_groups": (list, {"id": int, "idnumber": str}),
    "core_user_create_users": (list, {"id": int}),
    "core_webservice_get_site_info": (
        dict,
        {"sitename": str, "username": str, "release": str, "functions": list},
    ),
    "local_lmssync_get_site": (dict, {"plugin_version": int, "missing_capabilities": list}),
    "local_lmssync_get_content": (dict, {"content": str}),
    "local_lmssync_get_questions": (dict, {"questions": list, "next": int}),
    "local_lmssync_get_state": (dict, {"state": str}),
    "local_lmssync_give_keys": (dict, {"sections": int, "activities": int}),
    "local_lmssync_get_certificates": (dict, {"people": list}),
    "local_lmssync_set_certificates": (dict, {"people": list}),
    "local_lmssync_set_criteria": (dict, {"action": str}),
    "local_lmssync_upsert_activity": (dict, {"id": int, "action": str}),
    "local_lmssync_upsert_event": (dict, {"id": int, "action": str}),
    "local_lmssync_upsert_override": (dict, {"id": int, "action": str}),
    "local_lmssync_upsert_questions": (dict, {"created": int, "updated": int, "unchanged": int}),
    "local_lmssync_upsert_section": (dict, {"id": int, "action": str}),
}
"""What a function answers: an object or a list of objects, and the keys that the suite reads there, with their types.

Functions that are not listed answer nothing (null) or are read with more care where they are called.
"""
