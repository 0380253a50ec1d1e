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
 * Events that the plugin listens to.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

defined('MOODLE_INTERNAL') || die();

$observers = [
    [
        'eventname' => '\core\event\course_deleted',
        'callback' => '\local_lmssync\local\registry::forget_course',
    ],
    [
        'eventname' => '\core\event\user_deleted',
        'callback' => '\local_lmssync\local\certificates::forget_user',
    ],
];
// What rows do not tell themselves; see the class.
foreach (
    [
        'changed' => [
            '\core\event\course_completed',
            '\core\event\course_module_completion_updated',
            '\core\event\user_graded',
        ],
        'deleted' => [
            '\core\event\grade_deleted',
            '\core\event\user_enrolment_deleted',
            '\mod_feedback\event\response_deleted',
        ],
        'quiz_attempt' => [
            '\mod_quiz\event\attempt_deleted',
            '\mod_quiz\event\attempt_regraded',
            '\mod_quiz\event\attempt_reopened',
            '\mod_quiz\event\question_manually_graded',
        ],
        'scorm_attempt' => ['\mod_scorm\event\attempt_deleted'],
        'activity_changed' => ['\core\event\course_module_updated'],
        'grade_item_changed' => ['\core\event\grade_item_updated'],
        'criteria_set' => ['\core\event\course_completion_updated'],
        'reset_started' => ['\core\event\course_reset_started'],
        'much_changed' => [
            '\core\event\course_module_deleted',
            '\core\event\course_reset_ended',
            '\core\event\course_restored',
        ],
        'forget_course' => ['\core\event\course_deleted'],
    ] as $callback => $events
) {
    foreach ($events as $event) {
        $observers[] = ['eventname' => $event, 'callback' => "\\local_lmssync\\local\\change_log::$callback"];
    }
}
