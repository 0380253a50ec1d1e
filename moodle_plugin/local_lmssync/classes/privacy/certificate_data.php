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
 * What is known of people's certificates, for the Privacy API.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\privacy;

use context;
use context_user;
use core_privacy\local\metadata\collection;
use core_privacy\local\request\contextlist;
use core_privacy\local\request\transform;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use local_lmssync\local\certificates;

/**
 * The part of the provider that is about the table of certificates: it lies in the contexts of the people themselves.
 */
final class certificate_data {
    /**
     * Declares the table.
     *
     * @param collection $collection
     */
    public static function describe(collection $collection): void {
        $collection->add_database_table(certificates::TABLE, [
            'userid' => 'privacy:metadata:certificates:userid',
            'data' => 'privacy:metadata:certificates:data',
            'timemodified' => 'privacy:metadata:certificates:timemodified',
        ], 'privacy:metadata:certificates');
    }

    /**
     * Adds the context of a person of whom something is known.
     *
     * @param contextlist $contexts
     * @param int $userid
     */
    public static function add_context(contextlist $contexts, int $userid): void {
        $contexts->add_from_sql(
            'SELECT x.id
               FROM {context} x
               JOIN {' . certificates::TABLE . '} c ON c.userid = x.instanceid
              WHERE x.contextlevel = :level AND c.userid = :userid',
            ['level' => CONTEXT_USER, 'userid' => $userid]
        );
    }

    /**
     * Adds the person of a context.
     *
     * @param userlist $userlist
     */
    public static function add_person(userlist $userlist): void {
        $context = $userlist->get_context();
        if ($context instanceof context_user) {
            $userlist->add_from_sql(
                'userid',
                'SELECT userid FROM {' . certificates::TABLE . '} WHERE userid = :userid',
                ['userid' => $context->instanceid]
            );
        }
    }

    /**
     * Exports what is known of a person.
     *
     * @param context $context
     * @param int $userid whose data are exported
     */
    public static function export(context $context, int $userid): void {
        global $DB;
        if (!$context instanceof context_user || (int) $context->instanceid !== $userid) {
            return;
        }
        foreach ($DB->get_records(certificates::TABLE, ['userid' => $userid], 'id') as $row) {
            writer::with_context($context)->export_data(
                [get_string('pluginname', 'local_lmssync'), get_string('certificates', 'local_lmssync'), $row->source],
                (object) ['certificates' => json_decode($row->data), 'timemodified' => transform::datetime($row->timemodified)]
            );
        }
    }

    /**
     * Deletes what is known of the person of a context.
     *
     * @param context $context
     */
    public static function delete(context $context): void {
        global $DB;
        if ($context instanceof context_user) {
            $DB->delete_records(certificates::TABLE, ['userid' => $context->instanceid]);
        }
    }
}
