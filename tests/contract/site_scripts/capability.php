<?php
// Takes capabilities away from the roles that an account has in the system, or gives them back.
// Usage, from Moodle's folder: php capability.php take USERNAME CAPABILITY...   (prints the ids of the roles, with commas)
//                              php capability.php give ROLEIDS CAPABILITY...
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
[, $what, $whom] = $argv;
$capabilities = array_slice($argv, 3);
\core\session\manager::set_user(get_admin());
$system = context_system::instance();
if ($what === 'give') {
    foreach (explode(',', $whom) as $roleid) {
        foreach ($capabilities as $capability) {
            assign_capability($capability, CAP_ALLOW, $roleid, $system->id, true);
        }
    }
} else {
    $user = $DB->get_record('user', ['username' => $whom, 'deleted' => 0], '*', MUST_EXIST);
    $roleids = array_values(array_unique(array_column(get_user_roles($system, $user->id, false), 'roleid')));
    if (!$roleids) {
        fwrite(STDERR, "$whom has no role in the system\n");
        exit(1);
    }
    foreach ($roleids as $roleid) {
        foreach ($capabilities as $capability) {
            unassign_capability($capability, $roleid, $system->id);
        }
    }
    echo implode(',', $roleids), "\n";
}
accesslib_clear_all_caches(true);
