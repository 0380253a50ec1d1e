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
 * Pages.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use local_lmssync\local\data_reader;
use stdClass;

/**
 * A page of HTML.
 */
final class page extends simple_module {
    #[\Override]
    public function read(data_reader $data): array {
        return $data->has('content') ? ['content' => $data->text('content')] : [];
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        $fields = ['content' => (string) $instance->content];
        if ((int) $instance->contentformat !== (int) FORMAT_HTML) {
            $fields['contentformat'] = (int) $instance->contentformat;
        }
        return $fields;
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        self::fill_from_config($form, 'page', ['display', 'popupwidth', 'popupheight', 'printintro', 'printlastmodified']);
        $form->content = '';
        $form->contentformat = FORMAT_HTML;
        $form->revision = 1;
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        self::fill_from_config($form, 'page', ['popupwidth', 'popupheight', 'printintro', 'printlastmodified']);
        self::fill_display_options($form);
        // Without an item id Moodle leaves the files of the page as they are.
        $form->page = ['text' => $form->content, 'format' => $form->contentformat, 'itemid' => 0];
    }

    #[\Override]
    public function fill(stdClass $form, array $wanted, int $draftitemid): void {
        if (isset($wanted['content'])) {
            $form->content = $wanted['content']; // For a new page.
            $form->page = ['text' => $wanted['content'], 'format' => FORMAT_HTML, 'itemid' => 0];
        }
    }
}
