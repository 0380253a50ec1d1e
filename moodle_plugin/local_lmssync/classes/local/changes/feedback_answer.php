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
 * Facts: answers to questionnaires.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of feedback_completed that were given with the person's name. Anonymous ones are left out altogether: Moodle keeps who
 * gave them, and their time would tell it even without.
 */
final class feedback_answer extends stream {
    /** @var string what Moodle calls an answer with a name */
    private const WITH_NAME = '2';

    #[\Override]
    protected function select(string $in): string {
        return "SELECT c.id, c.timemodified AS t, f.course AS courseid, c.userid, cm.id AS cmid
                  FROM {feedback_completed} c
                  JOIN {feedback} f ON f.id = c.feedback
                  JOIN {modules} m ON m.name = 'feedback'
                  JOIN {course_modules} cm ON cm.course = f.course AND cm.module = m.id AND cm.instance = f.id
                 WHERE c.anonymous_response = " . self::WITH_NAME . " AND f.anonymous = " . self::WITH_NAME . "
                       AND c.userid <> 0 AND f.course $in";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        global $DB;
        $values = $DB->get_records_sql(
            "SELECT v.id, i.label, i.typ, v.value
               FROM {feedback_value} v
               JOIN {feedback_item} i ON i.id = v.item
              WHERE v.completed = ?
           ORDER BY v.id",
            [$row->id]
        );
        $answers = [];
        foreach ($values as $value) {
            // "0" is a choice that was not made; a text or a number may be nought.
            $none = in_array($value->typ, ['multichoice', 'multichoicerated'], true) ? ['', '0'] : [''];
            if ($value->label !== '' && !in_array($value->value, $none, true)) {
                $answers[$value->label] = $value->value;
            }
        }
        return ['answers' => (object) $answers];
    }
}
