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
 * Strict reading of the data that a client sends.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

/**
 * Reads named values out of a JSON object and refuses what it was not asked for.
 *
 * Moodle would cut, clean or ignore much of this silently; here the client hears about it before anything is written.
 */
final class data_reader {
    /** @var array the values */
    private array $data;

    /** @var string where we are, for messages ("slots[2].") */
    private string $path;

    /** @var array<string, bool> names that were asked for */
    private array $known = [];

    /**
     * Constructor.
     *
     * @param array $data
     * @param string $path
     */
    public function __construct(array $data, string $path = '') {
        $this->data = $data;
        $this->path = $path;
    }

    /**
     * Reads the text of a JSON object.
     *
     * @param string $json
     * @return self
     */
    public static function from_json(string $json): self {
        return new self(json::decode_object($json));
    }

    /**
     * Whether the value is there.
     *
     * @param string $name
     * @return bool
     */
    public function has(string $name): bool {
        $this->known[$name] = true;
        return array_key_exists($name, $this->data);
    }

    /**
     * A name or title: plain text or multilang spans, kept by Moodle as it is.
     *
     * @param string $name
     * @param int $limit longest length in characters
     * @return string
     */
    public function title(string $name, int $limit = 255): string {
        $value = $this->text($name);
        if ($value === '' || $value !== trim(clean_param($value, PARAM_TEXT))) {
            throw refusal::because('badtext', ['field' => $this->path . $name]);
        }
        if (\core_text::strlen($value) > $limit) {
            throw refusal::because('toolong', ['field' => $this->path . $name, 'limit' => $limit]);
        }
        return $value;
    }

    /**
     * Any text, for example HTML.
     *
     * @param string $name
     * @return string
     */
    public function text(string $name): string {
        $value = $this->value($name);
        if (!is_string($value)) {
            throw $this->wrong($name, 'text');
        }
        if ($value !== fix_utf8($value)) {
            throw refusal::because('badtext', ['field' => $this->path . $name]);
        }
        return $value;
    }

    /**
     * A whole number.
     *
     * @param string $name
     * @param int $min
     * @param int $max
     * @return int
     */
    public function integer(string $name, int $min, int $max): int {
        $value = $this->value($name);
        if (is_bool($value)) {
            $value = (int) $value;
        }
        if (!is_int($value) || $value < $min || $value > $max) {
            throw $this->wrong($name, "$min … $max");
        }
        return $value;
    }

    /**
     * A number, rounded to what the column can hold.
     *
     * @param string $name
     * @param float $min
     * @param float $max
     * @param int $decimals
     * @return float
     */
    public function number(string $name, float $min, float $max, int $decimals): float {
        $value = $this->value($name);
        if (!is_int($value) && !is_float($value) || $value < $min || $value > $max) {
            throw $this->wrong($name, "$min … $max");
        }
        return round((float) $value, $decimals);
    }

    /**
     * One of some words.
     *
     * @param string $name
     * @param string[] $allowed
     * @return string
     */
    public function word(string $name, array $allowed): string {
        $value = $this->value($name);
        if (!is_string($value) || !in_array($value, $allowed, true)) {
            throw $this->wrong($name, implode(' | ', $allowed));
        }
        return $value;
    }

    /**
     * A list of texts.
     *
     * @param string $name
     * @return string[]
     */
    public function strings(string $name): array {
        $value = $this->value($name);
        if (!is_array($value) || !array_is_list($value) || array_filter($value, fn($item) => !is_string($item))) {
            throw $this->wrong($name, '["…"]');
        }
        return $value;
    }

    /**
     * A text in several languages.
     *
     * @param string $name
     * @return string[] by language, as Moodle writes languages
     */
    public function languages(string $name): array {
        $value = $this->value($name);
        if (!is_array($value) || !$value || array_is_list($value)) {
            throw $this->wrong($name, '{"en": "…"}');
        }
        foreach ($value as $language => $text) {
            if (!preg_match('/^[a-z]{2,3}(_[a-z0-9]+)*$/D', (string) $language) || !is_string($text) || $text === '') {
                throw $this->wrong($name, '{"en": "…"}');
            }
            if ($text !== fix_utf8($text)) {
                throw refusal::because('badtext', ['field' => $this->path . $name]);
            }
        }
        return $value;
    }

    /**
     * An object inside.
     *
     * @param string $name
     * @return self
     */
    public function object(string $name): self {
        $value = $this->value($name);
        if (!is_array($value) || ($value && array_is_list($value))) {
            throw $this->wrong($name, '{…}');
        }
        return new self($value, "{$this->path}$name.");
    }

    /**
     * A list of objects inside.
     *
     * @param string $name
     * @return self[]
     */
    public function objects(string $name): array {
        $value = $this->value($name);
        if (!is_array($value) || !array_is_list($value)) {
            throw $this->wrong($name, '[{…}]');
        }
        $objects = [];
        foreach ($value as $i => $item) {
            if (!is_array($item) || ($item && array_is_list($item))) {
                throw $this->wrong("{$name}[$i]", '{…}');
            }
            $objects[] = new self($item, "{$this->path}{$name}[$i].");
        }
        return $objects;
    }

    /**
     * To be called at the end: refuses names that nobody asked for.
     */
    public function finish(): void {
        foreach (array_keys($this->data) as $name) {
            if (!isset($this->known[$name])) {
                throw refusal::because('dataunknown', ['field' => $this->path . $name]);
            }
        }
    }

    /**
     * The value of a name.
     *
     * @param string $name
     * @return mixed
     */
    private function value(string $name): mixed {
        if (!$this->has($name)) {
            throw refusal::because('datamissing', ['field' => $this->path . $name]);
        }
        return $this->data[$name];
    }

    /**
     * The exception for a wrong value.
     *
     * @param string $name
     * @param string $allowed
     * @return \moodle_exception
     */
    private function wrong(string $name, string $allowed): \moodle_exception {
        return refusal::because('datavalue', ['field' => $this->path . $name, 'allowed' => $allowed]);
    }
}
