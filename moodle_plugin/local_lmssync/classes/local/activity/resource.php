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
 * Files.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local\activity;

use context_module;
use local_lmssync\local\data_reader;
use local_lmssync\local\draft_file;
use local_lmssync\local\refusal;
use stdClass;
use stored_file;

/**
 * One file to be read or downloaded.
 */
final class resource extends simple_module {
    #[\Override]
    public function read(data_reader $data): array {
        $wanted = ['sha1' => $data->text('sha1'), 'filename' => $data->text('filename')];
        if (!preg_match('/^[0-9a-f]{40}$/', $wanted['sha1'])) {
            throw refusal::because('datavalue', ['field' => 'sha1', 'allowed' => '[0-9a-f]{40}']);
        }
        if ($wanted['filename'] === '' || clean_param($wanted['filename'], PARAM_FILE) !== $wanted['filename']) {
            throw refusal::because('badtext', ['field' => 'filename']);
        }
        return $wanted;
    }

    #[\Override]
    public function live(stdClass $cm, stdClass $instance): array {
        $files = self::files($cm);
        $file = count($files) === 1 ? reset($files) : null;
        return [
            'sha1' => $file ? $file->get_contenthash() : '',
            'filename' => $file ? $file->get_filename() : implode('|', array_map(fn($one) => $one->get_filename(), $files)),
        ];
    }

    #[\Override]
    public function fill_defaults(stdClass $form): void {
        self::fill_from_config($form, 'resource', [
            'display', 'popupwidth', 'popupheight', 'printintro', 'showsize', 'showtype', 'showdate', 'filterfiles',
        ]);
        $form->revision = 1;
    }

    #[\Override]
    public function fill_kept(stdClass $form): void {
        global $CFG;
        require_once($CFG->dirroot . '/mod/resource/locallib.php'); // Moodle's update calls it without loading it.
        self::fill_from_config($form, 'resource', ['popupwidth', 'popupheight']);
        self::fill_display_options($form, ['printintro', 'showsize', 'showtype', 'showdate']);
    }

    #[\Override]
    public function fill(stdClass $form, array $wanted, int $draftitemid): void {
        $form->files = $draftitemid; // With 0 the stored file stays.
    }

    #[\Override]
    public function check(stdClass $course, ?stdClass $cm, array $wanted, int $draftitemid, array $accept): void {
        if (!$this->wants_file($cm, $wanted)) {
            return;
        }
        $file = draft_file::only_one($draftitemid);
        if ($file->get_contenthash() !== $wanted['sha1'] || $file->get_filename() !== $wanted['filename']) {
            throw refusal::because('wrongfile', [
                'want' => "$wanted[filename], $wanted[sha1]",
                'got' => "{$file->get_filename()}, {$file->get_contenthash()}",
            ]);
        }
    }

    #[\Override]
    public function wants_file(?stdClass $cm, array $wanted): bool {
        return !$cm || $this->live($cm, new stdClass()) != $wanted;
    }

    /**
     * The stored files; Moodle lets people add more than one.
     *
     * @param stdClass $cm
     * @return stored_file[]
     */
    private static function files(stdClass $cm): array {
        $context = context_module::instance($cm->id);
        return array_values(get_file_storage()->get_area_files($context->id, 'mod_resource', 'content', 0, 'id', false));
    }
}
