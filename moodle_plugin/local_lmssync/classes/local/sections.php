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
 * Sections of a course.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use core_courseformat\formatactions;
use stdClass;

/**
 * Finds, describes and writes the sections that were pushed.
 *
 * Sections have no idnumber, so our table is the only key. A position counts our own sections only: what others add
 * between them changes nothing. It is no part of the fingerprint, because one new section moves all that follow.
 */
final class sections {
    /**
     * The rows of course_sections that are ours, in course order.
     *
     * @param int $courseid
     * @return stdClass[] each with "objkey" and "entry" (row of our table)
     */
    public static function ours(int $courseid): array {
        global $DB;
        $entries = registry::by_object($courseid, registry::SECTION);
        $ours = [];
        foreach ($DB->get_records('course_sections', ['course' => $courseid], 'section') as $section) {
            if (isset($entries[(int) $section->id])) {
                $section->entry = $entries[(int) $section->id];
                $section->objkey = $section->entry->objkey;
                $ours[] = $section;
            }
        }
        return $ours;
    }

    /**
     * Our section with this key, or null.
     *
     * @param int $courseid
     * @param string $key
     * @return stdClass|null
     */
    public static function find(int $courseid, string $key): ?stdClass {
        foreach (self::ours($courseid) as $section) {
            if ($section->objkey === $key) {
                return $section;
            }
        }
        return null;
    }

    /**
     * The section for an activity.
     *
     * @param int $courseid
     * @param string $key empty = the general section at the top
     * @return stdClass
     */
    public static function target(int $courseid, string $key): stdClass {
        global $DB;
        if ($key === '') {
            return $DB->get_record('course_sections', ['course' => $courseid, 'section' => 0], '*', MUST_EXIST);
        }
        $section = self::find($courseid, $key);
        if (!$section) {
            throw refusal::because('nosection', ['key' => $key]);
        }
        return $section;
    }

    /**
     * Live values, without the position.
     *
     * @param stdClass $section
     * @return array
     */
    public static function fields(stdClass $section): array {
        return [
            'name' => (string) $section->name,
            'summary' => (string) $section->summary,
            'visible' => (int) $section->visible,
        ];
    }

    /**
     * Hash of a live section.
     *
     * @param stdClass $section
     * @return string
     */
    public static function hash(stdClass $section): string {
        return registry::hash($section->entry, (int) $section->id, self::fingerprint($section));
    }

    /**
     * Fingerprint of a live section.
     *
     * @param stdClass $section
     * @return string
     */
    public static function fingerprint(stdClass $section): string {
        return json::fingerprint(self::fields($section) + [
            'summaryformat' => (int) $section->summaryformat,
            'availability' => (string) $section->availability,
        ]);
    }

    /**
     * Creates or changes a section.
     *
     * @param stdClass $course
     * @param string $key
     * @param string $hash
     * @param string $expect
     * @param array $wanted name, summary, visible, position; only what is to be set
     * @return array id and action
     */
    public static function upsert(stdClass $course, string $key, string $hash, string $expect, array $wanted): array {
        global $CFG;
        require_once($CFG->dirroot . '/course/lib.php');

        $section = self::find($course->id, $key);
        $unchanged = registry::is_unchanged($key, $section ? self::hash($section) : '', $hash, $expect);
        $position = $wanted['position'] ?? null;
        unset($wanted['position']);
        if ($unchanged && ($position === null || self::rank($course->id, $key) === self::reachable($course->id, $position))) {
            return ['id' => (int) $section->id, 'action' => 'unchanged'];
        }
        $id = $section ? (int) $section->id : self::create($course, $position);
        if (!$unchanged) {
            $live = get_fast_modinfo($course)->get_section_info_by_id($id, MUST_EXIST);
            formatactions::section($course)->update($live, $wanted + ['summaryformat' => FORMAT_HTML]);
        }
        if ($section && $position !== null) {
            self::move($course, $key, $position);
        }
        self::remember($course->id, $key, $id, $hash);
        return ['id' => $id, 'action' => $section ? 'updated' : 'created'];
    }

    /**
     * Stores hash and fingerprint of the section as it is now.
     *
     * @param int $courseid
     * @param string $key
     * @param int $id
     * @param string $hash
     */
    private static function remember(int $courseid, string $key, int $id, string $hash): void {
        global $DB;
        $section = $DB->get_record('course_sections', ['id' => $id], '*', MUST_EXIST);
        registry::put($courseid, registry::SECTION, $key, $id, $hash, self::fingerprint($section));
    }

    /**
     * Creates an empty section behind our section that precedes it.
     *
     * @param stdClass $course
     * @param int|null $position among our sections, null = last
     * @return int section id
     */
    private static function create(stdClass $course, ?int $position): int {
        $ours = self::ours($course->id);
        if (!$ours) {
            $number = 0; // The end of the course.
        } else if ($position === 1) {
            $number = (int) $ours[0]->section;
        } else {
            $before = min(($position ?? PHP_INT_MAX) - 1, count($ours));
            $number = (int) $ours[$before - 1]->section + 1;
        }
        return (int) course_create_section($course, $number)->id;
    }

    /**
     * Moves a section to its position among ours.
     *
     * @param stdClass $course
     * @param string $key
     * @param int $position
     */
    private static function move(stdClass $course, string $key, int $position): void {
        $rank = self::rank($course->id, $key);
        $position = self::reachable($course->id, $position);
        if ($rank === $position) {
            return;
        }
        $ours = self::ours($course->id);
        $here = (int) $ours[$rank - 1]->section;
        // The section that stands there now makes room: upwards when we come from above it, downwards otherwise.
        $there = (int) $ours[$position - 1]->section;
        move_section_to($course, $here, $there, true);
    }

    /**
     * Position of a section among ours, from 1.
     *
     * @param int $courseid
     * @param string $key
     * @return int
     */
    public static function rank(int $courseid, string $key): int {
        $keys = array_column(self::ours($courseid), 'objkey');
        return (int) array_search($key, $keys, true) + 1;
    }

    /**
     * A position that exists.
     *
     * @param int $courseid
     * @param int $position
     * @return int
     */
    private static function reachable(int $courseid, int $position): int {
        return max(1, min($position, count(self::ours($courseid))));
    }
}
