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
 * Function get_accounts.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\external;

use context_system;
use core_external\external_api;
use core_external\external_function_parameters;
use core_external\external_multiple_structure;
use core_external\external_single_structure;

/**
 * State of accounts, without names and e-mail addresses.
 */
final class get_accounts extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'userids' => new external_multiple_structure(answers::value(PARAM_INT, 'User id')),
        ]);
    }

    /**
     * Reads accounts; ids that do not exist are left out.
     *
     * @param int[] $userids
     * @return array[]
     */
    public static function execute(array $userids): array {
        global $DB;
        ['userids' => $userids] = self::validate_parameters(self::execute_parameters(), ['userids' => $userids]);
        $context = context_system::instance();
        self::validate_context($context);
        require_capability('local/lmssync:pull', $context);
        $fields = 'id, idnumber, username, auth, suspended, confirmed, deleted';
        $accounts = [];
        foreach (array_chunk(array_unique($userids), 1000) as $chunk) {
            foreach ($DB->get_records_list('user', 'id', $chunk, 'id', $fields) as $user) {
                $accounts[] = (array) $user;
            }
        }
        return $accounts;
    }

    /**
     * Answer.
     *
     * @return external_multiple_structure
     */
    public static function execute_returns(): external_multiple_structure {
        return new external_multiple_structure(new external_single_structure([
            'id' => answers::value(PARAM_INT, 'User id'),
            'idnumber' => answers::value(PARAM_RAW, 'Id number'),
            'username' => answers::value(PARAM_RAW, 'User name'),
            'auth' => answers::value(PARAM_PLUGIN, 'Login method'),
            'suspended' => answers::value(PARAM_BOOL, 'Suspended on the site'),
            'confirmed' => answers::value(PARAM_BOOL, 'Confirmed'),
            'deleted' => answers::value(PARAM_BOOL, 'Deleted'),
        ]));
    }
}
