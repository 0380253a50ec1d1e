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
 * Function get_questions.
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
use local_lmssync\local\question\bank;
use local_lmssync\local\question\exporting;

/**
 * The questions of a course's bank as Moodle XML, one page.
 */
final class get_questions extends external_api {
    /** @var int most questions of a page */
    private const MOST = 500;

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => answers::value(PARAM_INT, 'Course id'),
            'after' => answers::value(PARAM_INT, 'next of the page before; 0 = the first page'),
            'limit' => answers::value(PARAM_INT, 'Most questions of the page, 1 to 500'),
        ]);
    }

    /**
     * Reads a page.
     *
     * @param int $courseid
     * @param int $after
     * @param int $limit
     * @return array
     */
    public static function execute(int $courseid, int $after, int $limit): array {
        ['courseid' => $courseid, 'after' => $after, 'limit' => $limit]
            = self::validate_parameters(self::execute_parameters(), compact('courseid', 'after', 'limit'));
        // Who may read a course's questions and their answers could also write them.
        $course = answers::course_to_write($courseid);
        require_capability('moodle/question:viewall', bank::context($course));
        raise_memory_limit(MEMORY_EXTRA);
        return exporting::page($course, max(0, $after), max(1, min($limit, self::MOST)));
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'questions' => new external_multiple_structure(new external_single_structure([
                'id' => answers::value(PARAM_INT, 'Question bank entry id'),
                'key' => answers::value(PARAM_RAW, 'Its idnumber, empty = none'),
                'categoryid' => answers::value(PARAM_INT, 'Question category id'),
                'questionid' => answers::value(PARAM_INT, 'Question id of the latest version that is not hidden'),
                'version' => answers::value(PARAM_INT, 'That version'),
                'status' => answers::value(PARAM_ALPHA, 'ready or draft'),
                'qtype' => answers::value(PARAM_RAW, 'Type'),
                'name' => answers::value(PARAM_RAW, 'Name'),
                'xml' => answers::value(PARAM_RAW, 'The question as Moodle XML with its files; empty = cannot be exported'),
            ])),
            'next' => answers::value(PARAM_INT, 'after of the next page, 0 = that was all'),
        ]);
    }
}
