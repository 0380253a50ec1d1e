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
 * Facts: what rows do not tell themselves.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of our own log: what was deleted, and what changed without a new time. The client then asks for the rows by number.
 *
 * A row number of 0 stands for all rows of the person, a person of 0 for all rows of the course, an empty stream for all streams.
 */
final class log extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT l.id, l.timecreated AS t, l.courseid, l.userid, l.cmid, l.stream, l.rowid
                  FROM {local_lmssync_log} l
                 WHERE l.courseid $in";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        return ['stream' => $row->stream, 'rowid' => (int) $row->rowid];
    }
}
