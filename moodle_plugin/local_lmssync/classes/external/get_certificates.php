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
 * Function get_certificates.
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
 * Of whom a client has told certificates, and by which hash: not what.
 */
final class get_certificates extends external_api {
    /** @var int people in one answer */
    private const MOST = 10000;

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'source' => answers::value(PARAM_RAW, 'Key of the client'),
            'after' => answers::value(PARAM_INT, 'Only people with a higher id; 0 for the first page'),
            'limit' => answers::value(PARAM_INT, 'People in the answer, at most ' . self::MOST),
        ]);
    }

    /**
     * Lists them, by id.
     *
     * @param string $source
     * @param int $after
     * @param int $limit
     * @return array
     */
    public static function execute(string $source, int $after, int $limit): array {
        ['source' => $source, 'after' => $after, 'limit' => $limit]
            = self::validate_parameters(self::execute_parameters(), compact('source', 'after', 'limit'));
        $context = context_system::instance();
        self::validate_context($context);
        require_capability('local/lmssync:setcertificates', $context);
        registry::check_key($source);
        if ($limit < 1 || $limit > self::MOST) {
            throw refusal::because('badlimit', ['largest' => self::MOST]);
        }
        $people = certificates::known($source, $after, $limit);
        return ['people' => $people, 'more' => count($people) === $limit];
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
                'hash' => answers::value(PARAM_RAW, 'Hash by which the document was set'),
            ])),
            'more' => answers::value(PARAM_BOOL, 'Whether there may be further people'),
        ]);
    }
}
