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
 * Function set_certificates.
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
use local_lmssync\local\certificates;
use local_lmssync\local\refusal;
use local_lmssync\local\registry;

/**
 * Says what people see of their certificates.
 */
final class set_certificates extends external_api {
    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'source' => answers::value(PARAM_RAW, 'Key of the client: several may tell of one person'),
            'people' => new external_multiple_structure(new external_single_structure([
                'userid' => answers::value(PARAM_INT, 'User id'),
                'hash' => answers::value(PARAM_ALPHANUM, 'Hash of what the client wants, SHA-256 in hexadecimal digits'),
                'data' => answers::value(PARAM_RAW, 'JSON: awards, underway; empty = nothing any more'),
            ])),
        ]);
    }

    /**
     * Stores the documents of some people: all of them, or none where one cannot be read.
     *
     * @param string $source
     * @param array[] $people
     * @return array
     */
    public static function execute(string $source, array $people): array {
        global $DB;
        ['source' => $source, 'people' => $people]
            = self::validate_parameters(self::execute_parameters(), compact('source', 'people'));
        $context = context_system::instance();
        self::validate_context($context);
        require_capability('local/lmssync:setcertificates', $context);
        registry::check_key($source);
        if (count($people) > certificates::MOST) {
            throw refusal::because('badlimit', ['largest' => certificates::MOST]);
        }
        $documents = [];
        foreach ($people as $i => $person) {
            registry::check_hash($person['hash']);
            $documents[$i] = certificates::read($person['data']);
        }
        $transaction = $DB->start_delegated_transaction();
        $done = [];
        foreach ($people as $i => $person) {
            $action = certificates::put($source, $person['userid'], $person['hash'], $documents[$i]);
            $done[] = ['userid' => $person['userid'], 'action' => $action];
        }
        $transaction->allow_commit();
        return ['people' => $done];
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'people' => new external_multiple_structure(new external_single_structure([
                'userid' => answers::value(PARAM_INT, 'User id'),
                'action' => answers::value(PARAM_ALPHA, 'set, unchanged, removed, or unknown: there is no such account'),
            ])),
        ]);
    }
}
