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
 * What was pushed into a course, as it is now.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use local_lmssync\local\question\bank;
use stdClass;

/**
 * Collects the state of a course: what is ours, who is enrolled, which groups are ours. What others made is never listed.
 */
final class state {
    /**
     * The state.
     *
     * @param stdClass $course
     * @return array
     */
    public static function of(stdClass $course): array {
        $cms = activities::ours($course);
        return [
            'courseid' => (int) $course->id,
            'sections' => self::sections($course),
            'activities' => self::activities($course, $cms),
            'categories' => self::categories($course),
            'questions' => self::questions($course),
            'criteria' => criteria::state($course, array_map(fn($cm) => $cm->objkey, $cms)),
            'events' => self::events($course),
            'groups' => self::groups($course),
            'overrides' => overrides::state($course, $cms),
            'enrolments' => self::enrolments($course),
        ];
    }

    /**
     * Our sections.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function sections(stdClass $course): array {
        $list = [];
        foreach (sections::ours($course->id) as $i => $section) {
            $list[] = [
                'key' => $section->objkey,
                'id' => (int) $section->id,
                'number' => (int) $section->section,
                'hash' => sections::hash($section),
                'fields' => sections::fields($section) + ['position' => $i + 1],
            ];
        }
        return $list;
    }

    /**
     * Our activities.
     *
     * @param stdClass $course
     * @param stdClass[] $cms
     * @return array[]
     */
    private static function activities(stdClass $course, array $cms): array {
        $sections = registry::by_object($course->id, registry::SECTION);
        $completions = self::completions($course);
        $list = [];
        foreach ($cms as $cm) {
            $fields = activities::fields($cm);
            $item = [
                'key' => $cm->objkey,
                'id' => (int) $cm->id,
                'instance' => (int) $cm->instance,
                'modname' => $cm->modname,
                'section' => $sections[(int) $cm->section]->objkey ?? '',
                'hash' => activities::hash($cm, $fields),
                'fields' => $fields,
                'attempts' => 0,
                'completions' => $completions[(int) $cm->id] ?? 0,
            ];
            if ($adapter = activities::adapter($cm->modname)) {
                $instance = activities::instance($cm);
                $item = array_merge($item, $adapter->extra($cm, $instance), $adapter->traces($instance), [
                    'attempts' => $adapter->users_with_attempts($instance),
                ]);
            }
            $list[] = $item;
        }
        return $list;
    }

    /**
     * Number of users with a completion state, by course module.
     *
     * @param stdClass $course
     * @return array<int, int>
     */
    private static function completions(stdClass $course): array {
        global $DB;
        return array_map('intval', $DB->get_records_sql_menu(
            "SELECT c.coursemoduleid, COUNT(c.id)
               FROM {course_modules_completion} c
               JOIN {course_modules} cm ON cm.id = c.coursemoduleid
              WHERE cm.course = ? AND c.completionstate <> 0
           GROUP BY c.coursemoduleid",
            [$course->id]
        ));
    }

    /**
     * Our question categories: pushed ones, and those that hold questions with keys of ours.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function categories(stdClass $course): array {
        $rows = registry::by_object($course->id, registry::CATEGORY);
        $ours = [];
        foreach (bank::all_entries($course) as $entry) {
            if (str_starts_with($entry->objkey, "$entry->category:")) {
                $ours[$entry->category] = true;
            }
        }
        $list = [];
        foreach (bank::categories($course) as $category) {
            $row = $rows[(int) $category->id] ?? null;
            if (!$row && !isset($ours[$category->idnumber])) {
                continue;
            }
            $list[] = [
                'key' => $category->idnumber,
                'id' => (int) $category->id,
                'hash' => registry::hash($row, (int) $category->id, bank::category_fingerprint($category)),
                'fields' => bank::category_fields($category),
            ];
        }
        return $list;
    }

    /**
     * Our questions: pushed ones, and those whose idnumber begins with that of their category.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function questions(stdClass $course): array {
        $rows = registry::by_object($course->id, registry::QUESTION);
        $list = [];
        foreach (bank::all_entries($course) as $entry) {
            $row = $rows[(int) $entry->id] ?? null;
            if (!$row && !str_starts_with($entry->objkey, "$entry->category:")) {
                continue;
            }
            $list[] = [
                'key' => $entry->objkey,
                'id' => (int) $entry->id,
                'category' => (string) $entry->category,
                'questionid' => (int) $entry->questionid,
                'version' => (int) $entry->version,
                'status' => $entry->status,
                'hash' => registry::hash($row, (int) $entry->id, bank::question_fingerprint($entry)),
                'fields' => bank::question_fields($entry),
            ];
        }
        return $list;
    }

    /**
     * Our calendar events.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function events(stdClass $course): array {
        return array_map(fn($event) => [
            'key' => $event->objkey,
            'id' => (int) $event->id,
            'hash' => events::hash($event),
            'fields' => events::fields($event),
        ], events::ours((int) $course->id));
    }

    /**
     * Groups whose idnumber begins with that of the course, with their members.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function groups(stdClass $course): array {
        global $DB;
        if ($course->idnumber === '') {
            return [];
        }
        $list = [];
        $where = 'courseid = :course AND ' . $DB->sql_like('idnumber', ':prefix');
        $params = ['course' => $course->id, 'prefix' => $DB->sql_like_escape("$course->idnumber/") . '%'];
        foreach ($DB->get_records_select('groups', $where, $params, 'id', 'id, idnumber, name') as $group) {
            $list[(int) $group->id] = [
                'id' => (int) $group->id,
                'idnumber' => $group->idnumber,
                'name' => $group->name,
                'members' => [],
            ];
        }
        $members = $DB->get_recordset_sql(
            "SELECT m.groupid, m.userid FROM {groups_members} m JOIN {groups} g ON g.id = m.groupid
              WHERE g.courseid = ? ORDER BY m.id",
            [$course->id]
        );
        foreach ($members as $member) {
            if (isset($list[(int) $member->groupid])) {
                $list[(int) $member->groupid]['members'][] = (int) $member->userid;
            }
        }
        $members->close();
        return array_values($list);
    }

    /**
     * All enrolments: user, status (0 active, 1 suspended), method.
     *
     * @param stdClass $course
     * @return array[]
     */
    private static function enrolments(stdClass $course): array {
        global $DB;
        $list = [];
        $rows = $DB->get_recordset_sql(
            "SELECT ue.id, ue.userid, ue.status, e.enrol
               FROM {user_enrolments} ue
               JOIN {enrol} e ON e.id = ue.enrolid
              WHERE e.courseid = ?
           ORDER BY ue.id",
            [$course->id]
        );
        foreach ($rows as $row) {
            $list[] = [(int) $row->userid, (int) $row->status, $row->enrol];
        }
        $rows->close();
        return $list;
    }
}
