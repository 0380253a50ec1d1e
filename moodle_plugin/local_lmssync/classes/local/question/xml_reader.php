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
 * Reads questions from Moodle XML.
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

use local_lmssync\local\refusal;
use qformat_xml;
use question_bank;
use stored_file;
use XMLReader;

/**
 * The parsing half of Moodle's importer, without the storing half.
 *
 * importprocess() commits question by question, drops duplicate idnumbers, stops with success at the first notice and rolls
 * back foreign transactions; so only readdata() and readquestions() are used.
 */
final class xml_reader extends qformat_xml {
    /** @var string[] what the parser complained about */
    private array $complaints = [];

    /**
     * Reads the questions of a file, by idnumber.
     *
     * @param stored_file $file
     * @return array<string, \stdClass> question objects as save_question_options() takes them
     */
    public static function read_file(stored_file $file): array {
        $path = $file->copy_content_to_temp();
        try {
            self::check_complete($path);
            $reader = new self();
            $reader->setMatchgrades('error');
            $reader->setCatfromfile(false);
            $reader->setContextfromfile(false);
            $reader->setStoponerror(true);
            $reader->set_display_progress(false);
            $questions = $reader->readquestions($reader->readdata($path)) ?: [];
        } finally {
            @unlink($path);
        }
        if ($reader->complaints) {
            throw refusal::because('badquestionfile', ['words' => implode(' | ', $reader->complaints)]);
        }
        $bykey = [];
        foreach ($questions as $question) {
            if ($question->qtype === 'category') {
                continue;
            }
            $key = (string) ($question->idnumber ?? '');
            if ($key === '' || isset($bykey[$key])) {
                throw refusal::because('badquestionfile', ['words' => "idnumber \"$key\": $question->name"]);
            }
            $bykey[$key] = $question;
        }
        return $bykey;
    }

    /**
     * Moodle's parser takes a file that was cut; this does not. Nor does it take a document type: its entities could fill the
     * memory or name files, and no question needs one.
     *
     * @param string $path
     */
    private static function check_complete(string $path): void {
        $before = libxml_use_internal_errors(true);
        try {
            $reader = new XMLReader();
            $questions = 0;
            $reader->open($path, null, LIBXML_NONET);
            while ($reader->read()) {
                if ($reader->nodeType === XMLReader::DOC_TYPE) {
                    throw refusal::because('badquestionfile', ['words' => '<!DOCTYPE>']);
                }
                if ($reader->nodeType === XMLReader::ELEMENT && $reader->depth === 1 && $reader->name === 'question') {
                    $questions++;
                }
            }
            $reader->close();
            $errors = array_map(fn($error) => trim($error->message) . " (line $error->line)", libxml_get_errors());
            if ($errors || !$questions) {
                throw refusal::because('badquestionfile', ['words' => implode(' | ', $errors) ?: '<quiz/>']);
            }
        } finally {
            libxml_clear_errors();
            libxml_use_internal_errors($before);
        }
    }

    /**
     * Keeps a complaint of the parser instead of printing it.
     *
     * @param string $message
     * @param string $text
     * @param string $questionname
     */
    protected function error($message, $text = '', $questionname = '') {
        $this->complaints[] = trim(strip_tags("$questionname: $message $text"), ': ');
        $this->importerrors++;
    }

    /**
     * Lets question types read their own XML.
     *
     * The parent derives the name of their method from the name of its class, which is another one here.
     *
     * @param mixed $data
     * @param \stdClass|null $question
     * @param mixed $extra
     * @param string $qtypehint
     * @return \stdClass|bool
     */
    public function try_importing_using_qtypes($data, $question = null, $extra = null, $qtypehint = '') {
        $qtype = $qtypehint === '' ? null : question_bank::get_qtype($qtypehint, false);
        if (!$qtype || !method_exists($qtype, 'import_from_xml')) {
            return false;
        }
        return $qtype->import_from_xml($data, $question, $this, $extra);
    }
}
