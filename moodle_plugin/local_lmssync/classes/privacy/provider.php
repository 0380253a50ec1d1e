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
use local_lmssync\local\change_log;

/**
 * The plugin knows of a person that this account pushed an object last, and in its log that something of theirs was deleted or
 * changed. Deleting keeps the object and forgets who it was, and deletes the lines of the log. Of who has certificates it knows those.
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
        $collection->add_database_table(change_log::TABLE, [
            'userid' => 'privacy:metadata:log:userid',
            'stream' => 'privacy:metadata:log:stream',
            'timecreated' => 'privacy:metadata:log:timecreated',
        ], 'privacy:metadata:log');
        certificate_data::describe($collection);
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
        $contexts->add_from_sql(
            "SELECT x.id
               FROM {context} x
               JOIN {local_lmssync_log} l ON l.courseid = x.instanceid
              WHERE x.contextlevel = :level AND l.userid = :userid",
            ['level' => CONTEXT_COURSE, 'userid' => $userid]
        );
        certificate_data::add_context($contexts, $userid);
        return $contexts;
    }

    #[\Override]
    public static function get_users_in_context(userlist $userlist): void {
        certificate_data::add_person($userlist);
        $context = $userlist->get_context();
        if ($context instanceof context_course) {
            $userlist->add_from_sql(
                'usermodified',
                'SELECT usermodified FROM {local_lmssync_object} WHERE courseid = :courseid AND usermodified <> 0',
                ['courseid' => $context->instanceid]
            );
            $userlist->add_from_sql(
                'userid',
                'SELECT userid FROM {local_lmssync_log} WHERE courseid = :courseid AND userid <> 0',
                ['courseid' => $context->instanceid]
            );
        }
    }

    #[\Override]
    public static function export_user_data(approved_contextlist $contextlist): void {
        global $DB;
        foreach ($contextlist->get_contexts() as $context) {
            certificate_data::export($context, (int) $contextlist->get_user()->id);
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
            $lines = $DB->get_records(
                change_log::TABLE,
                ['courseid' => $context->instanceid, 'userid' => $contextlist->get_user()->id],
                'id'
            );
            $log = array_map(fn($line) => (object) [
                'stream' => $line->stream,
                'timecreated' => transform::datetime($line->timecreated),
            ], array_values($lines));
            if ($objects || $log) {
                $place = [get_string('pluginname', 'local_lmssync')];
                writer::with_context($context)->export_data($place, (object) (compact('objects') + compact('log')));
            }
        }
    }

    #[\Override]
    public static function delete_data_for_all_users_in_context(context $context): void {
        certificate_data::delete($context);
        if ($context instanceof context_course) {
            self::forget('courseid = :courseid', ['courseid' => $context->instanceid]);
        }
    }

    #[\Override]
    public static function delete_data_for_user(approved_contextlist $contextlist): void {
        foreach ($contextlist->get_contexts() as $context) {
            if ((int) $context->instanceid === (int) $contextlist->get_user()->id) {
                certificate_data::delete($context);
            }
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
        if (in_array((int) $context->instanceid, array_map('intval', $userlist->get_userids()), true)) {
            certificate_data::delete($context);
        }
        if ($context instanceof context_course && $userlist->get_userids()) {
            [$in, $params] = $DB->get_in_or_equal($userlist->get_userids(), SQL_PARAMS_NAMED);
            self::forget("courseid = :courseid AND usermodified $in", $params + ['courseid' => $context->instanceid]);
        }
    }

    /**
     * Forgets who pushed, and the lines of the log; the rows of objects stay, because they hold the keys of course content.
     *
     * @param string $where
     * @param array $params
     */
    private static function forget(string $where, array $params): void {
        global $DB;
        $DB->set_field_select(self::TABLE, 'usermodified', 0, $where, $params);
        $lines = str_replace('usermodified', 'userid', $where);
        $DB->delete_records_select(change_log::TABLE, "$lines AND userid <> 0", $params);
    }
}
