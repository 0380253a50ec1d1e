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
 * Questions of a course as Moodle XML.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\question;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->libdir . '/questionlib.php');
require_once($CFG->dirroot . '/question/format.php');
require_once($CFG->dirroot . '/question/format/xml/format.php');

use core_question\local\bank\question_version_status;
use qformat_xml;
use stdClass;
use Throwable;

/**
 * Reads the newest version of every question in the course's bank, page by page, as Moodle's own exporter writes it.
 */
final class exporting {
    /** @var int bytes after which a page ends: pictures travel inside the XML */
    private const PAGE_BYTES = 4000000;

    /**
     * One page.
     *
     * @param stdClass $course
     * @param int $after id of the last bank entry of the page before, 0 = the first page
     * @param int $limit most questions of the page
     * @return array questions, next (0 = that was all)
     */
    public static function page(stdClass $course, int $after, int $limit): array {
        $entries = self::entries($course, $after, $limit + 1);
        $more = count($entries) > $limit;
        $page = array_slice($entries, 0, $limit);
        $loaded = question_load_questions(array_map(fn($entry) => (int) $entry->questionid, $page));
        $list = [];
        $bytes = 0;
        $last = 0;
        foreach ($page as $i => $entry) {
            \core_php_time_limit::raise();
            $question = self::describe($course, $entry, is_array($loaded) ? $loaded[(int) $entry->questionid] ?? null : null);
            $bytes += strlen($question['xml']);
            $list[] = $question;
            $last = (int) $entry->id;
            if ($bytes >= self::PAGE_BYTES) {
                $more = $more || $i < count($page) - 1;
                break;
            }
        }
        return ['questions' => $list, 'next' => $more ? $last : 0];
    }

    /**
     * Bank entries of the course's bank with their newest version that is not hidden, in the order of their ids.
     *
     * @param stdClass $course
     * @param int $after
     * @param int $limit
     * @return stdClass[]
     */
    private static function entries(stdClass $course, int $after, int $limit): array {
        global $DB;
        return array_values($DB->get_records_sql(
            "SELECT e.id, e.idnumber, e.questioncategoryid, v.questionid, v.version, v.status, q.qtype, q.name
               FROM {question_bank_entries} e
               JOIN {question_categories} c ON c.id = e.questioncategoryid
               JOIN {question_versions} v ON v.questionbankentryid = e.id
                    AND v.version = (SELECT MAX(v2.version) FROM {question_versions} v2
                                      WHERE v2.questionbankentryid = e.id AND v2.status <> :hidden1)
               JOIN {question} q ON q.id = v.questionid
              WHERE c.contextid = :context AND e.id > :after AND q.parent = 0 AND q.qtype <> 'random' AND v.status <> :hidden2
           ORDER BY e.id",
            [
                'context' => bank::context($course)->id,
                'after' => $after,
                'hidden1' => question_version_status::QUESTION_STATUS_HIDDEN,
                'hidden2' => question_version_status::QUESTION_STATUS_HIDDEN,
            ],
            0,
            $limit
        ));
    }

    /**
     * One question; without XML where its type is not installed or cannot be exported.
     *
     * @param stdClass $course
     * @param stdClass $entry
     * @param stdClass|null $question
     * @return array
     */
    private static function describe(stdClass $course, stdClass $entry, ?stdClass $question): array {
        $xml = '';
        if ($question && \question_bank::qtype_exists($question->qtype)) {
            ob_start();
            try {
                $question->idnumber = (string) $entry->idnumber;
                $format = new qformat_xml();
                $format->setCourse($course); // Tags of a course are told apart by it.
                $xml = trim((string) $format->writequestion($question));
            } catch (Throwable $e) {
                debugging('local_lmssync: ' . $e->getMessage(), DEBUG_DEVELOPER);
            } finally {
                ob_end_clean();
            }
        }
        return [
            'id' => (int) $entry->id,
            'key' => (string) $entry->idnumber,
            'categoryid' => (int) $entry->questioncategoryid,
            'questionid' => (int) $entry->questionid,
            'version' => (int) $entry->version,
            'status' => $entry->status,
            'qtype' => $entry->qtype,
            'name' => $entry->name,
            'xml' => $xml,
        ];
    }
}
