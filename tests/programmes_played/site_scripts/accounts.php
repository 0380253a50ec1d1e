<?php
// Makes accounts with passwords, and enrols one as a teacher of courses, as an administrator does.
// Usage, from Moodle's folder: php accounts.php make < users.json | php accounts.php trainer USERNAME COURSEID…
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
require_once($CFG->dirroot . '/user/lib.php');
require_once($CFG->libdir . '/enrollib.php');
$what = $argv[1];
if ($what === 'make') {
    $made = 0;
    foreach (json_decode(stream_get_contents(STDIN)) as $row) {
        if (!$DB->record_exists('user', ['username' => $row->username])) {
            $row->mnethostid = $CFG->mnet_localhost_id;
            $row->confirmed = 1;
            $row->auth = 'manual';
            user_create_user($row, true, false);
            $made++;
        }
    }
    echo $made, "\n";
    exit(0);
}
$user = $DB->get_record('user', ['username' => $argv[2], 'deleted' => 0], '*', MUST_EXIST);
$role = $DB->get_record('role', ['shortname' => 'editingteacher'], '*', MUST_EXIST);
foreach (array_slice($argv, 3) as $courseid) {
    enrol_try_internal_enrol($courseid, $user->id, $role->id);
}
