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
 * What differs between the versions of Moodle.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use context;
use context_course;
use context_module;
use core_question\local\bank\question_bank_helper;
use stdClass;

/**
 * The one place that knows of Moodle 5.
 *
 * Nothing here has run on Moodle 5, and version.php says 4.5 only. Known from the release notes, and what it means for us:
 *
 * - 5.0: question banks are modules (mod_qbank); a course's context holds no categories. See question_bank_context(). Such a
 *   module appears among the activities of section 0; it is no activity of ours, because its ID number does not begin with
 *   "<course ID number>/".
 * - 5.0: tags of a question are those of its bank; there are no course tags beside them (question/storing.php sends both lists
 *   as one, which stays right).
 * - 5.0: an attempt at a quiz can also be "notstarted" or "submitted". The stream quiz_attempt hands on what it finds.
 * - 5.0: a regrade asked for from the pages runs later as a task. We call the grade calculator ourselves.
 * - 5.1: what the web server shows lies in public/, so the plugin's folder is public/local/lmssync. $CFG->dirroot and
 *   $CFG->libdir point into public/, and every require_once here begins with one of them; only instructions for people
 *   (README.md) name the folder. Scripts of the command line stay at admin/cli/ outside of it.
 * - 5.1: quiz_add_random_questions() and quiz_update_sumgrades() are gone. We use slot_random and the grade calculator.
 * - 5.1: cm_info and its neighbours got namespaces; the old names stay as aliases.
 * - 5.2: set_section_visible() and course_delete_module() move into classes; we use formatactions for the first and delete
 *   nothing. completion_info::clear_criteria() has a parameter more, with a default that keeps what criteria.php means.
 */
final class moodle_version {
    /** @var string ID number of the bank that we would make in a course */
    private const BANK_KEY = 'lmssync-question-bank';

    /**
     * Whether question banks are modules.
     *
     * @return bool
     */
    public static function banks_are_modules(): bool {
        global $CFG;
        return (int) $CFG->branch >= 500;
    }

    /**
     * The context that holds the question categories which are pushed into a course.
     *
     * @param stdClass $course
     * @param bool $create whether a bank may be made; without one the course's context is given, which then holds nothing
     * @return context
     */
    public static function question_bank_context(stdClass $course, bool $create = false): context {
        if (!self::banks_are_modules()) {
            return context_course::instance($course->id);
        }
        foreach (get_fast_modinfo($course)->get_instances_of('qbank') as $cm) {
            if ($cm->idnumber === self::BANK_KEY && !$cm->deletioninprogress) {
                return context_module::instance($cm->id);
            }
        }
        if (!$create) {
            return context_course::instance($course->id);
        }
        // A bank of our own: what teachers keep in the course's other banks is none of our business.
        $cm = question_bank_helper::create_default_open_instance($course, get_string('pluginname', 'local_lmssync'), 'standard');
        set_coursemodule_idnumber($cm->id, self::BANK_KEY);
        return context_module::instance($cm->id);
    }
}
