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
 * Tests of the log and of the function that reads it.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

use context_course;
use core_privacy\local\request\approved_contextlist;
use grade_item;
use local_lmssync\external\get_news;
use local_lmssync\local\change_log;
use local_lmssync\privacy\provider;
use stdClass;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * What rows do not tell themselves is kept, told, pruned and forgotten.
 *
 * @covers \local_lmssync\external\get_news
 * @covers \local_lmssync\local\change_log
 * @covers \local_lmssync\privacy\provider
 */
final class change_log_test extends pushing_testcase {
    /** @var stdClass */
    private stdClass $learner;

    /** @var grade_item */
    private grade_item $item;

    protected function setUp(): void {
        global $CFG;
        parent::setUp();
        require_once($CFG->libdir . '/gradelib.php');
        require_once($CFG->dirroot . '/mod/feedback/lib.php');
        $this->learner = $this->getDataGenerator()->create_and_enrol($this->course, 'student');
        $assign = $this->getDataGenerator()->create_module('assign', ['course' => $this->course->id]);
        $this->item = grade_item::fetch(['itemmodule' => 'assign', 'iteminstance' => $assign->id]);
        change_log::begin();
    }

    /**
     * What the log tells, without what it tells of the setting up.
     *
     * @return array[] stream, person
     */
    private function lines(): array {
        global $DB;
        $DB->set_field(change_log::TABLE, 'timecreated', time() - 5);
        $asked = [['stream' => 'log', 'courseids' => [(int) $this->course->id], 'since' => 0, 'afterid' => 0]];
        $answer = get_news::execute(json_encode($asked), 100);
        $this->assertSame(change_log::complete_since(), $answer['logsince']);
        $this->assertSame(hash('sha256', get_site_identifier()), $answer['site']);
        return array_map(
            fn($row) => [json_decode($row['data'])->stream, $row['userid']],
            array_values(array_filter($answer['pages'][0]['rows'], fn($row) => $row['userid'] !== 0))
        );
    }

    public function test_a_grade_with_an_old_date_is_told_and_one_of_today_is_not(): void {
        $this->item->update_final_grade($this->learner->id, 50);
        $this->assertSame([], $this->lines());
        $old = time() - 86400;
        $this->item->update_final_grade(
            $this->learner->id,
            60,
            null,
            false,
            FORMAT_MOODLE,
            null,
            $old
        );
        $this->assertContains(['grade', (int) $this->learner->id], $this->lines());
    }

    public function test_who_leaves_takes_grades_along_and_both_are_told(): void {
        global $DB;
        $this->item->update_final_grade($this->learner->id, 50);
        $instance = $DB->get_record('enrol', ['courseid' => $this->course->id, 'enrol' => 'manual']);
        enrol_get_plugin('manual')->unenrol_user($instance, $this->learner->id);
        $told = $this->lines();
        $this->assertContains(['grade', (int) $this->learner->id], $told);
        $this->assertContains(['enrolment', (int) $this->learner->id], $told);
    }

    public function test_a_changed_maximum_is_told_for_everybody(): void {
        global $DB;
        $this->item->update_final_grade($this->learner->id, 50);
        grade_regrade_final_grades($this->course->id);
        $DB->delete_records(change_log::TABLE);
        $this->item = grade_item::fetch(['id' => $this->item->id]);
        $this->item->grademax = 20;
        $this->item->update();
        $this->assertTrue($DB->record_exists(
            change_log::TABLE,
            ['stream' => 'grade', 'userid' => 0, 'courseid' => $this->course->id]
        ));
    }

    /**
     * A questionnaire with one answer of the learner, in an empty log.
     *
     * @param int $anonymous
     * @return array the answer, the questionnaire, its course module
     */
    private function answered(int $anonymous = FEEDBACK_ANONYMOUS_NO): array {
        global $DB;
        $feedback = $this->getDataGenerator()->create_module(
            'feedback',
            ['course' => $this->course->id, 'anonymous' => $anonymous]
        );
        $id = $DB->insert_record('feedback_completed', [
            'feedback' => $feedback->id,
            'userid' => $this->learner->id,
            'timemodified' => time(),
            'anonymous_response' => $anonymous,
        ]);
        $DB->delete_records(change_log::TABLE);
        return [
            $DB->get_record('feedback_completed', ['id' => $id]),
            $DB->get_record('feedback', ['id' => $feedback->id]),
            get_coursemodule_from_instance('feedback', $feedback->id),
        ];
    }

    public function test_an_answer_that_is_deleted_is_told_unless_it_was_given_without_a_name(): void {
        global $DB;
        foreach ([FEEDBACK_ANONYMOUS_NO => 1, FEEDBACK_ANONYMOUS_YES => 0] as $anonymous => $lines) {
            feedback_delete_completed(...[...$this->answered($anonymous), $this->course]);
            $this->assertSame($lines, $DB->count_records(change_log::TABLE, ['stream' => 'feedback_answer']));
        }
    }

    public function test_a_reset_tells_of_the_course_and_not_of_the_answers_that_it_deletes(): void {
        global $DB;
        [$completed, $feedback] = $this->answered();
        $data = ['id' => $this->course->id, 'courseid' => $this->course->id, "feedback_reset_data_$feedback->id" => 1];
        reset_course_userdata((object) $data);
        $this->assertFalse($DB->record_exists('feedback_completed', ['id' => $completed->id]));
        $this->assertSame(0, $DB->count_records(change_log::TABLE, ['stream' => 'feedback_answer']));
        $this->assertSame(1, $DB->count_records(change_log::TABLE, ['stream' => '', 'userid' => 0]));
        feedback_delete_completed(...[...$this->answered(), $this->course]);
        $this->assertSame(1, $DB->count_records(change_log::TABLE, ['stream' => 'feedback_answer']));
    }

    public function test_what_is_rolled_back_is_not_told(): void {
        global $DB;
        $instance = $DB->get_record('enrol', ['courseid' => $this->course->id, 'enrol' => 'manual']);
        $this->preventResetByRollback();
        $transaction = $DB->start_delegated_transaction();
        enrol_get_plugin('manual')->unenrol_user($instance, $this->learner->id);
        try {
            $transaction->rollback(new \moodle_exception('test'));
        } catch (\moodle_exception) {
            $this->assertSame([], $this->lines());
        }
    }

    public function test_old_lines_are_pruned_and_the_log_says_since_when_it_is_complete(): void {
        global $DB;
        $DB->delete_records(change_log::TABLE);
        $line = ['courseid' => $this->course->id, 'userid' => $this->learner->id, 'stream' => 'grade', 'rowid' => 1];
        foreach ([time() - 91 * DAYSECS, time() - 89 * DAYSECS] as $time) {
            $DB->insert_record(change_log::TABLE, $line + ['timecreated' => $time]);
        }
        set_config('logsince', 1, 'local_lmssync');
        (new \local_lmssync\task\prune_log())->execute();
        $this->assertSame(1, $DB->count_records(change_log::TABLE));
        $this->assertEqualsWithDelta(time() - 90 * DAYSECS, change_log::complete_since(), 5);
    }

    public function test_a_person_is_forgotten_in_the_log(): void {
        global $DB;
        $line = ['courseid' => $this->course->id, 'userid' => $this->learner->id, 'stream' => 'grade', 'rowid' => 1];
        $DB->insert_record(change_log::TABLE, $line + ['timecreated' => time()]);
        $context = context_course::instance($this->course->id);
        $this->assertContains((string) $context->id, provider::get_contexts_for_userid($this->learner->id)->get_contextids());
        provider::delete_data_for_user(new approved_contextlist($this->learner, 'local_lmssync', [$context->id]));
        $this->assertFalse($DB->record_exists(change_log::TABLE, ['userid' => $this->learner->id]));
    }

    public function test_questions_that_are_none_are_refused(): void {
        $this->assertSame('notquestions', $this->refused(fn() => get_news::execute('{}', 10)));
        $this->assertSame('notquestions', $this->refused(fn() => get_news::execute('[{"stream":"log","courseids":["1"]}]', 10)));
        $this->assertSame('nocourses', $this->refused(fn() => get_news::execute('[{"stream":"log"}]', 10)));
        $this->assertSame('badlimit', $this->refused(fn() => get_news::execute('[{"stream":"log","courseids":[1]}]', 0)));
    }
}
