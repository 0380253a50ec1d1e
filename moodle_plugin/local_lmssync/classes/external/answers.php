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
 * Shapes that several functions share.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\external;

use context_course;
use core_external\external_api;
use core_external\external_multiple_structure;
use core_external\external_single_structure;
use core_external\external_value;
use local_lmssync\local\registry;
use stdClass;

/**
 * Parameters, checks and answers of the functions that write one object.
 */
final class answers {
    /**
     * A value that must be there.
     *
     * @param string $type
     * @param string $description
     * @return external_value
     */
    public static function value(string $type, string $description): external_value {
        return new external_value($type, $description, VALUE_REQUIRED, null, NULL_NOT_ALLOWED);
    }

    /**
     * Parameters of a write.
     *
     * @return external_value[]
     */
    public static function write_parameters(): array {
        return [
            'hash' => self::value(PARAM_ALPHANUM, 'Hash of what the client wants, SHA-256 in hexadecimal digits'),
            'expect' => self::value(PARAM_RAW, 'Hash the client saw in get_state; empty = no such object; * = any'),
        ];
    }

    /**
     * Answer of a write.
     *
     * @param array $more more values
     * @return external_single_structure
     */
    public static function write_answer(array $more = []): external_single_structure {
        return new external_single_structure(array_merge([
            'id' => self::value(PARAM_INT, 'Id of the object in Moodle'),
            'action' => self::value(PARAM_ALPHA, 'created, updated or unchanged'),
            'hash' => self::value(PARAM_RAW, 'Hash that get_state gives from now on'),
        ], $more, ['warnings' => self::warnings()]));
    }

    /**
     * The list of warnings.
     *
     * @return external_multiple_structure
     */
    public static function warnings(): external_multiple_structure {
        return new external_multiple_structure(self::value(PARAM_RAW, 'What Moodle printed, or the plugin has to say'));
    }

    /**
     * The course of a write, after the checks that all writes share.
     *
     * @param int $courseid
     * @return stdClass
     */
    public static function course_to_write(int $courseid): stdClass {
        $course = get_course($courseid);
        $context = context_course::instance($course->id);
        external_api::validate_context($context);
        require_capability('local/lmssync:push', $context);
        return $course;
    }

    /**
     * Checks key and hash of a write.
     *
     * @param string $key
     * @param string $hash
     */
    public static function check(string $key, string $hash): void {
        registry::check_key($key);
        registry::check_hash($hash);
    }
}
