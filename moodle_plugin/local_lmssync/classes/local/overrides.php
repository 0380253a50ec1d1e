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
 * Overrides of quizzes: other dates, time limits and attempts for a group or a person.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use context_course;
use context_module;
use mod_quiz\quiz_settings;
use stdClass;

/**
 * Finds, describes and writes overrides of the quizzes that were pushed.
 *
 * Moodle knows an override by its quiz and its group or person, of whom there can be one each. Ours are those in our table: a
 * client that is to take away only its own must be able to tell them from those of teachers, also without a memory of its own.
 */
final class overrides {
    /** @var string[] what can be other than the quiz says; the password of an override is none of our business and stays */
    private const VALUES = ['timeopen', 'timeclose', 'timelimit', 'attempts'];

    /**
     * All overrides of our quizzes in a course, whoever made them.
     *
     * @param stdClass $course
     * @param stdClass[] $cms from activities::ours()
     * @return array[] for get_state
     */
    public static function state(stdClass $course, array $cms): array {
        global $DB;
        $keys = [];
        foreach ($cms as $cm) {
            if ($cm->modname === 'quiz') {
                $keys[(int) $cm->instance] = $cm->objkey;
            }
        }
        if (!$keys) {
            return [];
        }
        $entries = registry::by_object($course->id, registry::OVERRIDE);
        [$in, $params] = $DB->get_in_or_equal(array_keys($keys));
        $list = [];
        $rows = $DB->get_records_sql(
            "SELECT o.*, g.idnumber AS groupkey
               FROM {quiz_overrides} o
          LEFT JOIN {groups} g ON g.id = o.groupid
              WHERE o.quiz $in
           ORDER BY o.id",
            $params
        );
        foreach ($rows as $row) {
            $list[] = [
                'activity' => $keys[(int) $row->quiz],
                'group' => (string) $row->groupkey ?: ($row->groupid ? "id:$row->groupid" : ''),
                'userid' => (int) $row->userid,
                'id' => (int) $row->id,
                'hash' => registry::hash($entries[(int) $row->id] ?? null, (int) $row->id, self::fingerprint($row)),
                'fields' => self::fields($row),
            ];
        }
        return $list;
    }

    /**
     * Reads the data of a client.
     *
     * @param string $json
     * @return array|null the values, those that are not there as null; null = the override is to go
     */
    public static function read(string $json): ?array {
        $data = data_reader::from_json($json);
        if ($data->has('remove')) {
            $data->integer('remove', 1, 1);
            $data->finish();
            return null;
        }
        $wanted = array_fill_keys(self::VALUES, null);
        foreach (['timeopen' => 1 << 33, 'timeclose' => 1 << 33, 'timelimit' => 31536000, 'attempts' => 1000] as $name => $max) {
            if ($data->has($name)) {
                // Moodle takes nought for "as the quiz says", except for attempts, where it is "as many as one likes".
                $wanted[$name] = $data->integer($name, $name === 'attempts' ? 0 : 1, $max);
            }
        }
        $data->finish();
        if (!array_filter($wanted, fn($value) => $value !== null)) {
            throw refusal::because('datamissing', ['field' => implode(' | ', self::VALUES)]);
        }
        return $wanted;
    }

    /**
     * Creates, changes or removes an override.
     *
     * @param stdClass $course
     * @param string $activitykey
     * @param string $groupkey ID number of a group of the course, empty = it is a person's
     * @param int $userid
     * @param string $hash
     * @param string $expect
     * @param array|null $wanted from read()
     * @return array id and action
     */
    public static function upsert(
        stdClass $course,
        string $activitykey,
        string $groupkey,
        int $userid,
        string $hash,
        string $expect,
        ?array $wanted
    ): array {
        global $DB;
        $cm = activities::find($course, $activitykey);
        if (!$cm || $cm->modname !== 'quiz') {
            throw refusal::because('unknownactivity', ['key' => $activitykey]);
        }
        require_capability('mod/quiz:manageoverrides', context_module::instance($cm->id));
        $whose = self::whose($course, $groupkey, $userid);
        $key = "$activitykey:" . ($groupkey !== '' ? $groupkey : "user-$userid");
        $row = $DB->get_record('quiz_overrides', ['quiz' => $cm->instance] + $whose) ?: null;
        $entry = $row ? registry::find($course->id, registry::OVERRIDE, "override-$row->id") : null;
        $live = $row ? registry::hash($entry, (int) $row->id, self::fingerprint($row)) : '';
        if ($wanted === null) {
            return self::remove($course, $cm, $row, $entry, $key, $live, $expect);
        }
        if (registry::is_unchanged($key, $live, $hash, $expect)) {
            return ['id' => (int) $row->id, 'action' => 'unchanged'];
        }
        $quiz = $DB->get_record('quiz', ['id' => $cm->instance], '*', MUST_EXIST);
        foreach ($wanted as $name => $value) {
            if ($value !== null && (int) $quiz->$name === $value) {
                // To Moodle a value that the quiz has anyway is no override.
                throw refusal::because('notkept', ['key' => $key, 'field' => $name]);
            }
        }
        $form = $wanted + ($row ? ['id' => (int) $row->id, 'password' => $row->password] : []);
        $form += array_filter($whose);
        $id = quiz_settings::create($cm->instance)->get_override_manager()->save_override($form);
        $now = $DB->get_record('quiz_overrides', ['id' => $id], '*', MUST_EXIST);
        foreach (self::fields($now) as $name => $value) {
            if ($value !== $wanted[$name]) {
                throw refusal::because('notkept', ['key' => $key, 'field' => $name]);
            }
        }
        registry::put($course->id, registry::OVERRIDE, "override-$id", $id, $hash, self::fingerprint($now));
        return ['id' => (int) $id, 'action' => $row ? 'updated' : 'created'];
    }

    /**
     * Removes an override of ours.
     *
     * @param stdClass $course
     * @param stdClass $cm
     * @param stdClass|null $row
     * @param stdClass|null $entry
     * @param string $key for messages
     * @param string $live
     * @param string $expect
     * @return array id and action
     */
    private static function remove(
        stdClass $course,
        stdClass $cm,
        ?stdClass $row,
        ?stdClass $entry,
        string $key,
        string $live,
        string $expect
    ): array {
        if (!$row) {
            return ['id' => 0, 'action' => 'unchanged'];
        }
        if (!$entry || ($expect !== '*' && $expect !== $live)) {
            // Somebody else's is never taken away, whatever the client says.
            throw refusal::because('stale', ['key' => $key, 'expect' => $expect, 'live' => $live]);
        }
        quiz_settings::create($cm->instance)->get_override_manager()->delete_overrides_by_id([(int) $row->id]);
        registry::forget($course->id, registry::OVERRIDE, $entry->objkey);
        return ['id' => (int) $row->id, 'action' => 'removed'];
    }

    /**
     * Whose an override is, as columns of the table.
     *
     * @param stdClass $course
     * @param string $groupkey
     * @param int $userid
     * @return array groupid and userid, one of them null
     */
    private static function whose(stdClass $course, string $groupkey, int $userid): array {
        global $DB;
        if ($groupkey !== '') {
            $found = $DB->get_records('groups', ['courseid' => $course->id, 'idnumber' => $groupkey], 'id', 'id');
            if (count($found) !== 1) {
                throw refusal::because($found ? 'ambiguous' : 'unknowngroup', ['key' => $groupkey]);
            }
            return ['groupid' => (int) key($found), 'userid' => null];
        }
        if (!is_enrolled(context_course::instance($course->id), $userid)) {
            throw refusal::because('notenrolled', ['id' => $userid]);
        }
        return ['groupid' => null, 'userid' => $userid];
    }

    /**
     * Live values.
     *
     * @param stdClass $row
     * @return array
     */
    private static function fields(stdClass $row): array {
        $fields = [];
        foreach (self::VALUES as $name) {
            $fields[$name] = $row->$name === null ? null : (int) $row->$name;
        }
        return $fields;
    }

    /**
     * Fingerprint of a live override. A password that somebody added is theirs and no edit of ours.
     *
     * @param stdClass $row
     * @return string
     */
    private static function fingerprint(stdClass $row): string {
        return json::fingerprint(self::fields($row) + ['group' => (int) $row->groupid, 'user' => (int) $row->userid]);
    }
}
