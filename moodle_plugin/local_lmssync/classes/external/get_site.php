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
 * Function get_site.
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
use local_lmssync\local\site;

/**
 * Limits, switches and missing capabilities of the site.
 */
final class get_site extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([]);
    }

    /**
     * Describes the site. Needs no capability of ours: it is there to tell which ones are missing.
     *
     * @return array
     */
    public static function execute(): array {
        self::validate_context(context_system::instance());
        return site::describe();
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'plugin_version' => answers::value(PARAM_INT, 'Version of the plugin'),
            'plugin_release' => answers::value(PARAM_RAW, 'Release of the plugin'),
            'moodle_version' => answers::value(PARAM_RAW, 'Version of Moodle'),
            'moodle_release' => answers::value(PARAM_RAW, 'Release of Moodle'),
            'db_family' => answers::value(PARAM_ALPHANUM, 'postgres or mysql'),
            'max_input_vars' => answers::value(PARAM_INT, 'Form fields that PHP takes in one request'),
            'post_max_size' => answers::value(PARAM_INT, 'Bytes of a request, 0 = no limit'),
            'upload_max_filesize' => answers::value(PARAM_INT, 'Bytes of an uploaded file'),
            'multilang_filter' => answers::value(PARAM_BOOL, 'Whether multi-language texts and names are filtered'),
            'completion_enabled' => answers::value(PARAM_BOOL, 'Whether completion tracking is on'),
            'mobile_enabled' => answers::value(PARAM_BOOL, 'Whether the service of the mobile app is on'),
            'scorm_standard' => answers::value(PARAM_BOOL, 'Whether SCORM limits are enforced strictly'),
            'server_time' => answers::value(PARAM_INT, 'Time of the server'),
            'missing_capabilities' => new external_multiple_structure(
                answers::value(PARAM_CAPABILITY, 'A capability of the documented role that the account lacks')
            ),
            'missing_for_helpdesk' => new external_multiple_structure(
                answers::value(PARAM_CAPABILITY, 'A capability that the help desk needs besides and the account lacks')
            ),
            'assignable_roles' => new external_multiple_structure(new external_single_structure([
                'id' => answers::value(PARAM_INT, 'Role id'),
                'shortname' => answers::value(PARAM_RAW, 'Short name'),
            ]), 'Roles that the account may give in courses'),
        ]);
    }
}
