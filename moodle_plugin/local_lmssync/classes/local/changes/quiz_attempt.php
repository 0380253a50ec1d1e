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
 * Facts: quiz attempts.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of quiz_attempts, previews of trainers left out.
 */
final class quiz_attempt extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT a.id, a.timemodified AS t, q.course AS courseid, a.userid, cm.id AS cmid, a.attempt, a.state,
                       a.sumgrades, q.sumgrades AS maxgrade, a.timestart, a.timefinish
                  FROM {quiz_attempts} a
                  JOIN {quiz} q ON q.id = a.quiz
                  JOIN {modules} m ON m.name = 'quiz'
                  JOIN {course_modules} cm ON cm.course = q.course AND cm.module = m.id AND cm.instance = q.id
                 WHERE a.preview = 0 AND q.course $in";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        return [
            'attempt' => (int) $row->attempt,
            'state' => $row->state,
            'sumgrades' => self::number($row->sumgrades),
            'max' => (float) $row->maxgrade,
            'timestart' => (int) $row->timestart,
            'timefinish' => (int) $row->timefinish,
        ];
    }
}
