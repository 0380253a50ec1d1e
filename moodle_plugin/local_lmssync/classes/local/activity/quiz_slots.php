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
 * Slots of a quiz.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use context_module;
use core\output\datafilter;
use core_question\local\bank\random_question_loader;
use core_question\question_reference_manager;
use core_tag_tag;
use local_lmssync\local\data_reader;
use local_lmssync\local\json;
use local_lmssync\local\one_write;
use local_lmssync\local\question\bank;
use local_lmssync\local\refusal;
use mod_quiz\local\structure\slot_random;
use mod_quiz\quiz_settings;
use qubaid_list;
use stdClass;

/**
 * The list of slots as a client writes it: fixed ones {"question", "maxmark"} and random ones
 * {"random", "category", "tags", "maxmark"}, neighbours that are alike counted together.
 */
final class quiz_slots {
    /** @var stdClass */
    private stdClass $course;

    /** @var array[] */
    private array $wanted;

    /** @var array<string, stdClass> bank entries of the fixed slots, by key */
    private array $entries;

    /** @var array<string, string> filter conditions of the random slots, by JSON of the slot */
    private array $filters = [];

    /**
     * Constructor; finds what the slots name.
     *
     * @param stdClass $course
     * @param array[] $wanted from read()
     */
    public function __construct(stdClass $course, array $wanted) {
        $this->course = $course;
        $this->wanted = $wanted;
        $this->entries = bank::entries($course, array_column($wanted, 'question'));
        foreach ($wanted as $slot) {
            if (isset($slot['question'])) {
                $entry = $this->entries[$slot['question']] ?? null;
                if (!$entry || !$entry->readyid) {
                    throw refusal::because('unknownquestion', ['key' => $slot['question']]);
                }
            } else {
                $this->filters[json::encode($slot)] = $this->filter($slot);
            }
        }
    }

    /**
     * Reads the slots of a client.
     *
     * @param data_reader[] $slots
     * @return array[]
     */
    public static function read(array $slots): array {
        $wanted = [];
        foreach ($slots as $i => $slot) {
            if ($slot->has('question')) {
                $item = ['question' => $slot->text('question')];
                if (in_array($item['question'], array_column($wanted, 'question'), true)) {
                    throw refusal::because('datavalue', ['field' => "slots[$i].question", 'allowed' => '≠ ' . $item['question']]);
                }
            } else {
                $item = [
                    'random' => $slot->integer('random', 1, 1000),
                    'category' => $slot->text('category'),
                    'tags' => [],
                ];
                foreach ($slot->has('tags') ? $slot->strings('tags') : [] as $tag) {
                    // Moodle compares tags in this form.
                    $item['tags'][] = core_tag_tag::normalize([$tag])[$tag] ?? '';
                }
            }
            $item['maxmark'] = $slot->has('maxmark') ? $slot->number('maxmark', 0, 10000, 7) : 1.0;
            $slot->finish();
            $wanted[] = $item;
        }
        return self::merge($wanted);
    }

    /**
     * The slots of a quiz.
     *
     * @param stdClass $cm
     * @return array[]
     */
    public static function live(stdClass $cm): array {
        global $DB;
        $context = context_module::instance($cm->id);
        $rows = $DB->get_records_sql(
            "SELECT s.id, s.maxmark, e.id AS entryid, e.idnumber, r.version, f.filtercondition
               FROM {quiz_slots} s
          LEFT JOIN {question_references} r ON r.component = 'mod_quiz' AND r.questionarea = 'slot'
                    AND r.usingcontextid = :context1 AND r.itemid = s.id
          LEFT JOIN {question_bank_entries} e ON e.id = r.questionbankentryid
          LEFT JOIN {question_set_references} f ON f.component = 'mod_quiz' AND f.questionarea = 'slot'
                    AND f.usingcontextid = :context2 AND f.itemid = s.id
              WHERE s.quizid = :quiz
           ORDER BY s.slot",
            ['context1' => $context->id, 'context2' => $context->id, 'quiz' => $cm->instance]
        );
        $slots = [];
        foreach ($rows as $row) {
            if ($row->filtercondition !== null) {
                $slot = self::describe_filter($row->filtercondition);
            } else {
                $slot = ['question' => $row->idnumber ?? "entry:$row->entryid"];
                if ($row->version !== null) {
                    $slot['version'] = (int) $row->version;
                }
            }
            $slots[] = $slot + ['maxmark' => (float) $row->maxmark];
        }
        return self::merge($slots);
    }

    /**
     * Whether the quiz has these slots.
     *
     * @param stdClass $cm
     * @return bool
     */
    public function equal_live(stdClass $cm): bool {
        return self::live($cm) === $this->wanted;
    }

    /**
     * Gives the quiz these slots; does nothing if it has them.
     *
     * @param stdClass $cm
     * @param one_write $write
     * @param bool $sectionsfollow whether the client says the sections too, so that nobody need be told that old ones went
     */
    public function put(stdClass $cm, one_write $write, bool $sectionsfollow = false): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        if ($this->equal_live($cm)) {
            return;
        }
        require_capability('mod/quiz:manage', context_module::instance($cm->id));
        $attempts = quiz_has_attempts($cm->instance);
        quiz_delete_previews($DB->get_record('quiz', ['id' => $cm->instance], '*', MUST_EXIST));
        if (!$this->change_marks($cm)) {
            $this->check_supply();
            $this->replace($cm, $write, $sectionsfollow);
        }
        $calculator = quiz_settings::create($cm->instance)->get_grade_calculator();
        $calculator->recompute_quiz_sumgrades();
        if ($attempts) {
            $calculator->recompute_all_attempt_sumgrades();
            $calculator->recompute_all_final_grades();
            quiz_update_grades($DB->get_record('quiz', ['id' => $cm->instance], '*', MUST_EXIST));
        }
    }

    /**
     * Changes marks in place if nothing else differs.
     *
     * @param stdClass $cm
     * @return bool whether that was all
     */
    private function change_marks(stdClass $cm): bool {
        $without = fn(array $slots) => array_map(fn($slot) => array_diff_key($slot, ['maxmark' => 1]), $slots);
        $live = self::spread(self::live($cm));
        $wanted = self::spread($this->wanted);
        if ($without($live) !== $without($wanted)) {
            return false;
        }
        $structure = quiz_settings::create($cm->instance)->get_structure();
        foreach ($wanted as $i => $slot) {
            $structure->update_slot_maxmark($structure->get_slot_by_number($i + 1), $slot['maxmark']);
        }
        return true;
    }

    /**
     * Draws the random questions once, as Moodle does when an attempt starts: a quiz that cannot be started is refused here.
     */
    private function check_supply(): void {
        $fixed = array_map(fn($entry) => (int) $entry->readyid, $this->entries);
        $loader = new random_question_loader(new qubaid_list([]), array_fill_keys($fixed, 1));
        foreach ($this->wanted as $slot) {
            if (isset($slot['question'])) {
                continue;
            }
            $filter = json_decode($this->filters[json::encode($slot)], true)['filter'];
            for ($i = 0; $i < $slot['random']; $i++) {
                if ($loader->get_next_filtered_question_id($filter) === null) {
                    throw refusal::because('notenoughquestions', [
                        'category' => $slot['category'],
                        'tags' => implode(', ', $slot['tags']),
                        'want' => $slot['random'],
                        'got' => $i,
                    ]);
                }
            }
        }
    }

    /**
     * Removes all slots and adds the wanted ones.
     *
     * @param stdClass $cm
     * @param one_write $write
     * @param bool $sectionsfollow
     */
    private function replace(stdClass $cm, one_write $write, bool $sectionsfollow): void {
        global $DB;
        $context = context_module::instance($cm->id);
        // Moodle's remove_slot() refuses once there are attempts, also when the client accepts the loss.
        $here = ['component' => 'mod_quiz', 'questionarea' => 'slot', 'usingcontextid' => $context->id];
        $DB->delete_records('question_references', $here);
        $DB->delete_records('question_set_references', $here);
        $DB->delete_records('quiz_slots', ['quizid' => $cm->instance]);
        if ($DB->count_records('quiz_sections', ['quizid' => $cm->instance]) > 1) {
            $DB->delete_records_select('quiz_sections', 'quizid = ? AND firstslot > 1', [$cm->instance]);
            if (!$sectionsfollow) {
                $write->warn(get_string('headingsremoved', 'local_lmssync'));
            }
        }

        $quiz = quiz_settings::create($cm->instance)->get_quiz();
        foreach (self::spread($this->wanted) as $slot) {
            if (isset($slot['question'])) {
                $questionid = (int) $this->entries[$slot['question']]->readyid;
                if (!question_has_capability_on($questionid, 'use')) {
                    $here = bank::context($this->course);
                    throw new \required_capability_exception($here, 'moodle/question:useall', 'nopermissions', '');
                }
                quiz_add_quiz_question($questionid, $quiz, 0, $slot['maxmark']);
                continue;
            }
            $filter = $this->filters[json::encode($slot)];
            $category = bank::category($this->course, $slot['category']);
            require_capability('moodle/question:useall', bank::context($this->course));
            $random = new slot_random((object) [
                'quizid' => $quiz->id,
                'usingcontextid' => $context->id,
                'questionscontextid' => $category->contextid,
                'maxmark' => $slot['maxmark'],
            ]);
            $random->set_quiz($quiz);
            $random->set_filter_condition($filter);
            $random->insert(0);
        }
    }

    /**
     * The filter condition of a random slot.
     *
     * @param array $slot
     * @return string
     */
    private function filter(array $slot): string {
        $category = bank::category($this->course, $slot['category']);
        if (!$category) {
            throw refusal::because('unknowncategory', ['key' => $slot['category']]);
        }
        $filter = [
            'category' => [
                'jointype' => datafilter::JOINTYPE_ANY,
                'values' => [(int) $category->id],
                'filteroptions' => ['includesubcategories' => false],
            ],
        ];
        if ($slot['tags']) {
            $collection = \core_tag_area::get_collection('core_question', 'question');
            $ids = [];
            foreach ($slot['tags'] as $name) {
                $tag = core_tag_tag::get_by_name($collection, $name);
                if (!$tag) {
                    throw refusal::because('unknowntag', ['tag' => $name]);
                }
                $ids[] = (int) $tag->id;
            }
            $filter['qtagids'] = ['jointype' => datafilter::JOINTYPE_ALL, 'values' => $ids];
        }
        return json_encode(['filter' => $filter]);
    }

    /**
     * A random slot from its filter condition.
     *
     * @param string $condition
     * @return array random (1), category, tags, and filter where the condition says more
     */
    public static function describe_filter(string $condition): array {
        global $DB;
        $condition = question_reference_manager::convert_legacy_set_reference_filter_condition(json_decode($condition, true) ?? []);
        $filter = $condition['filter'];
        $categoryid = (int) ($filter['category']['values'][0] ?? 0);
        $slot = [
            'random' => 1,
            'category' => $DB->get_field('question_categories', 'idnumber', ['id' => $categoryid]) ?: "id:$categoryid",
            'tags' => [],
        ];
        foreach ($filter['qtagids']['values'] ?? [] as $tagid) {
            $slot['tags'][] = $DB->get_field('tag', 'name', ['id' => $tagid]) ?: "id:$tagid";
        }
        $ours = array_diff_key($filter, ['category' => 1, 'qtagids' => 1]) === []
            && empty($filter['category']['filteroptions']['includesubcategories'])
            && (!$slot['tags'] || (int) $filter['qtagids']['jointype'] === datafilter::JOINTYPE_ALL);
        if (!$ours) {
            // Somebody set more in Moodle than a client can say.
            $slot['filter'] = $filter;
        }
        return $slot;
    }

    /**
     * Counts neighbours that are alike together.
     *
     * @param array[] $slots
     * @return array[]
     */
    private static function merge(array $slots): array {
        $merged = [];
        foreach ($slots as $slot) {
            $last = array_key_last($merged);
            if (
                $last !== null && isset($slot['random'], $merged[$last]['random'])
                && ['random' => 0] + array_diff_key($slot, ['random' => 1])
                    == ['random' => 0] + array_diff_key($merged[$last], ['random' => 1])
            ) {
                $merged[$last]['random'] += $slot['random'];
            } else {
                $merged[] = $slot;
            }
        }
        return $merged;
    }

    /**
     * One item for each slot; random ones keep the number of their group.
     *
     * @param array[] $slots
     * @return array[]
     */
    private static function spread(array $slots): array {
        $spread = [];
        foreach ($slots as $slot) {
            for ($i = 0; $i < ($slot['random'] ?? 1); $i++) {
                $spread[] = $slot;
            }
        }
        return $spread;
    }
}
