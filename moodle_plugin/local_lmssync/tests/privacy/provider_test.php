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
 * Tests of the privacy provider.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\privacy;

use context_course;
use context_user;
use core_privacy\local\metadata\collection;
use core_privacy\local\request\approved_contextlist;
use core_privacy\local\request\approved_userlist;
use core_privacy\local\request\userlist;
use core_privacy\local\request\writer;
use core_privacy\tests\provider_testcase;
use local_lmssync\local\certificates;
use local_lmssync\local\registry;
use stdClass;

/**
 * Who pushed an object is told, and forgotten on request; the object's key stays.
 *
 * @covers \local_lmssync\privacy\provider
 * @covers \local_lmssync\privacy\certificate_data
 */
final class provider_test extends provider_testcase {
    /** @var stdClass */
    private stdClass $pusher;

    /** @var context_course */
    private context_course $context;

    protected function setUp(): void {
        parent::setUp();
        $this->resetAfterTest();
        $course = $this->getDataGenerator()->create_course();
        $this->context = context_course::instance($course->id);
        $this->pusher = $this->getDataGenerator()->create_user();
        foreach ([$this->pusher, $this->getDataGenerator()->create_user()] as $i => $user) {
            $this->setUser($user);
            registry::put($course->id, registry::ACTIVITY, "archive/$i", 100 + $i, str_repeat('a', 64), str_repeat('b', 64));
        }
    }

    /**
     * Who is known to have pushed into the course.
     *
     * @return int[]
     */
    private function known(): array {
        $list = new userlist($this->context, 'local_lmssync');
        provider::get_users_in_context($list);
        return array_map('intval', $list->get_userids());
    }

    public function test_what_is_kept_is_declared(): void {
        $items = provider::get_metadata(new collection('local_lmssync'))->get_collection();
        $this->assertSame(['local_lmssync_object', 'local_lmssync_log', 'local_lmssync_certificates', 'client'], array_map(fn($item) => $item->get_name(), $items));
    }

    public function test_the_courses_of_a_person_are_found(): void {
        $contexts = provider::get_contexts_for_userid($this->pusher->id)->get_contextids();
        $this->assertEquals([$this->context->id], $contexts);
        $this->assertCount(2, $this->known());
    }

    public function test_a_person_gets_what_is_known(): void {
        $this->export_context_data_for_user($this->pusher->id, $this->context, 'local_lmssync');
        $data = writer::with_context($this->context)->get_data([get_string('pluginname', 'local_lmssync')]);
        $this->assertSame(['archive/0'], array_column($data->objects, 'key'));
    }

    public function test_a_person_is_forgotten_and_the_keys_stay(): void {
        global $DB;
        provider::delete_data_for_user(new approved_contextlist($this->pusher, 'local_lmssync', [$this->context->id]));
        $this->assertNotContains((int) $this->pusher->id, $this->known());
        $this->assertCount(1, $this->known());
        $this->assertSame(2, $DB->count_records('local_lmssync_object'));
    }

    public function test_persons_of_a_list_are_forgotten(): void {
        provider::delete_data_for_users(new approved_userlist($this->context, 'local_lmssync', [$this->pusher->id]));
        $this->assertCount(1, $this->known());
    }

    public function test_all_persons_of_a_course_are_forgotten(): void {
        provider::delete_data_for_all_users_in_context($this->context);
        $this->assertSame([], $this->known());
    }

    public function test_certificates_are_told_and_forgotten_with_their_holder(): void {
        $context = context_user::instance($this->pusher->id);
        $other = $this->getDataGenerator()->create_user();
        $document = ['awards' => [], 'underway' => []];
        foreach ([$this->pusher, $other] as $user) {
            certificates::put('academy', (int) $user->id, str_repeat('a', 64), $document);
        }
        $found = array_map('intval', provider::get_contexts_for_userid($this->pusher->id)->get_contextids());
        $this->assertContains((int) $context->id, $found);
        $list = new userlist($context, 'local_lmssync');
        provider::get_users_in_context($list);
        $this->assertEquals([$this->pusher->id], $list->get_userids());
        $this->export_context_data_for_user($this->pusher->id, $context, 'local_lmssync');
        $place = [get_string('pluginname', 'local_lmssync'), get_string('certificates', 'local_lmssync'), 'academy'];
        $this->assertEquals([], writer::with_context($context)->get_data($place)->certificates->awards);
        provider::delete_data_for_user(new approved_contextlist($this->pusher, 'local_lmssync', [$context->id]));
        $this->assertFalse(certificates::any((int) $this->pusher->id));
        $this->assertTrue(certificates::any((int) $other->id));
        $elsewhere = context_user::instance($other->id);
        provider::delete_data_for_users(new approved_userlist($elsewhere, 'local_lmssync', [$this->pusher->id]));
        $this->assertTrue(certificates::any((int) $other->id));
        provider::delete_data_for_all_users_in_context($elsewhere);
        $this->assertFalse(certificates::any((int) $other->id));
    }
}
