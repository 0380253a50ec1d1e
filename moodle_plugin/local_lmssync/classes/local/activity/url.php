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
 * Links.
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
 * A link to a page elsewhere.
 */
final class url extends simple_module {
    #[\Override]
    public function read(data_reader $data): array {
        global $CFG;
        require_once($CFG->dirroot . '/mod/url/locallib.php');
        if (!$data->has('externalurl')) {
            return [];
        }
        $url = $data->text('externalurl');
        // Moodle would mend it silently, or refuse to show it.
        if (url_fix_submitted_url($url) !== $url || !preg_match('~^https?://~i', $url) || !url_appears_valid_url($url)) {
            throw refusal::because('datavalue', ['field' => 'externalurl', 'allowed' => 'https://…']);
        }
        return ['externalurl' => $url];
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        return ['externalurl' => $instance->externalurl];
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        self::fill_from_config($form, 'url', ['display', 'popupwidth', 'popupheight', 'printintro']);
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
        if (!$cm && !$wanted) {
            throw refusal::because('datamissing', ['field' => 'externalurl']);
        }
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        self::fill_from_config($form, 'url', ['popupwidth', 'popupheight']);
        self::fill_display_options($form, ['printintro']);
        $number = 0;
        foreach ((array) unserialize_array((string) $form->parameters) as $parameter => $variable) {
            $form->{"parameter_$number"} = $parameter;
            $form->{"variable_$number"} = $variable;
            $number++;
        }
    }
}
