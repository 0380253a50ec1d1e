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
 * Facts: what came of each question of a quiz attempt.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\changes;

use local_lmssync\local\activity\quiz_slots;
use stdClass;

/**
 * Rows of question_attempts, of attempts that are over, each with its last step. Previews of trainers are left out.
 *
 * What learners wrote in essays and uploaded is never told: only of the types below is there a response.
 */
final class question_outcome extends stream {
    /** @var string[] question types whose responses are told: choices, and entries of a few words */
    private const TOLD = [
        'calculated',
        'calculatedmulti',
        'calculatedsimple',
        'ddimageortext',
        'ddmarker',
        'ddwtos',
        'gapselect',
        'match',
        'multianswer',
        'multichoice',
        'numerical',
        'ordering',
        'shortanswer',
        'truefalse',
    ];

    /** @var string[] question types of which the chosen options are told by their places */
    private const WITH_PLACES = ['match', 'multichoice', 'truefalse'];

    /** @var int longest summary */
    private const LONGEST = 255;

    /** @var array<string, array> what a random slot draws from, by its filter condition */
    private array $drawn = [];

    /** @var array<int, string> question types of the page's rows, by row */
    private array $types = [];

    #[\Override]
    protected function select(string $in): string {
        // Any of the three may be the last to be written: marking by hand and regrading come later than the attempt's end.
        return "SELECT qa.id, a.userid, q.course AS courseid, cm.id AS cmid, a.attempt, a.state AS attemptstate, qa.slot,
                       qa.variant, qa.maxmark, qa.rightanswer, qa.responsesummary, n.qtype, v.version, e.idnumber,
                       e.id AS entryid, p.state, p.fraction, f.filtercondition,
                       CASE WHEN qa.timemodified >= a.timemodified AND qa.timemodified >= p.timecreated
                            THEN qa.timemodified
                            WHEN a.timemodified >= p.timecreated
                            THEN a.timemodified
                            ELSE p.timecreated
                       END AS t
                  FROM {quiz_attempts} a
                  JOIN {quiz} q ON q.id = a.quiz
                  JOIN {modules} m ON m.name = 'quiz'
                  JOIN {course_modules} cm ON cm.course = q.course AND cm.module = m.id AND cm.instance = q.id
                  JOIN {question_attempts} qa ON qa.questionusageid = a.uniqueid
                  JOIN {question} n ON n.id = qa.questionid AND n.length > 0
                  JOIN {question_versions} v ON v.questionid = n.id
                  JOIN {question_bank_entries} e ON e.id = v.questionbankentryid
                  JOIN {question_attempt_steps} p ON p.questionattemptid = qa.id
                       AND p.sequencenumber = (SELECT MAX(p2.sequencenumber) FROM {question_attempt_steps} p2
                                                WHERE p2.questionattemptid = qa.id)
             LEFT JOIN {quiz_slots} s ON s.quizid = q.id AND s.slot = qa.slot
             LEFT JOIN {question_set_references} f ON f.component = 'mod_quiz' AND f.questionarea = 'slot'
                       AND f.itemid = s.id
                 WHERE a.preview = 0 AND a.state IN ('finished', 'abandoned') AND q.course $in";
    }

    #[\Override]
    protected function any_since(string $in): string {
        return "SELECT qa.id
                  FROM {quiz} q
                  JOIN {quiz_attempts} a ON a.quiz = q.id
                  JOIN {question_attempts} qa ON qa.questionusageid = a.uniqueid
                 WHERE a.preview = 0 AND a.state IN ('finished', 'abandoned') AND q.course $in
                       AND (a.timemodified >= :from1 OR qa.timemodified >= :from2
                            OR EXISTS (SELECT 1 FROM {question_attempt_steps} p
                                        WHERE p.questionattemptid = qa.id AND p.timecreated >= :from3))";
    }

    #[\Override]
    protected function completed(array $rows): array {
        $wanted = array_keys(array_intersect($this->types, self::WITH_PLACES));
        foreach (array_chunk($wanted, 2000) as $chunk) {
            $steps = self::steps($chunk);
            foreach ($rows as &$row) {
                if (isset($steps[$row['id']])) {
                    $row['data']['chosen'] = self::chosen($this->types[$row['id']], $steps[$row['id']]);
                }
            }
            unset($row);
        }
        $this->types = [];
        return $rows;
    }

    #[\Override]
    protected function data(stdClass $row): array {
        $told = in_array($row->qtype, self::TOLD, true);
        $this->types[(int) $row->id] = $row->qtype;
        return [
            'attempt' => (int) $row->attempt,
            'state' => $row->attemptstate,
            'slot' => (int) $row->slot,
            'question' => (string) $row->idnumber !== '' ? $row->idnumber : "entry:$row->entryid",
            'version' => (int) $row->version,
            'type' => $row->qtype,
            'variant' => (int) $row->variant,
            'max' => (float) $row->maxmark,
            'fraction' => self::number($row->fraction),
            'outcome' => $row->state,
            'chosen' => null,
            'response' => $told ? self::summary($row->responsesummary) : null,
            'right' => $told ? self::summary($row->rightanswer) : null,
            'random' => $row->filtercondition === null ? null : $this->draws($row->filtercondition),
        ];
    }

    /**
     * A summary, cut to a length that no choice needs.
     *
     * @param string|null $text
     * @return string|null
     */
    private static function summary(?string $text): ?string {
        return $text === null ? null : \core_text::substr($text, 0, self::LONGEST);
    }

    /**
     * What a random slot draws from.
     *
     * @param string $condition
     * @return array category (its ID number), tags
     */
    private function draws(string $condition): array {
        if (!isset($this->drawn[$condition])) {
            $slot = quiz_slots::describe_filter($condition);
            $this->drawn[$condition] = ['category' => $slot['category'], 'tags' => $slot['tags']];
        }
        return $this->drawn[$condition];
    }

    /**
     * The stored values that say which options were shown and chosen.
     *
     * @param int[] $ids of question_attempts
     * @return array<int, array<int, array<string, string>>> values by question attempt, number of the step and name
     */
    private static function steps(array $ids): array {
        global $DB;
        [$in, $params] = $DB->get_in_or_equal($ids);
        $rows = $DB->get_recordset_sql(
            "SELECT d.id, p.questionattemptid, p.sequencenumber, d.name, d.value
               FROM {question_attempt_steps} p
               JOIN {question_attempt_step_data} d ON d.attemptstepid = p.id
              WHERE p.questionattemptid $in
           ORDER BY p.questionattemptid, p.sequencenumber, d.id",
            $params
        );
        $steps = [];
        foreach ($rows as $row) {
            if (!str_starts_with($row->name, '-')) { // Those are the behaviour's.
                $steps[(int) $row->questionattemptid][(int) $row->sequencenumber][$row->name] = (string) $row->value;
            }
        }
        $rows->close();
        return $steps;
    }

    /**
     * Places of what was chosen, counted from 0 in the order in which the question holds its answers.
     *
     * @param string $qtype
     * @param array<int, array<string, string>> $steps values by number of the step and name
     * @return array|null multichoice and truefalse: places of options; match: for each stem the place of the choice, or null;
     *      null where nothing was answered
     */
    private static function chosen(string $qtype, array $steps): ?array {
        $shown = $steps[0] ?? [];
        $last = end($steps);
        $response = array_filter($last, fn($name) => !str_starts_with($name, '_'), ARRAY_FILTER_USE_KEY);
        if (!$response) {
            return null;
        }
        if ($qtype === 'truefalse') {
            return isset($response['answer']) ? [$response['answer'] ? 0 : 1] : null;
        }
        return $qtype === 'match' ? self::matched($shown, $response) : self::options($shown, $response);
    }

    /**
     * Places of the chosen options of a multiple choice.
     *
     * @param array<string, string> $shown
     * @param array<string, string> $response
     * @return int[]|null
     */
    private static function options(array $shown, array $response): ?array {
        $order = explode(',', $shown['_order'] ?? '');
        $places = self::places($order);
        $chosen = [];
        foreach ($order as $i => $id) {
            // Another than a single choice has one field for each option.
            $ischosen = isset($response['answer']) ? $response['answer'] === (string) $i : !empty($response["choice$i"]);
            if ($ischosen) {
                $chosen[] = $places[$id];
            }
        }
        sort($chosen);
        return $chosen ?: null;
    }

    /**
     * For each stem the place of the choice.
     *
     * @param array<string, string> $shown
     * @param array<string, string> $response
     * @return array|null
     */
    private static function matched(array $shown, array $response): ?array {
        $stems = explode(',', $shown['_stemorder'] ?? '');
        $choices = explode(',', $shown['_choiceorder'] ?? '');
        // Stems and choices are rows of one table: a choice without a stem is a row, too.
        $places = self::places(array_unique(array_merge($stems, $choices)));
        $ofstems = self::places($stems);
        $chosen = array_fill(0, count($stems), null);
        foreach ($stems as $i => $stem) {
            $choice = $choices[(int) ($response["sub$i"] ?? 0) - 1] ?? null;
            $chosen[$ofstems[$stem]] = $choice === null ? null : $places[$choice];
        }
        return array_filter($chosen, fn($place) => $place !== null) ? $chosen : null;
    }

    /**
     * The place of each id among all of them.
     *
     * @param string[] $ids
     * @return array<string, int>
     */
    private static function places(array $ids): array {
        sort($ids, SORT_NUMERIC);
        return array_flip($ids);
    }
}
