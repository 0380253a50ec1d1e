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
 * Facts: status and score in SCORM packages.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Values that a SCO stored, as far as they say something about the result.
 */
final class scorm_track extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT v.id, v.timemodified AS t, s.course AS courseid, a.userid, cm.id AS cmid, a.attempt, e.element, v.value
                  FROM {scorm_scoes_value} v
                  JOIN {scorm_element} e ON e.id = v.elementid
                  JOIN {scorm_attempt} a ON a.id = v.attemptid
                  JOIN {scorm} s ON s.id = a.scormid
                  JOIN {modules} m ON m.name = 'scorm'
                  JOIN {course_modules} cm ON cm.course = s.course AND cm.module = m.id AND cm.instance = s.id
                 WHERE s.course $in AND e.element IN (
                       'cmi.core.lesson_status', 'cmi.core.score.raw', 'cmi.completion_status', 'cmi.success_status',
                       'cmi.score.raw')";
    }

    /**
     * Values of any element that were written at or after :from1.
     *
     * @param string $in condition on a course id
     * @return string SQL
     */
    public static function written_since(string $in): string {
        return "SELECT v.id
                  FROM {scorm} s
                  JOIN {scorm_attempt} a ON a.scormid = s.id
                  JOIN {scorm_scoes_value} v ON v.attemptid = a.id
                 WHERE s.course $in AND v.timemodified >= :from1";
    }

    #[\Override]
    protected function any_since(string $in): string {
        return self::written_since($in);
    }

    #[\Override]
    protected function data(stdClass $row): array {
        return ['attempt' => (int) $row->attempt, 'element' => $row->element, 'value' => (string) $row->value];
    }
}
