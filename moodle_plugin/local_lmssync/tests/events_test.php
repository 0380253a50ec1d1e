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
 * Tests of calendar events.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * Events are made once, changed in place, hidden, and found again; those of others are left alone.
 *
 * @covers \local_lmssync\external\upsert_event
 * @covers \local_lmssync\local\events
 */
final class events_test extends pushing_testcase {
    /** @var array */
    private const SESSION = [
        'name' => 'Session',
        'description' => '<p>Agenda</p>',
        'location' => 'Hall, Elbasan',
        'start' => 1800000000,
        'duration' => 5400,
        'group' => '',
        'visible' => 1,
    ];

    public function test_an_event_is_made_once_left_alone_and_changed_in_place(): void {
        global $DB;
        $made = $this->event(self::SESSION);
        $this->assertSame('created', $made['action']);
        $again = $this->event(self::SESSION, 'whatever was seen');
        $this->assertSame(['unchanged', $made['id']], [$again['action'], $again['id']]);
        $this->assertSame(self::SESSION, $this->state()['events']['programme/first/1']['fields']);
        $moved = ['start' => 1800090000] + self::SESSION;
        $changed = $this->event($moved, $made['hash']);
        $this->assertSame(['updated', $made['id']], [$changed['action'], $changed['id']]);
        $row = $DB->get_record('event', ['id' => $made['id']]);
        $this->assertSame([1800090000, 'course'], [(int) $row->timestart, $row->eventtype]);
        $this->assertCount(1, $this->state()['events']);
    }

    public function test_a_stale_event_is_refused_also_after_an_edit_in_moodle(): void {
        global $DB;
        $seen = $this->event(self::SESSION)['hash'];
        $other = ['name' => 'Other'] + self::SESSION;
        $this->assertSame('stale', $this->refused(fn() => $this->event($other)));
        $DB->set_field('event', 'timestart', 1700000000, ['courseid' => $this->course->id]);
        $this->assertStringStartsWith('drift:', $this->state()['events']['programme/first/1']['hash']);
        $this->assertSame('stale', $this->refused(fn() => $this->event($other, $seen)));
        $this->assertSame('Session', $this->state()['events']['programme/first/1']['fields']['name']);
    }

    public function test_an_event_of_a_group_is_one_and_can_be_hidden(): void {
        global $DB;
        $group = $this->getDataGenerator()->create_group(['courseid' => $this->course->id, 'idnumber' => 'archive/elbasan']);
        $made = $this->event(['group' => 'archive/elbasan'] + self::SESSION);
        $row = $DB->get_record('event', ['id' => $made['id']]);
        $this->assertSame(['group', (int) $group->id], [$row->eventtype, (int) $row->groupid]);
        $this->assertSame('archive/elbasan', $this->state()['events']['programme/first/1']['fields']['group']);
        $this->event(['name' => 'Session', 'visible' => 0], $made['hash']);
        $hidden = $this->state()['events']['programme/first/1']['fields'];
        $this->assertSame([0, 'archive/elbasan', 1800000000], [$hidden['visible'], $hidden['group'], $hidden['start']]);
        $unknown = ['group' => 'archive/nowhere'] + self::SESSION;
        $this->assertSame('unknowngroup', $this->refused(fn() => $this->event($unknown, '*')));
    }

    public function test_an_event_is_found_again_without_our_table_and_those_of_others_are_not_told(): void {
        global $DB;
        $this->setAdminUser();
        $this->getDataGenerator()->create_event(['eventtype' => 'course', 'courseid' => $this->course->id]);
        $this->setUser($this->client);
        $made = $this->event(self::SESSION);
        $DB->delete_records('local_lmssync_object');
        $told = $this->state()['events'];
        $this->assertSame(['programme/first/1'], array_keys($told));
        $changed = $this->event(['name' => 'Again'] + self::SESSION, $told['programme/first/1']['hash']);
        $this->assertSame(['updated', $made['id']], [$changed['action'], $changed['id']]);
    }

    public function test_wrong_data_and_a_missing_right_are_refused_and_nothing_is_made(): void {
        $wrong = [
            'datamissing' => ['name' => 'Session'],
            'datavalue' => ['start' => 0] + self::SESSION,
            'dataunknown' => ['place' => 'x'] + self::SESSION,
            'badtext' => ['location' => ' x'] + self::SESSION,
        ];
        foreach ($wrong as $code => $data) {
            $this->assertSame($code, $this->refused(fn() => $this->event($data)));
        }
        $this->without('moodle/calendar:manageentries');
        $this->assertSame('nopermissions', $this->refused(fn() => $this->event(self::SESSION)));
        $this->assertSame([], $this->state()['events']);
    }
}
