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
 * Tests of the writing functions.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * The same write twice does nothing, a stale one is refused, one beside another waits.
 *
 * @covers \local_lmssync\external\upsert_section
 * @covers \local_lmssync\external\upsert_activity
 * @covers \local_lmssync\external\upsert_questions
 * @covers \local_lmssync\external\set_criteria
 * @covers \local_lmssync\local\one_write
 */
final class upserts_test extends pushing_testcase {
    public function test_a_section_is_made_once_left_alone_and_changed(): void {
        $first = $this->section(['name' => 'Learn', 'position' => 1]);
        $this->assertSame('created', $first['action']);
        $again = $this->section(['name' => 'Learn', 'position' => 1], 'whatever was seen');
        $this->assertSame(['unchanged', $first['id']], [$again['action'], $again['id']]);
        $changed = $this->section(['name' => 'Learn now'], $first['hash']);
        $this->assertSame(['updated', $first['id']], [$changed['action'], $changed['id']]);
        $this->assertCount(1, $this->state()['sections']);
    }

    public function test_a_stale_section_is_refused(): void {
        $seen = $this->section(['name' => 'Learn'])['hash'];
        $this->section(['name' => 'Other'], $seen);
        $this->assertSame('stale', $this->refused(fn() => $this->section(['name' => 'Third'], $seen)));
        $this->assertSame('stale', $this->refused(fn() => $this->section(['name' => 'Third'])));
        $this->assertSame('Other', $this->state()['sections']['archive/learn']['fields']['name']);
    }

    public function test_an_edit_in_moodle_makes_a_write_stale(): void {
        global $DB;
        $seen = $this->section(['name' => 'Learn'])['hash'];
        $DB->set_field('course_sections', 'name', 'By hand', ['id' => $this->state()['sections']['archive/learn']['id']]);
        $this->assertStringStartsWith('drift:', $this->state()['sections']['archive/learn']['hash']);
        $this->assertSame('stale', $this->refused(fn() => $this->section(['name' => 'Third'], $seen)));
    }

    public function test_activities_are_made_once_left_alone_and_refused_when_stale(): void {
        foreach (['page' => ['content' => '<p>1</p>'], 'label' => ['intro' => '<p>1</p>'], 'glossary' => []] as $modname => $own) {
            $data = ['name' => 'One'] + $own;
            $made = $this->activity($modname, $data);
            $this->assertSame('created', $made['action']);
            $again = $this->activity($modname, $data, 'whatever was seen');
            $this->assertSame(['unchanged', $made['id']], [$again['action'], $again['id']]);
            $other = ['name' => 'Two'] + $own;
            $this->assertSame('stale', $this->refused(fn() => $this->activity($modname, $other)));
            $this->assertSame('updated', $this->activity($modname, $other, $made['hash'])['action']);
        }
        $this->assertCount(3, $this->state()['activities']);
    }

    public function test_a_package_is_stored_once_and_a_dead_one_leaves_it(): void {
        $zip = self::package('ITEM');
        $data = ['name' => 'Package', 'sha1' => sha1($zip)];
        $made = $this->activity('scorm', $data, '', $this->draft('p.zip', $zip));
        $this->assertSame(['created', 'SCORM_1.2'], [$made['action'], $made['package']['version']]);
        $this->assertSame('unchanged', $this->activity('scorm', $data)['action']);
        $dead = self::package('ITEM', false);
        $call = fn() => $this->activity(
            'scorm',
            ['name' => 'Package', 'sha1' => sha1($dead)],
            $made['hash'],
            $this->draft('p.zip', $dead)
        );
        $this->assertSame('deadpackage', $this->refused($call));
        $this->assertSame(sha1($zip), $this->state()['activities']['archive/scorm']['package']['sha1']);
    }

    public function test_questions_are_stored_once_and_changed_ones_get_a_version(): void {
        $made = $this->questions(['final:a' => 'One', 'final:b' => 'Two']);
        $this->assertSame([2, 0, 0], [$made['created'], $made['updated'], $made['unchanged']]);
        $again = $this->questions(['final:a' => 'One', 'final:b' => 'Two'], 'whatever was seen');
        $this->assertSame([0, 0, 2], [$again['created'], $again['updated'], $again['unchanged']]);
        $changed = $this->questions(['final:a' => 'One, again'], self::hash('One'));
        $this->assertSame([1, 2], [$changed['updated'], $changed['questions'][0]['version']]);
        $this->assertSame('stale', $this->refused(fn() => $this->questions(['final:a' => 'Third'], self::hash('One'))));
        $this->assertSame('stale', $this->refused(fn() => $this->questions(['final:a' => 'Third'], '')));
        $this->assertSame('stale', $this->refused(fn() => $this->questions(['final:new' => 'Third'], self::hash('One'))));
        $this->assertArrayNotHasKey('final:new', $this->state()['questions']);
    }

    public function test_criteria_are_set_once_and_refused_when_stale(): void {
        $rules = ['tracking' => 2, 'view' => 1];
        $this->activity('page', ['name' => 'P', 'content' => 'x', 'completion' => $rules]);
        $this->activity('glossary', ['name' => 'G', 'completion' => $rules]);
        $made = $this->criteria(['archive/page']);
        $this->assertSame('created', $made['action']);
        $this->assertSame('unchanged', $this->criteria(['archive/page'], 'whatever was seen')['action']);
        $this->assertSame('stale', $this->refused(fn() => $this->criteria(['archive/glossary'])));
        $this->assertSame('updated', $this->criteria(['archive/glossary'], $made['hash'])['action']);
    }

    public function test_a_write_beside_another_into_the_course_is_refused(): void {
        global $CFG;
        // The databases' own locks let their own session in; this kind does not. The write waits its 30 seconds.
        $CFG->lock_factory = '\core\lock\db_record_lock_factory';
        $held = \core\lock\lock_config::get_lock_factory('local_lmssync')->get_lock("course{$this->course->id}", 1);
        $this->assertSame('locked', $this->refused(fn() => $this->section(['name' => 'Learn'])));
        $held->release();
        $this->assertSame('created', $this->section(['name' => 'Learn'])['action']);
    }

    public function test_keys_end_where_they_end(): void {
        $call = fn() => $this->section(['name' => 'Learn'], '', "archive/learn\n");
        $this->assertSame('badkey', $this->refused($call));
    }
}
