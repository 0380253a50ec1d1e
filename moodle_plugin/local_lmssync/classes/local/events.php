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
 * Calendar events of a course.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use calendar_event;
use stdClass;

/**
 * Finds, describes and writes the calendar events that were pushed: events of the course, or of one of its groups.
 *
 * An event carries its key in the column "uuid", which Moodle shows nowhere and leaves alone, so that it is found again after
 * the plugin was installed anew. What somebody moved into another calendar is theirs.
 */
final class events {
    /** @var string before the key in "uuid" */
    private const PREFIX = 'local_lmssync:';

    /**
     * The rows of event that are ours, in the order in which they were made.
     *
     * @param int $courseid
     * @return stdClass[] each with "objkey" and "entry" (row of our table or null)
     */
    public static function ours(int $courseid): array {
        global $DB;
        $entries = registry::by_object($courseid, registry::EVENT);
        $pushed = array_column($entries, 'objkey');
        $where = 'courseid = :course AND ' . $DB->sql_like('uuid', ':prefix');
        $params = ['course' => $courseid, 'prefix' => $DB->sql_like_escape(self::PREFIX) . '%'];
        $ours = [];
        $found = [];
        foreach ($DB->get_records_select('event', $where, $params, 'id') as $event) {
            $event->entry = $entries[(int) $event->id] ?? null;
            $event->objkey = $event->entry->objkey ?? substr($event->uuid, strlen(self::PREFIX));
            $found[$event->objkey][] = $event;
        }
        foreach ($found as $key => $events) {
            // A copy that somebody brought back beside the pushed one is no second object.
            $known = array_filter($events, fn($event) => $event->entry !== null);
            array_push($ours, ...($known ?: $events));
        }
        return $ours;
    }

    /**
     * Our event with this key, or null.
     *
     * @param int $courseid
     * @param string $key
     * @return stdClass|null
     */
    public static function find(int $courseid, string $key): ?stdClass {
        $found = array_values(array_filter(self::ours($courseid), fn($event) => $event->objkey === $key));
        if (count($found) > 1) {
            throw refusal::because('ambiguous', ['key' => $key]);
        }
        return $found[0] ?? null;
    }

    /**
     * Live values.
     *
     * @param stdClass $event
     * @return array
     */
    public static function fields(stdClass $event): array {
        return [
            'name' => (string) $event->name,
            'description' => (string) $event->description,
            'location' => (string) $event->location,
            'start' => (int) $event->timestart,
            'duration' => (int) $event->timeduration,
            'group' => self::group_key((int) $event->groupid),
            'visible' => (int) $event->visible,
        ];
    }

    /**
     * Hash of a live event.
     *
     * @param stdClass $event
     * @return string
     */
    public static function hash(stdClass $event): string {
        return registry::hash($event->entry, (int) $event->id, self::fingerprint($event));
    }

    /**
     * Fingerprint of a live event.
     *
     * @param stdClass $event
     * @return string
     */
    private static function fingerprint(stdClass $event): string {
        return json::fingerprint(self::fields($event) + [
            'format' => (int) $event->format,
            'eventtype' => $event->eventtype,
            'repeatid' => (int) $event->repeatid,
        ]);
    }

    /**
     * Reads the data of a client.
     *
     * @param string $json
     * @return array only what is there
     */
    public static function read(string $json): array {
        $data = data_reader::from_json($json);
        $wanted = ['name' => $data->title('name', 1333)];
        if ($data->has('description')) {
            $wanted['description'] = $data->text('description');
        }
        if ($data->has('location')) {
            $wanted['location'] = $data->text('location');
            if ($wanted['location'] !== trim($wanted['location'])) {
                throw refusal::because('badtext', ['field' => 'location']);
            }
        }
        if ($data->has('start')) {
            $wanted['start'] = $data->integer('start', 1, 1 << 33);
        }
        if ($data->has('duration')) {
            $wanted['duration'] = $data->integer('duration', 0, 366 * DAYSECS);
        }
        if ($data->has('group')) {
            $wanted['group'] = $data->text('group');
        }
        if ($data->has('visible')) {
            $wanted['visible'] = $data->integer('visible', 0, 1);
        }
        $data->finish();
        return $wanted;
    }

    /**
     * Creates or changes an event.
     *
     * @param stdClass $course
     * @param string $key
     * @param string $hash
     * @param string $expect
     * @param array $wanted from read()
     * @return array id and action
     */
    public static function upsert(stdClass $course, string $key, string $hash, string $expect, array $wanted): array {
        global $CFG;
        require_once($CFG->dirroot . '/calendar/lib.php');

        $live = self::find($course->id, $key);
        if (registry::is_unchanged($key, $live ? self::hash($live) : '', $hash, $expect)) {
            return ['id' => (int) $live->id, 'action' => 'unchanged'];
        }
        if (!$live && !isset($wanted['start'])) {
            throw refusal::because('datamissing', ['field' => 'start']);
        }
        $columns = self::columns($course, $wanted) + ['courseid' => (int) $course->id, 'uuid' => self::PREFIX . $key];
        if ($live) {
            calendar_event::load((int) $live->id)->update((object) (['id' => (int) $live->id] + $columns), false);
        } else {
            calendar_event::create((object) ($columns + self::empty_row()), false);
        }
        $made = self::find($course->id, $key);
        $fields = self::fields($made);
        foreach ($wanted as $name => $value) {
            if ($fields[$name] !== $value) {
                throw refusal::because('notkept', ['key' => $key, 'field' => $name]);
            }
        }
        registry::put($course->id, registry::EVENT, $key, (int) $made->id, $hash, self::fingerprint($made));
        return ['id' => (int) $made->id, 'action' => $live ? 'updated' : 'created'];
    }

    /**
     * The columns that the client's values fill.
     *
     * @param stdClass $course
     * @param array $wanted
     * @return array
     */
    private static function columns(stdClass $course, array $wanted): array {
        $columns = ['name' => $wanted['name'], 'format' => FORMAT_HTML];
        $names = ['description' => 'description', 'location' => 'location', 'start' => 'timestart', 'duration' => 'timeduration'];
        foreach ($names + ['visible' => 'visible'] as $name => $column) {
            if (isset($wanted[$name])) {
                $columns[$column] = $wanted[$name];
            }
        }
        if (isset($wanted['group'])) {
            $columns['groupid'] = self::group_id($course, $wanted['group']);
            $columns['eventtype'] = $columns['groupid'] ? 'group' : 'course';
        }
        return $columns;
    }

    /**
     * What a new event has besides.
     *
     * @return array
     */
    private static function empty_row(): array {
        global $USER;
        return [
            'description' => '',
            'location' => '',
            'timeduration' => 0,
            'groupid' => 0,
            'eventtype' => 'course',
            'visible' => 1,
            'categoryid' => 0,
            'userid' => $USER->id,
            'modulename' => '',
            'instance' => 0,
            'repeatid' => 0,
        ];
    }

    /**
     * The group of a key in the course; 0 for none.
     *
     * @param stdClass $course
     * @param string $key
     * @return int
     */
    private static function group_id(stdClass $course, string $key): int {
        global $DB;
        if ($key === '') {
            return 0;
        }
        $found = $DB->get_records('groups', ['courseid' => $course->id, 'idnumber' => $key], 'id', 'id');
        if (!$found) {
            throw refusal::because('unknowngroup', ['key' => $key]);
        }
        return (int) reset($found)->id;
    }

    /**
     * The key of a group; empty for none.
     *
     * @param int $groupid
     * @return string
     */
    private static function group_key(int $groupid): string {
        global $DB;
        if (!$groupid) {
            return '';
        }
        return (string) $DB->get_field('groups', 'idnumber', ['id' => $groupid]) ?: "id:$groupid";
    }
}
