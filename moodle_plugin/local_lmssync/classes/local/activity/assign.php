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
 * Assignments.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use assign as moodle_assign;
use context_course;
use context_module;
use local_lmssync\local\data_reader;
use local_lmssync\local\refusal;
use stdClass;

/**
 * Assignment: work that is handed in as a text, as files or both, for points.
 */
final class assign extends simple_module {
    /** @var array */
    protected const NUMBERS = [
        'duedate' => [0, PHP_INT_MAX],
        'cutoffdate' => [0, PHP_INT_MAX],
        'grade' => [0, 1000],
    ];

    /** @var array */
    protected const RULES = ['submit' => ['completionsubmit', 1]];

    /** @var bool */
    protected const GRADED = true;

    #[\Override]
    public function read(data_reader $data): array {
        $wanted = parent::read($data);
        if ($data->has('gradepass')) {
            $wanted['gradepass'] = $data->number('gradepass', 0, 1000, 5);
        }
        if ($data->has('submissions')) {
            $kinds = $data->object('submissions');
            $wanted['submissions'] = ['text' => $kinds->integer('text', 0, 1), 'files' => $kinds->integer('files', 0, 1000)];
            $kinds->finish();
        }
        return $wanted;
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        $assignment = self::load(context_module::instance($cm->id));
        $text = $assignment->get_submission_plugin_by_type('onlinetext');
        $file = $assignment->get_submission_plugin_by_type('file');
        return parent::live($cm, $instance) + [
            'gradepass' => self::gradepass($instance),
            'submissions' => [
                'text' => (int) ($text && $text->is_enabled()),
                'files' => $file && $file->is_enabled() ? (int) $file->get_config('maxfilesubmissions') : 0,
            ],
        ];
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        self::fill_from_config($form, 'assign', [
            'alwaysshowdescription', 'submissiondrafts', 'requiresubmissionstatement', 'maxattempts', 'attemptreopenmethod',
            'teamsubmission', 'preventsubmissionnotingroup', 'requireallteammemberssubmit', 'sendnotifications',
            'sendlatenotifications', 'sendstudentnotifications', 'blindmarking', 'hidegrader', 'markingworkflow',
            'markingallocation', 'markinganonymous',
        ]);
        foreach (['duedate', 'cutoffdate', 'gradingduedate', 'allowsubmissionsfromdate', 'teamsubmissiongroupingid'] as $name) {
            $form->$name = 0;
        }
        $form->grade = 100;
        $form->gradepass = 0.0;
        foreach (self::plugins(self::load(context_course::instance($form->course))) as $name => $plugin) {
            $form->{"{$name}_enabled"} = (int) ($plugin->is_configurable()
                ? get_config($name, 'default')
                : $plugin->is_enabled());
        }
        $form->assignsubmission_file_maxfiles = get_config('assignsubmission_file', 'maxfiles');
        $form->assignsubmission_file_maxsizebytes = get_config('assignsubmission_file', 'maxbytes');
        $form->assignsubmission_file_filetypes = get_config('assignsubmission_file', 'filetypes');
        $form->assignfeedback_comments_commentinline = get_config('assignfeedback_comments', 'inline');
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        $assignment = self::load(context_module::instance($form->coursemodule));
        $plugins = self::plugins($assignment);
        foreach ($plugins as $name => $plugin) {
            $form->{"{$name}_enabled"} = (int) $plugin->is_enabled();
        }
        $file = $plugins['assignsubmission_file'];
        $form->assignsubmission_file_maxfiles = (int) $file->get_config('maxfilesubmissions')
            ?: get_config('assignsubmission_file', 'maxfiles');
        $form->assignsubmission_file_maxsizebytes = (int) $file->get_config('maxsubmissionsizebytes');
        $form->assignsubmission_file_filetypes = (string) $file->get_config('filetypeslist');
        $text = $plugins['assignsubmission_onlinetext'];
        $form->assignsubmission_onlinetext_wordlimit = (int) $text->get_config('wordlimit');
        $form->assignsubmission_onlinetext_wordlimit_enabled = (int) $text->get_config('wordlimitenabled');
        $form->assignfeedback_comments_commentinline = (int) $plugins['assignfeedback_comments']->get_config('commentinline');
    }

    #[\Override]
    public function fill(stdClass $form, array $wanted, int $draftitemid): void {
        parent::fill($form, array_diff_key($wanted, ['submissions' => 1]), $draftitemid);
        if (isset($wanted['submissions'])) {
            $form->assignsubmission_onlinetext_enabled = $wanted['submissions']['text'];
            $form->assignsubmission_file_enabled = (int) ($wanted['submissions']['files'] > 0);
            if ($wanted['submissions']['files']) {
                $form->assignsubmission_file_maxfiles = $wanted['submissions']['files'];
            }
        }
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
        global $DB;
        $instance = $cm ? $DB->get_record('assign', ['id' => $cm->instance], '*', MUST_EXIST) : null;
        $grade = $wanted['grade'] ?? (int) ($instance->grade ?? 100);
        $gradepass = $wanted['gradepass'] ?? ($instance ? self::gradepass($instance) : 0.0);
        if ($gradepass > $grade) {
            throw refusal::because('datavalue', ['field' => 'gradepass', 'allowed' => "0 … $grade"]);
        }
        $most = (int) get_config('assignsubmission_file', 'maxfiles');
        if (($wanted['submissions']['files'] ?? 0) > $most) {
            throw refusal::because('datavalue', ['field' => 'submissions.files', 'allowed' => "0 … $most"]);
        }
        if ($instance && $grade !== (int) $instance->grade && !in_array('grades', $accept, true)) {
            if ($graded = self::graded($instance)) {
                throw refusal::because('hasgrades', ['key' => $cm->idnumber, 'n' => $graded]);
            }
        }
    }

    #[\Override]
    public function users_with_attempts(stdClass $instance): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(DISTINCT userid) FROM {assign_submission} WHERE assignment = ? AND userid <> 0 AND status = ?',
            [$instance->id, 'submitted']
        );
    }

    #[\Override]
    public function traces(stdClass $instance): array {
        return ['graded' => self::graded($instance)];
    }

    /**
     * Number of users with a grade.
     *
     * @param stdClass $instance
     * @return int
     */
    private static function graded(stdClass $instance): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(DISTINCT userid) FROM {assign_grades} WHERE assignment = ? AND grade >= 0',
            [$instance->id]
        );
    }

    /**
     * Moodle's assignment of a context.
     *
     * @param \context $context of the module, or of the course for a new one
     * @return moodle_assign
     */
    private static function load(\context $context): moodle_assign {
        global $CFG;
        require_once($CFG->dirroot . '/mod/assign/locallib.php');
        return new moodle_assign($context, null, null);
    }

    /**
     * Its parts for submissions and feedback, by name.
     *
     * @param moodle_assign $assignment
     * @return \assign_plugin[]
     */
    private static function plugins(moodle_assign $assignment): array {
        $plugins = [];
        foreach ([...$assignment->get_submission_plugins(), ...$assignment->get_feedback_plugins()] as $plugin) {
            $plugins["{$plugin->get_subtype()}_{$plugin->get_type()}"] = $plugin;
        }
        return $plugins;
    }

    /**
     * Grade to pass, from the grade item.
     *
     * @param stdClass $instance
     * @return float
     */
    private static function gradepass(stdClass $instance): float {
        global $DB;
        return (float) $DB->get_field('grade_items', 'gradepass', [
            'courseid' => $instance->course,
            'itemtype' => 'mod',
            'itemmodule' => 'assign',
            'iteminstance' => $instance->id,
            'itemnumber' => 0,
        ]);
    }
}
