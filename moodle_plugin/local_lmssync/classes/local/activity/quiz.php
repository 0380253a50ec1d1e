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
 * Quizzes.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use context_module;
use local_lmssync\local\data_reader;
use local_lmssync\local\one_write;
use local_lmssync\local\refusal;
use mod_quiz\access_manager;
use mod_quiz\question\display_options;
use mod_quiz\quiz_settings;
use stdClass;

/**
 * Quiz with fixed and random slots from question banks of the course.
 */
final class quiz implements adapter {
    /** @var array<string, int> whole numbers: name => largest value (smallest is 0) */
    private const NUMBERS = [
        'timelimit' => 31536000,
        'attempts' => 1000,
        'grademethod' => 4,
        'questionsperpage' => 1000,
        'shuffleanswers' => 1,
        'timeopen' => 1 << 33,
        'timeclose' => 1 << 33,
    ];

    /** @var string[] review options, each a mask of four times */
    private const REVIEW = [
        'attempt', 'correctness', 'maxmarks', 'marks', 'specificfeedback', 'generalfeedback', 'rightanswer', 'overallfeedback',
    ];

    /** @var array<string, int> the four times, as the form names them */
    private const TIMES = [
        'during' => display_options::DURING,
        'immediately' => display_options::IMMEDIATELY_AFTER,
        'open' => display_options::LATER_WHILE_OPEN,
        'closed' => display_options::AFTER_CLOSE,
    ];

    #[\Override]
    public function read(data_reader $data): array {
        $wanted = [];
        foreach (self::NUMBERS as $name => $max) {
            if ($data->has($name)) {
                $wanted[$name] = $data->integer($name, $name === 'grademethod' ? 1 : 0, $max);
            }
        }
        foreach (['grade' => 0.00001, 'gradepass' => 0.0] as $name => $min) {
            if ($data->has($name)) {
                $wanted[$name] = $data->number($name, $min, 99999, 5);
            }
        }
        if ($data->has('preferredbehaviour')) {
            $wanted['preferredbehaviour'] = $data->word('preferredbehaviour', self::behaviours());
        }
        if ($data->has('review')) {
            $wanted['review'] = self::read_review($data->object('review'));
        }
        if ($data->has('slots')) {
            $wanted['slots'] = quiz_slots::read($data->objects('slots'));
        }
        if ($data->has('sections')) {
            $wanted['sections'] = quiz_sections::read($data->objects('sections'));
        }
        return $wanted;
    }

    #[\Override]
    public function read_completion(data_reader $data): array {
        $rules = [
            'tracking' => $data->integer('tracking', COMPLETION_TRACKING_NONE, COMPLETION_TRACKING_AUTOMATIC),
            'passgrade' => $data->has('passgrade') ? $data->integer('passgrade', 0, 1) : 0,
            'view' => $data->has('view') ? $data->integer('view', 0, 1) : 0,
        ];
        // A grade, passing or not. Named only where it says more than "passgrade".
        if ($data->has('grade') && $data->integer('grade', 0, 1) && !$rules['passgrade']) {
            $rules['grade'] = 1;
        }
        $rule = $rules['passgrade'] || $rules['view'] || isset($rules['grade']);
        if (
            $rules['tracking'] === COMPLETION_TRACKING_MANUAL
            || ($rules['tracking'] === COMPLETION_TRACKING_AUTOMATIC) !== $rule
        ) {
            throw refusal::because('datavalue', [
                'field' => 'completion',
                'allowed' => 'tracking 0 | tracking 2, passgrade 0|1, view 0|1, grade 0|1 (one of them 1)',
            ]);
        }
        return $rules;
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        $fields = [];
        foreach (array_keys(self::NUMBERS) as $name) {
            $fields[$name] = (int) $instance->$name;
        }
        $fields['grade'] = (float) $instance->grade;
        $fields['gradepass'] = self::gradepass($instance);
        $fields['preferredbehaviour'] = $instance->preferredbehaviour;
        foreach (self::REVIEW as $name) {
            $fields['review'][$name] = (int) $instance->{"review$name"};
        }
        $fields['slots'] = quiz_slots::live($cm);
        $fields['sections'] = quiz_sections::live((int) $instance->id);
        return $fields;
    }

    #[\Override]
    public function live_completion(stdClass $cm, stdClass $instance): array {
        $rules = [
            'tracking' => (int) $cm->completion,
            'passgrade' => (int) $cm->completionpassgrade,
            'view' => (int) $cm->completionview,
        ];
        if ($cm->completiongradeitemnumber !== null && !$rules['passgrade']) {
            $rules['grade'] = 1;
        }
        return $rules;
    }

    #[\Override]
    public function foreign_rules(stdClass $cm, stdClass $instance): array {
        return array_filter([
            'attemptsexhausted' => (int) $instance->completionattemptsexhausted,
            'minattempts' => (int) $instance->completionminattempts,
        ]);
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        global $CFG;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $config = get_config('quiz');
        foreach (
            [
                'timelimit', 'overduehandling', 'graceperiod', 'attempts', 'grademethod', 'questionsperpage', 'navmethod',
                'shuffleanswers', 'preferredbehaviour', 'canredoquestions', 'attemptonlast', 'showuserpicture', 'decimalpoints',
                'questiondecimalpoints', 'showblocks', 'quizpassword', 'subnet', 'delay1', 'delay2', 'browsersecurity',
            ] as $name
        ) {
            $form->$name = $config->$name;
        }
        $form->grade = (float) $config->maximumgrade;
        $form->gradepass = 0.0;
        $form->timeopen = 0;
        $form->timeclose = 0;
        $form->completionattemptsexhausted = 0;
        $form->completionminattempts = 0;
        foreach (self::REVIEW as $name) {
            $this->fill_mask($form, $name, (int) $config->{"review$name"});
        }
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        global $CFG;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $form->quizpassword = $form->password;
        foreach (self::REVIEW as $name) {
            $this->fill_mask($form, $name, (int) $form->{"review$name"});
        }
        // Rules of access keep their settings in tables of their own and delete what the form lacks.
        foreach (access_manager::load_settings($form->instance) as $name => $value) {
            $form->$name ??= $value;
        }
        $form->completionminattemptsenabled = (int) ($form->completionminattempts > 0);
        $this->fill_kept_feedback($form);
    }

    #[\Override]
    public function fill(stdClass $form, array $wanted, int $draftitemid): void {
        foreach (array_diff_key($wanted, ['review' => 1, 'slots' => 1, 'sections' => 1, 'grade' => 1]) as $name => $value) {
            if ($name === 'questionsperpage' && isset($form->instance) && (int) $form->questionsperpage !== $value) {
                $form->repaginatenow = 1; // Only done while there are no attempts.
            }
            $form->$name = $value;
        }
        if (isset($wanted['grade']) && empty($form->instance)) {
            $form->grade = $wanted['grade']; // An update keeps the old one; see finish().
        }
        foreach ($wanted['review'] ?? [] as $name => $mask) {
            $this->fill_mask($form, $name, $mask);
        }
    }

    #[\Override]
    public function fill_completion(stdClass $form, array $rules): void {
        $graded = $rules['passgrade'] || isset($rules['grade']);
        $form->completion = $rules['tracking'];
        $form->completionview = $rules['view'];
        $form->completionusegrade = (int) $graded;
        $form->completiongradeitemnumber = $graded ? 0 : null;
        $form->completionpassgrade = $rules['passgrade'];
        $form->completionattemptsexhausted = 0;
        $form->completionminattempts = 0;
        $form->completionminattemptsenabled = 0;
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $instance = $cm ? $DB->get_record('quiz', ['id' => $cm->instance], '*', MUST_EXIST) : null;
        $grade = $wanted['grade'] ?? (float) ($instance->grade ?? get_config('quiz', 'maximumgrade'));
        $gradepass = $wanted['gradepass'] ?? ($instance ? self::gradepass($instance) : 0.0);
        if ($gradepass > $grade) {
            throw refusal::because('datavalue', ['field' => 'gradepass', 'allowed' => "0 … $grade"]);
        }
        $opens = $wanted['timeopen'] ?? (int) ($instance->timeopen ?? 0);
        $closes = $wanted['timeclose'] ?? (int) ($instance->timeclose ?? 0);
        if ($opens && $closes && $closes <= $opens) {
            throw refusal::because('datavalue', ['field' => 'timeclose', 'allowed' => "0 | > $opens"]);
        }
        if (!isset($wanted['slots'])) {
            return;
        }
        $slots = new quiz_slots($course, $wanted['slots']);
        if ($cm && !$slots->equal_live($cm)) {
            $users = $this->users_with_attempts($instance);
            if ($users && !in_array('slots', $accept, true)) {
                throw refusal::because('quizhasattempts', ['key' => $cm->idnumber, 'n' => $users]);
            }
        }
    }

    #[\Override]
    public function finish(stdClass $cm, array $wanted, one_write $write): void {
        global $DB;
        $course = get_course($cm->course);
        if (isset($wanted['slots'])) {
            (new quiz_slots($course, $wanted['slots']))->put($cm, $write, isset($wanted['sections']));
        }
        if (isset($wanted['sections'])) {
            quiz_sections::put($cm, $wanted['sections']);
        }
        if (isset($wanted['grade'])) {
            // A fresh object: the one before knows neither the slots nor the new sum of marks.
            quiz_settings::create($cm->instance)->get_grade_calculator()->update_quiz_maximum_grade($wanted['grade']);
        }
    }

    #[\Override]
    public function wants_file(?stdClass $cm, array $wanted): bool {
        return false;
    }

    #[\Override]
    public function extra(stdClass $cm, stdClass $instance): array {
        return [];
    }

    #[\Override]
    public function users_with_attempts(stdClass $instance): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(DISTINCT userid) FROM {quiz_attempts} WHERE quiz = ? AND preview = 0',
            [$instance->id]
        );
    }

    #[\Override]
    public function traces(stdClass $instance): array {
        return [];
    }

    /**
     * Names of the question behaviours of the site.
     *
     * @return string[]
     */
    private static function behaviours(): array {
        global $CFG;
        require_once($CFG->libdir . '/questionlib.php');
        return array_keys(\question_engine::get_archetypal_behaviours());
    }

    /**
     * Reads review masks.
     *
     * @param data_reader $data
     * @return array
     */
    private static function read_review(data_reader $data): array {
        $masks = [];
        $all = array_sum(self::TIMES);
        foreach (self::REVIEW as $name) {
            if (!$data->has($name)) {
                continue;
            }
            $masks[$name] = $data->integer($name, 0, $all);
            // Moodle forces two bits and drops all others; said here rather than done silently.
            $forced = $name === 'attempt' ? display_options::DURING : 0;
            $forbidden = ~$all | ($name === 'overallfeedback' ? display_options::DURING : 0);
            if ($masks[$name] & $forbidden || ($masks[$name] & $forced) !== $forced) {
                throw refusal::because('datavalue', [
                    'field' => "review.$name",
                    'allowed' => $forced ? '0x10000 + 0x01000|0x00100|0x00010' : '0x10000|0x01000|0x00100|0x00010',
                ]);
            }
        }
        $data->finish();
        return $masks;
    }

    /**
     * Grade to pass, from the grade item.
     *
     * @param stdClass $instance
     * @return float
     */
    private static function gradepass(stdClass $instance): float {
        global $DB;
        return (float) $DB->get_field('grade_items', 'gradepass', [
            'courseid' => $instance->course,
            'itemtype' => 'mod',
            'itemmodule' => 'quiz',
            'iteminstance' => $instance->id,
            'itemnumber' => 0,
        ]);
    }

    /**
     * Puts a review mask into the form: the record has one mask, the form four boxes, and what the form lacks becomes 0.
     *
     * @param stdClass $form
     * @param string $name
     * @param int $mask
     */
    private function fill_mask(stdClass $form, string $name, int $mask): void {
        foreach (self::TIMES as $when => $bit) {
            $form->{$name . $when} = $mask & $bit ? 1 : 0;
        }
    }

    /**
     * Puts the overall feedback into the form as it is; an update without it would delete it.
     *
     * @param stdClass $form
     */
    private function fill_kept_feedback(stdClass $form): void {
        global $DB;
        $rows = array_values($DB->get_records('quiz_feedback', ['quizid' => $form->instance], 'mingrade DESC'));
        if (!$rows) {
            return; // Unset means none; an empty list would be stored as a row without text.
        }
        $context = context_module::instance($form->coursemodule);
        $form->feedbacktext = [];
        $form->feedbackboundaries = [];
        foreach ($rows as $i => $row) {
            $draftid = 0;
            $text = file_prepare_draft_area($draftid, $context->id, 'mod_quiz', 'feedback', $row->id, null, $row->feedbacktext);
            $form->feedbacktext[$i] = ['text' => $text, 'format' => $row->feedbacktextformat, 'itemid' => $draftid];
            if ($i < count($rows) - 1) {
                $form->feedbackboundaries[$i] = (float) $row->mingrade;
            }
        }
    }
}
