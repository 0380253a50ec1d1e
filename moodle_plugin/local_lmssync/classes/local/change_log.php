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
 * The log of what rows do not tell themselves.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use core\event\base;
use core\event\course_deleted;
use core\event\course_reset_ended;
use core\event\course_reset_started;
use core\event\user_enrolment_deleted;

/**
 * Listens to Moodle's events and keeps a line where a client could not see the change by the time of a row.
 *
 * Moodle deletes rows, and writes some with a time that lies back: a grade carries the date of grading, a course completion
 * that of its last criterion. What carries the present is not kept here, so that the log stays small. The lines are written
 * within the transaction of the change: rolled back with it.
 */
final class change_log {
    /** @var string table */
    public const TABLE = 'local_lmssync_log';

    /** @var int seconds by which a row's time must lie back for a line: a client reads the last minutes again anyway */
    private const LATE = 60;

    /** @var int seconds after which a line is deleted; a client that comes later compares everything */
    private const KEPT = 90 * DAYSECS;

    /** @var array ids of the courses, as keys, that are being reset */
    private static array $resetting = [];

    /**
     * Since when the log is complete.
     *
     * @return int
     */
    public static function complete_since(): int {
        return (int) get_config('local_lmssync', 'logsince');
    }

    /**
     * Begins the log, when the plugin is installed or learns to keep one.
     */
    public static function begin(): void {
        set_config('logsince', time(), 'local_lmssync');
    }

    /**
     * Deletes what is old.
     */
    public static function prune(): void {
        global $DB;
        $until = time() - self::KEPT;
        if (self::complete_since() < $until) {
            set_config('logsince', $until, 'local_lmssync');
        }
        $DB->delete_records_select(self::TABLE, 'timecreated < ?', [$until]);
    }

    /**
     * A row that changed, where its own time does not say so.
     *
     * @param base $event of a row with a time
     */
    public static function changed(base $event): void {
        [$stream, $table, $column] = [
            '\core\event\course_module_completion_updated'
                => ['activity_completion', 'course_modules_completion', 'timemodified'],
            '\core\event\course_completed' => ['course_completion', 'course_completions', 'timecompleted'],
            '\core\event\user_graded' => ['grade', 'grade_grades', 'timemodified'],
        ][$event->eventname];
        $row = $event->get_record_snapshot($table, $event->objectid);
        if ((int) $row->$column < time() - self::LATE) {
            self::add($event, $stream, (int) $event->objectid);
        }
    }

    /**
     * A row that was deleted.
     *
     * @param base $event
     */
    public static function deleted(base $event): void {
        if ($event->anonymous) {
            return; // Who answered is nobody's business, and the answer was never told.
        }
        $stream = [
            '\core\event\grade_deleted' => 'grade',
            '\core\event\user_enrolment_deleted' => 'enrolment',
            '\mod_feedback\event\response_deleted' => 'feedback_answer',
        ][$event->eventname];
        if ($stream === 'feedback_answer' && isset(self::$resetting[(int) $event->courseid])) {
            return; // Whoever resets a course takes nothing of what was said before.
        }
        self::add($event, $stream, (int) $event->objectid);
        if ($event instanceof user_enrolment_deleted) {
            self::add($event, 'last_access');
        }
    }

    /**
     * An attempt at a quiz that was deleted, opened again or marked anew, with its questions.
     *
     * @param base $event
     */
    public static function quiz_attempt(base $event): void {
        self::add($event, 'quiz_attempt', (int) ($event->other['attemptid'] ?? $event->objectid));
        self::add($event, 'question_outcome');
    }

    /**
     * An attempt at a SCORM package that was deleted.
     *
     * @param base $event
     */
    public static function scorm_attempt(base $event): void {
        self::add($event, 'scorm_track');
        self::add($event, 'scorm_interaction');
    }

    /**
     * An activity that was changed: unlocking its rules deletes everybody's completion, and says so nowhere.
     *
     * @param base $event
     */
    public static function activity_changed(base $event): void {
        self::add_whole($event, 'activity_completion');
        self::add_whole($event, 'course_completion');
    }

    /**
     * A grade item that was changed, its maximum perhaps: that is told with everybody's grade, and written into nobody's.
     *
     * @param base $event
     */
    public static function grade_item_changed(base $event): void {
        if (in_array($event->other['itemtype'] ?? '', ['course', 'mod'], true)) {
            self::add_whole($event, 'grade');
        }
    }

    /**
     * The criteria of a course that were set: everybody's completion of the course is deleted.
     *
     * @param base $event
     */
    public static function criteria_set(base $event): void {
        self::add_whole($event, 'course_completion');
    }

    /**
     * A course that begins to be reset: what it loses from now on, until the end, is not deleted by somebody who means it.
     *
     * @param course_reset_started $event
     */
    public static function reset_started(course_reset_started $event): void {
        self::$resetting[(int) $event->courseid] = true;
    }

    /**
     * A course of which much may have gone: an activity deleted, the course reset, a backup restored into it.
     *
     * @param base $event
     */
    public static function much_changed(base $event): void {
        if ($event instanceof course_reset_ended) {
            unset(self::$resetting[(int) $event->courseid]);
        }
        self::add_whole($event, '');
    }

    /**
     * A course that is no more.
     *
     * @param course_deleted $event
     */
    public static function forget_course(course_deleted $event): void {
        global $DB;
        $DB->delete_records(self::TABLE, ['courseid' => $event->objectid]);
    }

    /**
     * A line about one person.
     *
     * @param base $event
     * @param string $stream
     * @param int $rowid 0 for all rows of the person
     */
    private static function add(base $event, string $stream, int $rowid = 0): void {
        self::insert($event, $stream, (int) $event->relateduserid, $rowid);
    }

    /**
     * A line about everybody; one is enough for a second.
     *
     * @param base $event
     * @param string $stream
     */
    private static function add_whole(base $event, string $stream): void {
        global $DB;
        $same = ['courseid' => (int) $event->courseid, 'stream' => $stream, 'userid' => 0, 'timecreated' => time()];
        if (!$DB->record_exists(self::TABLE, $same)) {
            self::insert($event, $stream, 0, 0);
        }
    }

    /**
     * Stores a line.
     *
     * @param base $event
     * @param string $stream
     * @param int $userid
     * @param int $rowid
     */
    private static function insert(base $event, string $stream, int $userid, int $rowid): void {
        global $DB;
        $DB->insert_record(self::TABLE, [
            'timecreated' => time(),
            'courseid' => (int) $event->courseid,
            'userid' => $userid,
            'cmid' => $event->contextlevel == CONTEXT_MODULE ? (int) $event->contextinstanceid : 0,
            'stream' => $stream,
            'rowid' => $rowid,
        ], false);
    }
}
