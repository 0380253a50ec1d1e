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
 * A person's certificates, and what is missing for those under way.
 *
 * @package    local_lmssync
 * @copyright  2026 the lms-sync authors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

use local_lmssync\local\certificates;
use local_lmssync\output\certificates_page;

require_once(__DIR__ . '/../../config.php');

require_login(null, false);
$userid = optional_param('id', 0, PARAM_INT) ?: (int) $USER->id;
$isown = $userid === (int) $USER->id;

$user = core_user::get_user($userid, '*', MUST_EXIST);
core_user::require_active_user($user);
$context = context_user::instance($user->id);
if (!certificates::may_see($user->id)) {
    throw new required_capability_exception($context, 'local/lmssync:viewcertificates', 'nopermissions', '');
}

$title = $isown
    ? get_string('mycertificates', 'local_lmssync')
    : get_string('certificatesof', 'local_lmssync', fullname($user));
// With the context of a person Moodle puts a picture and a button for messages above the page: of use for others only.
$PAGE->set_context($isown ? context_system::instance() : $context);
$PAGE->set_url('/local/lmssync/certificates.php', $isown ? [] : ['id' => $user->id]);
$PAGE->set_pagelayout('standard');
$PAGE->set_title($title);
$PAGE->set_heading($title);
$PAGE->navbar->add(get_string('profile'), new moodle_url('/user/profile.php', ['id' => $user->id]));
$PAGE->navbar->add($title);

// Addresses that are the holder's own are not for somebody who looks at the site in the holder's name.
$page = new certificates_page(certificates::of($user->id), $isown && !\core\session\manager::is_loggedinas());
echo $OUTPUT->header();
echo $OUTPUT->render_from_template('local_lmssync/certificates', $page->export_for_template($OUTPUT));
echo $OUTPUT->footer();
