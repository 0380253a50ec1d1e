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
 * SCORM activities.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use context_module;
use local_lmssync\local\data_reader;
use local_lmssync\local\draft_file;
use local_lmssync\local\one_write;
use local_lmssync\local\refusal;
use stdClass;
use stored_file;

/**
 * SCORM activity with an uploaded package.
 */
final class scorm implements adapter {
    /** @var array<string, int[]> before a package is replaced: item identifier => users with tracks; empty if a loss is accepted */
    private array $tracked = [];

    /** @var int grade methods of mod_scorm: number of SCOs that are done, and highest score */
    private const GRADE_SCOES = 0;
    /** @var int */
    private const GRADE_HIGHEST = 1;

    /** @var string[] elements with a score */
    private const SCORE = ['cmi.core.score.raw', 'cmi.score.raw'];
    /** @var string[] elements with a status */
    private const STATUS = ['cmi.core.lesson_status', 'cmi.completion_status', 'cmi.success_status'];

    /** @var array<string, int> whole numbers: name => largest value (smallest is 0) */
    private const NUMBERS = [
        'maxattempt' => 1000,
        'grademethod' => 3,
        'whatgrade' => 3,
        'forcenewattempt' => 2,
        'hidetoc' => 3,
        'skipview' => 2,
    ];

    #[\Override]
    public function read(data_reader $data): array {
        $wanted = [];
        foreach (self::NUMBERS as $name => $max) {
            if ($data->has($name)) {
                $wanted[$name] = $data->integer($name, 0, $max);
            }
        }
        if ($data->has('maxgrade')) {
            $wanted['maxgrade'] = $data->number('maxgrade', 0, 100, 5);
        }
        $wanted['sha1'] = $data->text('sha1');
        if (!preg_match('/^[0-9a-f]{40}$/', $wanted['sha1'])) {
            throw refusal::because('datavalue', ['field' => 'sha1', 'allowed' => '[0-9a-f]{40}']);
        }
        return $wanted;
    }

    #[\Override]
    public function read_completion(data_reader $data): array {
        $rules = [
            'tracking' => $data->integer('tracking', COMPLETION_TRACKING_NONE, COMPLETION_TRACKING_AUTOMATIC),
            'status' => $data->has('status') ? $data->integer('status', 0, 6) : 0,
            'view' => $data->has('view') ? $data->integer('view', 0, 1) : 0,
        ];
        $rule = $rules['status'] || $rules['view'];
        if (
            $rules['tracking'] === COMPLETION_TRACKING_MANUAL || $rules['status'] % 2
            || ($rules['tracking'] === COMPLETION_TRACKING_AUTOMATIC) !== $rule
        ) {
            throw refusal::because('datavalue', [
                'field' => 'completion',
                'allowed' => 'tracking 0 | tracking 2, status 0|2|4|6, view 0|1 (status + view > 0)',
            ]);
        }
        return $rules;
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        $fields = [];
        foreach (array_keys(self::NUMBERS) as $name) {
            $fields[$name] = (int) $instance->$name;
        }
        $fields['maxgrade'] = (float) $instance->maxgrade;
        $fields['sha1'] = self::package_hash($cm);
        return $fields;
    }

    #[\Override]
    public function live_completion(stdClass $cm, stdClass $instance): array {
        return [
            'tracking' => (int) $cm->completion,
            'status' => (int) $instance->completionstatusrequired,
            'view' => (int) $cm->completionview,
        ];
    }

    #[\Override]
    public function foreign_rules(stdClass $cm, stdClass $instance): array {
        return array_filter([
            'score' => (int) $instance->completionscorerequired,
            'allscos' => (int) $instance->completionstatusallscos,
            'grade' => $cm->completiongradeitemnumber === null ? 0 : 1,
            'passgrade' => (int) $cm->completionpassgrade,
        ]);
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        foreach ((array) get_config('scorm') as $name => $value) {
            if (!str_ends_with($name, '_adv') && !isset($form->$name) && $name !== 'version') {
                $form->$name = $value;
            }
        }
        $form->width = $form->framewidth;
        $form->height = $form->frameheight;
        $form->scormtype = SCORM_TYPE_LOCAL;
        $form->reference = '';
        $form->version = '';
        $form->md5hash = '';
        $form->timeopen = 0;
        $form->timeclose = 0;
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        // The form has a field for each option of the popup window, the row has one text.
        foreach (array_filter(explode(',', (string) $form->options)) as $option) {
            [$name, $value] = explode('=', $option, 2) + [1 => ''];
            $form->$name = $value;
        }
        $form->packagefile = 0;
        $form->scormtype = SCORM_TYPE_LOCAL;
    }

    #[\Override]
    public function fill(stdClass $form, array $wanted, int $draftitemid): void {
        foreach ($wanted as $name => $value) {
            if ($name !== 'sha1') {
                $form->$name = $value;
            }
        }
        $form->packagefile = $draftitemid;
    }

    #[\Override]
    public function fill_completion(stdClass $form, array $rules): void {
        $form->completion = $rules['tracking'];
        $form->completionview = $rules['view'];
        $form->completionstatusrequired = $rules['status'] ?: null;
        $form->completionscorerequired = null;
        $form->completionstatusallscos = 0;
        $form->completionusegrade = 0;
        $form->completionpassgrade = 0;
        $form->completiongradeitemnumber = null;
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
        global $CFG;
        require_once($CFG->dirroot . '/mod/scorm/lib.php');
        require_once($CFG->dirroot . '/mod/scorm/locallib.php');
        if (!$this->wants_file($cm, $wanted)) {
            return;
        }
        $file = draft_file::only_one($draftitemid);
        if ($file->get_contenthash() !== $wanted['sha1']) {
            throw refusal::because('wrongpackage', ['want' => $wanted['sha1'], 'got' => $file->get_contenthash()]);
        }
        if ($errors = scorm_validate_package($file)) {
            throw refusal::because('deadpackage', ['words' => implode(' ', $errors)]);
        }
        if ($cm && !in_array('attempts', $accept, true)) {
            $this->tracked = self::users_by_item((int) $cm->instance);
        }
    }

    #[\Override]
    public function finish(stdClass $cm, array $wanted, one_write $write): void {
        global $DB;
        $instance = $DB->get_record('scorm', ['id' => $cm->instance], '*', MUST_EXIST);
        $package = $this->extra($cm, $instance)['package'];
        if (!preg_match('/^SCORM_1\.[23]$/', $package['version']) || !$package['launch']) {
            throw refusal::because('deadpackage', ['words' => $write->printed()]);
        }
        // Moodle knows SCOs by their identifier and has deleted the tracks of those that are gone; the rollback brings them back.
        $lost = array_diff_key($this->tracked, array_column(self::scoes((int) $instance->id), 'learners', 'identifier'));
        if ($lost) {
            throw refusal::because('attemptslost', [
                'key' => $cm->idnumber,
                'n' => count(array_unique(array_merge(...array_values($lost)))),
                'items' => implode(', ', array_keys($lost)),
            ]);
        }
    }

    #[\Override]
    public function wants_file(?stdClass $cm, array $wanted): bool {
        return !$cm || self::package_hash($cm) !== $wanted['sha1'];
    }

    #[\Override]
    public function extra(stdClass $cm, stdClass $instance): array {
        $file = self::package($cm);
        return [
            'package' => [
                'sha1' => $file ? $file->get_contenthash() : '',
                'version' => (string) $instance->version,
                'launch' => (int) $instance->launch,
                'size' => $file ? (int) $file->get_filesize() : 0,
            ],
        ];
    }

    #[\Override]
    public function users_with_attempts(stdClass $instance): int {
        global $DB;
        return $DB->count_records_sql(
            'SELECT COUNT(DISTINCT userid) FROM {scorm_attempt} WHERE scormid = ?',
            [$instance->id]
        );
    }

    #[\Override]
    public function traces(stdClass $instance): array {
        return ['scoes' => self::scoes((int) $instance->id), 'grades' => self::grades($instance)];
    }

    /**
     * Users with tracks, by item identifier.
     *
     * @param int $scormid
     * @return array<string, int[]>
     */
    private static function users_by_item(int $scormid): array {
        global $DB;
        $rows = $DB->get_recordset_sql(
            "SELECT DISTINCT s.identifier, a.userid
               FROM {scorm_scoes} s
               JOIN {scorm_scoes_value} v ON v.scoid = s.id
               JOIN {scorm_attempt} a ON a.id = v.attemptid
              WHERE s.scorm = ?",
            [$scormid]
        );
        $users = [];
        foreach ($rows as $row) {
            $users[$row->identifier][] = (int) $row->userid;
        }
        $rows->close();
        return $users;
    }

    /**
     * The SCOs of an activity with the number of users who have tracks in them.
     *
     * @param int $scormid
     * @return array[]
     */
    private static function scoes(int $scormid): array {
        global $DB;
        $rows = $DB->get_records_sql(
            "SELECT s.id, s.identifier, COUNT(DISTINCT a.userid) AS learners
               FROM {scorm_scoes} s
          LEFT JOIN {scorm_scoes_value} v ON v.scoid = s.id
          LEFT JOIN {scorm_attempt} a ON a.id = v.attemptid
              WHERE s.scorm = ? AND s.scormtype = 'sco'
           GROUP BY s.id, s.identifier
           ORDER BY s.id",
            [$scormid]
        );
        return array_values(array_map(
            fn($row) => ['identifier' => $row->identifier, 'learners' => (int) $row->learners],
            $rows
        ));
    }

    /**
     * Grades that would fall with tracks: learners with a grade, by the SCOs on which it rests.
     *
     * When all of these SCOs lose their tracks, Moodle grades their learners again, lower or 0. A grade that somebody has
     * locked or written by hand stays. With the highest score as method it rests on the SCOs that have this score; with any
     * other on all that add to it.
     *
     * @param stdClass $instance
     * @return array[] items (identifiers, sorted) and learners
     */
    private static function grades(stdClass $instance): array {
        global $DB;
        $method = (int) $instance->grademethod;
        [$elements, $params] = $DB->get_in_or_equal(
            $method === self::GRADE_SCOES ? self::STATUS : self::SCORE,
            SQL_PARAMS_NAMED,
            'element'
        );
        $rows = $DB->get_recordset_sql(
            "SELECT v.id, a.userid, s.identifier, v.value
               FROM {scorm_scoes} s
               JOIN {scorm_scoes_value} v ON v.scoid = s.id
               JOIN {scorm_element} e ON e.id = v.elementid
               JOIN {scorm_attempt} a ON a.id = v.attemptid
               JOIN {grade_items} i ON i.itemtype = 'mod' AND i.itemmodule = 'scorm' AND i.iteminstance = s.scorm
                    AND i.locked = 0
               JOIN {grade_grades} g ON g.itemid = i.id AND g.userid = a.userid
              WHERE s.scorm = :scorm AND e.element $elements AND g.finalgrade > 0 AND g.overridden = 0 AND g.locked = 0",
            $params + ['scorm' => $instance->id]
        );
        $scores = [];
        foreach ($rows as $row) {
            $done = in_array($row->value, ['completed', 'passed'], true);
            $score = $method === self::GRADE_SCOES ? (float) $done : (float) $row->value;
            if ($score > 0) {
                $before = $scores[(int) $row->userid][$row->identifier] ?? 0;
                $scores[(int) $row->userid][$row->identifier] = max($score, $before);
            }
        }
        $rows->close();
        $groups = [];
        foreach ($scores as $bysco) {
            $best = $method === self::GRADE_HIGHEST ? array_keys($bysco, max($bysco)) : array_keys($bysco);
            $items = array_map('strval', $best);
            sort($items, SORT_STRING);
            $groups[json_encode($items)] ??= ['items' => $items, 'learners' => 0];
            $groups[json_encode($items)]['learners']++;
        }
        ksort($groups, SORT_STRING);
        return array_values($groups);
    }

    /**
     * The stored package.
     *
     * @param stdClass $cm
     * @return stored_file|null
     */
    private static function package(stdClass $cm): ?stored_file {
        $context = context_module::instance($cm->id);
        $files = get_file_storage()->get_area_files($context->id, 'mod_scorm', 'package', 0, 'id', false);
        return reset($files) ?: null;
    }

    /**
     * SHA-1 of the stored package, empty if there is none.
     *
     * @param stdClass $cm
     * @return string
     */
    private static function package_hash(stdClass $cm): string {
        $file = self::package($cm);
        return $file ? $file->get_contenthash() : '';
    }
}
