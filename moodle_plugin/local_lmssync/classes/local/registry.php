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
 * The table of what was pushed.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use stdClass;

/**
 * Rows of local_lmssync_object, and the hash that a client sees of a live object.
 */
final class registry {
    /** @var string */
    public const SECTION = 'section';
    /** @var string */
    public const ACTIVITY = 'activity';
    /** @var string */
    public const CATEGORY = 'category';
    /** @var string */
    public const QUESTION = 'question';
    /** @var string */
    public const CRITERIA = 'criteria';
    /** @var string */
    public const EVENT = 'event';
    /** @var string */
    public const OVERRIDE = 'override';

    /** @var string table */
    private const TABLE = 'local_lmssync_object';

    /**
     * The row of a key, or null.
     *
     * @param int $courseid
     * @param string $kind
     * @param string $key
     * @return stdClass|null
     */
    public static function find(int $courseid, string $kind, string $key): ?stdClass {
        global $DB;
        return $DB->get_record(self::TABLE, ['courseid' => $courseid, 'kind' => $kind, 'objkey' => $key]) ?: null;
    }

    /**
     * All rows of a kind in a course, by object id.
     *
     * @param int $courseid
     * @param string $kind
     * @return stdClass[]
     */
    public static function by_object(int $courseid, string $kind): array {
        global $DB;
        $rows = [];
        foreach ($DB->get_records(self::TABLE, ['courseid' => $courseid, 'kind' => $kind], 'id') as $row) {
            $rows[(int) $row->objectid] = $row;
        }
        return $rows;
    }

    /**
     * Stores what was pushed under a key.
     *
     * @param int $courseid
     * @param string $kind
     * @param string $key
     * @param int $objectid
     * @param string $sourcehash
     * @param string $livehash
     */
    public static function put(
        int $courseid,
        string $kind,
        string $key,
        int $objectid,
        string $sourcehash,
        string $livehash
    ): void {
        global $DB, $USER;
        $row = self::find($courseid, $kind, $key) ?? (object) ['courseid' => $courseid, 'kind' => $kind, 'objkey' => $key];
        $row->objectid = $objectid;
        $row->sourcehash = $sourcehash;
        $row->livehash = $livehash;
        $row->usermodified = $USER->id;
        $row->timemodified = time();
        if (isset($row->id)) {
            $DB->update_record(self::TABLE, $row);
        } else {
            $DB->insert_record(self::TABLE, $row);
        }
    }

    /**
     * Forgets a key.
     *
     * @param int $courseid
     * @param string $kind
     * @param string $key
     */
    public static function forget(int $courseid, string $kind, string $key): void {
        global $DB;
        $DB->delete_records(self::TABLE, ['courseid' => $courseid, 'kind' => $kind, 'objkey' => $key]);
    }

    /**
     * The hash of a live object: the client's own if nothing changed since its write, else "drift:" and a piece of the fingerprint.
     *
     * @param stdClass|null $row row of the object's key
     * @param int $objectid the live object
     * @param string $fingerprint of the live rows
     * @return string
     */
    public static function hash(?stdClass $row, int $objectid, string $fingerprint): string {
        if ($row && (int) $row->objectid === $objectid && $row->livehash === $fingerprint) {
            return $row->sourcehash;
        }
        return 'drift:' . substr($fingerprint, 0, 16);
    }

    /**
     * Whether nothing is to be done; throws "stale" if the object is not as the client saw it.
     *
     * @param string $key for the message
     * @param string $live hash of the live object, empty if there is none
     * @param string $hash what the client wants
     * @param string $expect what the client saw, "*" = anything
     * @return bool true = the live object is what the client wants
     */
    public static function is_unchanged(string $key, string $live, string $hash, string $expect): bool {
        if ($live === $hash) {
            return true;
        }
        if ($expect !== '*' && $expect !== $live) {
            throw refusal::because('stale', ['key' => $key, 'expect' => $expect, 'live' => $live]);
        }
        return false;
    }

    /**
     * Checks the form of a key.
     *
     * @param string $key
     */
    public static function check_key(string $key): void {
        if (!preg_match('/^[A-Za-z0-9][A-Za-z0-9._:\/-]{0,99}$/D', $key)) {
            throw refusal::because('badkey', ['key' => $key]);
        }
    }

    /**
     * Checks the form of a hash.
     *
     * @param string $hash
     */
    public static function check_hash(string $hash): void {
        if (!preg_match('/^[0-9a-f]{64}$/D', $hash)) {
            throw refusal::because('badhash');
        }
    }

    /**
     * Observer: a course was deleted, its rows go too.
     *
     * @param \core\event\course_deleted $event
     */
    public static function forget_course(\core\event\course_deleted $event): void {
        global $DB;
        $DB->delete_records(self::TABLE, ['courseid' => $event->objectid]);
    }
}
