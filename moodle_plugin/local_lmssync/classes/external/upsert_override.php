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
 * Function upsert_override.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\external;

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_single_structure;
use local_lmssync\local\one_write;
use local_lmssync\local\overrides;

/**
 * Creates, changes or removes an override of a quiz.
 */
final class upsert_override extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => answers::value(PARAM_INT, 'Course id'),
            'activitykey' => answers::value(PARAM_RAW, 'Key of the quiz, its idnumber'),
            'groupkey' => answers::value(PARAM_RAW, 'ID number of the group; empty = it is a person\'s'),
            'userid' => answers::value(PARAM_INT, 'User id; 0 = it is a group\'s'),
        ] + answers::write_parameters() + [
            'data' => answers::value(PARAM_RAW, 'JSON: timeopen, timeclose, timelimit, attempts; or remove'),
        ]);
    }

    /**
     * Writes the override.
     *
     * @param int $courseid
     * @param string $activitykey
     * @param string $groupkey
     * @param int $userid
     * @param string $hash
     * @param string $expect
     * @param string $data
     * @return array
     */
    public static function execute(
        int $courseid,
        string $activitykey,
        string $groupkey,
        int $userid,
        string $hash,
        string $expect,
        string $data
    ): array {
        [
            'courseid' => $courseid, 'activitykey' => $activitykey, 'groupkey' => $groupkey, 'userid' => $userid,
            'hash' => $hash, 'expect' => $expect, 'data' => $data,
        ] = self::validate_parameters(
            self::execute_parameters(),
            compact('courseid', 'activitykey', 'groupkey', 'userid', 'hash', 'expect', 'data')
        );
        $course = answers::course_to_write($courseid);
        answers::check($activitykey, $hash);
        $wanted = overrides::read($data);
        return one_write::run(
            $course->id,
            fn() => overrides::upsert($course, $activitykey, $groupkey, $userid, $hash, $expect, $wanted) + ['hash' => $hash]
        );
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return answers::write_answer();
    }
}
