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
 * Questions of feedback questionnaires.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use local_lmssync\local\data_reader;
use local_lmssync\local\refusal;
use stdClass;

/**
 * Questions of a questionnaire, found by a key that Moodle keeps as their label.
 *
 * Moodle stores choices in one text, with signs between them. A question that is not in the form that is written here is told
 * with its raw values, so that a client sees the difference.
 */
final class feedback_items {
    /** @var array<string, string> our types and those of Moodle */
    private const TYPES = ['rating' => 'multichoicerated', 'choice' => 'multichoice', 'text' => 'textarea', 'number' => 'numeric'];

    /** @var string width and height of the field for a text */
    private const TEXT_SIZE = '60|6';

    /** @var string "the choice 'not selected' is hidden" */
    private const HIDE_NO_SELECT = 'h';

    /** @var string[] signs that Moodle puts between choices */
    private const SIGNS = ['|', '####', '>>>>>', '<<<<<', "\n", "\r"];

    /**
     * Reads the questions that a client wants.
     *
     * @param data_reader[] $items
     * @return array[]
     */
    public static function read(array $items): array {
        $wanted = [];
        foreach ($items as $i => $item) {
            $one = [
                'key' => $item->text('key'),
                'type' => $item->word('type', array_keys(self::TYPES)),
                'name' => $item->title('name'),
                'required' => $item->has('required') ? $item->integer('required', 0, 1) : 0,
                'options' => $item->has('options') ? $item->strings('options') : [],
            ];
            $item->finish();
            if (!preg_match('/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/', $one['key'])) {
                throw refusal::because('badkey', ['key' => $one['key']]);
            }
            if (isset($wanted[$one['key']])) {
                throw refusal::because('datavalue', ['field' => "items[$i].key", 'allowed' => "≠ $one[key]"]);
            }
            if (!self::fits($one['type'], $one['options'])) {
                $allowed = ['text' => '[]', 'number' => '["-" | "1", "-" | "9"]'];
                throw refusal::because('datavalue', [
                    'field' => "items[$i].options",
                    'allowed' => $allowed[$one['type']] ?? '["…", "…"]',
                ]);
            }
            foreach ($one['options'] as $option) {
                if (trim($option) !== $option || $option === '' || str_replace(self::SIGNS, '', $option) !== $option) {
                    throw refusal::because('badtext', ['field' => "items[$i].options"]);
                }
            }
            $wanted[$one['key']] = $one;
        }
        return array_values($wanted);
    }

    /**
     * Whether a type of question can have these options. Of a number they are its bounds, "-" for none.
     *
     * @param string $type
     * @param string[] $options
     * @return bool
     */
    private static function fits(string $type, array $options): bool {
        return match ($type) {
            'text' => $options === [],
            'number' => count($options) === 2
                && array_filter($options, fn($bound) => $bound === '-' || is_numeric($bound)) === $options,
            default => count($options) > 1,
        };
    }

    /**
     * The questions of a questionnaire.
     *
     * @param int $feedbackid
     * @return array[]
     */
    public static function live(int $feedbackid): array {
        global $DB;
        $rows = $DB->get_records('feedback_item', ['feedback' => $feedbackid], 'position, id');
        return array_values(array_map(self::describe(...), $rows));
    }

    /**
     * Gives a questionnaire these questions. Those that stay keep their row, and the answers to it.
     *
     * @param int $feedbackid
     * @param array[] $wanted
     */
    public static function put(int $feedbackid, array $wanted): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/feedback/lib.php');
        $rows = [];
        foreach ($DB->get_records('feedback_item', ['feedback' => $feedbackid], 'position DESC, id DESC') as $row) {
            $rows[$row->label] = $row; // The first of those with equal labels stays.
        }
        $kept = [];
        foreach ($wanted as $i => $item) {
            $row = $rows[$item['key']] ?? null;
            if ($row && $row->typ !== self::TYPES[$item['type']]) {
                $row = null; // Its answers mean something else.
            }
            $row = (object) array_merge((array) ($row ?? self::empty_row($feedbackid)), self::columns($item), [
                'position' => $i + 1,
            ]);
            if (isset($row->id)) {
                $DB->update_record('feedback_item', $row);
                $kept[] = (int) $row->id;
            } else {
                $kept[] = (int) $DB->insert_record('feedback_item', $row);
            }
        }
        foreach (array_diff(array_keys($DB->get_records('feedback_item', ['feedback' => $feedbackid])), $kept) as $id) {
            feedback_delete_item($id, false);
        }
        // What learners have typed and not sent refers to the questions as they were.
        foreach ($DB->get_records('feedback_completedtmp', ['feedback' => $feedbackid]) as $started) {
            $DB->delete_records('feedback_valuetmp', ['completed' => $started->id]);
            $DB->delete_records('feedback_completedtmp', ['id' => $started->id]);
        }
    }

    /**
     * The columns that a question fills.
     *
     * @param array $item
     * @return array
     */
    private static function columns(array $item): array {
        $presentation = self::TEXT_SIZE;
        if ($item['type'] === 'rating') {
            $lines = array_map(fn($i, $text) => ($i + 1) . "####$text", array_keys($item['options']), $item['options']);
            $presentation = 'r>>>>>' . implode('|', $lines) . '<<<<<1';
        } else if ($item['type'] === 'choice') {
            $presentation = 'r>>>>>' . implode('|', $item['options']);
        } else if ($item['type'] === 'number') {
            $presentation = implode('|', $item['options']);
        }
        return [
            'label' => $item['key'],
            'name' => $item['name'],
            'typ' => self::TYPES[$item['type']],
            'presentation' => $presentation,
            'required' => $item['required'],
            'options' => in_array($item['type'], ['rating', 'choice'], true) ? self::HIDE_NO_SELECT : '',
            'hasvalue' => 1,
        ];
    }

    /**
     * A row of Moodle as a client sends it.
     *
     * @param stdClass $row
     * @return array
     */
    private static function describe(stdClass $row): array {
        $item = [
            'key' => $row->label,
            'type' => array_search($row->typ, self::TYPES, true) ?: $row->typ,
            'name' => $row->name,
            'required' => (int) $row->required,
            'options' => self::options($row),
        ];
        $same = isset(self::TYPES[$item['type']]) && !$row->dependitem;
        foreach ($same ? self::columns($item) : [] as $column => $value) {
            $same = $same && (string) $row->$column === (string) $value;
        }
        return $same ? $item : $item + [
            'presentation' => $row->presentation,
            'settings' => $row->options,
            'depends' => (int) $row->dependitem,
        ];
    }

    /**
     * The choices of a row.
     *
     * @param stdClass $row
     * @return string[]
     */
    private static function options(stdClass $row): array {
        if ($row->typ === 'numeric') {
            return explode('|', $row->presentation);
        }
        if (!in_array($row->typ, ['multichoice', 'multichoicerated'], true)) {
            return [];
        }
        [, $text] = explode('>>>>>', $row->presentation, 2) + [1 => ''];
        [$text] = explode('<<<<<', $text, 2);
        $lines = explode('|', $text);
        return $row->typ === 'multichoice' ? $lines : array_map(fn($line) => explode('####', $line, 2)[1] ?? $line, $lines);
    }

    /**
     * A new row.
     *
     * @param int $feedbackid
     * @return stdClass
     */
    private static function empty_row(int $feedbackid): stdClass {
        return (object) ['feedback' => $feedbackid, 'template' => 0, 'dependitem' => 0, 'dependvalue' => ''];
    }
}
