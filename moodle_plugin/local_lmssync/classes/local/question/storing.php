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
 * Stores questions as new versions.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\question;

use core\event\question_created;
use core_question\local\bank\question_version_status;
use core_tag_tag;
use local_lmssync\local\data_reader;
use local_lmssync\local\draft_file;
use local_lmssync\local\one_write;
use local_lmssync\local\refusal;
use local_lmssync\local\registry;
use question_bank;
use stdClass;
use Throwable;

/**
 * Brings a list of questions into a category: new entries for new keys, new versions for changed ones, all or nothing.
 */
final class storing {
    /** @var stdClass */
    private stdClass $course;

    /** @var stdClass question category */
    private stdClass $category;

    /**
     * Stores questions.
     *
     * @param stdClass $course
     * @param string $categorykey
     * @param int $draftitemid draft area with one Moodle XML file, 0 = none
     * @param array $wanted "name", "info" of the category, "hashes" (key => hash) and "expect" (key => hash)
     * @param one_write $write
     * @return array the answer
     */
    public static function run(stdClass $course, string $categorykey, int $draftitemid, array $wanted, one_write $write): array {
        global $CFG;
        require_once($CFG->libdir . '/questionlib.php');

        $storing = new self();
        $storing->course = $course;
        $storing->category = bank::put_category($course, $categorykey, $wanted['name'], $wanted['info']);

        $live = bank::entries($course, array_keys($wanted['hashes']));
        $actions = [];
        foreach ($wanted['hashes'] as $key => $hash) {
            $actions[$key] = $storing->action($key, $hash, $wanted['expect'][$key], $live[$key] ?? null);
        }
        $changed = array_keys(array_diff($actions, ['unchanged']));
        if ($changed) {
            $storing->store($changed, $live, draft_file::only_one($draftitemid), $write);
        }
        $now = bank::entries($course, array_keys($wanted['hashes']));
        foreach ($changed as $key) {
            $fingerprint = bank::question_fingerprint($now[$key]);
            registry::put($course->id, registry::QUESTION, $key, $now[$key]->id, $wanted['hashes'][$key], $fingerprint);
        }
        draft_file::discard($draftitemid);
        return $storing->answer($actions, $now);
    }

    /**
     * Reads the data of a client.
     *
     * @param string $json
     * @return array for run()
     */
    public static function read(string $json): array {
        $data = data_reader::from_json($json);
        $category = $data->object('category');
        $wanted = [
            'name' => $category->title('name'),
            'info' => $category->has('info') ? $category->text('info') : '',
            'hashes' => [],
            'expect' => [],
        ];
        $category->finish();
        foreach ($data->objects('questions') as $i => $question) {
            $key = $question->text('key');
            $hash = $question->text('hash');
            $expect = $question->has('expect') ? $question->text('expect') : '*';
            $question->finish();
            registry::check_key($key);
            registry::check_hash($hash);
            if (isset($wanted['hashes'][$key])) {
                throw refusal::because('datavalue', ['field' => "questions[$i].key", 'allowed' => "≠ $key"]);
            }
            $wanted['hashes'][$key] = $hash;
            $wanted['expect'][$key] = $expect;
        }
        $data->finish();
        return $wanted;
    }

    /**
     * What is to be done with a question; throws "stale" if it is not as the client saw it.
     *
     * @param string $key
     * @param string $hash
     * @param string $expect
     * @param stdClass|null $entry
     * @return string
     */
    private function action(string $key, string $hash, string $expect, ?stdClass $entry): string {
        if (!$entry) {
            registry::is_unchanged($key, '', $hash, $expect);
            return 'created';
        }
        $row = registry::find($this->course->id, registry::QUESTION, $key);
        $live = registry::hash($row, (int) $entry->id, bank::question_fingerprint($entry));
        $inplace = (int) $entry->categoryid === (int) $this->category->id;
        if (registry::is_unchanged($key, $live, $hash, $expect) && $inplace) {
            return 'unchanged';
        }
        if (!$row || (int) $row->objectid !== (int) $entry->id) {
            // Somebody else's question that happens to have the key, or one of ours from before a reinstallation.
            self::require_on($entry, 'edit');
        }
        if (!$inplace) {
            self::require_on($entry, 'move');
        }
        return 'updated';
    }

    /**
     * Refuses what the account may not do with a question that is not known as ours, or that lies in another category.
     *
     * @param stdClass $entry from bank::entries()
     * @param string $what edit or move
     */
    private static function require_on(stdClass $entry, string $what): void {
        global $USER;
        if (!question_has_capability_on((int) $entry->questionid, $what)) {
            $whose = (int) $entry->createdby === (int) $USER->id ? 'mine' : 'all';
            $a = ['key' => $entry->objkey, 'capability' => "moodle/question:$what$whose"];
            throw refusal::because('foreignquestion', $a);
        }
    }

    /**
     * Stores the changed questions of a file.
     *
     * @param string[] $keys
     * @param stdClass[] $live entries by key
     * @param \stored_file $file
     * @param one_write $write
     */
    private function store(array $keys, array $live, \stored_file $file, one_write $write): void {
        $questions = xml_reader::read_file($file);
        $missing = array_diff($keys, array_keys($questions));
        if ($missing) {
            throw refusal::because('questionmissing', ['key' => implode(', ', $missing)]);
        }
        foreach ($keys as $key) {
            \core_php_time_limit::raise();
            try {
                $this->store_one($questions[$key], $key, $live[$key] ?? null);
            } catch (Throwable $e) {
                if ($e instanceof \moodle_exception && $e->module === 'local_lmssync') {
                    throw $e;
                }
                $words = $e->getMessage();
                if ($e instanceof \dml_exception && isset($e->error)) {
                    $words .= ' (' . strtok($e->error, "\n") . ')';
                }
                throw refusal::because('questionrefused', ['key' => $key, 'words' => $words]);
            }
            $printed = $write->printed();
            if ($printed !== '') {
                $write->warn("$key: $printed");
            }
        }
    }

    /**
     * Stores one version of a question.
     *
     * @param stdClass $question from the parser
     * @param string $key
     * @param stdClass|null $entry the bank entry, null = a new one
     */
    private function store_one(stdClass $question, string $key, ?stdClass $entry): void {
        global $DB, $USER;
        $context = bank::context($this->course);
        $qtype = question_bank::get_qtype($question->qtype);
        self::match_fractions($question, $key);

        $question->context = $context;
        $question->category = $this->category->id;
        $question->stamp = make_unique_id_code();
        $question->createdby = $USER->id;
        $question->timecreated = time();
        $question->modifiedby = $USER->id;
        $question->timemodified = time();
        $question->idnumber = $key;
        $question->id = $DB->insert_record('question', $question);

        $entryid = $entry ? (int) $entry->id : (int) $DB->insert_record('question_bank_entries', (object) [
            'questioncategoryid' => $this->category->id,
            'idnumber' => $key,
            'ownerid' => $USER->id,
        ]);
        if ($entry && (int) $entry->categoryid !== (int) $this->category->id) {
            // Somebody moved it; random slots draw from its own category.
            question_move_questions_to_category([$entry->questionid], $this->category->id);
        }
        $DB->insert_record('question_versions', (object) [
            'questionbankentryid' => $entryid,
            'version' => get_next_version($entryid),
            'questionid' => $question->id,
            'status' => question_version_status::QUESTION_STATUS_READY,
        ]);
        foreach (['questiontext', 'generalfeedback'] as $area) {
            self::save_files($question, $area);
        }
        $DB->update_record('question', $question);

        $result = $qtype->save_question_options($question);
        $words = $result->error ?? $result->notice ?? '';
        if ($words !== '') {
            // A notice leaves a question that nobody can answer; Moodle's own import keeps it.
            throw refusal::because('questionrefused', ['key' => $key, 'words' => strip_tags($words)]);
        }
        question_created::create_from_question_instance($question, $context)->trigger();
        self::save_tags($question);
        question_bank::notify_question_edited($question->id);
    }

    /**
     * Replaces the fractions by Moodle's exact values; refuses those that Moodle does not know.
     *
     * @param stdClass $question
     * @param string $key
     */
    private static function match_fractions(stdClass $question, string $key): void {
        if (empty($question->fraction) || !is_array($question->fraction)) {
            return;
        }
        $known = question_bank::fraction_options_full();
        foreach ($question->fraction as $i => $fraction) {
            $match = match_grade_options($known, $fraction, 'error');
            if ($match === false) {
                $a = ['grades' => (string) $fraction, 'question' => $question->name];
                $words = get_string('invalidgradequestion', 'question', $a);
                throw refusal::because('questionrefused', ['key' => $key, 'words' => $words]);
            }
            $question->fraction[$i] = $match;
        }
    }

    /**
     * Stores the files of a text: from a draft area, or as the parser left them.
     *
     * @param stdClass $question
     * @param string $area name of the field and of the file area
     */
    private static function save_files(stdClass $question, string $area): void {
        if (isset($question->{"{$area}itemid"})) {
            $question->$area = file_save_draft_area_files(
                $question->{"{$area}itemid"},
                $question->context->id,
                'question',
                $area,
                $question->id,
                ['subdirs' => true, 'maxfiles' => -1, 'maxbytes' => 0],
                $question->$area
            );
            file_clear_draft_area($question->{"{$area}itemid"});
            return;
        }
        foreach ($question->{"{$area}files"} ?? [] as $file) {
            question_bank::get_qtype($question->qtype)->import_file($question->context, 'question', $area, $question->id, $file);
        }
    }

    /**
     * Stores the tags. In a course's bank Moodle keeps both lists of the file as one.
     *
     * @param stdClass $question
     */
    private static function save_tags(stdClass $question): void {
        if (core_tag_tag::is_enabled('core_question', 'question')) {
            $tags = array_filter(array_merge($question->coursetags ?? [], $question->tags ?? []), fn($tag) => trim($tag) !== '');
            core_tag_tag::set_item_tags('core_question', 'question', $question->id, $question->context, $tags);
        }
    }

    /**
     * Builds the answer.
     *
     * @param string[] $actions by key
     * @param stdClass[] $now entries by key
     * @return array
     */
    private function answer(array $actions, array $now): array {
        $counts = array_count_values($actions);
        $answer = [
            'categoryid' => (int) $this->category->id,
            'created' => $counts['created'] ?? 0,
            'updated' => $counts['updated'] ?? 0,
            'unchanged' => $counts['unchanged'] ?? 0,
            'hidden' => 0,
            'questions' => [],
        ];
        foreach ($actions as $key => $action) {
            $answer['questions'][] = [
                'key' => (string) $key,
                'id' => (int) $now[$key]->id,
                'questionid' => (int) $now[$key]->questionid,
                'version' => (int) $now[$key]->version,
                'action' => $action,
            ];
        }
        return $answer;
    }
}
