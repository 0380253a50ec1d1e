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
 * Facts: what SCORM packages recorded of single questions.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use core_text;
use stdClass;

/**
 * One row for each interaction of an attempt: the value that names it, with its siblings.
 */
final class scorm_interaction extends stream {
    /** @var int longest text that is told */
    private const LONGEST = 255;

    /** @var array<string, string> elements that are told => our name; of two, SCORM 1.2 has the first and 2004 the second */
    private const TOLD = [
        'id' => 'id',
        'type' => 'type',
        'student_response' => 'response',
        'learner_response' => 'response',
        'result' => 'result',
    ];

    #[\Override]
    protected function select(string $in): string {
        global $DB;
        // Any part may be the last to be written.
        $prefix = $DB->sql_concat($DB->sql_substr('e.element', 1, $DB->sql_length('e.element') . ' - 2'), "'%'");
        return "SELECT v.id, s.course AS courseid, a.userid, cm.id AS cmid, a.attempt, e.element, v.attemptid, v.scoid,
                       (SELECT MAX(v2.timemodified)
                          FROM {scorm_scoes_value} v2
                          JOIN {scorm_element} e2 ON e2.id = v2.elementid
                         WHERE v2.attemptid = v.attemptid AND v2.scoid = v.scoid AND e2.element LIKE $prefix) AS t
                  FROM {scorm_scoes_value} v
                  JOIN {scorm_element} e ON e.id = v.elementid
                  JOIN {scorm_attempt} a ON a.id = v.attemptid
                  JOIN {scorm} s ON s.id = a.scormid
                  JOIN {modules} m ON m.name = 'scorm'
                  JOIN {course_modules} cm ON cm.course = s.course AND cm.module = m.id AND cm.instance = s.id
                 WHERE s.course $in AND e.element LIKE 'cmi.interactions%.id' AND e.element NOT LIKE '%objectives%'";
    }

    #[\Override]
    protected function any_since(string $in): string {
        return scorm_track::written_since($in);
    }

    #[\Override]
    protected function data(stdClass $row): array {
        global $DB;
        $prefix = substr($row->element, 0, -strlen('id'));
        $values = $DB->get_records_sql_menu(
            "SELECT e.element, v.value
               FROM {scorm_scoes_value} v
               JOIN {scorm_element} e ON e.id = v.elementid
              WHERE v.attemptid = ? AND v.scoid = ? AND " . $DB->sql_like('e.element', '?'),
            [$row->attemptid, $row->scoid, $DB->sql_like_escape($prefix) . '%']
        );
        $told = ['attempt' => (int) $row->attempt, 'type' => '', 'response' => '', 'result' => ''];
        foreach (self::TOLD as $element => $name) {
            if (isset($values[$prefix . $element])) {
                $told[$name] = core_text::substr((string) $values[$prefix . $element], 0, self::LONGEST);
            }
        }
        return $told;
    }
}
