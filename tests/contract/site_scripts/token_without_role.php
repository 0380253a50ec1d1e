<?php
// Gives an account a token for the lms-sync service although it has no role, or takes it away again.
// Usage, from Moodle's folder: php token_without_role.php add|remove USERNAME
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
[, $what, $username] = $argv;
$user = $DB->get_record('user', ['username' => $username, 'deleted' => 0], '*', MUST_EXIST);
$service = $DB->get_record('external_services', ['shortname' => 'lmssync'], '*', MUST_EXIST);
$member = ['externalserviceid' => $service->id, 'userid' => $user->id];
if ($what === 'remove') {
    $DB->delete_records('external_tokens', $member);
    $DB->delete_records('external_services_users', $member);
    exit(0);
}
\core\session\manager::set_user(get_admin());
if (!$DB->record_exists('external_services_users', $member)) {
    $DB->insert_record('external_services_users', (object) ($member + ['timecreated' => time()]));
}
echo \core_external\util::generate_token(
    EXTERNAL_TOKEN_PERMANENT,
    $service,
    $user->id,
    context_system::instance(),
    time() + 600,
    ''
), "\n";
