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
 * Facts: activities completed, or no longer.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of course_modules_completion.
 */
final class activity_completion extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT c.id, c.timemodified AS t, cm.course AS courseid, c.userid, cm.id AS cmid, c.completionstate,
                       cm.completionpassgrade
                  FROM {course_modules_completion} c
                  JOIN {course_modules} cm ON cm.id = c.coursemoduleid
                 WHERE cm.course $in";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        global $CFG;
        require_once($CFG->libdir . '/completionlib.php');
        $state = (int) $row->completionstate;
        return [
            'state' => $state,
            // A failed grade completes an activity that asks for a grade, but not one that asks for a passing grade.
            'complete' => $state === COMPLETION_COMPLETE || $state === COMPLETION_COMPLETE_PASS
                || ($state === COMPLETION_COMPLETE_FAIL && !$row->completionpassgrade),
        ];
    }
}
