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
 * Function upsert_section.
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
use local_lmssync\local\data_reader;
use local_lmssync\local\one_write;
use local_lmssync\local\sections;

/**
 * Creates or changes a section.
 */
final class upsert_section extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'courseid' => answers::value(PARAM_INT, 'Course id'),
            'key' => answers::value(PARAM_RAW, 'Key of the section'),
        ] + answers::write_parameters() + [
            'data' => answers::value(PARAM_RAW, 'JSON: name, summary, visible, position'),
        ]);
    }

    /**
     * Writes the section.
     *
     * @param int $courseid
     * @param string $key
     * @param string $hash
     * @param string $expect
     * @param string $data
     * @return array
     */
    public static function execute(int $courseid, string $key, string $hash, string $expect, string $data): array {
        ['courseid' => $courseid, 'key' => $key, 'hash' => $hash, 'expect' => $expect, 'data' => $data]
            = self::validate_parameters(self::execute_parameters(), compact('courseid', 'key', 'hash', 'expect', 'data'));
        $course = answers::course_to_write($courseid);
        $context = context_course::instance($course->id);
        require_capability('moodle/course:update', $context);
        answers::check($key, $hash);
        $wanted = self::read($data);
        if (isset($wanted['visible'])) {
            require_capability('moodle/course:sectionvisibility', $context);
        }
        if (isset($wanted['position'])) {
            require_capability('moodle/course:movesections', $context);
        }
        return one_write::run(
            $course->id,
            fn() => sections::upsert($course, $key, $hash, $expect, $wanted) + ['hash' => $hash]
        );
    }

    /**
     * Reads the data.
     *
     * @param string $json
     * @return array
     */
    private static function read(string $json): array {
        $data = data_reader::from_json($json);
        // A section without a name is shown under its number.
        $wanted = ['name' => $data->text('name') === '' ? '' : $data->title('name')];
        if ($data->has('summary')) {
            $wanted['summary'] = $data->text('summary');
        }
        if ($data->has('visible')) {
            $wanted['visible'] = $data->integer('visible', 0, 1);
        }
        if ($data->has('position')) {
            $wanted['position'] = $data->integer('position', 1, 1000);
        }
        $data->finish();
        return $wanted;
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
