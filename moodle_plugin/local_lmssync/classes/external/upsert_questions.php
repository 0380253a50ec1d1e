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
 * Function upsert_questions.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\external;

use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use local_lmssync\local\one_write;
use local_lmssync\local\question\bank;
use local_lmssync\local\question\storing;
use local_lmssync\local\registry;

/**
 * Stores questions of a question category.
 */
final class upsert_questions extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => answers::value(PARAM_INT, 'Course id'),
            'categorykey' => answers::value(PARAM_RAW, 'Key of the question category, its idnumber'),
            'draftitemid' => answers::value(PARAM_INT, 'Draft area with one Moodle XML file, 0 = none'),
            'data' => answers::value(PARAM_RAW, 'JSON: category {name, info}, questions [{key, hash, expect}]'),
        ]);
    }

    /**
     * Stores the questions.
     *
     * @param int $courseid
     * @param string $categorykey
     * @param int $draftitemid
     * @param string $data
     * @return array
     */
    public static function execute(int $courseid, string $categorykey, int $draftitemid, string $data): array {
        ['courseid' => $courseid, 'categorykey' => $categorykey, 'draftitemid' => $draftitemid, 'data' => $data]
            = self::validate_parameters(
                self::execute_parameters(),
                compact('courseid', 'categorykey', 'draftitemid', 'data')
            );
        $course = answers::course_to_write($courseid);
        $context = bank::context($course);
        require_capability('moodle/question:managecategory', $context);
        require_capability('moodle/question:add', $context);
        registry::check_key($categorykey);
        $wanted = storing::read($data);
        return one_write::run(
            $course->id,
            fn(one_write $write) => storing::run($course, $categorykey, $draftitemid, $wanted, $write)
        );
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'categoryid' => answers::value(PARAM_INT, 'Question category id'),
            'created' => answers::value(PARAM_INT, 'Number of new questions'),
            'updated' => answers::value(PARAM_INT, 'Number of questions with a new version'),
            'unchanged' => answers::value(PARAM_INT, 'Number of questions left alone'),
            'hidden' => answers::value(PARAM_INT, 'Number of questions hidden'),
            'questions' => new external_multiple_structure(new external_single_structure([
                'key' => answers::value(PARAM_RAW, 'Key'),
                'id' => answers::value(PARAM_INT, 'Question bank entry id'),
                'questionid' => answers::value(PARAM_INT, 'Question id of the latest version'),
                'version' => answers::value(PARAM_INT, 'Latest version'),
                'action' => answers::value(PARAM_ALPHA, 'created, updated or unchanged'),
            ])),
            'warnings' => answers::warnings(),
        ]);
    }
}
