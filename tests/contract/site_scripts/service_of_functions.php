<?php
// Makes a service of the functions named, with a token for an account; or removes both.
// Usage, from Moodle's folder: php service_of_functions.php add|remove SHORTNAME USERNAME [FUNCTION …]
define('CLI_SCRIPT', true);
require(getcwd() . '/config.php');
[, $what, $shortname, $username] = $argv;
$functions = array_slice($argv, 4);
$user = $DB->get_record('user', ['username' => $username, 'deleted' => 0], '*', MUST_EXIST);
$service = $DB->get_record('external_services', ['shortname' => $shortname]);
if ($service) {
    foreach (['external_tokens', 'external_services_users', 'external_services_functions'] as $table) {
        $DB->delete_records($table, ['externalserviceid' => $service->id]);
    }
    $DB->delete_records('external_services', ['id' => $service->id]);
}
if ($what === 'remove') {
    exit(0);
}
\core\session\manager::set_user(get_admin());
$now = time();
$service = (object) [
    'name' => $shortname, 'shortname' => $shortname, 'enabled' => 1, 'restrictedusers' => 1, 'component' => null,
    'timecreated' => $now, 'timemodified' => $now, 'downloadfiles' => 0, 'uploadfiles' => 0,
];
$service->id = $DB->insert_record('external_services', $service);
$DB->insert_record('external_services_users', (object) [
    'externalserviceid' => $service->id, 'userid' => $user->id, 'timecreated' => $now,
]);
foreach ($functions as $function) {
    $DB->insert_record('external_services_functions', (object) [
        'externalserviceid' => $service->id, 'functionname' => $function,
    ]);
}
$service = $DB->get_record('external_services', ['id' => $service->id], '*', MUST_EXIST);
echo \core_external\util::generate_token(
    EXTERNAL_TOKEN_PERMANENT,
    $service,
    $user->id,
    context_system::instance(),
    $now + 600,
    ''
), "\n";
