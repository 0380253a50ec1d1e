<?php
// This file is part of local_lmssync, a plugin for Moodle.
//
// local_lmssync is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// local_lmssync is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with this program.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Functions of the plugin and the service that a client needs.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$functions = [];
foreach (
    [
        'get_site' => ['read', 'Limits, switches and missing capabilities of the site.', ''],
        'get_state' => [
            'read',
            'What was pushed into a course, as it is now.',
            'local/lmssync:push, moodle/course:viewparticipants',
        ],
        'upsert_section' => [
            'write',
            'Creates or changes a section.',
            'local/lmssync:push, moodle/course:update, moodle/course:sectionvisibility, moodle/course:movesections',
        ],
        'upsert_activity' => [
            'write',
            'Creates or changes an activity.',
            'local/lmssync:push, moodle/course:manageactivities, moodle/course:activityvisibility, mod/quiz:manage, '
                . 'moodle/question:useall',
        ],
        'upsert_questions' => [
            'write',
            'Stores questions of a question category.',
            'local/lmssync:push, moodle/question:managecategory, moodle/question:add, moodle/question:editmine, '
                . 'moodle/question:movemine',
        ],
        'upsert_event' => [
            'write',
            'Creates or changes a calendar event of a course or of one of its groups.',
            'local/lmssync:push, moodle/calendar:manageentries',
        ],
        'upsert_override' => [
            'write',
            'Creates, changes or removes an override of a quiz.',
            'local/lmssync:push, mod/quiz:manageoverrides',
        ],
        'get_content' => [
            'read',
            'Everything on a course page, whoever made it.',
            'local/lmssync:push, moodle/course:manageactivities',
        ],
        'get_questions' => [
            'read',
            'The questions of a course as Moodle XML, one page.',
            'local/lmssync:push, moodle/question:viewall',
        ],
        'give_keys' => [
            'write',
            'Gives objects that others made the keys under which a client knows them.',
            'local/lmssync:push, moodle/course:update, moodle/course:manageactivities, moodle/question:managecategory, '
                . 'moodle/question:editall',
        ],
        'set_criteria' => [
            'write',
            'Sets the completion criteria of a course.',
            'local/lmssync:push, moodle/course:update',
        ],
        'get_changes' => ['read', 'Facts that changed since a cursor, one page.', 'local/lmssync:pull'],
        'get_news' => ['read', 'Facts that changed in any stream, in one call.', 'local/lmssync:pull'],
        'get_accounts' => [
            'read',
            'State of accounts that the caller may see, without names.',
            'local/lmssync:pull, moodle/user:viewdetails, moodle/user:viewalldetails',
        ],
        'get_certificates' => [
            'read',
            'Of whom certificates were told, without what.',
            'local/lmssync:setcertificates',
        ],
        'set_certificates' => [
            'write',
            'Says what people see of their certificates in their profiles.',
            'local/lmssync:setcertificates',
        ],
    ] as $name => [$type, $description, $capability]
) {
    $functions["local_lmssync_$name"] = [
        'classname' => "local_lmssync\\external\\$name",
        'description' => $description,
        'type' => $type,
        'capabilities' => $capability,
    ];
}

$services = [
    'lms-sync' => [
        'shortname' => 'lmssync',
        'enabled' => 1,
        'restrictedusers' => 1,
        'uploadfiles' => 1,
        'downloadfiles' => 0,
        'functions' => array_merge(array_keys($functions), [
            'core_webservice_get_site_info',
            'core_course_create_categories',
            'core_course_get_categories',
            'core_course_update_categories',
            'core_course_create_courses',
            'core_course_get_courses_by_field',
            'core_course_update_courses',
            'core_course_get_contents',
            'core_user_get_users_by_field',
            'core_user_create_users',
            'core_cohort_create_cohorts',
            'core_cohort_get_cohorts',
            'core_cohort_search_cohorts',
            'core_cohort_update_cohorts',
            'core_cohort_get_cohort_members',
            'core_cohort_add_cohort_members',
            'core_cohort_delete_cohort_members',
            'core_group_create_groups',
            'core_group_update_groups',
            'core_group_get_course_groups',
            'core_group_get_group_members',
            'core_group_add_group_members',
            'core_group_delete_group_members',
            'enrol_manual_enrol_users',
            'core_enrol_get_enrolled_users',
            'core_enrol_get_course_enrolment_methods',
            'core_files_get_unused_draft_itemid',
            'core_files_delete_draft_files',
            'mod_scorm_get_scorms_by_courses',
            'mod_quiz_get_quizzes_by_courses',
            'core_completion_get_activities_completion_status',
            'tool_mobile_call_external_functions',
            // New one-time passwords for accounts that the sync has made; wants moodle/user:update, which the role lacks.
            'core_user_update_users',
            // The help desk: questions from a forum, answers into a glossary; see its capabilities in the README.
            'core_course_get_course_module',
            'mod_forum_get_forums_by_courses',
            'mod_forum_get_forum_discussions',
            'mod_forum_get_discussion_posts',
            'mod_glossary_get_glossaries_by_courses',
            'mod_glossary_get_entries_by_letter',
            'mod_glossary_add_entry',
            'mod_glossary_update_entry',
            'mod_glossary_delete_entry',
        ]),
    ],
];
