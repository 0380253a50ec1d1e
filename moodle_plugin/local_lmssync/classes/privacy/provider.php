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
 * Privacy API.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\privacy;

use context;
use context_course;
use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;

/**
 * The plugin knows of a person only that this account pushed an object last. Deleting keeps the object and forgets who it was.
 */
final class provider implements
    \core_privacy\local\metadata\provider,
    \core_privacy\local\request\core_userlist_provider,
    \core_privacy\local\request\plugin\provider {
    /** @var string table */
    private const TABLE = 'local_lmssync_object';

    #[\Override]
    public static function get_metadata(collection $collection): collection {
        $collection->add_database_table(self::TABLE, [
            'usermodified' => 'privacy:metadata:object:usermodified',
            'timemodified' => 'privacy:metadata:object:timemodified',
        ], 'privacy:metadata:object');
        $collection->add_external_location_link('client', [
            'userid' => 'privacy:metadata:client:userid',
            'account' => 'privacy:metadata:client:account',
            'facts' => 'privacy:metadata:client:facts',
        ], 'privacy:metadata:client');
        return $collection;
    }

    #[\Override]
    public static function get_contexts_for_userid(int $userid): contextlist {
        $contexts = new contextlist();
        $contexts->add_from_sql(
            "SELECT x.id
               FROM {context} x
               JOIN {local_lmssync_object} o ON o.courseid = x.instanceid
              WHERE x.contextlevel = :level AND o.usermodified = :userid",
            ['level' => CONTEXT_COURSE, 'userid' => $userid]
        );
        return $contexts;
    }

    #[\Override]
    public static function get_users_in_context(userlist $userlist): void {
        $context = $userlist->get_context();
        if ($context instanceof context_course) {
            $userlist->add_from_sql(
                'usermodified',
                'SELECT usermodified FROM {local_lmssync_object} WHERE courseid = :courseid AND usermodified <> 0',
                ['courseid' => $context->instanceid]
            );
        }
    }

    #[\Override]
    public static function export_user_data(approved_contextlist $contextlist): void {
        global $DB;
        foreach ($contextlist->get_contexts() as $context) {
            if (!$context instanceof context_course) {
                continue;
            }
            $rows = $DB->get_records(
                self::TABLE,
                ['courseid' => $context->instanceid, 'usermodified' => $contextlist->get_user()->id],
                'id'
            );
            $objects = array_map(fn($row) => (object) [
                'kind' => $row->kind,
                'key' => $row->objkey,
                'timemodified' => transform::datetime($row->timemodified),
            ], array_values($rows));
            if ($objects) {
                $place = [get_string('pluginname', 'local_lmssync')];
                writer::with_context($context)->export_data($place, (object) ['objects' => $objects]);
            }
        }
    }

    #[\Override]
    public static function delete_data_for_all_users_in_context(context $context): void {
        if ($context instanceof context_course) {
            self::forget('courseid = :courseid', ['courseid' => $context->instanceid]);
        }
    }

    #[\Override]
    public static function delete_data_for_user(approved_contextlist $contextlist): void {
        foreach ($contextlist->get_contexts() as $context) {
            if ($context instanceof context_course) {
                self::forget('courseid = :courseid AND usermodified = :userid', [
                    'courseid' => $context->instanceid,
                    'userid' => $contextlist->get_user()->id,
                ]);
            }
        }
    }

    #[\Override]
    public static function delete_data_for_users(approved_userlist $userlist): void {
        global $DB;
        $context = $userlist->get_context();
        if ($context instanceof context_course && $userlist->get_userids()) {
            [$in, $params] = $DB->get_in_or_equal($userlist->get_userids(), SQL_PARAMS_NAMED);
            self::forget("courseid = :courseid AND usermodified $in", $params + ['courseid' => $context->instanceid]);
        }
    }

    /**
     * Forgets who pushed; the rows stay, because they hold the keys of course content.
     *
     * @param string $where
     * @param array $params
     */
    private static function forget(string $where, array $params): void {
        global $DB;
        $DB->set_field_select(self::TABLE, 'usermodified', 0, $where, $params);
    }
}
