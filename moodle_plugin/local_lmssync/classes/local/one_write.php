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
 * The frame of every writing call: lock, transaction, caught output.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use core\lock\lock_config;
use moodle_transaction;
use Throwable;

/**
 * Runs one write: a lock on the course, then one transaction, with everything that core prints kept out of the answer.
 */
final class one_write {
    /** @var int seconds to wait for another write into the same course */
    private const WAIT = 30;

    /** @var string[] what the client should know */
    private array $warnings = [];

    /** @var int[] contexts whose files were replaced */
    private array $contextids = [];

    /**
     * Does the work, all or nothing.
     *
     * The lock is on the whole course: two pushes of one key would both find nothing and create twice, and two pushes of
     * different keys would overwrite each other's order of sections and activities.
     *
     * @param int $courseid
     * @param callable $work gets this object, returns the answer
     * @return array the answer with "warnings"
     */
    public static function run(int $courseid, callable $work): array {
        global $DB;

        \core_php_time_limit::raise();
        raise_memory_limit(MEMORY_EXTRA);
        $lock = lock_config::get_lock_factory('local_lmssync')->get_lock("course$courseid", self::WAIT);
        if (!$lock) {
            throw refusal::because('locked');
        }
        $write = new self();
        // Not flushable: core code that flushes must not send its text into the answer.
        ob_start(null, 0, PHP_OUTPUT_HANDLER_CLEANABLE | PHP_OUTPUT_HANDLER_REMOVABLE);
        $level = ob_get_level();
        try {
            $transaction = $DB->start_delegated_transaction();
            $answer = $work($write);
            $write->warn($write->printed());
            $write->commit($transaction);
            return $answer + ['warnings' => $write->warnings];
        } catch (Throwable $e) {
            try {
                $write->undo($courseid);
            } catch (Throwable $second) {
                // The first exception is the one to tell.
                debugging('local_lmssync: ' . $second->getMessage(), DEBUG_DEVELOPER);
            }
            throw $e;
        } finally {
            while (ob_get_level() >= $level) {
                ob_end_clean();
            }
            $lock->release();
        }
    }

    /**
     * Adds a warning.
     *
     * @param string $text nothing happens if it is empty
     */
    public function warn(string $text): void {
        if ($text !== '' && !in_array($text, $this->warnings, true)) {
            $this->warnings[] = $text;
        }
    }

    /**
     * What core has printed so far, as plain text, and forgets it.
     *
     * @return string
     */
    public function printed(): string {
        // Buttons of notices ("Dismiss") are no part of what is said.
        $html = preg_replace('~<button\b.*?</button>~s', '', ob_get_contents());
        $text = html_entity_decode(strip_tags(str_replace('<', ' <', $html)), ENT_QUOTES | ENT_HTML5, 'UTF-8');
        ob_clean();
        return trim(preg_replace('/\s+/u', ' ', $text) ?? '');
    }

    /**
     * Says that files of this context are replaced, so that a rollback can bring their content back.
     *
     * @param int $contextid
     */
    public function replaces_files(int $contextid): void {
        $this->contextids[] = $contextid;
    }

    /**
     * Commits. Messages to learners leave after that; one that cannot be sent does not undo the write.
     *
     * @param moodle_transaction $transaction
     */
    private function commit(moodle_transaction $transaction): void {
        global $DB;
        try {
            $transaction->allow_commit();
        } catch (Throwable $e) {
            if ($DB->is_transaction_started()) {
                throw $e;
            }
            $this->warn($e->getMessage());
        }
    }

    /**
     * Rolls back, and mends what a database rollback leaves wrong.
     *
     * @param int $courseid
     */
    private function undo(int $courseid): void {
        global $DB;
        // Core may have opened inner transactions and left them open; this ends all of them.
        if ($DB->is_transaction_started()) {
            $DB->force_transaction_rollback();
        }
        // The course's cache may hold a version with objects that no longer exist, newer than the one the database names now.
        $cache = \cache::make('core', 'coursemodinfo');
        $cache->acquire_lock($courseid);
        $cache->delete($courseid);
        $cache->release_lock($courseid);
        \course_modinfo::clear_instance_cache($courseid);
        if ($DB->record_exists('course', ['id' => $courseid])) {
            rebuild_course_cache($courseid, true);
        }
        \cache::make('core', 'completion')->purge();
        \cache::make('core', 'coursecompletion')->purge();
        // File rows are back, their content lies in the trash until somebody reads it: fetch it before the trash is emptied.
        $storage = get_file_storage();
        foreach ($this->contextids as $contextid) {
            foreach ($DB->get_records('files', ['contextid' => $contextid]) as $row) {
                $file = $storage->get_file_instance($row);
                if (!$file->is_directory()) {
                    $storage->get_file_system()->is_file_readable_locally_by_storedfile($file, true);
                }
            }
        }
    }
}
