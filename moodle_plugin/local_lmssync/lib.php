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
 * What Moodle asks plugins for.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use core_user\output\myprofile\category;
use core_user\output\myprofile\node;
use core_user\output\myprofile\tree;
use local_lmssync\local\certificates;

/**
 * Adds the certificates to a profile, where there are any.
 *
 * @param tree $tree
 * @param stdClass $user whose profile it is
 * @param bool $iscurrentuser
 * @param stdClass|null $course
 */
function local_lmssync_myprofile_navigation(tree $tree, $user, $iscurrentuser, $course): void {
    if (isguestuser($user) || !certificates::any((int) $user->id) || !certificates::may_see((int) $user->id)) {
        return;
    }
    $tree->add_category(new category('local_lmssync', get_string('certificates', 'local_lmssync'), 'coursedetails'));
    $url = new moodle_url('/local/lmssync/certificates.php', $iscurrentuser ? [] : ['id' => $user->id]);
    $name = $iscurrentuser
        ? get_string('mycertificates', 'local_lmssync')
        : get_string('certificatesof', 'local_lmssync', fullname($user));
    $tree->add_node(new node('local_lmssync', 'certificates', $name, null, $url));
}
