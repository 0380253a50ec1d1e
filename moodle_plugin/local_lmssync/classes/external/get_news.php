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
 * Function get_news.
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
use core_external\external_value;
use local_lmssync\local\change_log;
use local_lmssync\local\changes\stream;
use local_lmssync\local\json;
use local_lmssync\local\refusal;

/**
 * Facts that changed in any stream, in one call.
 */
final class get_news extends external_api {
    /** @var int largest number of rows of an answer */
    private const LARGEST = 20000;

    /** @var int most row numbers in one question */
    private const MOST_IDS = 1000;

    /**
     * Parameters.
     *
     * @return external_function_parameters
     */
    public static function execute_parameters(): external_function_parameters {
        return new external_function_parameters([
            'asked' => answers::value(
                PARAM_RAW,
                'JSON list; each with stream, courseids, either since and afterid or ids, and text = 1 for rows as one text'
            ),
            'limit' => answers::value(PARAM_INT, 'Rows of the whole answer, 1 to 20000'),
        ]);
    }

    /**
     * Answers the questions one after the other until the rows are used up; the others are left out.
     *
     * @param string $asked
     * @param int $limit
     * @return array
     */
    public static function execute(string $asked, int $limit): array {
        ['asked' => $asked, 'limit' => $limit]
            = self::validate_parameters(self::execute_parameters(), compact('asked', 'limit'));
        $context = context_system::instance();
        self::validate_context($context);
        require_capability('local/lmssync:pull', $context);
        if ($limit < 1 || $limit > self::LARGEST) {
            throw refusal::because('badlimit', ['largest' => self::LARGEST]);
        }
        $answer = [
            'now' => time(),
            'logsince' => change_log::complete_since(),
            // Moodle makes it once and keeps it also where its address changes; nobody need know it itself.
            'site' => hash('sha256', get_site_identifier()),
            'pages' => [],
        ];
        $left = $limit;
        foreach (self::read($asked) as $number => $one) {
            if ($left < 1) {
                break;
            }
            $stream = stream::named($one['stream']);
            if (isset($one['ids'])) {
                if (count($one['ids']) > $left) {
                    if (!$answer['pages']) {
                        throw refusal::because('badlimit', ['largest' => self::LARGEST]);
                    }
                    break;
                }
                $page = ['more' => false, 'since' => 0, 'afterid' => 0, 'rows' => $stream->rows($one['courseids'], $one['ids'])];
            } else {
                $page = $stream->page($one['courseids'], $one['since'], $one['afterid'], $left, $answer['now']);
                unset($page['now']);
            }
            $left -= count($page['rows']);
            $page['rows'] = get_changes::with_keys($page['rows']);
            if ($one['text']) {
                // Moodle checks every value of an answer; that takes five times as long as reading them.
                $page['text'] = json::encode($page['rows']);
                $page['rows'] = [];
            }
            $answer['pages'][] = ['asked' => $number] + $page;
        }
        return $answer;
    }

    /**
     * The questions.
     *
     * @param string $asked
     * @return array[]
     */
    private static function read(string $asked): array {
        $questions = json_decode($asked, true, 5);
        if (!is_array($questions) || !array_is_list($questions) || !$questions) {
            throw refusal::because('notquestions');
        }
        $read = [];
        foreach ($questions as $question) {
            if (!is_array($question)) {
                throw refusal::because('notquestions');
            }
            $one = [
                'stream' => clean_param($question['stream'] ?? '', PARAM_ALPHAEXT),
                'courseids' => self::numbers($question['courseids'] ?? []),
                'since' => (int) ($question['since'] ?? 0),
                'afterid' => (int) ($question['afterid'] ?? 0),
                'text' => !empty($question['text']),
            ];
            if (!$one['courseids']) {
                throw refusal::because('nocourses');
            }
            if (isset($question['ids'])) {
                $one['ids'] = self::numbers($question['ids']);
                if (!$one['ids'] || count($one['ids']) > self::MOST_IDS) {
                    throw refusal::because('badlimit', ['largest' => self::MOST_IDS]);
                }
            }
            $read[] = $one;
        }
        return $read;
    }

    /**
     * A list of whole numbers.
     *
     * @param mixed $list
     * @return int[]
     */
    private static function numbers(mixed $list): array {
        if (!is_array($list) || array_filter($list, fn($one) => !is_int($one))) {
            throw refusal::because('notquestions');
        }
        return array_values($list);
    }

    /**
     * Answer.
     *
     * @return external_single_structure
     */
    public static function execute_returns(): external_single_structure {
        return new external_single_structure([
            'now' => answers::value(PARAM_INT, 'Time of the server; rows of this second are not there yet'),
            'logsince' => answers::value(PARAM_INT, 'Since when the stream "log" is complete'),
            'site' => answers::value(PARAM_ALPHANUM, 'Which Moodle this is, whatever its address'),
            'pages' => new external_multiple_structure(new external_single_structure([
                'asked' => answers::value(PARAM_INT, 'Which question this answers, from 0'),
                'more' => answers::value(PARAM_BOOL, 'Whether another page follows'),
                'since' => answers::value(PARAM_INT, 'Cursor for the next page'),
                'afterid' => answers::value(PARAM_INT, 'Cursor for the next page'),
                'rows' => get_changes::rows_returned(),
                'text' => new external_value(
                    PARAM_RAW,
                    'The rows as JSON, where that was asked for; the list of rows is empty then',
                    VALUE_OPTIONAL,
                    null,
                    NULL_NOT_ALLOWED
                ),
            ])),
        ]);
    }
}
