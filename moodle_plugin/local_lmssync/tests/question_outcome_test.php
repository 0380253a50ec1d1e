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
 * Tests of the stream of question outcomes.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

use context_course;
use core_external\external_api;
use local_lmssync\external\get_changes;
use mod_quiz\quiz_attempt;
use mod_quiz\quiz_settings;
use question_engine;
use stdClass;

defined('MOODLE_INTERNAL') || die();

global $CFG;
require_once($CFG->dirroot . '/mod/quiz/locallib.php');
require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * What came of each question is told by places of options, and nothing that somebody wrote freely.
 *
 * @covers \local_lmssync\local\changes\question_outcome
 */
final class question_outcome_test extends pushing_testcase {
    /** @var stdClass */
    private stdClass $quiz;

    /** @var stdClass */
    private stdClass $learner;

    protected function setUp(): void {
        parent::setUp();
        $this->setAdminUser();
        $generator = $this->getDataGenerator();
        $this->quiz = $generator->create_module('quiz', [
            'course' => $this->course->id,
            'sumgrades' => 5,
            'grade' => 100,
            'questionsperpage' => 0,
            'preferredbehaviour' => 'deferredfeedback',
            'idnumber' => 'archive/final',
        ]);
        $bank = $generator->get_plugin_generator('core_question');
        $category = $bank->create_question_category([
            'contextid' => context_course::instance($this->course->id)->id,
            'idnumber' => 'final',
        ]);
        foreach (['multichoice' => 'one_of_four', 'truefalse' => null, 'match' => null, 'essay' => 'plain'] as $type => $which) {
            $question = $bank->create_question($type, $which, ['category' => $category->id, 'idnumber' => "final:$type"]);
            quiz_add_quiz_question($question->id, $this->quiz);
        }
        $pool = $bank->create_question_category([
            'contextid' => context_course::instance($this->course->id)->id,
            'idnumber' => 'pool',
        ]);
        $bank->create_question('numerical', 'pi', ['category' => $pool->id, 'idnumber' => 'pool:pi']);
        $filter = ['filter' => ['category' => [
            'jointype' => \core\output\datafilter::JOINTYPE_ANY,
            'values' => [$pool->id],
            'filteroptions' => ['includesubcategories' => false],
        ]]];
        quiz_settings::create($this->quiz->id)->get_structure()->add_random_questions(0, 1, $filter);
        $this->learner = $generator->create_and_enrol($this->course, 'student');
        $this->setUser($this->learner);
    }

    /**
     * Takes the quiz.
     *
     * @param array[] $responses by slot
     * @param bool $finish
     * @return quiz_attempt
     */
    private function take(array $responses, bool $finish = true): quiz_attempt {
        $settings = quiz_settings::create($this->quiz->id, $this->learner->id);
        $usage = question_engine::make_questions_usage_by_activity('mod_quiz', $settings->get_context());
        $usage->set_preferred_behaviour('deferredfeedback');
        $attempt = quiz_create_attempt($settings, 1, false, time(), false, $this->learner->id);
        quiz_start_new_attempt($settings, $usage, $attempt, 1, time());
        quiz_attempt_save_started($settings, $usage, $attempt);
        $taken = quiz_attempt::create($attempt->id);
        $taken->process_submitted_actions(time(), false, $responses);
        if ($finish) {
            quiz_attempt::create($attempt->id)->process_finish(time(), false);
        }
        return quiz_attempt::create($attempt->id);
    }

    /**
     * What the client is told, by slot, after the running second.
     *
     * @return array[]
     */
    private function told(): array {
        $this->waitForSecond();
        $this->setUser($this->client);
        $page = external_api::clean_returnvalue(
            get_changes::execute_returns(),
            get_changes::execute('question_outcome', [$this->course->id], 0, 0, 100)
        );
        $told = [];
        foreach ($page['rows'] as $row) {
            $this->assertEquals($this->learner->id, $row['userid']);
            $this->assertSame('archive/final', $row['key']);
            $data = json_decode($row['data'], true);
            $told[$data['slot']] = $data;
        }
        ksort($told);
        return $told;
    }

    public function test_the_outcomes_of_an_attempt_are_told_by_places(): void {
        $this->take([
            1 => ['answer' => 'Three'],
            2 => ['answer' => 1],
            3 => ['frog' => 'amphibian', 'cat' => 'amphibian', 'newt' => ''],
            5 => ['answer' => '3.1'],
        ]);
        $told = $this->told();
        $this->assertSame([1, 2, 3, 4, 5], array_keys($told));
        $this->assertSame([2], $told[1]['chosen']);
        $this->assertSame(['Three', 'One'], [$told[1]['response'], $told[1]['right']]);
        $this->assertEquals(0, $told[1]['fraction']);
        $this->assertSame([0], $told[2]['chosen']);
        $this->assertEquals(1, $told[2]['fraction']);
        $this->assertSame([0, 0, null], $told[3]['chosen']);
        $this->assertEqualsWithDelta(1 / 3, $told[3]['fraction'], 1e-7);
        $this->assertSame('final:match', $told[3]['question']);
        $this->assertSame(['category' => 'pool', 'tags' => []], $told[5]['random']);
        $this->assertSame(['pool:pi', 'numerical', '3.1', null], [
            $told[5]['question'],
            $told[5]['type'],
            $told[5]['response'],
            $told[5]['chosen'],
        ]);
        $this->assertNull($told[1]['random']);
    }

    public function test_what_was_left_out_has_no_mark_and_no_response(): void {
        $this->take([2 => ['answer' => 1]]);
        $told = $this->told();
        $this->assertSame([null, null, 'gaveup'], [$told[1]['fraction'], $told[1]['chosen'], $told[1]['outcome']]);
        $this->assertSame([null, 'gaveup'], [$told[3]['chosen'], $told[3]['outcome']]);
    }

    public function test_what_is_written_in_an_essay_is_never_told(): void {
        $this->take([4 => ['answer' => 'My colleague Jane is ill', 'answerformat' => FORMAT_PLAIN]]);
        $told = $this->told();
        $this->assertSame(['essay', 'needsgrading', null, null, null], [
            $told[4]['type'],
            $told[4]['outcome'],
            $told[4]['fraction'],
            $told[4]['response'],
            $told[4]['right'],
        ]);
        $this->assertStringNotContainsString('Jane', json_encode($told));
    }

    public function test_an_attempt_that_goes_on_is_not_told(): void {
        $this->take([1 => ['answer' => 'One']], false);
        $this->assertSame([], $this->told());
    }
}
