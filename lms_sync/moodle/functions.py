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
    "local_lmssync_get_changes",
    "local_lmssync_get_site",
    "local_lmssync_get_state",
    "local_lmssync_set_criteria",
    "local_lmssync_upsert_activity",
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

READING_FUNCTIONS = frozenset(READ_ONLY_FUNCTIONS) | {
    "core_cohort_get_cohort_members",
    "core_cohort_get_cohorts",
    "core_course_get_categories",
    "core_course_get_course_module",
    "core_group_get_course_groups",
    "core_group_get_group_members",
    "core_user_get_users_by_field",
    "local_lmssync_get_accounts",
    "local_lmssync_get_changes",
    "local_lmssync_get_site",
    "local_lmssync_get_state",
}
"""Every function of which we know that it changes nothing: all that a client of a read-only site sends."""

ANSWERS: dict[str, tuple[type, frozenset[str]]] = {
    "core_cohort_add_cohort_members": (dict, frozenset()),
    "core_cohort_create_cohorts": (list, frozenset({"id", "idnumber"})),
    "core_cohort_get_cohort_members": (list, frozenset({"cohortid", "userids"})),
    "core_cohort_get_cohorts": (list, frozenset({"id", "idnumber", "name"})),
    "core_course_create_categories": (list, frozenset({"id"})),
    "core_course_create_courses": (list, frozenset({"id"})),
    "core_course_get_categories": (list, frozenset({"id", "name"})),
    "core_course_get_courses_by_field": (dict, frozenset({"courses"})),
    "core_course_update_courses": (dict, frozenset()),
    "core_group_create_groups": (list, frozenset({"id", "idnumber"})),
    "core_user_create_users": (list, frozenset({"id"})),
    "core_webservice_get_site_info": (dict, frozenset({"sitename", "username", "release", "functions"})),
    "local_lmssync_get_site": (dict, frozenset({"plugin_version", "missing_capabilities"})),
    "local_lmssync_get_state": (dict, frozenset({"state"})),
    "local_lmssync_set_criteria": (dict, frozenset({"action"})),
    "local_lmssync_upsert_activity": (dict, frozenset({"id", "action"})),
    "local_lmssync_upsert_questions": (dict, frozenset({"created", "updated", "unchanged"})),
    "local_lmssync_upsert_section": (dict, frozenset({"id", "action"})),
}
"""What a function answers: an object or a list of objects, and the keys that the suite reads there.

Functions that are not listed answer nothing (null) or are read with more care where they are called.
"""
