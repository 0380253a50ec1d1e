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
 * What the plugin must know about a type of activity.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use local_lmssync\local\data_reader;
use local_lmssync\local\one_write;
use stdClass;

/**
 * One type of activity: which settings a client may send, how they are read from the live rows and put into the form data
 * that Moodle's own functions take.
 *
 * The names and value forms are the same in both directions, so that a client which reads back what it sent finds it equal.
 */
interface adapter {
    /**
     * Settings that the client sends, beyond those that all activities have and the completion rules.
     *
     * @param data_reader $data
     * @return array only those that are there, checked
     */
    public function read(data_reader $data): array;

    /**
     * Completion rules that the client sends.
     *
     * @param data_reader $data
     * @return array all of them
     */
    public function read_completion(data_reader $data): array;

    /**
     * Live settings, same names and forms as read() gives.
     *
     * @param stdClass $cm row of course_modules
     * @param stdClass $instance row of the module's table
     * @return array all of them
     */
    public function live(stdClass $cm, stdClass $instance): array;

    /**
     * Live completion rules, same names and forms as read_completion() gives.
     *
     * @param stdClass $cm
     * @param stdClass $instance
     * @return array
     */
    public function live_completion(stdClass $cm, stdClass $instance): array;

    /**
     * Live completion rules that a client cannot send, as far as they are set. Rules of a client replace them.
     *
     * @param stdClass $cm
     * @param stdClass $instance
     * @return array empty if there are none
     */
    public function foreign_rules(stdClass $cm, stdClass $instance): array;

    /**
     * Form data for a new activity: the site's defaults.
     *
     * @param stdClass $form
     */
    public function fill_defaults(stdClass $form): void;

    /**
     * Form data for an existing activity: what get_moduleinfo_data() leaves out and an update would wipe.
     *
     * @param stdClass $form
     */
    public function fill_kept(stdClass $form): void;

    /**
     * Puts the client's settings into the form data.
     *
     * @param stdClass $form
     * @param array $wanted from read()
     * @param int $draftitemid draft area with a file, 0 = none
     */
    public function fill(stdClass $form, array $wanted, int $draftitemid): void;

    /**
     * Puts completion rules into the form data.
     *
     * @param stdClass $form
     * @param array $rules from read_completion()
     */
    public function fill_completion(stdClass $form, array $rules): void;

    /**
     * What is to be checked before anything is written.
     *
     * @param stdClass $course
     * @param stdClass|null $cm null = it is going to be created
     * @param array $wanted from read()
     * @param int $draftitemid
     * @param string[] $accept losses that the client accepts
     */
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void;

    /**
     * The rest of the work after Moodle's own create or update.
     *
     * @param stdClass $cm
     * @param array $wanted
     * @param one_write $write
     */
    public function finish(stdClass $cm, array $wanted, one_write $write): void;

    /**
     * Whether the data ask for a file that is not there yet.
     *
     * @param stdClass|null $cm
     * @param array $wanted
     * @return bool
     */
    public function wants_file(?stdClass $cm, array $wanted): bool;

    /**
     * More values for get_state and for the answer, beside the settings.
     *
     * @param stdClass $cm
     * @param stdClass $instance
     * @return array
     */
    public function extra(stdClass $cm, stdClass $instance): array;

    /**
     * Number of users who did something in it that is kept: attempts, posts, submissions, answers.
     *
     * @param stdClass $instance
     * @return int
     */
    public function users_with_attempts(stdClass $instance): int;

    /**
     * More about what learners have in it, for get_state only: what a change would put at risk.
     *
     * @param stdClass $instance
     * @return array
     */
    public function traces(stdClass $instance): array;
}
