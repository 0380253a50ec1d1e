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
 * Test of what an uninstallation leaves.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync;

defined('MOODLE_INTERNAL') || die();

require_once(__DIR__ . '/fixtures/pushing_testcase.php');

/**
 * The plugin goes, courses stay.
 *
 * @coversNothing
 */
final class uninstall_test extends pushing_testcase {
    public function test_courses_activities_and_questions_stay(): void {
        global $CFG, $DB;
        require_once($CFG->libdir . '/adminlib.php');
        $this->section(['name' => 'Learn']);
        $this->activity('page', ['name' => 'P', 'content' => 'x']);
        $this->questions(['final:a' => 'Ours']);
        $cms = fn() => $DB->get_records('course_modules', ['course' => $this->course->id], 'id', 'id, instance, idnumber, section');
        $before = [$cms(), $DB->count_records('course_sections', ['course' => $this->course->id]), $DB->count_records('question')];
        $folder = $CFG->dirroot . '/local/lmssync/db';
        $this->assertFileDoesNotExist("$folder/uninstall.php");

        // What uninstall_plugin() does of its own with the tables and capabilities; the whole of it would end the test site.
        drop_plugin_tables('local_lmssync', "$folder/install.xml", false);
        try {
            $this->assertFalse($DB->get_manager()->table_exists('local_lmssync_object'));
            $this->assertEquals($before, [
                $cms(),
                $DB->count_records('course_sections', ['course' => $this->course->id]),
                $DB->count_records('question'),
            ]);
            rebuild_course_cache($this->course->id, true);
            $this->assertCount(1, get_fast_modinfo($this->course)->get_instances_of('page'));
        } finally {
            foreach (['local_lmssync_object', 'local_lmssync_log', 'local_lmssync_certificates'] as $table) {
                $DB->get_manager()->install_one_table_from_xmldb_file("$folder/install.xml", $table);
            }
        }

        // Installed anew: activities and questions are found by their ID numbers.
        $state = $this->state();
        $this->assertSame(['archive/page'], array_keys($state['activities']));
        $this->assertSame(['final:a'], array_keys($state['questions']));
        $this->assertSame([], $state['sections']);
        $page = ['name' => 'P', 'content' => 'x'];
        $this->assertSame('updated', $this->activity('page', $page, $state['activities']['archive/page']['hash'])['action']);
    }
}
