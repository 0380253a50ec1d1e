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
 * Function get_accounts.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\external;

use context_course;
use context_helper;
use context_system;
use context_user;
use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use stdClass;

/**
 * State of accounts, without names and e-mail addresses: of those whose user name the caller could also read elsewhere.
 */
final class get_accounts extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'userids' => new external_multiple_structure(answers::value(PARAM_INT, 'User id')),
        ]);
    }

    /**
     * Reads accounts; ids that do not exist, or that the caller may not see, are left out.
     *
     * Of a deleted account nothing is told but that it is deleted: Moodle keeps what it was called, and nobody has a use for it.
     *
     * @param int[] $userids
     * @return array[]
     */
    public static function execute(array $userids): array {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/user/lib.php');
        ['userids' => $userids] = self::validate_parameters(self::execute_parameters(), ['userids' => $userids]);
        $context = context_system::instance();
        self::validate_context($context);
        require_capability('local/lmssync:pull', $context);
        $fields = ['id', 'idnumber', 'username', 'auth', 'suspended', 'confirmed', 'deleted'];
        $blank = ['idnumber' => '', 'username' => '', 'auth' => '', 'suspended' => 0, 'confirmed' => 0];
        $accounts = [];
        foreach (array_chunk(array_unique($userids), 1000) as $chunk) {
            [$in, $params] = $DB->get_in_or_equal($chunk, SQL_PARAMS_NAMED);
            $users = $DB->get_records_sql(
                'SELECT u.' . implode(', u.', $fields) . ', ' . context_helper::get_preload_record_columns_sql('x') . "
                   FROM {user} u
              LEFT JOIN {context} x ON x.instanceid = u.id AND x.contextlevel = :level
                  WHERE u.id $in
               ORDER BY u.id",
                $params + ['level' => CONTEXT_USER]
            );
            $listed = self::in_visible_lists(array_keys($users));
            foreach ($users as $user) {
                context_helper::preload_from_record($user);
                $account = array_intersect_key((array) $user, array_flip($fields));
                if ($user->deleted) {
                    $accounts[] = $blank + $account;
                } else if (isset($listed[$user->id]) || self::may_see($user)) {
                    $accounts[] = $account;
                }
            }
        }
        return $accounts;
    }

    /**
     * Who stands in a course's list of participants that shows the caller everybody, with the ID numbers.
     *
     * What `may_see` asks of each person, asked once for each course.
     *
     * @param int[] $userids
     * @return array<int, bool> by user id
     */
    private static function in_visible_lists(array $userids): array {
        global $DB;
        if (!$userids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($userids, SQL_PARAMS_NAMED);
        $enrolled = $DB->get_recordset_sql(
            "SELECT DISTINCT e.courseid, ue.userid
               FROM {user_enrolments} ue
               JOIN {enrol} e ON e.id = ue.enrolid
              WHERE ue.userid $in",
            $params
        );
        $shown = [];
        $listed = [];
        foreach ($enrolled as $one) {
            $shown[$one->courseid] ??= self::shows_everybody((int) $one->courseid);
            if ($shown[$one->courseid]) {
                $listed[$one->userid] = true;
            }
        }
        $enrolled->close();
        return $listed;
    }

    /**
     * Whether a course's list of participants shows the caller everybody, with the ID numbers.
     *
     * @param int $courseid
     * @return bool
     */
    private static function shows_everybody(int $courseid): bool {
        $context = context_course::instance($courseid);
        return has_all_capabilities(['moodle/course:viewparticipants', 'moodle/site:viewuseridentity'], $context)
            && (groups_get_course_groupmode(get_course($courseid)) != SEPARATEGROUPS
                || has_capability('moodle/site:accessallgroups', $context));
    }

    /**
     * Whether the caller may know this account: as core shows user names, or as a course's list of participants shows them.
     *
     * @param stdClass $user
     * @return bool
     */
    private static function may_see(stdClass $user): bool {
        global $USER;
        if ((int) $user->id === (int) $USER->id) {
            return true;
        }
        if (has_capability('moodle/user:viewalldetails', context_user::instance($user->id)) && user_can_view_profile($user)) {
            return true;
        }
        foreach (enrol_get_all_users_courses($user->id) as $course) {
            context_helper::preload_from_record($course);
            $needed = ['moodle/course:viewparticipants', 'moodle/site:viewuseridentity'];
            if (
                has_all_capabilities($needed, context_course::instance($course->id))
                && groups_user_groups_visible($course, $user->id)
            ) {
                return true;
            }
        }
        return false;
    }

    /**
     * Answer.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'id' => answers::value(PARAM_INT, 'User id'),
            'idnumber' => answers::value(PARAM_RAW, 'Id number'),
            'username' => answers::value(PARAM_RAW, 'User name'),
            'auth' => answers::value(PARAM_PLUGIN, 'Login method'),
            'suspended' => answers::value(PARAM_BOOL, 'Suspended on the site'),
            'confirmed' => answers::value(PARAM_BOOL, 'Confirmed'),
            'deleted' => answers::value(PARAM_BOOL, 'Deleted'),
        ]));
    }
}
