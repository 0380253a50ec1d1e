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
 * Facts: courses begun and completed.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of course_completions. They have no time of change: the latest of the three times stands for it.
 *
 * Moodle's cron completes a course with the time of its last criterion, which lies back; a client pulls with an overlap.
 */
final class course_completion extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT c.id, c.course AS courseid, c.userid, NULL AS cmid, c.timecompleted, c.timestarted,
                       CASE WHEN COALESCE(c.timecompleted, 0) >= COALESCE(c.timestarted, 0)
                                 AND COALESCE(c.timecompleted, 0) >= COALESCE(c.timeenrolled, 0)
                            THEN COALESCE(c.timecompleted, 0)
                            WHEN COALESCE(c.timestarted, 0) >= COALESCE(c.timeenrolled, 0)
                            THEN COALESCE(c.timestarted, 0)
                            ELSE COALESCE(c.timeenrolled, 0)
                       END AS t
                  FROM {course_completions} c
                 WHERE c.course $in";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        return [
            'timecompleted' => $row->timecompleted ? (int) $row->timecompleted : null,
            'timestarted' => (int) $row->timestarted,
        ];
    }
}
