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
 * Function get_changes.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\external;

use context_system;
use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use local_lmssync\local\activities;
use local_lmssync\local\changes\stream;
use local_lmssync\local\json;
use local_lmssync\local\refusal;

/**
 * Facts that changed since a cursor, one page.
 */
final class get_changes extends external_api {
    /** @var int largest page */
    private const LARGEST = 20000;

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'stream' => answers::value(PARAM_ALPHAEXT, 'Name of the stream'),
            'courseids' => new external_multiple_structure(answers::value(PARAM_INT, 'Course id')),
            'since' => answers::value(PARAM_INT, 'Time of the last row that the client has'),
            'afterid' => answers::value(PARAM_INT, 'Id of the last row that the client has'),
            'limit' => answers::value(PARAM_INT, 'Rows of a page, 1 to 20000'),
        ]);
    }

    /**
     * Reads a page.
     *
     * @param string $stream
     * @param int[] $courseids
     * @param int $since
     * @param int $afterid
     * @param int $limit
     * @return array
     */
    public static function execute(string $stream, array $courseids, int $since, int $afterid, int $limit): array {
        ['stream' => $stream, 'courseids' => $courseids, 'since' => $since, 'afterid' => $afterid, 'limit' => $limit]
            = self::validate_parameters(
                self::execute_parameters(),
                compact('stream', 'courseids', 'since', 'afterid', 'limit')
            );
        $context = context_system::instance();
        self::validate_context($context);
        require_capability('local/lmssync:pull', $context);
        if (!$courseids) {
            throw refusal::because('nocourses');
        }
        if ($limit < 1 || $limit > self::LARGEST) {
            throw refusal::because('badlimit', ['largest' => self::LARGEST]);
        }
        $page = stream::named($stream)->page($courseids, $since, $afterid, $limit);
        $page['rows'] = self::with_keys($page['rows']);
        return $page;
    }

    /**
     * Rows as they are told: with the keys of our activities, their data as JSON.
     *
     * @param array[] $rows
     * @return array[]
     */
    public static function with_keys(array $rows): array {
        $keys = self::keys($rows);
        foreach ($rows as &$row) {
            $row['key'] = $keys[$row['cmid']] ?? '';
            $row['data'] = json::encode($row['data']);
        }
        return $rows;
    }

    /**
     * Keys of our activities in the courses of these rows.
     *
     * @param array[] $rows
     * @return array<int, string> cmid => key
     */
    private static function keys(array $rows): array {
        global $DB;
        $keys = [];
        $courseids = array_unique(array_column($rows, 'courseid'));
        foreach ($DB->get_records_list('course', 'id', $courseids, '', 'id, idnumber') as $course) {
            $keys += array_map(fn($cm) => $cm->objkey, activities::ours($course));
        }
        return $keys;
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'now' => answers::value(PARAM_INT, 'Time of the server; rows of this second are not there yet'),
            'more' => answers::value(PARAM_BOOL, 'Whether another page follows'),
            'since' => answers::value(PARAM_INT, 'Cursor for the next page'),
            'afterid' => answers::value(PARAM_INT, 'Cursor for the next page'),
            'rows' => self::rows_returned(),
        ]);
    }

    /**
     * The rows of an answer.
     *
     * @return external_multiple_structure
     */
    public static function rows_returned(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'id' => answers::value(PARAM_INT, 'Id of the row in its table'),
            't' => answers::value(PARAM_INT, 'Time of the row'),
            'courseid' => answers::value(PARAM_INT, 'Course id'),
            'userid' => answers::value(PARAM_INT, 'User id'),
            'key' => answers::value(PARAM_RAW, 'Key of our activity, empty for a course or for an activity of others'),
            'cmid' => answers::value(PARAM_INT, 'Course module id, 0 for a course'),
            'data' => answers::value(PARAM_RAW, 'JSON'),
        ]));
    }
}
