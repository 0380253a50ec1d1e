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
 * Who can open an activity, and when.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use stdClass;

/**
 * Moodle's "restrict access" as far as a client says it: from, until, and members of one of some groups.
 *
 * Dates are shown to those who come too early or too late; who is in none of the groups does not see the activity.
 */
final class availability {
    /** @var array what "no restriction" is */
    public const NONE = ['from' => 0, 'until' => 0, 'groups' => []];

    /**
     * Reads the restrictions that a client wants.
     *
     * @param data_reader $data
     * @return array all of them
     */
    public static function read(data_reader $data): array {
        $wanted = self::NONE;
        foreach (['from', 'until'] as $name) {
            if ($data->has($name)) {
                $wanted[$name] = $data->integer($name, 0, PHP_INT_MAX);
            }
        }
        if ($wanted['until'] && $wanted['until'] <= $wanted['from']) {
            throw refusal::because('datavalue', ['field' => 'available.until', 'allowed' => "> $wanted[from]"]);
        }
        if ($data->has('groups')) {
            $wanted['groups'] = array_values(array_unique($data->strings('groups')));
            sort($wanted['groups'], SORT_STRING);
        }
        $data->finish();
        return $wanted;
    }

    /**
     * The live restrictions. Those that cannot be said otherwise come as Moodle keeps them, under "other".
     *
     * @param stdClass $cm row of course_modules
     * @return array
     */
    public static function live(stdClass $cm): array {
        $tree = json_decode((string) $cm->availability, true);
        if (!$tree || empty($tree['c'])) {
            return self::NONE;
        }
        $live = self::describe($cm, $tree);
        return $live && self::tree($live, self::group_ids($cm->course, $live['groups'])) == $tree
            ? $live
            : self::NONE + ['other' => $tree];
    }

    /**
     * The text for the database.
     *
     * @param stdClass $course
     * @param array $wanted from read()
     * @return string empty = no restriction
     */
    public static function text(stdClass $course, array $wanted): string {
        global $CFG;
        if ($wanted === self::NONE) {
            return '';
        }
        if (empty($CFG->enableavailability)) {
            throw refusal::because('noavailability');
        }
        $ids = self::group_ids($course->id, $wanted['groups']);
        foreach ($wanted['groups'] as $key) {
            if (!isset($ids[$key])) {
                throw refusal::because('unknowngroup', ['key' => $key]);
            }
        }
        return json_encode(self::tree($wanted, $ids));
    }

    /**
     * The tree of conditions.
     *
     * @param array $wanted
     * @param array<string, int> $ids of the groups
     * @return array
     */
    private static function tree(array $wanted, array $ids): array {
        $conditions = [];
        $shown = [];
        foreach (['from' => '>=', 'until' => '<'] as $name => $direction) {
            if ($wanted[$name]) {
                $conditions[] = ['type' => 'date', 'd' => $direction, 't' => $wanted[$name]];
                $shown[] = true;
            }
        }
        $groups = array_map(fn($key) => ['type' => 'group', 'id' => $ids[$key] ?? 0], $wanted['groups']);
        if ($groups) {
            $conditions[] = count($groups) === 1 ? $groups[0] : ['op' => '|', 'c' => $groups];
            $shown[] = false;
        }
        return ['op' => '&', 'c' => $conditions, 'showc' => $shown];
    }

    /**
     * What a tree says, if it is one of ours; whether it is, the caller finds by making the tree again.
     *
     * @param stdClass $cm
     * @param array $tree
     * @return array|null
     */
    private static function describe(stdClass $cm, array $tree): ?array {
        global $DB;
        $live = self::NONE;
        $ids = [];
        foreach ($tree['c'] as $condition) {
            if (($condition['type'] ?? '') === 'date') {
                $live[$condition['d'] === '<' ? 'until' : 'from'] = (int) $condition['t'];
            } else {
                $ids = [...$ids, ...array_column($condition['c'] ?? [$condition], 'id')];
            }
        }
        foreach ($ids as $id) {
            $key = $DB->get_field('groups', 'idnumber', ['id' => (int) $id, 'courseid' => $cm->course]);
            if ((string) $key === '') {
                return null;
            }
            $live['groups'][] = $key;
        }
        return $live;
    }

    /**
     * Ids of groups by their idnumbers.
     *
     * @param int $courseid
     * @param string[] $keys
     * @return array<string, int> those that are there
     */
    private static function group_ids(int $courseid, array $keys): array {
        global $DB;
        if (!$keys) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($keys);
        $rows = $DB->get_records_select('groups', "courseid = ? AND idnumber $in", [$courseid, ...$params], '', 'id, idnumber');
        return array_map('intval', array_column($rows, 'id', 'idnumber'));
    }
}
