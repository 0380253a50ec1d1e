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
 * Tests of what the account may not do.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

use context_course;
use context_system;
use core_external\external_api;
use local_lmssync\external\get_accounts;
use local_lmssync\local\question\bank;
use stdClass;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * Other people's questions and accounts, and what Moodle's own pages would ask for.
 *
 * @covers \local_lmssync\local\question\storing
 * @covers \local_lmssync\local\question\xml_reader
 * @covers \local_lmssync\external\get_accounts
 * @covers \local_lmssync\external\get_state
 * @covers \local_lmssync\local\activities
 * @covers \local_lmssync\local\activity\quiz_slots
 */
final class rights_test extends pushing_testcase {
    /**
     * A question that a teacher wrote, under a key of ours.
     *
     * @param string $key
     * @param string $category
     * @return stdClass
     */
    private function theirs(string $key, string $category = 'final'): stdClass {
        global $DB;
        $this->setAdminUser();
        $generator = $this->getDataGenerator()->get_plugin_generator('core_question');
        $where = ['contextid' => context_course::instance($this->course->id)->id, 'idnumber' => $category];
        $found = $DB->get_record('question_categories', $where) ?: $generator->create_question_category($where);
        $question = $generator->create_question('truefalse', null, ['category' => $found->id, 'idnumber' => $key]);
        $this->setUser($this->client);
        return $question;
    }

    public function test_a_question_of_somebody_else_is_not_overwritten(): void {
        $this->questions(['final:a' => 'Ours']);
        $theirs = $this->theirs('final:b');
        $this->assertSame('foreignquestion', $this->refused(fn() => $this->questions(['final:b' => 'Ours'])));
        $entry = bank::entries($this->course, ['final:b'])['final:b'];
        $this->assertSame([(int) $theirs->id, 1], [(int) $entry->questionid, (int) $entry->version]);
    }

    public function test_a_question_of_somebody_else_is_not_moved(): void {
        $this->theirs('final:b', 'elsewhere');
        $this->assertSame('foreignquestion', $this->refused(fn() => $this->questions(['final:b' => 'Ours'])));
        $this->assertSame('elsewhere', bank::entries($this->course, ['final:b'])['final:b']->category);
        $this->assertArrayNotHasKey('final', $this->state()['categories']);
    }

    public function test_the_right_to_edit_all_questions_is_enough(): void {
        $this->questions(['final:a' => 'Ours']);
        $this->theirs('final:b');
        assign_capability('moodle/question:editall', CAP_ALLOW, $this->roleid, context_system::instance()->id, true);
        accesslib_clear_all_caches_for_unit_testing();
        $this->assertSame(1, $this->questions(['final:b' => 'Ours'])['updated']);
    }

    public function test_our_questions_are_found_again_after_a_reinstallation(): void {
        global $DB;
        $this->questions(['final:a' => 'Ours']);
        $DB->delete_records('local_lmssync_object');
        $this->assertSame(1, $this->questions(['final:a' => 'Ours'])['updated']);
        $DB->delete_records('local_lmssync_object');
        $this->without('moodle/question:editmine');
        $this->assertSame('foreignquestion', $this->refused(fn() => $this->questions(['final:a' => 'Ours'])));
    }

    public function test_our_question_comes_back_from_another_category(): void {
        $this->questions(['final:a' => 'Ours']);
        $this->questions(['final:a' => 'Ours'], null, 'elsewhere');
        $this->assertSame('elsewhere', $this->state()['questions']['final:a']['category']);
        $this->without('moodle/question:movemine');
        $this->assertSame('foreignquestion', $this->refused(fn() => $this->questions(['final:a' => 'Ours'])));
    }

    public function test_a_question_file_with_a_document_type_is_refused(): void {
        $type = '<!DOCTYPE quiz [<!ENTITY a "aaaa">]>';
        $call = fn() => $this->questions(['final:a' => '&a;'], null, 'final', $type);
        $this->assertSame('badquestionfile', $this->refused($call));
    }

    /**
     * What is told of these accounts, by id.
     *
     * @param int ...$ids
     * @return array[]
     */
    private function told(int ...$ids): array {
        $answer = external_api::clean_returnvalue(get_accounts::execute_returns(), get_accounts::execute($ids));
        return array_column($answer, null, 'id');
    }

    public function test_of_a_deleted_account_only_that_is_told(): void {
        $user = $this->getDataGenerator()->create_user(['idnumber' => 'N1']);
        $this->assertSame('N1', $this->told($user->id)[$user->id]['idnumber']);
        delete_user($user);
        $told = $this->told($user->id)[$user->id];
        $this->assertSame(['', '', '', true], [$told['idnumber'], $told['username'], $told['auth'], $told['deleted']]);
    }

    public function test_accounts_are_told_only_to_who_may_see_them(): void {
        $stranger = $this->getDataGenerator()->create_user();
        $learner = $this->getDataGenerator()->create_and_enrol($this->course);
        $this->without('moodle/user:viewalldetails');
        $told = $this->told($stranger->id, $learner->id, $this->client->id);
        $this->assertEqualsCanonicalizing([$learner->id, $this->client->id], array_keys($told));
        $this->without('moodle/course:viewparticipants');
        $this->assertSame([(int) $this->client->id], array_keys($this->told($stranger->id, $learner->id, $this->client->id)));
    }

    public function test_who_is_enrolled_is_told_only_to_who_may_see_participants(): void {
        $this->state();
        $this->without('moodle/course:viewparticipants');
        $this->assertSame('nopermissions', $this->refused(fn() => $this->state()));
    }

    public function test_a_hidden_start_needs_the_right_to_hide(): void {
        $this->without('moodle/course:activityvisibility');
        $hidden = ['name' => 'P', 'content' => 'x', 'visible' => 0];
        $this->assertSame('nopermissions', $this->refused(fn() => $this->activity('page', $hidden)));
        $this->assertSame('created', $this->activity('page', ['name' => 'P', 'content' => 'x'])['action']);
    }

    public function test_fixed_slots_need_the_right_to_use_the_question(): void {
        $this->questions(['final:a' => 'Ours']);
        $quiz = ['name' => 'Q', 'slots' => [['question' => 'final:a']]];
        $this->without('moodle/question:useall');
        $this->assertSame('nopermissions', $this->refused(fn() => $this->activity('quiz', $quiz)));
    }

    public function test_the_right_to_use_its_own_questions_is_enough_for_fixed_slots(): void {
        $this->questions(['final:a' => 'Ours']);
        $quiz = ['name' => 'Q', 'slots' => [['question' => 'final:a']]];
        $this->without('moodle/question:useall');
        assign_capability('moodle/question:usemine', CAP_ALLOW, $this->roleid, context_system::instance()->id, true);
        accesslib_clear_all_caches_for_unit_testing();
        $this->assertSame('created', $this->activity('quiz', $quiz)['action']);
    }
}
