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
 * Tests of what is told of learners' answers, and of grades that would fall.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

use local_lmssync\external\get_changes;
use core_external\external_api;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * Answers come with a name or not at all; the forecast of grades is what happens.
 *
 * @covers \local_lmssync\local\changes\feedback_answer
 * @covers \local_lmssync\local\activity\feedback_items
 * @covers \local_lmssync\local\activity\scorm
 */
final class answers_and_grades_test extends pushing_testcase {
    /** @var array */
    private const ITEMS = [
        ['key' => 'sure', 'type' => 'rating', 'name' => 'How sure?', 'required' => 1, 'options' => ['Not', 'Quite', 'Very']],
        ['key' => 'years', 'type' => 'number', 'name' => 'How many years?', 'required' => 0, 'options' => ['0', '-']],
        ['key' => 'words', 'type' => 'text', 'name' => 'What else?', 'required' => 0, 'options' => []],
    ];

    /**
     * Pushes a questionnaire and answers it as a new learner.
     *
     * @param int $anonymous
     * @param string $key
     * @return \stdClass the learner
     */
    private function answered(int $anonymous): \stdClass {
        global $DB;
        $data = ['name' => 'Needs', 'anonymous' => $anonymous, 'items' => self::ITEMS];
        $made = $this->activity('feedback', $data);
        $this->assertSame(self::ITEMS, $this->state()['activities']['archive/feedback']['fields']['items']);
        $learner = $this->getDataGenerator()->create_and_enrol($this->course);
        $completed = $DB->insert_record('feedback_completed', (object) [
            'feedback' => $made['instance'],
            'userid' => $learner->id,
            'timemodified' => time() - 10,
            'anonymous_response' => $anonymous,
        ]);
        $values = ['sure' => '2', 'years' => '0', 'words' => ''];
        foreach ($DB->get_records('feedback_item', ['feedback' => $made['instance']]) as $item) {
            $DB->insert_record('feedback_value', (object) [
                'item' => $item->id,
                'completed' => $completed,
                'value' => $values[$item->label],
            ]);
        }
        return $learner;
    }

    /**
     * The rows of the stream.
     *
     * @return array
     */
    private function pulled(): array {
        $page = get_changes::execute('feedback_answer', [(int) $this->course->id], 0, 0, 100);
        return external_api::clean_returnvalue(get_changes::execute_returns(), $page)['rows'];
    }

    public function test_an_answer_with_a_name_comes_with_its_values_by_key(): void {
        $learner = $this->answered(2);
        [$row] = $this->pulled();
        $this->assertSame(['archive/feedback', (int) $learner->id], [$row['key'], $row['userid']]);
        $this->assertSame(['answers' => ['sure' => '2', 'years' => '0']], json_decode($row['data'], true));
    }

    public function test_an_anonymous_answer_does_not_come_also_if_the_questionnaire_is_turned_later(): void {
        $this->answered(1);
        $this->assertSame([], $this->pulled());
        $seen = $this->state()['activities']['archive/feedback']['hash'];
        $this->activity('feedback', ['name' => 'Needs', 'anonymous' => 2], $seen);
        $this->assertSame([], $this->pulled());
    }

    public function test_an_answer_with_a_name_is_not_told_once_the_questionnaire_is_anonymous(): void {
        $this->answered(2);
        $seen = $this->state()['activities']['archive/feedback']['hash'];
        $this->activity('feedback', ['name' => 'Needs', 'anonymous' => 1], $seen);
        $this->assertSame([], $this->pulled());
    }

    public function test_the_grades_that_fall_with_an_item_are_those_that_were_told(): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/scorm/locallib.php');
        $zip = self::package('ITEM');
        $data = ['name' => 'Package', 'sha1' => sha1($zip), 'grademethod' => 1, 'whatgrade' => 0];
        $made = $this->activity('scorm', $data, '', $this->draft('p.zip', $zip));
        $scorm = $DB->get_record('scorm', ['id' => $made['instance']]);
        $sco = $DB->get_record('scorm_scoes', ['scorm' => $scorm->id, 'identifier' => 'ITEM']);
        // Two with a score, one who has only begun, one whose grade a teacher has written.
        foreach (['80', '60', '', '40'] as $i => $score) {
            $learner = $this->getDataGenerator()->create_and_enrol($this->course);
            scorm_insert_track($learner->id, $scorm->id, $sco->id, 1, 'cmi.core.lesson_status', 'incomplete');
            if ($score !== '') {
                scorm_insert_track($learner->id, $scorm->id, $sco->id, 1, 'cmi.core.score.raw', $score);
            }
            if ($i === 3) {
                $item = \grade_item::fetch(['itemmodule' => 'scorm', 'iteminstance' => $scorm->id]);
                $item->update_final_grade($learner->id, 55, 'test');
            }
        }
        $told = $this->state()['activities']['archive/scorm'];
        $this->assertSame([['items' => ['ITEM'], 'learners' => 2]], $told['grades']);
        $before = $this->grades_above_nought((int) $scorm->id);
        $other = self::package('OTHER');
        $data = ['sha1' => sha1($other), 'accept' => ['attempts', 'grades']] + $data;
        $this->activity('scorm', $data, $told['hash'], $this->draft('p.zip', $other));
        $this->assertSame(2, $before - $this->grades_above_nought((int) $scorm->id));
        $this->assertSame([], $this->state()['activities']['archive/scorm']['grades']);
    }

    /**
     * Number of grades above 0.
     *
     * @param int $scormid
     * @return int
     */
    private function grades_above_nought(int $scormid): int {
        global $DB;
        return $DB->count_records_sql(
            "SELECT COUNT(g.id) FROM {grade_grades} g JOIN {grade_items} i ON i.id = g.itemid
              WHERE i.itemmodule = 'scorm' AND i.iteminstance = ? AND g.finalgrade > 0",
            [$scormid]
        );
    }
}
