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
 * Completion criteria of a course.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use completion_aggregation;
use completion_criteria_activity;
use completion_info;
use context_course;
use stdClass;

/**
 * Course completion by activities. Setting criteria makes Moodle forget every course completion, so equal ones are left alone.
 */
final class criteria {
    /** @var string key in our table: a course has one set of criteria */
    private const KEY = 'criteria';

    /**
     * The criteria as a client sees them, or null if there are none and never were.
     *
     * @param stdClass $course
     * @param array<int, string> $keys our activities, cmid => key
     * @return array|null
     */
    public static function state(stdClass $course, array $keys): ?array {
        $row = registry::find($course->id, registry::CRITERIA, self::KEY);
        $live = self::live($course, $keys);
        if (!$row && !$live['activities']) {
            return null;
        }
        return ['hash' => registry::hash($row, $course->id, self::fingerprint($course))] + $live + [
            'locked' => ($completed = self::losses($course->id)) > 0,
            'completed' => $completed,
        ];
    }

    /**
     * Reads the data of a client.
     *
     * @param string $json
     * @return array activities, aggregation, accept
     */
    public static function read(string $json): array {
        $data = data_reader::from_json($json);
        $wanted = [
            'activities' => array_values(array_unique($data->strings('activities'))),
            'aggregation' => $data->has('aggregation') ? $data->word('aggregation', ['all', 'any']) : 'all',
            'accept' => $data->has('accept') ? $data->strings('accept') : [],
        ];
        $data->finish();
        return $wanted;
    }

    /**
     * Sets the criteria.
     *
     * @param stdClass $course
     * @param string $hash
     * @param string $expect
     * @param array $wanted from read()
     * @return array id, action, hash
     */
    public static function set(stdClass $course, string $hash, string $expect, array $wanted): array {
        self::load();
        $row = registry::find($course->id, registry::CRITERIA, self::KEY);
        $state = self::state($course, []);
        $unchanged = registry::is_unchanged(self::KEY, $state['hash'] ?? '', $hash, $expect);
        if ($unchanged) {
            return ['id' => (int) $course->id, 'action' => 'unchanged', 'hash' => $hash];
        }
        $cmids = array_map(fn($key) => self::tracked_cm($course, $key), $wanted['activities']);
        if (!self::equal($course, $cmids, $wanted['aggregation'])) {
            $losses = self::losses($course->id);
            if ($losses && !in_array('criteria', $wanted['accept'], true)) {
                throw refusal::because('criterialocked', ['n' => $losses]);
            }
            self::write($course, $cmids, $wanted['aggregation']);
        }
        registry::put($course->id, registry::CRITERIA, self::KEY, $course->id, $hash, self::fingerprint($course));
        return ['id' => (int) $course->id, 'action' => $row || $state ? 'updated' : 'created', 'hash' => $hash];
    }

    /**
     * Loads Moodle's completion classes.
     */
    public static function load(): void {
        global $CFG;
        require_once($CFG->libdir . '/completionlib.php');
        require_once($CFG->dirroot . '/completion/completion_aggregation.php');
        require_once($CFG->dirroot . '/completion/criteria/completion_criteria.php');
        require_once($CFG->dirroot . '/completion/criteria/completion_criteria_activity.php');
    }

    /**
     * Number of learners who would lose something if the criteria were set again.
     *
     * @param int $courseid
     * @return int
     */
    public static function losses(int $courseid): int {
        global $DB;
        return $DB->count_records_sql(
            "SELECT COUNT(DISTINCT u.userid)
               FROM (SELECT userid FROM {course_completion_crit_compl} WHERE course = :course1
                      UNION
                     SELECT userid FROM {course_completions} WHERE course = :course2 AND timecompleted IS NOT NULL) u",
            ['course1' => $courseid, 'course2' => $courseid]
        );
    }

    /**
     * Live criteria.
     *
     * @param stdClass $course
     * @param array<int, string> $keys our activities, cmid => key
     * @return array activities ("cmid:<id>" for those of others, "type:<n>" for criteria of another type), aggregation
     */
    private static function live(stdClass $course, array $keys): array {
        global $DB;
        self::load();
        $activities = [];
        foreach ($DB->get_records('course_completion_criteria', ['course' => $course->id], 'id') as $criterion) {
            if ((int) $criterion->criteriatype === COMPLETION_CRITERIA_TYPE_ACTIVITY) {
                $cmid = (int) $criterion->moduleinstance;
                $activities[] = $keys[$cmid] ?? "cmid:$cmid";
            } else {
                $activities[] = "type:$criterion->criteriatype";
            }
        }
        sort($activities, SORT_STRING);
        return ['activities' => $activities, 'aggregation' => self::aggregation($course)];
    }

    /**
     * Live aggregation: all or any. The overall one and that of activities both have a say.
     *
     * @param stdClass $course
     * @return string
     */
    private static function aggregation(stdClass $course): string {
        global $DB;
        $methods = $DB->get_records_select(
            'course_completion_aggr_methd',
            'course = ? AND (criteriatype IS NULL OR criteriatype = ?)',
            [$course->id, COMPLETION_CRITERIA_TYPE_ACTIVITY],
            '',
            'id, method'
        );
        $methods = array_unique(array_column($methods, 'method'));
        return $methods && max($methods) == COMPLETION_AGGREGATION_ANY ? 'any' : 'all';
    }

    /**
     * Fingerprint of the live criteria.
     *
     * @param stdClass $course
     * @return string
     */
    private static function fingerprint(stdClass $course): string {
        return json::fingerprint(self::live($course, []));
    }

    /**
     * Whether the live criteria are these.
     *
     * @param stdClass $course
     * @param int[] $cmids
     * @param string $aggregation
     * @return bool
     */
    private static function equal(stdClass $course, array $cmids, string $aggregation): bool {
        $activities = array_map(fn($cmid) => "cmid:$cmid", $cmids);
        sort($activities, SORT_STRING);
        $live = self::live($course, []);
        return $live['activities'] === $activities && (!$activities || $live['aggregation'] === $aggregation);
    }

    /**
     * The course module of a key; Moodle would take any number.
     *
     * @param stdClass $course
     * @param string $key
     * @return int
     */
    private static function tracked_cm(stdClass $course, string $key): int {
        $cm = activities::find($course, $key);
        if (!$cm) {
            throw refusal::because('unknownactivity', ['key' => $key]);
        }
        if ((int) $cm->completion === COMPLETION_TRACKING_NONE || !$course->enablecompletion) {
            throw refusal::because('activitynottracked', ['key' => $key]);
        }
        return (int) $cm->id;
    }

    /**
     * Replaces the criteria.
     *
     * @param stdClass $course
     * @param int[] $cmids
     * @param string $aggregation
     */
    private static function write(stdClass $course, array $cmids, string $aggregation): void {
        global $DB;
        if ($DB->record_exists('course_completion_criteria', ['course' => $course->id])) {
            // Also deletes the completions of all learners.
            (new completion_info($course))->clear_criteria();
        } else {
            $DB->delete_records('course_completion_aggr_methd', ['course' => $course->id]);
        }
        $data = (object) ['id' => $course->id, 'criteria_activity' => array_fill_keys($cmids, 1)];
        (new completion_criteria_activity())->update_config($data);
        $method = $aggregation === 'any' ? COMPLETION_AGGREGATION_ANY : COMPLETION_AGGREGATION_ALL;
        foreach ([null, COMPLETION_CRITERIA_TYPE_ACTIVITY] as $type) {
            $row = new completion_aggregation(['course' => $course->id, 'criteriatype' => $type]);
            $row->setMethod($method);
            $row->save();
        }
        \core\event\course_completion_updated::create([
            'courseid' => $course->id,
            'context' => context_course::instance($course->id),
        ])->trigger();
    }
}
