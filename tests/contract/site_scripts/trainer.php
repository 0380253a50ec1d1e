<?php
// Makes an account a non-editing teacher of a course, as an administrator does, or takes the role away again.
// Usage, from Moodle's folder: php trainer.php add|remove USERNAME COURSEID
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
[, $what, $username, $courseid] = $argv;
$user = $DB->get_record('user', ['username' => $username, 'deleted' => 0], '*', MUST_EXIST);
$role = $DB->get_record('role', ['shortname' => 'teacher'], '*', MUST_EXIST);
$context = context_course::instance($courseid);
if ($what === 'remove') {
    role_unassign($role->id, $user->id, $context->id);
    exit(0);
}
if (!is_enrolled($context, $user)) {
    enrol_try_internal_enrol($courseid, $user->id);
}
role_assign($role->id, $user->id, $context->id);
