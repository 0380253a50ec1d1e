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
 * What the simpler types of activities have in common.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use local_lmssync\local\data_reader;
use local_lmssync\local\one_write;
use local_lmssync\local\refusal;
use stdClass;

/**
 * A type of activity whose settings are columns of its table, and whose completion rules are columns too.
 *
 * Automatic rules, "viewed" and a mark by the learner are offered as far as the type has them in Moodle.
 */
abstract class simple_module implements adapter {
    /** @var array<string, array{int, int}> whole numbers that a client sends: column => smallest and largest value */
    protected const NUMBERS = [];

    /** @var array<string, array{string, int}> rules of completion: name => column and largest value */
    protected const RULES = [];

    /** @var bool whether opening it can complete it */
    protected const VIEWED = true;

    /** @var bool whether a grade can complete it */
    protected const GRADED = false;

    #[\Override]
    public function read(data_reader $data): array {
        $wanted = [];
        foreach (static::NUMBERS as $name => [$min, $max]) {
            if ($data->has($name)) {
                $wanted[$name] = $data->integer($name, $min, $max);
            }
        }
        return $wanted;
    }

    #[\Override]
    public function read_completion(data_reader $data): array {
        $rules = ['tracking' => $data->integer('tracking', COMPLETION_TRACKING_NONE, COMPLETION_TRACKING_AUTOMATIC)];
        foreach ($this->rule_limits() as $name => $max) {
            $rules[$name] = $data->has($name) ? $data->integer($name, 0, $max) : 0;
        }
        if (static::GRADED && $rules['passgrade']) {
            $rules['grade'] = 1;
        }
        $set = array_sum($rules) > $rules['tracking'];
        if (($rules['tracking'] === COMPLETION_TRACKING_AUTOMATIC) !== $set) {
            $names = implode(', ', array_keys($this->rule_limits()));
            throw refusal::because('datavalue', [
                'field' => 'completion',
                'allowed' => $names === '' ? 'tracking 0|1' : "tracking 0|1 | tracking 2, $names (one of them > 0)",
            ]);
        }
        return $rules;
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        $fields = [];
        foreach (array_keys(static::NUMBERS) as $name) {
            $fields[$name] = (int) $instance->$name;
        }
        return $fields;
    }

    #[\Override]
    public function live_completion(stdClass $cm, stdClass $instance): array {
        $rules = ['tracking' => (int) $cm->completion];
        if (static::VIEWED) {
            $rules['view'] = (int) $cm->completionview;
        }
        foreach (static::RULES as $name => [$column]) {
            $rules[$name] = (int) $instance->$column;
        }
        if (static::GRADED) {
            $rules['grade'] = $cm->completiongradeitemnumber === null ? 0 : 1;
            $rules['passgrade'] = (int) $cm->completionpassgrade;
        }
        return $rules;
    }

    #[\Override]
    public function foreign_rules(stdClass $cm, stdClass $instance): array {
        return static::GRADED ? [] : array_filter([
            'grade' => $cm->completiongradeitemnumber === null ? 0 : 1,
            'passgrade' => (int) $cm->completionpassgrade,
        ]);
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
    }

    #[\Override]
    public function fill(stdClass $form, array $wanted, int $draftitemid): void {
        foreach ($wanted as $name => $value) {
            $form->$name = $value;
        }
    }

    #[\Override]
    public function fill_completion(stdClass $form, array $rules): void {
        $form->completion = $rules['tracking'];
        $form->completionview = $rules['view'] ?? 0;
        foreach (static::RULES as $name => [$column]) {
            $form->$column = $rules[$name] ?? 0;
            $form->{$column . 'enabled'} = (int) !empty($rules[$name]);
        }
        $graded = static::GRADED && !empty($rules['grade']);
        $form->completionusegrade = (int) $graded;
        $form->completiongradeitemnumber = $graded ? 0 : null;
        $form->completionpassgrade = static::GRADED ? $rules['passgrade'] ?? 0 : 0;
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
    }

    #[\Override]
    public function finish(stdClass $cm, array $wanted, one_write $write): void {
    }

    #[\Override]
    public function wants_file(?stdClass $cm, array $wanted): bool {
        return false;
    }

    #[\Override]
    public function extra(stdClass $cm, stdClass $instance): array {
        return [];
    }

    #[\Override]
    public function users_with_attempts(stdClass $instance): int {
        return 0;
    }

    #[\Override]
    public function traces(stdClass $instance): array {
        return [];
    }

    /**
     * Puts the options of a display window from the row's text back into the form.
     *
     * @param stdClass $form
     * @param string[] $switches options that are off where the text lacks them
     */
    protected static function fill_display_options(stdClass $form, array $switches = []): void {
        $options = (array) unserialize_array((string) $form->displayoptions);
        foreach ($switches as $name) {
            $form->$name = 0;
        }
        foreach ($options as $name => $value) {
            $form->$name = $value;
        }
    }

    /**
     * Site defaults of some settings.
     *
     * @param stdClass $form
     * @param string $component
     * @param string[] $names
     */
    protected static function fill_from_config(stdClass $form, string $component, array $names): void {
        $config = get_config($component);
        foreach ($names as $name) {
            $form->$name = $config->$name ?? 0;
        }
    }

    /**
     * Rules that a client can send, beside the tracking: name => largest value.
     *
     * @return array<string, int>
     */
    private function rule_limits(): array {
        return (static::VIEWED ? ['view' => 1] : [])
            + array_map(fn($rule) => $rule[1], static::RULES)
            + (static::GRADED ? ['grade' => 1, 'passgrade' => 1] : []);
    }
}
