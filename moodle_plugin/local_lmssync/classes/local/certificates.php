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
 * What people see of their certificates.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use context_user;
use core\event\user_deleted;
use stdClass;

/**
 * What clients told of people's awards: one document for each person and client, shown in the profile.
 *
 * A document holds what was issued, as it stands, and what is under way, with each requirement. The words come from the client
 * in every language that it has; what depends on today's date ("expired") is worked out when the page is shown.
 */
final class certificates {
    /** @var string */
    public const TABLE = 'local_lmssync_certificates';

    /** @var int people in one call */
    public const MOST = 500;

    /** @var int bytes of one document */
    private const LONGEST = 300000;

    /** @var int groups within groups */
    private const DEEPEST = 8;

    /** @var string[] what was written about an award; that it has expired follows from its last day */
    public const STATES = ['valid', 'suspended', 'revoked', 'superseded'];

    /**
     * Documents of a client, in the order of the people.
     *
     * @param string $source the client's key
     * @param int $after only people with a higher id
     * @param int $limit
     * @return stdClass[] userid, hash
     */
    public static function known(string $source, int $after, int $limit): array {
        global $DB;
        $where = 'source = :source AND userid > :after';
        return array_values($DB->get_records_select(
            self::TABLE,
            $where,
            ['source' => $source, 'after' => $after],
            'userid',
            'userid, hash',
            0,
            $limit
        ));
    }

    /**
     * Stores the document of a person, or takes it away.
     *
     * @param string $source the client's key
     * @param int $userid
     * @param string $hash of what the client wants
     * @param array $document from read(); empty = take it away
     * @return string set, unchanged, removed, or unknown where there is no such person
     */
    public static function put(string $source, int $userid, string $hash, array $document): string {
        global $DB;
        $row = $DB->get_record(self::TABLE, ['userid' => $userid, 'source' => $source]);
        if (!$document) {
            if ($row) {
                $DB->delete_records(self::TABLE, ['id' => $row->id]);
            }
            return $row ? 'removed' : 'unchanged';
        }
        if (!$DB->record_exists('user', ['id' => $userid, 'deleted' => 0])) {
            return 'unknown';
        }
        if ($row && $row->hash === $hash) {
            return 'unchanged';
        }
        $values = ['hash' => $hash, 'data' => json::encode($document), 'timemodified' => \core\di::get(\core\clock::class)->time()];
        if ($row) {
            $DB->update_record(self::TABLE, (object) (['id' => $row->id] + $values));
        } else {
            $DB->insert_record(self::TABLE, (object) (['userid' => $userid, 'source' => $source] + $values));
        }
        return 'set';
    }

    /**
     * What is known of a person, client by client.
     *
     * @param int $userid
     * @return array[]
     */
    public static function of(int $userid): array {
        global $DB;
        $rows = $DB->get_records(self::TABLE, ['userid' => $userid], 'source', 'id, data');
        return array_map(fn($row) => json_decode($row->data, true), array_values($rows));
    }

    /**
     * Whether there is anything to show of a person.
     *
     * @param int $userid
     * @return bool
     */
    public static function any(int $userid): bool {
        global $DB;
        return $DB->record_exists(self::TABLE, ['userid' => $userid]);
    }

    /**
     * Whether whoever is logged in may see a person's certificates: their own, or with the capability.
     *
     * @param int $userid
     * @return bool
     */
    public static function may_see(int $userid): bool {
        global $USER;
        if (!isloggedin() || isguestuser()) {
            return false;
        }
        return (int) $USER->id === $userid || has_capability('local/lmssync:viewcertificates', context_user::instance($userid));
    }

    /**
     * Observer: an account was deleted, and with it what was known of the person.
     *
     * @param user_deleted $event
     */
    public static function forget_user(user_deleted $event): void {
        global $DB;
        $DB->delete_records(self::TABLE, ['userid' => $event->objectid]);
    }

    /**
     * Reads a client's document; throws where anything in it is not as it must be.
     *
     * @param string $json empty = nothing
     * @return array
     */
    public static function read(string $json): array {
        if ($json === '') {
            return [];
        }
        if (strlen($json) > self::LONGEST) {
            throw refusal::because('toolong', ['field' => 'data', 'limit' => self::LONGEST]);
        }
        $data = data_reader::from_json($json);
        $document = [
            'awards' => array_map(self::award(...), $data->objects('awards')),
            'underway' => array_map(self::under_way(...), $data->objects('underway')),
        ];
        $data->finish();
        return $document;
    }

    /**
     * An award that was issued.
     *
     * @param data_reader $data
     * @return array
     */
    private static function award(data_reader $data): array {
        $award = [
            'title' => $data->languages('title'),
            'issuer' => $data->languages('issuer'),
            'serial' => $data->title('serial'),
            'state' => $data->word('state', self::STATES),
            'issued' => self::day($data, 'issued'),
            'expires' => $data->has('expires') ? self::day($data, 'expires') : '',
            'renewfrom' => $data->has('renewfrom') ? self::day($data, 'renewfrom') : '',
            'renewuntil' => $data->has('renewuntil') ? self::day($data, 'renewuntil') : '',
            'timezone' => self::timezone($data, 'timezone'),
            'successor' => $data->has('successor') ? $data->title('successor') : '',
            'verify' => self::address($data, 'verify'),
            'page' => $data->has('page') ? self::address($data, 'page') : '',
            'pdf' => $data->has('pdf') ? self::address($data, 'pdf') : '',
        ];
        $data->finish();
        return $award;
    }

    /**
     * An award that is not issued yet.
     *
     * @param data_reader $data
     * @return array
     */
    private static function under_way(data_reader $data): array {
        $award = [
            'title' => $data->languages('title'),
            'issuer' => $data->languages('issuer'),
            'state' => $data->word('state', ['pending', 'eligible', 'approved']),
            'renewal' => $data->integer('renewal', 0, 1),
            'requirements' => self::requirements($data, 'requirements', self::DEEPEST),
        ];
        $data->finish();
        return $award;
    }

    /**
     * Requirements, and groups of them.
     *
     * @param data_reader $data
     * @param string $name
     * @param int $depth how many more levels are allowed
     * @return array[]
     */
    private static function requirements(data_reader $data, string $name, int $depth): array {
        if (!$depth) {
            throw refusal::because('datavalue', ['field' => $name, 'allowed' => '[]']);
        }
        $found = [];
        foreach ($data->objects($name) as $one) {
            $requirement = ['words' => $one->languages('words')];
            if ($one->has('items')) {
                $requirement['items'] = self::requirements($one, 'items', $depth - 1);
            } else {
                $requirement['met'] = $one->word('met', ['yes', 'no', 'spare']);
                $requirement['name'] = $one->has('name') ? $one->languages('name') : [];
                foreach (['course', 'activity'] as $key) {
                    $requirement[$key] = $one->has($key) ? $one->text($key) : '';
                    if ($requirement[$key] !== '') {
                        registry::check_key($requirement[$key]);
                    }
                }
            }
            $one->finish();
            $found[] = $requirement;
        }
        return $found;
    }

    /**
     * A day, as YYYY-MM-DD.
     *
     * @param data_reader $data
     * @param string $name
     * @return string
     */
    private static function day(data_reader $data, string $name): string {
        $value = $data->text($name);
        if (!preg_match('/^(\d{4})-(\d\d)-(\d\d)$/D', $value, $parts) || !checkdate((int) $parts[2], (int) $parts[3], (int) $parts[1])) {
            throw refusal::because('datavalue', ['field' => $name, 'allowed' => 'YYYY-MM-DD']);
        }
        return $value;
    }

    /**
     * A time zone by its name.
     *
     * @param data_reader $data
     * @param string $name
     * @return string
     */
    private static function timezone(data_reader $data, string $name): string {
        $value = $data->text($name);
        if (!in_array($value, \DateTimeZone::listIdentifiers(\DateTimeZone::ALL_WITH_BC), true)) {
            throw refusal::because('datavalue', ['field' => $name, 'allowed' => 'Europe/Tirane …']);
        }
        return $value;
    }

    /**
     * An address of a web page.
     *
     * @param data_reader $data
     * @param string $name
     * @return string
     */
    private static function address(data_reader $data, string $name): string {
        $value = $data->text($name);
        if (!preg_match('~^https?://[^\s<>"\'\\\\]{1,1000}$~D', $value)) {
            throw refusal::because('datavalue', ['field' => $name, 'allowed' => 'https://…']);
        }
        return $value;
    }
}
