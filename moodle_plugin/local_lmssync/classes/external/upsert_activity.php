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
 * Function upsert_activity.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\external;

use context_course;
use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_single_structure;
use local_lmssync\local\activities;
use local_lmssync\local\one_write;

/**
 * Creates or changes an activity.
 */
final class upsert_activity extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => answers::value(PARAM_INT, 'Course id'),
            'key' => answers::value(PARAM_RAW, 'Key of the activity, its idnumber'),
        ] + answers::write_parameters() + [
            'modname' => answers::value(PARAM_PLUGIN, 'Type of the activity, the name of Moodle\'s module'),
            'sectionkey' => answers::value(PARAM_RAW, 'Key of its section; empty = the general section'),
            'draftitemid' => answers::value(PARAM_INT, 'Draft area with the package or file, 0 = none'),
            'data' => answers::value(PARAM_RAW, 'JSON: the settings'),
        ]);
    }

    /**
     * Writes the activity.
     *
     * @param int $courseid
     * @param string $key
     * @param string $hash
     * @param string $expect
     * @param string $modname
     * @param string $sectionkey
     * @param int $draftitemid
     * @param string $data
     * @return array
     */
    public static function execute(
        int $courseid,
        string $key,
        string $hash,
        string $expect,
        string $modname,
        string $sectionkey,
        int $draftitemid,
        string $data
    ): array {
        [
            'courseid' => $courseid, 'key' => $key, 'hash' => $hash, 'expect' => $expect, 'modname' => $modname,
            'sectionkey' => $sectionkey, 'draftitemid' => $draftitemid, 'data' => $data,
        ] = self::validate_parameters(
            self::execute_parameters(),
            compact('courseid', 'key', 'hash', 'expect', 'modname', 'sectionkey', 'draftitemid', 'data')
        );
        $course = answers::course_to_write($courseid);
        require_capability('moodle/course:manageactivities', context_course::instance($course->id));
        answers::check($key, $hash);
        $wanted = activities::read($modname, $data);
        return one_write::run(
            $course->id,
            fn(one_write $write) => activities::upsert(
                $course,
                $key,
                $modname,
                $sectionkey,
                $hash,
                $expect,
                $wanted,
                $draftitemid,
                $write
            )
        );
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return answers::write_answer([
            'instance' => answers::value(PARAM_INT, 'Id in the table of the module'),
            'package' => new external_single_structure([
                'sha1' => answers::value(PARAM_ALPHANUM, 'SHA-1 of the stored package'),
                'version' => answers::value(PARAM_RAW, 'What Moodle takes it for'),
                'launch' => answers::value(PARAM_INT, 'Id of the SCO that is launched'),
                'size' => answers::value(PARAM_INT, 'Bytes'),
            ], 'SCORM only', VALUE_OPTIONAL),
        ]);
    }
}
