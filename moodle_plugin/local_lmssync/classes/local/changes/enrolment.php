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
 * Facts: who is enrolled.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of user_enrolments: a row for each way in which a person is enrolled in a course.
 */
final class enrolment extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT u.id, CASE WHEN u.timemodified >= u.timecreated THEN u.timemodified ELSE u.timecreated END AS t,
                       e.courseid, u.userid, NULL AS cmid, u.status, e.status AS methodstatus, e.enrol, u.timestart, u.timeend
                  FROM {user_enrolments} u
                  JOIN {enrol} e ON e.id = u.enrolid
                 WHERE e.courseid $in";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        return [
            'enrolled' => (int) $row->status === ENROL_USER_ACTIVE && (int) $row->methodstatus === ENROL_INSTANCE_ENABLED,
            'method' => $row->enrol,
            'from' => (int) $row->timestart,
            'until' => (int) $row->timeend,
        ];
    }
}
