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
 * Facts: when somebody was in a course last.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of user_lastaccess of people who are enrolled: the accounts of programs and teachers who look in are not learners. Moodle
 * writes the time at most once a minute.
 */
final class last_access extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT l.id, l.timeaccess AS t, l.courseid, l.userid, NULL AS cmid
                  FROM {user_lastaccess} l
                 WHERE l.courseid $in AND EXISTS (
                       SELECT 1
                         FROM {user_enrolments} u
                         JOIN {enrol} e ON e.id = u.enrolid
                        WHERE e.courseid = l.courseid AND u.userid = l.userid)";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        return ['at' => (int) $row->t];
    }
}
