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
 * JSON as the plugin writes and reads it.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use JsonException;

/**
 * Writes and reads JSON.
 */
final class json {
    /**
     * Writes a value: readable letters and slashes, floats that stay floats, the shortest digits that read back equal.
     *
     * @param mixed $value
     * @return string
     */
    public static function encode(mixed $value): string {
        // Moodle sets 17 digits, which turns 0.1 into 0.10000000000000001.
        $precision = ini_set('serialize_precision', '-1');
        try {
            return json_encode(
                $value,
                JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR
            );
        } finally {
            ini_set('serialize_precision', $precision);
        }
    }

    /**
     * Reads an object.
     *
     * @param string $text
     * @return array
     */
    public static function decode_object(string $text): array {
        try {
            $value = json_decode($text, true, 32, JSON_THROW_ON_ERROR);
        } catch (JsonException $e) {
            throw refusal::because('notjson', ['words' => $e->getMessage()]);
        }
        if (!is_array($value) || ($value && array_is_list($value))) {
            throw refusal::because('notjson', ['words' => '{…}']);
        }
        return $value;
    }

    /**
     * Fingerprint of a value: SHA-256 of its JSON with sorted keys.
     *
     * @param array $value
     * @return string 64 hexadecimal digits
     */
    public static function fingerprint(array $value): string {
        self::sort_keys($value);
        return hash('sha256', self::encode($value));
    }

    /**
     * Sorts the keys of all objects inside; lists keep their order.
     *
     * @param array $value
     */
    private static function sort_keys(array &$value): void {
        if (!array_is_list($value)) {
            ksort($value, SORT_STRING);
        }
        foreach ($value as &$item) {
            if (is_array($item)) {
                self::sort_keys($item);
            }
        }
    }
}
