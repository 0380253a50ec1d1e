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
 * Feedback questionnaires.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use context_module;
use local_lmssync\local\data_reader;
use local_lmssync\local\one_write;
use local_lmssync\local\refusal;
use stdClass;

/**
 * Feedback questionnaire with its questions.
 */
final class feedback extends simple_module {
    /** @var array */
    protected const NUMBERS = ['anonymous' => [1, 2], 'multiple_submit' => [0, 1]];

    /** @var array */
    protected const RULES = ['submit' => ['completionsubmit', 1]];

    #[\Override]
    public function read(data_reader $data): array {
        $wanted = parent::read($data);
        if ($data->has('items')) {
            $wanted['items'] = feedback_items::read($data->objects('items'));
        }
        return $wanted;
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        return parent::live($cm, $instance) + ['items' => feedback_items::live((int) $instance->id)];
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        $form->anonymous = 1;
        foreach (['multiple_submit', 'email_notification', 'autonumbering', 'publish_stats', 'timeopen', 'timeclose'] as $name) {
            $form->$name = 0;
        }
        $form->site_after_submit = '';
        $form->page_after_submit = '';
        $form->page_after_submitformat = FORMAT_HTML;
        $form->page_after_submit_editor = ['text' => '', 'format' => FORMAT_HTML, 'itemid' => 0];
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        // Without an item id Moodle leaves the text and its files as they are.
        $form->page_after_submit_editor = ['text' => '', 'format' => FORMAT_HTML, 'itemid' => 0];
    }

    #[\Override]
    public function fill(stdClass $form, array $wanted, int $draftitemid): void {
        parent::fill($form, array_diff_key($wanted, ['items' => 1]), $draftitemid);
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
        global $DB;
        if (!$cm || !isset($wanted['items']) || feedback_items::live((int) $cm->instance) === $wanted['items']) {
            return;
        }
        $answers = $this->users_with_attempts($DB->get_record('feedback', ['id' => $cm->instance], '*', MUST_EXIST));
        if ($answers && !in_array('responses', $accept, true)) {
            throw refusal::because('feedbackhasresponses', ['key' => $cm->idnumber, 'n' => $answers]);
        }
    }

    #[\Override]
    public function finish(stdClass $cm, array $wanted, one_write $write): void {
        if (!isset($wanted['items']) || feedback_items::live((int) $cm->instance) === $wanted['items']) {
            return;
        }
        require_capability('mod/feedback:edititems', context_module::instance($cm->id));
        feedback_items::put((int) $cm->instance, $wanted['items']);
    }

    #[\Override]
    public function users_with_attempts(stdClass $instance): int {
        global $DB;
        // Rows and not users: anonymous answers may have no user.
        return $DB->count_records('feedback_completed', ['feedback' => $instance->id]);
    }
}
