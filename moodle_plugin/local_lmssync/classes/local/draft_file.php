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
 * Files that the client uploaded before the call.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_lmssync\local;

use context_user;
use stored_file;

/**
 * The draft area that webservice/upload.php filled. It belongs to the account of the token.
 */
final class draft_file {
    /**
     * The one file of a draft area of the calling user.
     *
     * @param int $draftitemid
     * @return stored_file
     */
    public static function only_one(int $draftitemid): stored_file {
        global $USER;
        if ($draftitemid <= 0) {
            throw refusal::because('nofile');
        }
        $context = context_user::instance($USER->id);
        $files = get_file_storage()->get_area_files($context->id, 'user', 'draft', $draftitemid, 'id', false);
        if (count($files) !== 1) {
            // An area that another account filled looks empty.
            throw refusal::because('baddraft', ['n' => count($files), 'itemid' => $draftitemid]);
        }
        return reset($files);
    }

    /**
     * Deletes a draft area of the calling user.
     *
     * @param int $draftitemid 0 = nothing to do
     */
    public static function discard(int $draftitemid): void {
        global $USER;
        if ($draftitemid > 0) {
            get_file_storage()->delete_area_files(context_user::instance($USER->id)->id, 'user', 'draft', $draftitemid);
        }
    }
}
