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
 * The reasons for which the plugin refuses a call.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use moodle_exception;

/**
 * Makes the exceptions of the plugin.
 *
 * A client decides by the errorcode; the message is in the language of its account and says all there is
 * to say, because Moodle sends debuginfo only with debugging on.
 */
final class refusal {
    /**
     * Makes an exception with a text of our language file.
     *
     * @param string $code name of the string, and the errorcode
     * @param array $words named values for the text
     * @return moodle_exception
     */
    public static function because(string $code, array $words = []): moodle_exception {
        return new moodle_exception($code, 'local_lmssync', '', (object) $words);
    }
}
