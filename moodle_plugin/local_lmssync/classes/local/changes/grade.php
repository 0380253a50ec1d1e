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
 * Facts: grades of activities and courses.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use stdClass;

/**
 * Rows of grade_grades. Moodle makes empty ones for learners without a grade; they say nothing and are left out.
 */
final class grade extends stream {
    #[\Override]
    protected function select(string $in): string {
        return "SELECT g.id, COALESCE(g.timemodified, g.timecreated, 0) AS t, i.courseid, g.userid, cm.id AS cmid,
                       i.itemtype, g.finalgrade, i.grademax, i.gradepass
                  FROM {grade_grades} g
                  JOIN {grade_items} i ON i.id = g.itemid
             LEFT JOIN {modules} m ON i.itemtype = 'mod' AND m.name = i.itemmodule
             LEFT JOIN {course_modules} cm ON cm.course = i.courseid AND cm.module = m.id AND cm.instance = i.iteminstance
                 WHERE i.courseid $in
                       AND (i.itemtype = 'course' OR (i.itemtype = 'mod' AND i.itemnumber = 0))
                       AND (g.timemodified IS NOT NULL OR g.finalgrade IS NOT NULL)";
    }

    #[\Override]
    protected function data(stdClass $row): array {
        return [
            'item' => $row->itemtype,
            'grade' => self::number($row->finalgrade),
            'max' => (float) $row->grademax,
            'pass' => (float) $row->gradepass,
        ];
    }
}
